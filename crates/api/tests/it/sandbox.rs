//! The sandbox: the same code, made-up people, and a clock to run ahead.

use http::Method;
use policy::{Environment, Role};
use serde_json::{Value, json};
use testkit::{Caller, Database, Platform, Setup, Tenant, samples};

async fn sandbox(database: Database) -> (Platform, Tenant, Caller) {
    let setup = Setup { database, environment: Environment::Sandbox, ..Setup::default() };
    let platform = Platform::with(setup).await;
    let sand = platform.tenant("sand").await;
    let mara = sand.caller(Role::Partner).await;
    (platform, sand, mara)
}

async fn advance(caller: &Caller, days: u64) {
    let seconds = json!({ "seconds": days * 24 * 60 * 60 });
    caller.post("/v1/sandbox/clock/advance", seconds).await.is(200);
}

#[tokio::test]
async fn a_sandbox_needs_the_scope() {
    let (_platform, sand, _) = sandbox(Database::Sqlite).await;
    let lesser = sand.partner(&["read:jobs"]).await;

    for (method, path, body) in [
        (Method::GET, "clock", Value::Null),
        (Method::POST, "clock/advance", json!({ "seconds": 1 })),
        (Method::POST, "reset", json!({})),
        (Method::POST, "webhooks/trigger", json!({ "type": "job.opened" })),
    ] {
        let ask = lesser.ask(method, &format!("/v1/sandbox/{path}"));
        let ask = if body.is_null() { ask } else { ask.json(&body) };
        ask.await.is(403).problem("auth.scope_missing");
    }
}

#[tokio::test]
async fn time_runs_ahead_for_one_sandbox_and_no_other() {
    for database in Database::BOTH {
        let (platform, _sand, mara) = sandbox(database).await;
        let other = platform.tenant("other").await;
        let ines = other.caller(Role::Partner).await;
        let grant = json!({ "grant": { "basis": "consent", "policy_version": "1",
            "channel": "form", "expires_at": platform.now().plus(testkit::days(30)) } });
        let mut people = Vec::new();
        for caller in [&mara, &ines] {
            let id = caller.post("/v1/candidates", samples::candidate()).await.is(201).id();
            caller.post(&format!("/v1/candidates/{id}/consent"), grant.clone()).await.is(200);
            people.push(id);
        }

        advance(&mara, 31).await;
        platform.run_jobs().await;

        let consent = async |caller: &Caller, id: &str| {
            let read = caller.get(&format!("/v1/candidates/{id}")).await.is(200);
            read.text_of("/consent/status")
        };
        assert_eq!(consent(&mara, &people[0]).await, "expired");
        assert_eq!(consent(&ines, &people[1]).await, "granted");
        let clock = mara.get("/v1/sandbox/clock").await.is(200).body();
        assert_eq!(clock["ahead_s"], 31 * 24 * 60 * 60);
        let made = mara.post("/v1/candidates", samples::candidate()).await.is(201);
        assert_eq!(made.text_of("/created_at")[..7], *"2026-12");
    }
}

#[tokio::test]
async fn a_reset_leaves_partners_and_tombstones() {
    for database in Database::BOTH {
        let (_platform, sand, mara) = sandbox(database).await;
        let job = mara.post("/v1/jobs", samples::job(sand.company())).await.is(201).id();
        mara.take(&format!("/v1/jobs/{job}/open")).await.is(200);
        mara.post("/v1/candidates", samples::candidate()).await.is(201);
        advance(&mara, 1).await;
        let start = mara.get("/v1/changes?from=latest").await.is(200);
        let cursor = start.text_of("/page/next_cursor");

        let emptied = mara.post("/v1/sandbox/reset", json!({})).await.is(200).body();

        assert_eq!(emptied["candidates"], 0);
        for path in ["/v1/jobs", "/v1/candidates", "/v1/clients"] {
            assert!(mara.get(path).await.is(200).ids().is_empty(), "{path}");
        }
        assert_eq!(mara.get("/v1/sandbox/clock").await.is(200).body()["ahead_s"], 0);
        let changes = format!(
            "/v1/changes?from=latest&types=job&types=candidate&types=client&cursor={cursor}"
        );
        mara.get(&changes).await.is(400);
        let changes = mara.get(&format!("/v1/changes?from=latest&cursor={cursor}")).await.is(200);
        let body = changes.body();
        let gone = body["data"].as_array().unwrap().iter();
        assert_eq!(gone.filter(|change| change["op"] == "deleted").count(), 3);
        let seeded = json!({ "seeded": true });
        let filled = mara.post("/v1/sandbox/reset", seeded).await.is(200).body();
        assert_eq!(filled["candidates"], 60);
        assert_eq!(mara.get("/v1/jobs?limit=100").await.is(200).ids().len(), 12);
    }
}

#[tokio::test]
async fn what_is_done_to_a_sandbox_is_told() {
    let (_platform, sand, mara) = sandbox(Database::Sqlite).await;
    advance(&mara, 1).await;
    mara.post("/v1/sandbox/reset", json!({})).await.is(200);

    let told = sand.outbox().await.into_iter().map(|event| event.kind);

    let told: Vec<_> = told.filter(|name| name.starts_with("sandbox.")).collect();
    assert_eq!(told, ["sandbox.clock_advanced", "sandbox.reset"]);
}

#[tokio::test]
async fn an_event_happens_when_it_is_asked_for() {
    let (_platform, _sand, mara) = sandbox(Database::Sqlite).await;

    mara.post("/v1/sandbox/webhooks/trigger", json!({ "type": "nothing.happened" })).await.is(422);
    let asked = json!({ "type": "candidate.erased" });
    mara.post("/v1/sandbox/webhooks/trigger", asked).await.is(200);

    let events = mara.get("/v1/events?type=candidate.erased").await.is(200).body();
    assert_eq!(events["data"][0]["mode"], "sandbox");
    assert_eq!(events["data"][0]["object"]["type"], "candidate");
}

/// Work that waits for what a reset took away is over, and holds nobody else's up.
#[tokio::test]
async fn a_reset_leaves_no_work_that_fails_for_ever() {
    for database in Database::BOTH {
        let (platform, sand, mara) = sandbox(database).await;
        let job = mara.post("/v1/jobs", samples::job(sand.company())).await.is(201).id();
        let many = json!({ "job_id": job, "scope": "all", "top": 1000 });
        mara.post("/v1/matcher", many).await.is(202);
        mara.post("/v1/exports", json!({ "format": "csv" })).await.is(201);
        let import = mara.post("/v1/imports", json!({ "format": "csv" })).await.is(201).id();
        let part = mara.ask(Method::PUT, &format!("/v1/imports/{import}/parts/1"));
        part.bytes("given_name\nAna\n", "text/csv").await.is(200);
        let start = json!({ "parts": 1 });
        mara.post(&format!("/v1/imports/{import}/start"), start).await.is(200);

        mara.post("/v1/sandbox/reset", json!({})).await.is(200);
        platform.run_jobs().await;

        platform.clock().advance(std::time::Duration::from_secs(5));
        assert_eq!(platform.run_jobs().await, 0, "something is tried again");
    }
}
