//! Coming past the identity provider in an emergency: each use is told, also the second proof of
//! one session.

use policy::Role;
use serde_json::Value;
use testkit::{Browser, Person, Tenant, minutes};

use crate::sso::Bench;

/// Somebody who may come past the provider.
async fn glass(bench: &Bench) -> (Person, Browser) {
    let invited = bench.acme.take_on("glass", Role::SystemAdmin).await;
    let glass = bench.acme.enrol(&invited).await;
    bench.acme.flag_break_glass(invited.user).await;
    (glass, bench.acme.browser())
}

async fn told(acme: &Tenant) -> usize {
    let all = acme.outbox().await;
    all.iter().filter(|event| event.kind == "staff.break_glass_used").count()
}

async fn last_attempt(acme: &Tenant) -> Value {
    let all = acme.audit().await;
    all.into_iter().rfind(|entry| entry["class_uid"] == 3002).unwrap()
}

#[tokio::test]
async fn each_use_of_emergency_access_is_told() {
    let bench = Bench::with(Some("198.51.100.0/24")).await;
    let (glass, browser) = glass(&bench).await;
    browser.prove_password(&glass).await.is(200);
    browser.send("/staff/sign-in/code", &[("code", "000000")]).await.is(403);
    assert_eq!(last_attempt(&bench.acme).await["severity_id"], 5);
    assert_eq!(told(&bench.acme).await, 0);
    bench.platform.clock().advance(minutes(6));

    browser.sign_in(&glass).await;

    assert_eq!(told(&bench.acme).await, 1);
    let event = bench.acme.outbox().await.pop().unwrap();
    assert!(event.payload["object"]["id"].as_str().unwrap().starts_with("usr_"));
    assert!(!event.payload.to_string().contains("acme.example"));
}

#[tokio::test]
async fn a_second_proof_in_an_emergency_is_critical_and_told_as_well() {
    let bench = Bench::with(Some("198.51.100.0/24")).await;
    let (glass, browser) = glass(&bench).await;
    browser.sign_in(&glass).await;
    bench.platform.clock().advance(minutes(1));

    browser.open("/staff/step-up").await.is(200);
    browser.send("/staff/step-up", &[("code", "000000")]).await.is(403);
    let wrong = last_attempt(&bench.acme).await;
    browser.send("/staff/step-up", &[("code", &glass.code())]).await.is(303);

    for (attempt, reason) in [(wrong, "code_wrong"), (last_attempt(&bench.acme).await, "null")] {
        assert_eq!(attempt["status_code"].as_str().unwrap_or("null"), reason);
        assert_eq!(attempt["auth_protocol"], "break_glass_totp");
        assert_eq!(attempt["severity_id"], 5);
    }
    assert_eq!(told(&bench.acme).await, 2);
}

#[tokio::test]
async fn a_second_proof_by_passkey_in_an_emergency_is_critical_too() {
    let bench = Bench::with(Some("198.51.100.0/24")).await;
    let invited = bench.acme.take_on("glass", Role::SystemAdmin).await;
    let mut device = bench.acme.enrol_with_passkey(&invited).await;
    bench.acme.flag_break_glass(invited.user).await;
    let browser = bench.acme.browser();
    browser.sign_in_with(&mut device).await.is(303);
    assert_eq!(last_attempt(&bench.acme).await["auth_protocol"], "break_glass_passkey");

    browser.prove_passkey(("/staff/step-up", "/staff/step-up/passkey"), &mut device).await.is(303);

    let attempt = last_attempt(&bench.acme).await;
    assert_eq!(attempt["auth_protocol"], "break_glass_passkey");
    assert_eq!(attempt["severity_id"], 5);
    assert_eq!(told(&bench.acme).await, 2);
}

#[tokio::test]
async fn without_a_provider_nothing_is_an_emergency() {
    let platform = testkit::Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;

    acme.browser().sign_in(&mara).await;

    assert_eq!(last_attempt(&acme).await["severity_id"], 1);
    assert_eq!(told(&acme).await, 0);
}
