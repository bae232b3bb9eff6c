//! What every request leaves behind: audit entries, events, the change log.

use policy::Role;
use serde_json::{Value, json};
use testkit::{Answer, Caller, Database, Platform, Tenant, samples};

async fn with_partner(database: Database) -> (Platform, Tenant, Caller) {
    let platform = Platform::on(database).await;
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;
    (platform, acme, mara)
}

/// Entries of one kind: `change`, `decision` or `authentication`.
fn of<'a>(trail: &'a [Value], code: &str) -> Vec<&'a Value> {
    trail.iter().filter(|entry| entry["metadata"]["event_code"] == code).collect()
}

fn about<'a>(trail: &'a [Value], id: &str) -> Vec<&'a Value> {
    let changes = of(trail, "change").into_iter();
    changes.filter(|entry| entry["resources"][0]["uid"] == id).collect()
}

#[tokio::test]
async fn every_change_has_its_entry_and_names_no_value() {
    for database in Database::BOTH {
        let (_platform, acme, mara) = with_partner(database).await;
        let made = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201);
        let (id, path) = (made.id(), format!("/v1/jobs/{}", made.id()));
        let patch = json!({ "title": "Changed", "tags": ["q7tag"] });
        let patched = mara.patch(&path, patch).await.is(200);
        mara.take(&format!("{path}/cancel")).await.is(200);
        mara.delete(&path).await.is(204);

        let trail = acme.audit().await;

        let entries = about(&trail, &id);
        let told: Vec<_> = entries
            .iter()
            .map(|entry| {
                let resource = &entry["resources"][0];
                let version = resource["version"].as_str().unwrap().to_owned();
                (entry["activity_id"].as_u64().unwrap(), version)
            })
            .collect();
        let expected = [(1, "1"), (3, "2"), (3, "3"), (4, "4")];
        assert_eq!(told, expected.map(|(activity, version)| (activity, version.to_owned())));
        let fields = json!([{ "field": "tags" }, { "field": "title" }]);
        assert_eq!(entries[1]["unmapped"]["changes"], fields);
        assert_eq!(
            entries[1]["metadata"]["correlation_uid"],
            patched.header("x-request-id").unwrap()
        );
        assert!(entries.iter().all(|entry| entry["resources"][0]["type"] == "job"));
        assert!(!Value::from(trail.clone()).to_string().contains("q7tag"));
    }
}

#[tokio::test]
async fn a_refused_change_leaves_a_decision_and_no_change() {
    for database in Database::BOTH {
        let (_platform, acme, mara) = with_partner(database).await;
        let id = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();
        let path = format!("/v1/jobs/{id}");
        let before = (acme.audit().await, acme.changes().await, acme.outbox().await);

        mara.patch(&path, json!({ "title": "x" })).await.is(422);
        mara.patch(&path, json!({ "title": "Old" }))
            .with_header("if-match", "\"v9\"")
            .await
            .is(412);
        mara.take(&format!("{path}/pause")).await.is(409);
        mara.take(&format!("{path}/approve")).await.is(403);

        let after = (acme.audit().await, acme.changes().await, acme.outbox().await);
        assert_eq!(of(&after.0, "change"), of(&before.0, "change"));
        assert_eq!((&after.1, &after.2), (&before.1, &before.2));
        let decisions: Vec<_> = of(&after.0, "decision").into_iter().rev().take(4).rev().collect();
        let allowed: Vec<_> = decisions.iter().map(|d| d["action_id"].clone()).collect();
        assert_eq!(allowed, [1, 1, 1, 2]);
        assert_eq!(decisions[3]["status_code"], "people_only");
        assert_eq!(decisions[3]["api"]["operation"], "POST /v1/jobs/{id}/approve");
        let policy = &decisions[3]["actor"]["authorizations"][0]["policy"]["uid"];
        assert_eq!(policy, "wall-people");
    }
}

#[tokio::test]
async fn permitted_reads_are_recorded_too() {
    for database in Database::BOTH {
        let (_platform, acme, mara) = with_partner(database).await;
        let before = of(&acme.audit().await, "decision").len();
        let read = mara.get(&format!("/v1/clients/{}", acme.company())).await.is(200);
        mara.get("/v1/candidates").await.is(200);

        let trail = acme.audit().await;

        let decisions = of(&trail, "decision");
        assert_eq!(decisions.len(), before + 2);
        let first = decisions[before];
        assert_eq!(first["api"]["request"]["uid"], read.header("x-request-id").unwrap());
        assert_eq!(first["actor"]["user"]["uid"].as_str().map(|id| &id[..3]), Some("pc_"));
        assert_eq!(first["unmapped"]["action"], "client.read");
    }
}

#[tokio::test]
async fn what_a_handler_asks_besides_is_recorded_too() {
    for database in Database::BOTH {
        let (platform, acme, _) = with_partner(database).await;
        let lesser = acme.partner(&["run:exports", "read:candidates"]).await;
        let before = platform.audit().await.len();

        let taken = lesser.post("/v1/exports", json!({ "format": "csv" })).await.is(201);
        let whole = json!({ "format": "csv", "with_personal": true });
        let refused = lesser.post("/v1/exports", whole).await.is(403);

        let trail = platform.audit().await;
        let decisions = of(&trail[before..], "decision");
        assert!(decisions.iter().all(|entry| entry["api"]["operation"] == "POST /v1/exports"));
        let told = |answer: &Answer| {
            let request = answer.header("x-request-id").unwrap();
            let own = decisions.iter().filter(|entry| entry["api"]["request"]["uid"] == request);
            let mut told: Vec<_> = own
                .map(|entry| {
                    let action = entry["unmapped"]["action"].as_str().unwrap();
                    (action, entry["status_code"].as_str().unwrap_or("allowed"))
                })
                .collect();
            told.sort_unstable();
            told
        };
        let may = [("candidate.list", "allowed"), ("export.run", "allowed")];
        assert_eq!(told(&taken), may);
        assert_eq!(told(&refused), [may[0], ("candidate.read_pii", "scope"), may[1]]);
    }
}

#[tokio::test]
async fn refused_callers_are_recorded() {
    for database in Database::BOTH {
        let (platform, acme, mara) = with_partner(database).await;
        let lesser = acme.partner(&["read:jobs"]).await;
        let before = platform.audit().await.len();
        mara.with_token("garbage").get("/v1/clients").await.is(401);
        acme.forger().get("/v1/clients").await.is(401);
        platform.stranger().get("/v1/clients").await.is(401);
        lesser.get("/v1/clients").await.is(403);

        let trail = platform.audit().await;

        let new: Vec<_> = trail[before..]
            .iter()
            .map(|entry| {
                let code = entry["metadata"]["event_code"].as_str().unwrap();
                (code, entry["status_code"].as_str().unwrap())
            })
            .collect();
        assert_eq!(
            new,
            [
                ("authentication", "malformed"),
                ("authentication", "unknown_key"),
                ("decision", "anonymous"),
                ("decision", "scope"),
            ]
        );
        assert!(trail[before..].iter().all(|entry| entry["status_id"] == 2));
    }
}

#[tokio::test]
async fn events_and_changes_stand_in_the_order_of_their_commits() {
    for database in Database::BOTH {
        let (_platform, acme, mara) = with_partner(database).await;
        let before = acme.changes().await.len();
        let id = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();
        let path = format!("/v1/jobs/{id}");
        for name in ["open", "pause", "resume"] {
            mara.take(&format!("{path}/{name}")).await.is(200);
        }
        mara.post(&format!("{path}/close"), json!({ "reason": "other" })).await.is(200);
        mara.post("/v1/candidates", samples::candidate()).await.is(201);

        let (changes, events) = (acme.changes().await, acme.outbox().await);

        let seqs: Vec<_> = changes.iter().map(|change| change.seq).collect();
        assert_eq!(seqs, (1..=i64::try_from(changes.len()).unwrap()).collect::<Vec<_>>());
        let told: Vec<_> = changes[before..]
            .iter()
            .map(|change| (change.resource.as_str(), change.version, change.op.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("job", 1, "created"),
                ("job", 2, "updated"),
                ("job", 3, "updated"),
                ("job", 4, "updated"),
                ("job", 5, "updated"),
                ("candidate", 1, "created"),
            ]
        );
        let kinds: Vec<_> = events.iter().rev().take(6).rev().map(|e| e.kind.as_str()).collect();
        assert_eq!(
            kinds,
            [
                "job.created",
                "job.opened",
                "job.paused",
                "job.opened",
                "job.closed",
                "candidate.created",
            ]
        );
        assert!(events.is_sorted_by(|a, b| a.seq < b.seq));
    }
}

#[tokio::test]
async fn each_change_has_one_entry_one_line_and_one_event() {
    for database in Database::BOTH {
        let (_platform, acme, mara) = with_partner(database).await;
        for _ in 0..5 {
            let id = mara.post("/v1/candidates", samples::candidate()).await.is(201).id();
            mara.take(&format!("/v1/candidates/{id}/activate")).await.is(200);
        }

        let changes = acme.changes().await;
        let entries = acme.audit().await;

        let entries = of(&entries, "change");
        assert_eq!(entries.len(), changes.len());
        let events = acme.outbox().await;
        // Nobody subscribes to the founding of a tenant or to its partners.
        let silent = ["tenant", "partner"];
        let loud = changes.iter().filter(|change| !silent.contains(&change.resource.as_str()));
        assert_eq!(events.len(), loud.count());
    }
}

#[tokio::test]
async fn events_tell_names_of_members_and_no_values() {
    let (_platform, acme, mara) = with_partner(Database::Sqlite).await;
    let id = mara.post("/v1/candidates", samples::candidate()).await.is(201).id();
    let patch = json!({ "given_name": "Q7given", "headline": "Q7headline" });
    mara.patch(&format!("/v1/candidates/{id}"), patch).await.is(200);

    let event = acme.outbox().await.pop().unwrap();

    assert_eq!(event.kind, "candidate.updated");
    assert_eq!(event.payload["changed"], json!(["given_name", "headline"]));
    let href = format!("/v1/candidates/{id}");
    let object = json!({ "type": "candidate", "id": id, "version": 2, "href": href });
    assert_eq!(event.payload["object"], object);
    assert!(!event.payload.to_string().contains("Q7"));
}

#[tokio::test]
async fn a_repeated_request_leaves_no_second_change() {
    for database in Database::BOTH {
        let (_platform, acme, mara) = with_partner(database).await;
        let body = samples::candidate();
        for _ in 0..3 {
            let ask = mara.post("/v1/candidates", body.clone());
            ask.with_header("idempotency-key", "k1").await.is(201);
        }

        let changes = acme.changes().await;

        assert_eq!(changes.iter().filter(|change| change.resource == "candidate").count(), 1);
    }
}
