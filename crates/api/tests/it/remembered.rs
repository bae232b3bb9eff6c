//! Clients that proved themselves a moment ago: for how long they are not looked up again, and what
//! nobody gains by it.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use policy::Role;
use serde_json::Value;
use store::partners::PartnerUses;
use store::revocations::Revoked;
use testkit::{Database, Platform, asking};

fn issued_at(token: &str) -> i64 {
    let payload = token.split('.').nth(1).unwrap();
    let claims = BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["iat"].as_i64().unwrap()
}

#[tokio::test]
async fn what_an_operator_changed_holds_after_a_second() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = acme.register(Role::Partner, &["read:jobs"]).await;
        let (id, secret) = (known.client_id.as_str(), known.secret.expose().as_str());
        let nobody = platform.stranger();
        nobody.token(id, secret).await.is(200);

        let only_codes = vec!["authorization_code".to_owned()];
        acme.set_uses(id, &PartnerUses { grants: only_codes, ..asking() }).await;

        platform.clock().advance(Duration::from_secs(1));
        let refused = nobody.token(id, secret).await.is(400);
        refused.problem("oauth.unauthorized_client");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_wrong_also_when_the_right_one_was_just_used() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, &["read:jobs"]).await;
    let other = acme.register(Role::Partner, &["read:jobs"]).await;
    let nobody = platform.stranger();
    for one in [&known, &other] {
        nobody.token(&one.client_id, one.secret.expose()).await.is(200);
    }

    nobody.token(&known.client_id, other.secret.expose()).await.is(401);
    nobody.token(&known.client_id, "").await.is(401);
    nobody.token("pc_nobody", known.secret.expose()).await.is(401);

    nobody.token(&known.client_id, known.secret.expose()).await.is(200);
}

#[tokio::test]
async fn a_revocation_that_was_not_heard_ends_what_a_remembered_client_got_after_it() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, &["read:jobs"]).await;
    let (id, secret) = (known.client_id.as_str(), known.secret.expose().as_str());
    let nobody = platform.stranger();
    // Half past a second, on a node that has just heard.
    let into = platform.now().millis().rem_euclid(1000);
    let until = Duration::from_millis(u64::try_from(2500 - into).unwrap());
    platform.clock().advance(until);
    let first = nobody.token(id, secret).await.is(200).text_of("/access_token");
    platform.clock().advance(Duration::from_millis(400));
    acme.revoke(Revoked::Client, id).await;

    platform.clock().advance(Duration::from_millis(300));
    let answer = nobody.token(id, secret).await.is(200);
    let token = answer.text_of("/access_token");
    assert_eq!(issued_at(&token), issued_at(&first), "issued when the client was read");
    assert_eq!(answer.body()["expires_in"], 899);

    platform.clock().advance(Duration::from_secs(2));
    nobody.with_token(token).get("/v1/jobs").await.is(401).problem("auth.invalid_token");
    let anew = nobody.token(id, secret).await.is(200).text_of("/access_token");
    nobody.with_token(anew).get("/v1/jobs").await.is(200);
}
