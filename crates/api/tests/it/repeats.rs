//! Idempotency keys: the same request twice is one change.

use futures_util::future::join_all;
use policy::{Role, SCOPES};
use serde_json::{Value, json};
use testkit::{Caller, Database, Platform, Tenant, days, samples};

async fn with_partner(platform: &Platform) -> (Tenant, Caller) {
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;
    (acme, mara)
}

/// The same document with its members the other way round and white space between them.
fn rewritten(body: &Value) -> String {
    let members = body.as_object().unwrap().iter().rev();
    let members: Vec<_> = members.map(|(name, value)| format!("{name:?} :\n {value}")).collect();
    format!("{{ {} }}", members.join(" , "))
}

async fn jobs(caller: &Caller) -> usize {
    caller.get("/v1/jobs?limit=100").await.is(200).ids().len()
}

#[tokio::test]
async fn a_creating_request_needs_a_key() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;

    for (path, body) in [
        ("/v1/jobs", samples::job(acme.company())),
        ("/v1/clients", samples::company()),
        ("/v1/candidates", samples::candidate()),
    ] {
        let ask = mara.post(path, body).without("idempotency-key");
        ask.await.is(400).problem("idempotency_key_missing");
    }
    assert_eq!(jobs(&mara).await, 0);
}

#[tokio::test]
async fn a_key_of_another_form_is_refused() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;

    for key in ["", "a b", &"k".repeat(256)] {
        let ask = mara.post("/v1/jobs", samples::job(acme.company()));
        let refused = ask.with_header("idempotency-key", key).await.is(400);
        assert!(!refused.body()["code"].is_null());
    }
    let twice = mara.post("/v1/jobs", samples::job(acme.company()));
    twice.with_another("idempotency-key", "other").await.is(400).problem("http.bad_request");
}

#[tokio::test]
async fn the_same_request_again_gets_the_same_reply() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, mara) = with_partner(&platform).await;
        let body = samples::job(acme.company());
        let first = mara.post("/v1/jobs", body.clone()).with_header("idempotency-key", "k1");
        let first = first.await.is(201);

        let again = mara.post("/v1/jobs", body.clone()).with_header("idempotency-key", "k1");
        let again = again.bytes(rewritten(&body), "application/json").await.is(201);

        assert_eq!(again.bytes(), first.bytes());
        for name in ["etag", "location", "content-type"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
        assert_eq!(first.header("idempotency-replayed"), None);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(jobs(&mara).await, 1);
    }
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;
    let body = samples::job(acme.company());
    let first = mara.post("/v1/jobs", body.clone()).with_header("idempotency-key", "k1");
    first.await.is(201);

    let other = samples::with(body, json!({ "title": "Go Engineer" }));
    let other = mara.post("/v1/jobs", other).with_header("idempotency-key", "k1");

    other.await.is(422).problem("idempotency_key_reused");
    assert_eq!(jobs(&mara).await, 1);
}

#[tokio::test]
async fn a_key_belongs_to_one_caller_and_one_operation() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;
    let ines = acme.caller(Role::Partner).await;
    let body = samples::job(acme.company());
    let key = |ask: testkit::Ask| ask.with_header("idempotency-key", "k1");
    let first = key(mara.post("/v1/jobs", body.clone())).await.is(201).id();

    let second = key(ines.post("/v1/jobs", body)).await.is(201);
    key(mara.post("/v1/clients", samples::company())).await.is(201);

    assert_ne!(second.id(), first);
    assert_eq!(second.header("idempotency-replayed"), None);
}

#[tokio::test]
async fn a_refused_request_does_not_use_its_key_up() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;
    let body = samples::job(acme.company());
    let bad = samples::with(body.clone(), json!({ "title": "x" }));
    let key = |ask: testkit::Ask| ask.with_header("idempotency-key", "k1");
    key(mara.post("/v1/jobs", bad)).await.is(422);

    key(mara.post("/v1/jobs", body)).await.is(201);
}

#[tokio::test]
async fn a_key_may_be_used_anew_after_a_day() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let credentials = acme.register(Role::Partner, SCOPES).await;
        let body = samples::job(acme.company());
        let mara = acme.sign_in(&credentials).await;
        let first = mara.post("/v1/jobs", body.clone()).with_header("idempotency-key", "k1");
        let first = first.await.is(201).id();
        platform.clock().advance(days(2));
        let mara = acme.sign_in(&credentials).await;

        let second = mara.post("/v1/jobs", body).with_header("idempotency-key", "k1");

        assert_ne!(second.await.is(201).id(), first);
    }
}

#[tokio::test]
async fn five_at_once_are_one_change() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, mara) = with_partner(&platform).await;
        let asks = (0..5).map(|_| {
            let ask = mara.post("/v1/jobs", samples::job(acme.company()));
            ask.with_header("idempotency-key", "k1").into_future()
        });

        let answers = join_all(asks).await;

        let made: Vec<_> = answers.iter().filter(|answer| answer.status() == 201).collect();
        assert!(!made.is_empty());
        assert!(made.iter().all(|answer| answer.id() == made[0].id()));
        for answer in answers.into_iter().filter(|answer| answer.status() != 201) {
            let refused = answer.is(409).problem("idempotency_in_progress");
            assert_eq!(refused.header("retry-after"), Some("1"));
        }
        assert_eq!(jobs(&mara).await, 1);
        let created = acme.changes().await.into_iter().filter(|change| change.resource == "job");
        assert_eq!(created.count(), 1);
    }
}
