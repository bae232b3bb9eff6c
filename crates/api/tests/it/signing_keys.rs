//! Keys that sign access tokens: published first, rotated by two, replaced by an operator.

use std::time::Duration;

use http::Method;
use policy::Role;
use serde_json::Value;
use testkit::{Answer, Browser, Caller, Platform, days, minutes};

async fn take(browser: &Browser, path: &str) -> Answer {
    browser.ask(Method::POST, path).await
}

async fn published(platform: &Platform) -> Vec<String> {
    let jwks = platform.stranger().get("/oauth/jwks").await.is(200).body();
    let keys = jwks["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid_of(caller: &Caller) -> String {
    let header = caller.bearer().split('.').next().unwrap();
    let header = data_encoding::BASE64URL_NOPAD.decode(header.as_bytes()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_node_that_has_not_heard_for_a_minute_signs_nothing() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, &["read:jobs"]).await;
    platform.deafen();
    platform.clock().advance(minutes(2));

    let refused = platform.stranger().token(&known.client_id, known.secret.expose()).await;

    refused.is(503);
    platform.stranger().get("/oauth/jwks").await.is(503).problem("auth.keys_unknown");
}

#[tokio::test]
async fn the_next_key_is_published_eleven_minutes_before_it_signs_and_no_token_is_lost() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, &["read:jobs"]).await;
    let first = kid_of(&acme.sign_in(&known).await);
    platform.clock().advance(days(30) - minutes(12));
    assert_eq!(published(&platform).await, [first.as_str()]);

    platform.clock().advance(minutes(1));

    let both = published(&platform).await;
    assert_eq!((both.len(), &both[0]), (2, &first));
    platform.clock().advance(minutes(10));
    let last = acme.sign_in(&known).await;
    assert_eq!(kid_of(&last), first);
    platform.clock().advance(minutes(1));
    let next = acme.sign_in(&known).await;
    assert_eq!(kid_of(&next), both[1]);
    platform.clock().advance(minutes(13));
    last.get("/v1/limits").await.is(200);
    platform.clock().advance(minutes(5));
    assert_eq!(published(&platform).await, [both[1].as_str()]);
}

#[tokio::test]
async fn a_token_of_a_key_that_another_node_just_made_is_taken() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    // This node has heard within this second.
    platform.stranger().get("/oauth/jwks").await.is(200);

    let key = platform.replace_keys().await;

    acme.signed_by(&key).get("/v1/limits").await.is(200);
    acme.forger().get("/v1/limits").await.is(401);
}

#[tokio::test]
async fn a_token_of_a_replaced_key_is_refused_also_when_it_was_just_used() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, &["read:jobs"]).await;
    let old = acme.sign_in(&known).await;
    old.get("/v1/limits").await.is(200);

    let key = platform.replace_keys().await;
    platform.clock().advance(Duration::from_secs(1));

    old.get("/v1/limits").await.is(401);
    assert_eq!(published(&platform).await, [key.kid()]);
    let new = acme.sign_in(&known).await;
    assert_eq!(kid_of(&new), key.kid());
    new.get("/v1/limits").await.is(200);
}

#[tokio::test]
async fn two_administrators_publish_the_next_key_and_one_does_not() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let ada = acme.at_work("ada", Role::SystemAdmin).await;
    let bea = acme.at_work("bea", Role::SystemAdmin).await;
    let rui = acme.at_work("rui", Role::Recruiter).await;
    take(&rui.browser, "/v1/signing-keys/rotate").await.is(403);
    let proposal = take(&ada.browser, "/v1/signing-keys/rotate").await.is(202);
    assert_eq!(proposal.text_of("/kind"), "key_rotation");
    let approve = format!("/v1/staff-proposals/{}/approve", proposal.id());
    take(&ada.browser, &approve).await.is(403).problem("people.own_proposal");
    assert_eq!(published(&platform).await.len(), 1);

    take(&bea.browser, &approve).await.is(200);

    platform.clock().advance(Duration::from_secs(1));
    assert_eq!(published(&platform).await.len(), 2);
    let again = take(&ada.browser, "/v1/signing-keys/rotate").await;
    again.is(409).problem("keys.next_is_published");
}
