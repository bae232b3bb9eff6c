//! What partners may use: who says so, what cannot be meant, and what is told.

use std::future::IntoFuture;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gate::limits::{Key, LimitsPlan, Spec};
use policy::Role;
use serde_json::{Value, json};
use testkit::limits::unreached;
use testkit::{Answer, Caller, Platform, Setup, Tenant, minutes};

const NOBODY: &str = "plan_00000000000000000000000000";

/// A platform with limits for each client, and for each tenant. Nothing reads a body before its
/// handler needs it.
async fn platform() -> Platform {
    let common = vec![
        Spec::rate("client", Key::Client, 50, 200),
        Spec::rate("tenant", Key::Tenant, 200, 1000),
        Spec::at_once("at-once", Key::Client, 1),
    ];
    let limits = LimitsPlan { common, tenant_concurrency_max: 64, ..unreached() };
    Platform::with(Setup { limits: Some(limits), firewall: None, ..Setup::default() }).await
}

async fn client_id(caller: &Caller) -> String {
    let draft = json!({ "name": "who", "scopes": ["read:jobs"] });
    let made = caller.post("/v1/api-keys", draft).await.is(201);
    made.text_of("/created_by")
}

/// A plan with one rule of so many in a quarter of an hour.
fn quarter(name: &str, max: u32) -> Value {
    json!({ "name": name, "rules": [{ "name": "quarter", "max": max, "window_s": 900 }] })
}

async fn make(by: &Caller, draft: Value) -> String {
    by.post("/v1/usage-plans", draft).await.is(201).id()
}

async fn assign(by: &Caller, plan: &str, subject: &str) -> Answer {
    by.ask(http::Method::PUT, &format!("/v1/usage-plans/{plan}/assignees/{subject}")).await
}

struct Scene {
    platform: Platform,
    acme: Tenant,
    ada: Caller,
    mara: Caller,
    id: String,
}

/// An agency with an administrator and a partner.
async fn scene() -> Scene {
    let platform = platform().await;
    let acme = platform.tenant("acme").await;
    let ada = acme.person(Role::SystemAdmin);
    let mara = acme.partner(&["read:jobs", "manage:keys"]).await;
    let id = client_id(&mara).await;
    Scene { platform, acme, ada, mara, id }
}

#[tokio::test]
async fn a_plan_that_contradicts_itself_is_refused_with_the_place() {
    let Scene { ada, .. } = scene().await;
    let draft = |rules: Value| json!({ "name": "Gold", "rules": rules });

    for (rules, at) in [
        (json!([{ "name": "a", "max": 5 }]), "/rules/0"),
        (json!([{ "name": "a", "max": 5, "per": "day", "zone": "Mars/X" }]), "/rules/0"),
        (json!([{ "name": "tenant", "max": 5, "per": "day" }]), "/rules/0/name"),
        (
            json!([{ "name": "a", "operation": "job.fly", "max": 5, "per": "day" }]),
            "/rules/0/operation",
        ),
        (
            json!([
                { "name": "a", "max": 9, "window_s": 60 },
                { "name": "b", "max": 5, "per": "day" },
            ]),
            "/rules/0/max",
        ),
        (
            json!([
                { "name": "a", "max": 1, "window_s": 60 },
                { "name": "b", "max": 9000, "per": "day" },
            ]),
            "/rules/1/max",
        ),
        (json!([{ "name": "client", "per_second": 300, "burst": 10 }]), "/rules/0/burst"),
        (json!([{ "name": "a", "at_once": 1, "max": 5, "per": "day" }]), "/rules/0"),
        (json!([{ "name": "tenant-concurrency", "at_once": 1 }]), "/rules/0/name"),
        // One client of the platform has one, and all of an agency have 64.
        (json!([{ "name": "a", "at_once": 2 }]), "/rules/0/at_once"),
        (json!([{ "name": "at-once", "at_once": 65 }]), "/rules/0/at_once"),
        (
            json!([{ "name": "at-once", "at_once": 3 }, { "name": "b", "at_once": 4 }]),
            "/rules/1/at_once",
        ),
    ] {
        let refused = ada.post("/v1/usage-plans", draft(rules)).await.is(422).problem("invalid");
        refused.at(at);
    }
    for rules in [
        json!([]),
        json!([{ "name": "A b", "max": 5, "per": "day" }]),
        json!([{ "max": 5 }]),
        json!([{ "name": "a", "at_once": 0 }]),
        json!([{ "name": "a", "at_once": 100_001 }]),
    ] {
        ada.post("/v1/usage-plans", draft(rules)).await.is(422);
    }
    assert!(ada.get("/v1/usage-plans").await.is(200).ids().is_empty());
}

#[tokio::test]
async fn only_administrators_write_plans_and_only_their_own() {
    let Scene { platform, acme, ada, mara, id } = scene().await;
    let zeta = platform.tenant("zeta").await;
    let zoe = zeta.person(Role::SystemAdmin);
    let plan = make(&ada, quarter("Gold", 5)).await;
    let path = format!("/v1/usage-plans/{plan}");

    for caller in [&mara, &acme.person(Role::Recruiter), &acme.caller(Role::Partner).await] {
        caller.post("/v1/usage-plans", quarter("Mine", 9)).await.is(403);
        caller.get("/v1/usage-plans").await.is(403);
        assign(caller, &plan, &id).await.is(403);
    }
    zoe.get(&path).await.is(404).problem("not_found");
    zoe.get(&format!("{path}/assignees")).await.is(404);
    assign(&zoe, &plan, &id).await.is(404);
    let theirs = make(&zoe, quarter("Gold", 5)).await;
    // A plan of one's own, and another agency's client.
    assign(&zoe, &theirs, &id).await.is(404);
    assign(&ada, &plan, "pc_0000000000000000").await.is(404);
    assign(&ada, NOBODY, &id).await.is(404);
    assert_eq!(ada.get("/v1/usage-plans").await.is(200).ids(), [plan]);
}

#[tokio::test]
async fn a_plan_holds_for_whom_it_is_assigned_to_and_shows_itself() {
    let Scene { ada, mara, id, acme, .. } = scene().await;
    let noor = acme.partner(&["read:jobs"]).await;
    let plan = make(&ada, quarter("Gold", 3)).await;
    mara.get("/v1/jobs").await.is(200);

    assign(&ada, &plan, &id).await.is(204);

    let first = mara.get("/v1/jobs").await.is(200);
    let told = first.header("ratelimit-policy").unwrap();
    assert!(told.contains(r#""quarter";q=3;w=900"#) && told.contains(r#""tenant""#), "{told}");
    let hers = mara.get("/v1/limits").await.is(200).body();
    assert_eq!((&hers["plan"]["name"], &hers["plan"]["id"]), (&json!("Gold"), &json!(plan)));
    let quarter = hers["data"].as_array().unwrap().iter().find(|one| one["name"] == "quarter");
    assert_eq!(quarter.unwrap()["remaining"], 1);
    let seen = ada.get(&format!("/v1/usage-plans/{plan}/assignees")).await.is(200).body();
    assert_eq!(seen["data"][0]["subject"], json!(id));
    assert_eq!(seen["data"][0]["usage"][0]["remaining"], 1);
    mara.get("/v1/jobs").await.is(200);
    let refused = mara.get("/v1/jobs").await.is(429).problem("limits.exceeded");
    assert_eq!(refused.body()["violated-policies"], json!(["quarter"]));
    for _ in 0..5 {
        noor.get("/v1/jobs").await.is(200);
    }
    assert!(noor.get("/v1/limits").await.is(200).body().get("plan").is_none());
}

#[tokio::test]
async fn a_change_of_a_plan_holds_at_once_and_forgets_no_count() {
    let Scene { platform, ada, mara, id, .. } = scene().await;
    let plan = make(&ada, quarter("Gold", 3)).await;
    assign(&ada, &plan, &id).await.is(204);
    for _ in 0..3 {
        mara.get("/v1/jobs").await.is(200);
    }
    mara.get("/v1/jobs").await.is(429);
    let path = format!("/v1/usage-plans/{plan}");
    let change = |draft: Value, tag: &str| {
        ada.ask(http::Method::PUT, &path).json(&draft).with_header("if-match", tag)
    };

    change(quarter("Gold", 5), "\"v9\"").await.is(412).problem("precondition_failed");
    mara.get("/v1/jobs").await.is(429);
    change(quarter("Gold", 5), "\"v1\"").await.is(200);

    mara.get("/v1/jobs").await.is(200);
    mara.get("/v1/jobs").await.is(200);
    mara.get("/v1/jobs").await.is(429);
    ada.ask(http::Method::DELETE, &path)
        .with_header("if-match", "\"v2\"")
        .await
        .is(409)
        .problem("usage_plans.assigned");
    let end = format!("{path}/assignees/{id}");
    ada.ask(http::Method::DELETE, &end).await.is(204);
    ada.ask(http::Method::DELETE, &end).await.is(404);
    mara.get("/v1/jobs").await.is(200);
    ada.ask(http::Method::DELETE, &path).with_header("if-match", "\"v2\"").await.is(204);
    ada.get(&path).await.is(404);
    platform.clock().advance(minutes(1));
    mara.get("/v1/jobs").await.is(200);
}

/// A request of a partner that is at work for as long as this is kept.
async fn at_work(partner: &Caller) -> BoxFuture<'static, Answer> {
    let plans = async || partner.get("/v1/limits").await;
    let before = plans().await.is(200).body();
    let ask = partner.ask(http::Method::POST, "/v1/api-keys");
    let mut asked = ask.stalled(Duration::from_secs(3600)).into_future();
    loop {
        let now = plans().await;
        if now.status() == 429 || at_once(&now.body()) < at_once(&before) {
            return asked;
        }
        assert!(asked.as_mut().now_or_never().is_none(), "it is answered");
    }
}

/// How many more may be at work than the request that asks.
fn at_once(limits: &Value) -> u64 {
    let mut rules = limits["data"].as_array().unwrap().iter();
    let rule = rules.find(|rule| rule["name"] == "at-once").unwrap();
    assert_eq!(rule["at_once"], true, "{rule}");
    rule["remaining"].as_u64().unwrap()
}

#[tokio::test]
async fn a_plan_says_how_many_may_be_at_work_in_place_of_the_platforms() {
    let Scene { ada, mara, id, acme, .. } = scene().await;
    let noor = acme.partner(&["read:jobs", "manage:keys"]).await;
    let rules = json!([{ "name": "at-once", "at_once": 3 }]);
    let draft = json!({ "name": "Gold", "rules": rules });
    let plan = make(&ada, draft).await;
    let path = format!("/v1/usage-plans/{plan}");
    assert_eq!(ada.get(&path).await.is(200).body()["rules"], rules);

    assign(&ada, &plan, &id).await.is(204);
    let first = at_work(&mara).await;
    let seen = ada.get(&format!("{path}/assignees")).await.is(200).body();
    let second = at_work(&mara).await;
    let third = at_work(&mara).await;

    let usage = json!([{ "name": "at-once", "max": 3, "at_once": true, "remaining": 2 }]);
    assert_eq!(seen["data"][0]["usage"], usage);
    let refused = mara.get("/v1/jobs").await.is(429).problem("limits.busy");
    assert_eq!(refused.body()["violated-policies"], json!(["at-once"]));
    let alone = at_work(&noor).await;
    noor.get("/v1/jobs").await.is(429).problem("limits.busy");
    // Fewer than are at work: who is, stays, and nobody comes in before two have ended.
    let fewer = json!({ "name": "Gold", "rules": [{ "name": "at-once", "at_once": 1 }] });
    let change = ada.ask(http::Method::PUT, &path).json(&fewer);
    change.with_header("if-match", "\"v1\"").await.is(200);
    drop((first, alone));
    mara.get("/v1/jobs").await.is(429);
    noor.get("/v1/jobs").await.is(200);
    drop((second, third));
    let last = mara.get("/v1/jobs").await.is(200);
    let told = last.header("ratelimit-policy").unwrap();
    assert!(told.contains(r#""at-once";q=1;qu="concurrent-requests""#), "{told}");
}

#[tokio::test]
async fn a_key_with_a_plan_of_its_own_is_counted_by_itself() {
    let Scene { ada, mara, platform, .. } = scene().await;
    let draft = json!({ "name": "sync", "scopes": ["read:jobs"] });
    let made = mara.post("/v1/api-keys", draft).await.is(201);
    let by_key = platform.stranger().with_token(made.text_of("/key"));
    let plan = make(&ada, quarter("Small", 2)).await;

    assign(&ada, &plan, &made.id()).await.is(204);

    by_key.get("/v1/jobs").await.is(200);
    by_key.get("/v1/jobs").await.is(200);
    by_key.get("/v1/jobs").await.is(429).problem("limits.exceeded");
    for _ in 0..5 {
        mara.get("/v1/jobs").await.is(200);
    }
}

#[tokio::test]
async fn what_is_nearly_used_and_used_up_is_told_once_in_a_window() {
    let Scene { platform, acme, ada, .. } = scene().await;
    let credentials = acme.register(Role::Partner, &["read:jobs"]).await;
    let plan = make(&ada, quarter("Gold", 10)).await;
    assign(&ada, &plan, &credentials.client_id).await.is(204);
    // The next quarter of an hour on the clock.
    platform.clock().advance(minutes(20));
    let mara = acme.sign_in(&credentials).await;

    for _ in 0..7 {
        mara.get("/v1/jobs").await.is(200);
    }
    platform.tell_usage().await;
    assert!(alerts(&ada).await.is_empty());
    for _ in 0..3 {
        mara.get("/v1/jobs").await.is(200);
        platform.tell_usage().await;
    }
    for _ in 0..5 {
        mara.get("/v1/jobs").await.is(429);
        platform.tell_usage().await;
    }

    assert_eq!(alerts(&ada).await, [(100, "quarter".to_owned()), (80, "quarter".to_owned())]);
    let kinds: Vec<_> = acme.outbox().await.into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "usage_plan.nearly_used").count(), 1);
    assert_eq!(kinds.iter().filter(|kind| *kind == "usage_plan.used_up").count(), 1);
    platform.clock().advance(minutes(30));
    let mara = acme.sign_in(&credentials).await;
    for _ in 0..8 {
        mara.get("/v1/jobs").await.is(200);
    }
    platform.tell_usage().await;
    assert_eq!(alerts(&ada).await.len(), 3);
}

#[tokio::test]
async fn a_quota_of_a_plan_is_told_once_a_day_and_begins_anew_at_midnight() {
    let Scene { platform, acme, ada, .. } = scene().await;
    let credentials = acme.register(Role::Partner, &["read:jobs"]).await;
    let rule = json!({ "name": "daily", "max": 10, "per": "day", "zone": "Europe/Berlin" });
    let plan = make(&ada, json!({ "name": "Gold", "rules": [rule] })).await;
    assign(&ada, &plan, &credentials.client_id).await.is(204);
    // The platform's day ends at 23:00 in UTC.
    platform.clock().advance(minutes(20));
    let mara = acme.sign_in(&credentials).await;

    for _ in 0..10 {
        mara.get("/v1/jobs").await.is(200);
        platform.tell_usage().await;
    }
    let refused = mara.get("/v1/jobs").await.is(429).problem("limits.exceeded");
    platform.tell_usage().await;

    assert_eq!(refused.body()["violated-policies"], json!(["daily"]));
    assert_eq!(alerts(&ada).await, [(100, "daily".to_owned()), (80, "daily".to_owned())]);
    let seen = ada.get(&format!("/v1/usage-plans/{plan}/assignees")).await.is(200).body();
    assert_eq!(seen["data"][0]["usage"][0]["remaining"], 0);
    platform.clock().advance(minutes(6 * 60));
    let mara = acme.sign_in(&credentials).await;
    let first = mara.get("/v1/jobs").await.is(200);
    let told = first.header("ratelimit").unwrap();
    assert!(told.starts_with("\"daily\";r=9;"), "{told}");
}

async fn alerts(by: &Caller) -> Vec<(i64, String)> {
    let body = by.get("/v1/usage-alerts").await.is(200).body();
    let all = body["data"].as_array().unwrap().iter();
    all.map(|one| (one["percent"].as_i64().unwrap(), one["rule"].as_str().unwrap().to_owned()))
        .collect()
}
