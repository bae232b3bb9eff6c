//! Pushed authorization requests: who may push what, and how often a reference is good.

use http::Method;
use policy::Role;
use store::partners::PartnerUses;
use testkit::{Credentials, Database, PUBLIC_URL, Platform, Signer, Tenant, asking};

use crate::granting::{
    CONSENT, LEFT_OUT, SCOPES, VERIFIER, asked, encode, handed, redeem, signed_in, with,
};

const PAR: &str = "/oauth/par";

/// The request that a browser brings for a reference.
fn brought(client_id: &str, reference: &str) -> String {
    let pairs = [("client_id", client_id.to_owned()), ("request_uri", reference.to_owned())];
    encode(&pairs)
}

async fn pushed(platform: &Platform, known: &Credentials) -> String {
    let ask = platform.stranger().ask(Method::POST, PAR).form(&with(&known.client_id, &[]));
    let answer = ask.with_header("authorization", &known.basic()).await.is(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.body()["expires_in"], 90);
    answer.text_of("/request_uri")
}

#[tokio::test]
async fn what_a_client_may_not_ask_for_it_may_not_push() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    let other = acme.asking(SCOPES).await;
    let nobody = platform.stranger();
    let id = known.client_id.as_str();
    let push = |by: &Credentials, form: &str| {
        let ask = nobody.ask(Method::POST, PAR).form(form);
        ask.with_header("authorization", &by.basic())
    };

    let form = with(id, &[]);
    nobody.ask(Method::POST, PAR).form(&form).await.is(401).problem("oauth.invalid_client");
    let guessed = push(&known, &form).with_header("authorization", "Basic cGNfYTpndWVzcw==");
    guessed.await.is(400).problem("oauth.invalid_request");
    let wrong = Credentials { client_id: id.to_owned(), secret: other.secret };
    push(&wrong, &form).await.is(401).problem("oauth.invalid_client");
    for (changes, code) in [
        (&[("redirect_uri", "https://evil.example/cb")][..], "oauth.invalid_request"),
        (&[("redirect_uri", LEFT_OUT)], "oauth.invalid_request"),
        (&[("request_uri", "urn:ietf:params:oauth:request_uri:a")], "oauth.invalid_request"),
        (&[("code_challenge", LEFT_OUT)], "oauth.invalid_request"),
        (&[("code_challenge_method", "plain")], "oauth.invalid_request"),
        (&[("client_id", "pc_aaaaaaaaaaaaaaaa")], "oauth.invalid_request"),
        (&[("scope", "read:reports")], "oauth.invalid_scope"),
        (&[("resource", "https://other.example")], "oauth.invalid_target"),
    ] {
        push(&known, &with(id, changes)).await.is(400).problem(code);
    }
    let token = push(&known, &with(id, &[("response_type", "token")])).await.is(400);
    token.problem("oauth.unsupported_response_type");
    let object = push(&known, &with(id, &[("request", "e30.e30.")])).await.is(400);
    object.problem("oauth.request_not_supported");
    nobody.get(PAR).await.is(405);
}

#[tokio::test]
async fn a_client_that_is_not_registered_for_codes_is_told_so() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    let grants = vec!["client_credentials".to_owned()];
    acme.set_uses(&known.client_id, &PartnerUses { grants, ..asking() }).await;
    let nobody = platform.stranger();

    let push = nobody.ask(Method::POST, PAR).form(&with(&known.client_id, &[]));
    let pushed = push.with_header("authorization", &known.basic()).await.is(400);
    let taken = redeem(&nobody, &known, "ac_").await.is(400);

    pushed.problem("oauth.unauthorized_client");
    taken.problem("oauth.unauthorized_client");
    let plain = nobody.get(&format!("/oauth/authorize?{}", with(&known.client_id, &[]))).await;
    assert_eq!(handed(&plain.is(303))["error"], "unauthorized_client");
}

#[tokio::test]
async fn a_reference_is_its_clients_short_and_decided_once() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let (known, other) = (acme.asking(SCOPES).await, acme.asking(SCOPES).await);
        let browser = signed_in(&acme, Role::Recruiter).await;
        let reference = pushed(&platform, &known).await;
        let open = async |client_id: &str, reference: &str| {
            let path = format!("/oauth/authorize?{}", brought(client_id, reference));
            browser.open(&path).await.status()
        };

        assert_eq!(open(&other.client_id, &reference).await, 400);
        // Looking does not use it up; deciding does.
        assert_eq!(open(&known.client_id, &reference).await, 200);
        asked(&browser, &brought(&known.client_id, &reference)).await.is(200);
        let twice = [(); 2].map(|()| browser.prepared(CONSENT, &[("decision", "allow")]));
        let [first, second] = twice;
        let told = handed(&first.await.is(303));
        assert_eq!((told["iss"].as_str(), told["state"].as_str()), (PUBLIC_URL, "s 1&"));
        second.await.is(400);
        assert_eq!(open(&known.client_id, &reference).await, 400);
        redeem(&platform.stranger(), &known, &told["code"]).await.is(200);

        let late = pushed(&platform, &known).await;
        platform.clock().advance(std::time::Duration::from_secs(90));
        assert_eq!(open(&known.client_id, &late).await, 400);
    }
}

#[tokio::test]
async fn who_has_to_push_is_not_heard_otherwise() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    acme.set_uses(&known.client_id, &PartnerUses { par_required: true, ..asking() }).await;
    let browser = signed_in(&acme, Role::Recruiter).await;

    let plain = browser.open(&format!("/oauth/authorize?{}", with(&known.client_id, &[]))).await;
    let reference = pushed(&platform, &known).await;

    assert_eq!(handed(&plain.is(303))["error"], "invalid_request");
    asked(&browser, &brought(&known.client_id, &reference)).await.is(200);
}

/// A client held to FAPI 2.0, with its key.
async fn strict(acme: &Tenant) -> (Credentials, Signer) {
    let (known, signer) = (acme.asking(SCOPES).await, Signer::new());
    acme.set_keys(&known.client_id, &[signer.jwk("k1")], true).await;
    (known, signer)
}

#[tokio::test]
async fn a_strict_client_pushes_proves_a_key_and_binds_what_it_gets() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (known, signer) = strict(&acme).await;
    let (browser, nobody) = (signed_in(&acme, Role::Recruiter).await, platform.stranger());
    let id = known.client_id.as_str();
    let asserted = |form: &str| {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let jwt = signer.assertion("k1", id, platform.now());
        format!("{form}&client_assertion_type={kind}&client_assertion={jwt}")
    };
    let proof = |by: &Signer, path: &str| by.proof("POST", path, None, platform.now());
    let plain = browser.open(&format!("/oauth/authorize?{}", with(id, &[]))).await.is(303);
    assert_eq!(handed(&plain)["error"], "invalid_request");
    let secret = nobody.ask(Method::POST, PAR).form(&with(id, &[]));
    secret.with_header("authorization", &known.basic()).await.is(401);
    let other = Signer::new();
    let grant = async || {
        let push = nobody.ask(Method::POST, PAR).form(&asserted(&with(id, &[])));
        let push = push.with_header("dpop", &proof(&signer, PAR)).await.is(201);
        asked(&browser, &brought(id, &push.text_of("/request_uri"))).await.is(200);
        handed(&browser.send(CONSENT, &[("decision", "allow")]).await.is(303))["code"].clone()
    };
    let redeem = |code: &str| {
        let form = format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}");
        nobody.ask(Method::POST, "/oauth/token").form(&asserted(&form))
    };

    // Without a proof the code is not even looked at; with another key it is burnt.
    let code = grant().await;
    redeem(&code).await.is(400).problem("oauth.invalid_dpop_proof");
    let stolen = redeem(&code).with_header("dpop", &proof(&other, "/oauth/token"));
    stolen.await.is(400).problem("oauth.invalid_grant");
    let code = grant().await;
    let given = redeem(&code).with_header("dpop", &proof(&signer, "/oauth/token")).await.is(200);

    assert_eq!(given.text_of("/token_type"), "DPoP");
    let token = given.text_of("/access_token");
    nobody.with_token(&token).get("/v1/jobs").await.is(401);
    let get = nobody.get("/v1/jobs").with_header("authorization", &format!("DPoP {token}"));
    let of = signer.proof("GET", "/v1/jobs", Some(&token), platform.now());
    get.with_header("dpop", &of).await.is(200);
    let form =
        format!("grant_type=refresh_token&refresh_token={}", given.text_of("/refresh_token"));
    let again = nobody.ask(Method::POST, "/oauth/token").form(&asserted(&form));
    let stolen = again.with_header("dpop", &proof(&other, "/oauth/token"));
    stolen.await.is(400).problem("oauth.invalid_grant");
    let again = nobody.ask(Method::POST, "/oauth/token").form(&asserted(&form));
    again.with_header("dpop", &proof(&signer, "/oauth/token")).await.is(200);
}
