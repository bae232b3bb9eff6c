//! How clients prove who they are, and what becomes of their tokens.

use std::time::Duration;

use policy::Role;
use serde_json::{Value, json};
use store::revocations::Revoked;
use testkit::{Credentials, Database, Platform, Signer, Tenant, minutes};

use crate::oauth::alike;

const SCOPES: &[&str] = &["read:jobs", "write:jobs"];
const GRANT: &str = "grant_type=client_credentials";

/// A client with a key, and with a secret as well.
async fn keyed(acme: &Tenant, strict: bool) -> (Credentials, Signer) {
    let (known, signer) = (acme.register(Role::Partner, SCOPES).await, Signer::new());
    acme.set_keys(&known.client_id, &[signer.jwk("k1")], strict).await;
    (known, signer)
}

async fn last_attempt(platform: &Platform) -> Value {
    let trail = platform.audit().await;
    trail.into_iter().rfind(|entry| entry["class_uid"] == 3002).unwrap()
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_key_are_told_alike() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let (known, _) = keyed(&acme, false).await;
        let (nobody, forger) = (platform.stranger(), Signer::new());
        let ask = async |client_id: &str| {
            let form = forger.form("k1", client_id, platform.now());
            nobody.ask(http::Method::POST, "/oauth/token").form(&form).await
        };

        let unknown = ask("pc_aaaaaaaaaaaaaaaa").await.is(401);
        assert_eq!(last_attempt(&platform).await["status_code"], "unknown_client");
        let wrong = ask(&known.client_id).await.is(401);
        assert_eq!(last_attempt(&platform).await["status_code"], "assertion_signature");

        assert_eq!(alike(&unknown), alike(&wrong));
    }
}

#[tokio::test]
async fn a_client_assertion_is_good_once_and_names_the_key_in_the_trail() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let (known, signer) = keyed(&acme, false).await;
        let nobody = platform.stranger();
        let form = signer.form("k1", &known.client_id, platform.now());
        let ask = || nobody.ask(http::Method::POST, "/oauth/token").form(&form);

        let token = ask().await.is(200).text_of("/access_token");
        let taken = last_attempt(&platform).await;
        ask().await.is(401);
        let refused = last_attempt(&platform).await;

        nobody.with_token(token).get("/v1/jobs").await.is(200);
        assert_eq!(taken["auth_protocol"], "private_key_jwt");
        let credential = taken["user"]["credential_uid"].as_str().unwrap();
        assert!(credential.starts_with("key_"), "{credential}");
        assert_eq!(refused["status_code"], "assertion_replayed");
    }
}

#[tokio::test]
async fn of_many_copies_of_an_assertion_one_is_taken() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let (known, signer) = keyed(&acme, false).await;
        let nobody = platform.stranger();
        let form = signer.form("k1", &known.client_id, platform.now());

        let asked = (0..10).map(|_| {
            let ask = nobody.ask(http::Method::POST, "/oauth/token").form(&form);
            async move { ask.await.status() }
        });
        let statuses = futures_util::future::join_all(asked).await;

        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    }
}

#[tokio::test]
async fn a_secret_in_the_form_is_as_good_as_in_the_header_and_never_both() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, SCOPES).await;
    let nobody = platform.stranger();
    let (id, secret) = (known.client_id.as_str(), known.secret.expose().as_str());
    let form = format!("{GRANT}&client_id={id}&client_secret={secret}");
    let ask = |form: &str| nobody.ask(http::Method::POST, "/oauth/token").form(form);

    ask(&form).with_header("authorization", &known.basic()).await.is(400);
    ask(&format!("{GRANT}&client_id={id}&client_secret=rws_guess")).await.is(401);
    ask(&format!("{GRANT}&client_id={id}")).await.is(401);
    ask(&form).await.is(200);

    assert_eq!(last_attempt(&platform).await["auth_protocol"], "client_secret_post");
}

#[tokio::test]
async fn a_strict_client_proves_a_key_and_binds_its_tokens() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (known, signer) = keyed(&acme, true).await;
    let nobody = platform.stranger();
    let ask = || {
        let form = signer.form("k1", &known.client_id, platform.now());
        nobody.ask(http::Method::POST, "/oauth/token").form(&form)
    };
    let proof = || signer.proof("POST", "/oauth/token", None, platform.now());

    nobody.token(&known.client_id, known.secret.expose()).await.is(401);
    let unbound = ask().await.is(400);
    let bound = ask().with_header("dpop", &proof()).await.is(200);

    unbound.problem("oauth.invalid_dpop_proof");
    assert_eq!(bound.text_of("/token_type"), "DPoP");
}

#[tokio::test]
async fn a_bound_token_is_good_with_a_proof_of_its_key_only() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, SCOPES).await;
    let (nobody, signer, thief) = (platform.stranger(), Signer::new(), Signer::new());
    let proof = signer.proof("POST", "/oauth/token", None, platform.now());
    let issued = nobody.token(&known.client_id, known.secret.expose());
    let token = issued.with_header("dpop", &proof).await.is(200).text_of("/access_token");
    let plain = acme.sign_in(&known).await;
    let dpop = format!("DPoP {token}");
    let get = |proof: Option<&str>| {
        let ask = nobody.get("/v1/jobs").with_header("authorization", &dpop);
        match proof {
            Some(proof) => ask.with_header("dpop", proof),
            None => ask,
        }
    };
    let made = |by: &Signer, method: &str, path: &str, token: Option<&str>| {
        by.proof(method, path, token, platform.now())
    };

    // Without proof, and as if it were a bearer token.
    get(None).await.is(401).problem("auth.invalid_token");
    nobody.with_token(&token).get("/v1/jobs").await.is(401);
    for wrong in [
        made(&thief, "GET", "/v1/jobs", Some(&token)),
        made(&signer, "POST", "/v1/jobs", Some(&token)),
        made(&signer, "GET", "/v1/candidates", Some(&token)),
        made(&signer, "GET", "/v1/jobs", None),
        made(&signer, "GET", "/v1/jobs", Some(plain.bearer())),
        "x".to_owned(),
    ] {
        let refused = get(Some(&wrong)).await.is(401);
        assert!(refused.header("www-authenticate").unwrap().starts_with("DPoP "), "{refused:?}");
    }
    // Several proofs are none; one is good once.
    let good = made(&signer, "GET", "/v1/jobs", Some(&token));
    assert!(get(Some(&good)).with_another("dpop", &good).await.status() >= 400);
    get(Some(&good)).await.is(200);
    get(Some(&good)).await.is(401);
    assert_eq!(last_attempt(&platform).await["status_code"], "dpop_replayed");
    // A token that is bound to nothing does not pretend to be.
    let plain = format!("DPoP {}", plain.bearer());
    nobody.get("/v1/jobs").with_header("authorization", &plain).await.is(401);
}

#[tokio::test]
async fn a_proof_at_the_token_endpoint_is_good_once() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, SCOPES).await;
    let (nobody, signer) = (platform.stranger(), Signer::new());
    let proof = signer.proof("POST", "/oauth/token", None, platform.now());
    let ask = |proof: &str| {
        nobody.token(&known.client_id, known.secret.expose()).with_header("dpop", proof)
    };

    ask(&proof).await.is(200);
    let again = ask(&proof).await.is(400);
    let elsewhere = ask(&signer.proof("POST", "/v1/jobs", None, platform.now())).await.is(400);

    again.problem("oauth.invalid_dpop_proof");
    elsewhere.problem("oauth.invalid_dpop_proof");
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_also_when_it_was_just_used() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = acme.register(Role::Partner, SCOPES).await;
        let (mara, other) = (acme.sign_in(&known).await, acme.sign_in(&known).await);
        mara.get("/v1/jobs").await.is(200);
        let form = format!("token={}", mara.bearer());

        let revoked = platform.stranger().ask(http::Method::POST, "/oauth/revoke").form(&form);
        revoked.with_header("authorization", &known.basic()).await.is(200);

        mara.get("/v1/jobs").await.is(401).problem("auth.invalid_token");
        assert_eq!(last_attempt(&platform).await["status_code"], "revoked");
        other.get("/v1/jobs").await.is(200);
        let trail = acme.audit().await;
        assert!(trail.iter().any(|entry| entry["resources"][0]["type"] == "revocation"));
    }
}

#[tokio::test]
async fn what_another_node_revoked_is_refused_within_two_seconds() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = acme.register(Role::Partner, SCOPES).await;
        let (mara, jti) = (acme.sign_in(&known).await, |caller: &testkit::Caller| {
            let payload = caller.bearer().split('.').nth(1).unwrap().to_owned();
            let bytes = data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap();
            serde_json::from_slice::<Value>(&bytes).unwrap()["jti"].as_str().unwrap().to_owned()
        });
        let other = acme.sign_in(&known).await;
        mara.get("/v1/jobs").await.is(200);

        acme.revoke(Revoked::Token, &jti(&mara)).await;
        platform.clock().advance(Duration::from_secs(1));

        mara.get("/v1/jobs").await.is(401);
        other.get("/v1/jobs").await.is(200);

        acme.revoke(Revoked::Client, &known.client_id).await;
        platform.clock().advance(Duration::from_secs(1));

        other.get("/v1/jobs").await.is(401);
        let later = acme.sign_in(&known).await;
        later.get("/v1/jobs").await.is(200);
    }
}

#[tokio::test]
async fn a_node_that_has_not_heard_for_five_seconds_takes_no_changes() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.partner(SCOPES).await;
    let job = || testkit::samples::job(acme.company());

    platform.deafen();
    platform.clock().advance(Duration::from_secs(4));
    mara.post("/v1/jobs", job()).await.is(201);
    platform.clock().advance(Duration::from_secs(2));

    mara.post("/v1/jobs", job()).await.is(503).problem("auth.revocations_unknown");
    mara.get("/v1/jobs").await.is(200);
}

#[tokio::test]
async fn a_revocation_is_forgotten_when_its_token_has_ended() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    acme.revoke(Revoked::Token, "req_1").await;
    platform.clock().advance(Duration::from_secs(1));
    platform.stranger().get("/health/live").await;

    assert_eq!(platform.revoked(), 1);
    platform.clock().advance(minutes(21));
    platform.stranger().get("/health/live").await;
    assert_eq!(platform.revoked(), 0);
}

#[tokio::test]
async fn only_the_owner_revokes_and_asks_about_a_token() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, zeta) = (platform.tenant("acme").await, platform.tenant("zeta").await);
        let known = acme.register(Role::Partner, SCOPES).await;
        let (mara, thief) =
            (acme.sign_in(&known).await, zeta.register(Role::Partner, SCOPES).await);
        let nobody = platform.stranger();
        let ask = |path: &str, by: Option<&Credentials>, token: &str| {
            let ask = nobody.ask(http::Method::POST, path).form(&format!("token={token}"));
            match by {
                Some(by) => ask.with_header("authorization", &by.basic()),
                None => ask,
            }
        };
        let inactive = json!({ "active": false });

        ask("/oauth/introspect", None, mara.bearer()).await.is(401);
        ask("/oauth/revoke", None, mara.bearer()).await.is(401);
        let strange = ask("/oauth/introspect", Some(&thief), mara.bearer()).await.is(200);
        let stolen = ask("/oauth/revoke", Some(&thief), mara.bearer()).await.is(200);
        let garbage = ask("/oauth/revoke", Some(&thief), "garbage").await.is(200);
        let nothing = ask("/oauth/introspect", Some(&known), "garbage").await.is(200);
        let own = ask("/oauth/introspect", Some(&known), mara.bearer()).await.is(200);

        assert_eq!(strange.body(), inactive);
        assert_eq!(nothing.body(), inactive);
        assert_eq!(alike(&stolen), alike(&garbage));
        mara.get("/v1/jobs").await.is(200);
        let own = own.body();
        assert_eq!((&own["active"], &own["token_type"]), (&json!(true), &json!("Bearer")));
        assert_eq!(own["client_id"], known.client_id.as_str());
        assert_eq!(own["scope"], "read:jobs write:jobs");
        ask("/oauth/revoke", Some(&known), mara.bearer()).await.is(200);
        let gone = ask("/oauth/introspect", Some(&known), mara.bearer()).await.is(200);
        assert_eq!(gone.body(), inactive);
    }
}

#[tokio::test]
async fn a_request_about_no_token_is_refused() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, SCOPES).await;
    let nobody = platform.stranger();
    for path in ["/oauth/revoke", "/oauth/introspect"] {
        let ask = |form: &str| {
            let ask = nobody.ask(http::Method::POST, path).form(form);
            ask.with_header("authorization", &known.basic())
        };

        ask("a=b").await.is(400).problem("oauth.invalid_request");
        ask("token=a&token=b").await.is(400).problem("oauth.invalid_request");
        nobody.get(path).await.is(405);
    }
}

#[tokio::test]
async fn who_is_held_to_fapi_signs_nothing_by_es384() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (short, long) = (Signer::new(), Signer::longer());
    let known = acme.register(Role::Partner, SCOPES).await;
    let keys = [short.jwk("k1"), long.jwk("k2")];
    acme.set_keys(&known.client_id, &keys, true).await;
    let nobody = platform.stranger();
    let ask = async |(kid, by): (&str, &Signer), bound: &Signer| {
        let form = by.form(kid, &known.client_id, platform.now());
        let proof = bound.proof("POST", "/oauth/token", None, platform.now());
        let ask = nobody.ask(http::Method::POST, "/oauth/token").form(&form);
        ask.with_header("dpop", &proof).await
    };

    ask(("k2", &long), &short).await.is(401).problem("oauth.invalid_client");
    assert_eq!(last_attempt(&platform).await["status_code"], "assertion_signature");
    ask(("k1", &short), &long).await.is(400).problem("oauth.invalid_dpop_proof");
    assert_eq!(last_attempt(&platform).await["status_code"], "dpop_algorithm");

    ask(("k1", &short), &short).await.is(200);
    acme.set_keys(&known.client_id, &keys, false).await;
    ask(("k2", &long), &long).await.is(200);
}
