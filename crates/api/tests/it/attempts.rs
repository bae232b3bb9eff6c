//! What each attempt to prove who one is leaves in the audit trail, and in whose.

use http::Method;
use policy::Role;
use serde_json::{Value, json};
use store::revocations::Revoked;
use testkit::{Answer, Caller, Credentials, Database, Platform, Signer, Tenant};

use crate::granting::{SCOPES, code, granted, redeem, refresh};

/// What was tried.
async fn attempts(acme: &Tenant) -> Vec<Value> {
    acme.audit().await.into_iter().filter(|entry| entry["class_uid"] == 3002).collect()
}

async fn last(acme: &Tenant) -> Value {
    attempts(acme).await.pop().unwrap()
}

/// What is asked of clients, each with a form of its own.
const DESKS: [(&str, &str); 4] = [
    ("/oauth/token", "grant_type=client_credentials"),
    ("/oauth/par", "response_type=code"),
    ("/oauth/revoke", "token=x"),
    ("/oauth/introspect", "token=x"),
];

async fn tried(nobody: &Caller, known: &Credentials, (path, form): (&str, &str)) -> Answer {
    let ask = nobody.ask(Method::POST, path).form(form);
    ask.with_header("authorization", &known.basic()).await
}

/// The same in every answer but for the request's id.
fn told(answer: &Answer) -> (u16, Value) {
    let mut body = answer.body();
    for name in ["request_id", "instance"] {
        body.as_object_mut().unwrap().remove(name);
    }
    (answer.status(), body)
}

#[tokio::test]
async fn an_agency_sees_who_tries_its_partners_clients_and_no_other_agency_does() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, globex) = (platform.tenant("acme").await, platform.tenant("globex").await);
        let partner = acme.register(Role::Partner, SCOPES).await;
        let nobody = platform.stranger();
        let wrong = |client_id: &str| Credentials {
            client_id: client_id.to_owned(),
            secret: oauth::generate_client_secret(),
        };
        let (guess, unknown) = (wrong(&partner.client_id), wrong("pc_aaaaaaaaaaaaaaaa"));
        let before = (attempts(&acme).await.len(), attempts(&globex).await.len());

        for desk in DESKS {
            let refused = tried(&nobody, &guess, desk).await.is(401);
            let nowhere = tried(&nobody, &unknown, desk).await.is(401);
            assert_eq!(told(&refused), told(&nowhere), "{desk:?}");
        }

        let own = attempts(&acme).await.split_off(before.0);
        assert_eq!(own.len(), DESKS.len());
        for attempt in own {
            assert_eq!(attempt["status_code"], "wrong_secret");
            assert_eq!(attempt["user"]["uid"], partner.client_id.as_str());
            assert_eq!(attempt["metadata"]["tenant_uid"], acme.id().to_string());
        }
        assert_eq!(attempts(&globex).await.len(), before.1);
        let all = platform.audit().await;
        let unknown = all.iter().filter(|entry| entry["status_code"] == "unknown_client");
        let unknown: Vec<_> = unknown.collect();
        assert_eq!(unknown.len(), DESKS.len());
        assert!(unknown.iter().all(|attempt| attempt["metadata"].get("tenant_uid").is_none()));
    }
}

#[tokio::test]
async fn who_proves_a_client_is_in_its_agencys_trail() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let partner = acme.register(Role::Partner, SCOPES).await;

    let token = platform.stranger().token(&partner.client_id, partner.secret.expose());
    token.await.is(200);

    let attempt = last(&acme).await;
    assert_eq!(attempt["status_id"], 1);
    assert_eq!(attempt["user"]["uid"], partner.client_id.as_str());
}

#[tokio::test]
async fn refused_keys_and_tokens_are_in_their_agencys_trail() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, globex) = (platform.tenant("acme").await, platform.tenant("globex").await);
        let mara = acme.partner(&["read:jobs", "manage:keys"]).await;
        let draft = json!({ "name": "nightly sync", "scopes": ["read:jobs"] });
        let key = mara.post("/v1/api-keys", draft).await.is(201);
        mara.take(&format!("/v1/api-keys/{}/revoke", key.id())).await.is(200);
        let nobody = platform.stranger();

        nobody.get("/v1/jobs").with_header("x-api-key", &key.text_of("/key")).await.is(401);

        let attempt = last(&acme).await;
        assert_eq!(attempt["status_code"], "key_revoked");
        assert_eq!(attempt["metadata"]["tenant_uid"], acme.id().to_string());
        let client_id = attempt["user"]["uid"].as_str().unwrap().to_owned();
        platform.clock().advance(std::time::Duration::from_secs(2));
        acme.revoke(Revoked::Client, &client_id).await;
        platform.clock().advance(std::time::Duration::from_secs(2));
        mara.get("/v1/jobs").await.is(401);
        let attempt = last(&acme).await;
        assert_eq!(attempt["status_code"], "revoked");
        assert_eq!(attempt["user"]["uid"], client_id.as_str());
        let elsewhere = Value::from(attempts(&globex).await).to_string();
        assert!(!elsewhere.contains(&client_id), "{elsewhere}");
    }
}

#[tokio::test]
async fn attempts_with_what_somebody_granted_name_them_and_how_they_signed_in() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let granted = granted(&platform, &acme).await;
        let nobody = platform.stranger();

        refresh(&nobody, &granted.known, &granted.refresh).await.is(200);

        let attempt = last(&acme).await;
        let person = attempt["user"]["uid"].as_str().unwrap().to_owned();
        assert!(person.starts_with("usr_"), "{attempt}");
        assert_eq!(attempt["unmapped"]["client_id"], granted.known.client_id.as_str());
        assert_eq!(attempt["unmapped"]["acr"], "mfa");
        acme.revoke(Revoked::Client, &granted.known.client_id).await;
        platform.clock().advance(std::time::Duration::from_secs(2));
        nobody.with_token(&granted.access).get("/v1/jobs").await.is(401);
        let attempt = last(&acme).await;
        assert_eq!(attempt["status_code"], "revoked");
        assert_eq!(attempt["user"]["uid"], person.as_str());
        assert_eq!(attempt["unmapped"]["client_id"], granted.known.client_id.as_str());
    }
}

#[tokio::test]
async fn an_attempt_says_which_key_it_was_bound_to() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    let browser = crate::granting::signed_in(&acme, Role::Recruiter).await;
    let (nobody, key, other) = (platform.stranger(), Signer::new(), Signer::new());
    let proof = |key: &Signer| key.proof("POST", "/oauth/token", None, platform.now());

    let code = code(&browser, &known.client_id).await;
    let given = redeem(&nobody, &known, &code).with_header("dpop", &proof(&key)).await.is(200);

    let attempt = last(&acme).await;
    assert_eq!(attempt["unmapped"]["bound_to"], key.thumbprint().as_str());
    let token = given.text_of("/refresh_token");
    refresh(&nobody, &known, &token).with_header("dpop", &proof(&other)).await.is(400);
    let attempt = last(&acme).await;
    assert_eq!(attempt["status_code"], "grant_stranger");
    assert_eq!(attempt["unmapped"]["bound_to"], other.thumbprint().as_str());
    nobody.with_token(given.text_of("/access_token")).get("/v1/jobs").await.is(401);
    let attempt = last(&acme).await;
    assert_eq!(attempt["status_code"], "dpop_missing");
    assert_eq!(attempt["unmapped"]["bound_to"], key.thumbprint().as_str());
}

#[tokio::test]
async fn a_sign_in_says_how_strongly_somebody_proved_who_they_are() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    browser.prove_password(&mara).await.is(200);
    assert_eq!(last(&acme).await.get("unmapped"), None);

    browser.sign_in(&mara).await;

    let unmapped = json!({ "acr": "mfa", "amr": "pwd otp mfa" });
    assert_eq!(last(&acme).await["unmapped"], unmapped);
    platform.clock().advance(std::time::Duration::from_secs(30));
    browser.open("/staff/step-up").await.is(200);
    browser.send("/staff/step-up", &[("code", &mara.code())]).await.is(303);
    assert_eq!(last(&acme).await["unmapped"], unmapped);
    let mut at_work = acme.at_work("rui", Role::SystemAdmin).await;
    let by_key = last(&acme).await;
    assert_eq!(by_key["unmapped"]["acr"], "phr");
    assert!(by_key["unmapped"]["amr"].as_str().unwrap().ends_with("user mfa"), "{by_key}");
    let page = ("/staff/step-up", "/staff/step-up/passkey");
    at_work.browser.prove_passkey(page, &mut at_work.device).await.is(303);
    assert_eq!(last(&acme).await["unmapped"], by_key["unmapped"]);
}
