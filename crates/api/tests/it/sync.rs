//! Keeping a copy in step: changes, and events.

use policy::Role;
use serde_json::{Value, json};
use testkit::{Database, Platform, samples};

#[tokio::test]
async fn what_a_caller_may_not_list_it_may_not_follow() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;
    mara.post("/v1/candidates", samples::candidate()).await.is(201);
    let lesser = acme.partner(&["read:changes", "read:events", "read:jobs"]).await;

    for path in ["/v1/changes?types=candidate", "/v1/events?about=candidate"] {
        let refused = lesser.get(path).await.is(403).problem("auth.scope_missing");
        assert_eq!(refused.body()["required_scopes"], json!(["read:candidates"]));
    }
    assert_eq!(lesser.get("/v1/changes").await.is(200).body()["data"], json!([]));
    assert_eq!(lesser.get("/v1/events").await.is(200).body()["data"], json!([]));
    lesser.get("/v1/changes?types=partner").await.is(400);
    lesser.get("/v1/events?type=%25").await.is(400);
}

#[tokio::test]
async fn a_copy_follows_from_cursor_to_cursor() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.caller(Role::Partner).await;
        let start = mara.get("/v1/changes?from=latest").await.is(200);
        assert_eq!(start.body()["data"], json!([]));
        let job = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();
        mara.patch(&format!("/v1/jobs/{job}"), json!({ "title": "Go Engineer" })).await.is(200);
        mara.delete(&format!("/v1/jobs/{job}")).await.is(204);

        let cursor = start.text_of("/page/next_cursor");
        let path = |cursor: &str| format!("/v1/changes?from=latest&limit=2&cursor={cursor}");
        let first = mara.get(&path(&cursor)).await.is(200);
        let second = mara.get(&path(&first.text_of("/page/next_cursor"))).await.is(200);
        let third = mara.get(&path(&second.text_of("/page/next_cursor"))).await.is(200);

        let ops = |body: &Value| {
            let data = body["data"].as_array().unwrap().iter();
            data.map(|c| (c["op"].clone(), c["version"].clone())).collect::<Vec<_>>()
        };
        let pair = |op: &str, version: i64| (json!(op), json!(version));
        assert_eq!(ops(&first.body()), [pair("created", 1), pair("updated", 2)]);
        assert_eq!(first.body()["page"]["has_more"], json!(true));
        assert!(first.header("link").unwrap().contains("rel=\"next\""));
        assert_eq!(ops(&second.body()), [pair("deleted", 3)]);
        assert_eq!(second.body()["page"]["has_more"], json!(false));
        assert!(second.header("link").is_none());
        assert_eq!(ops(&third.body()), []);
        assert_eq!(second.body()["data"][0]["id"], json!(job));
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_filters_only() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let globex = platform.tenant("globex").await;
    let mara = acme.caller(Role::Partner).await;
    let cursor = mara.get("/v1/changes").await.is(200).text_of("/page/next_cursor");

    mara.get(&format!("/v1/changes?types=job&cursor={cursor}"))
        .await
        .is(400)
        .problem("cursor_invalid");
    let other = globex.caller(Role::Partner).await;
    other.get(&format!("/v1/changes?cursor={cursor}")).await.is(400).problem("cursor_invalid");
}

#[tokio::test]
async fn each_step_of_a_job_and_a_candidate_has_its_event() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.caller(Role::Partner).await;
        let job = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();
        let path = |name: &str| format!("/v1/jobs/{job}/{name}");
        mara.patch(&format!("/v1/jobs/{job}"), json!({ "title": "Go" })).await.is(422);
        mara.patch(&format!("/v1/jobs/{job}"), json!({ "title": "Go Engineer" })).await.is(200);
        mara.take(&path("open")).await.is(200);
        mara.take(&path("pause")).await.is(200);
        mara.take(&path("resume")).await.is(200);
        mara.post(&path("close"), json!({ "reason": "other" })).await.is(200);
        mara.take(&path("reopen")).await.is(200);
        mara.post(&path("fill"), json!({ "filled_count": 1 })).await.is(200);
        let ana = mara.post("/v1/candidates", samples::candidate()).await.is(201).id();
        let path = |name: &str| format!("/v1/candidates/{ana}/{name}");
        let grant = json!({ "grant":
            { "basis": "consent", "policy_version": "1", "channel": "form", "expires_at": null } });
        mara.post(&path("consent"), grant).await.is(200);
        mara.post(&path("consent"), json!({ "withdraw": {} })).await.is(200);
        mara.take(&path("request-erasure")).await.is(200);

        let events = mara.get("/v1/events?about=job&about=candidate&limit=100").await.is(200);

        let body = events.body();
        let names = body["data"].as_array().unwrap().iter().rev();
        let names: Vec<_> = names.map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(
            names,
            [
                "job.created",
                "job.updated",
                "job.opened",
                "job.paused",
                "job.opened",
                "job.closed",
                "job.reopened",
                "job.filled",
                "candidate.created",
                "candidate.consent_granted",
                "candidate.consent_withdrawn",
                "candidate.erasure_requested",
            ]
        );
        let last = &body["data"][0];
        assert_eq!(last["mode"], "production");
        assert_eq!(last["object"]["href"], json!(format!("/v1/candidates/{ana}")));
        assert!(!body.to_string().contains("Sousa"));
        let named = mara.get("/v1/events?type=job.*").await.is(200).ids();
        assert_eq!(named.len(), 8);
    }
}
