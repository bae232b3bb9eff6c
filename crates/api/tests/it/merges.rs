//! Two records of one person become one, by people, and nothing that hung on either is lost.

use policy::Role;
use serde_json::{Value, json};
use testkit::{Answer, Caller, Database, samples};

use crate::matches::{Agency, path};

impl Agency {
    async fn version(&self, candidate: &str) -> i64 {
        let read = self.partner.get(&format!("/v1/candidates/{candidate}")).await.is(200);
        read.body()["version"].as_i64().unwrap()
    }

    /// Merges one record into another, from the versions that are there.
    async fn merge(&self, by: &Caller, stays: &str, goes: &str, take: &[&str]) -> Answer {
        let version = self.version(goes).await;
        by.get(&format!("/v1/candidates/{stays}")).await.is(200);
        let ask = json!({ "duplicate_id": goes, "duplicate_version": version, "take": take });
        by.post(&format!("/v1/candidates/{stays}/merge"), ask).await
    }

    async fn person(&self, candidate: &str) -> Value {
        self.recruiter.get(&format!("/v1/candidates/{candidate}")).await.is(200).body()
    }

    async fn employed(&self, candidate: &str) -> String {
        let draft = samples::employment(candidate, self.acme.company());
        self.partner.post("/v1/employments", draft).await.is(201).id()
    }
}

/// What the other record knows.
fn other() -> Value {
    json!({
        "given_name": "Anna", "email": "q7anna@example.org", "headline": "Builds ledgers",
        "external_ref": "Q7-REF", "tags": ["q7tag"],
        "skills": [{ "skill_id": "local:go", "label": "Go", "source": "self" }],
    })
}

#[tokio::test]
async fn what_hung_on_either_hangs_on_the_one_that_stays() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let (ana, anna) = (agency.candidate(json!({})).await, agency.candidate(other()).await);
        let further = path(&agency.rank(&[&anna]).await.is(200));
        for name in ["shortlist", "submit"] {
            agency.make(&agency.recruiter, &further, name).await.is(200);
        }
        let lesser = path(&agency.rank(&[&ana]).await.is(200));
        let employment = agency.employed(&anna).await;
        let list = format!("/v1/candidates/{anna}/blocklist");
        agency.partner.get(&format!("/v1/candidates/{anna}")).await.is(200);
        let company = agency.acme.company().to_owned();
        agency.partner.ask(http::Method::PUT, &format!("{list}/{company}")).await;

        let merged = agency.merge(&agency.recruiter, &ana, &anna, &["email"]).await.is(200);

        let body = merged.body();
        assert_eq!(
            (&body["given_name"], &body["headline"]),
            (&json!("Ana"), &json!("Builds ledgers"))
        );
        assert_eq!(
            (&body["email"], &body["external_ref"]),
            (&json!("q7anna@example.org"), &json!("Q7-REF"))
        );
        assert_eq!(body["skills"].as_array().unwrap().len(), 2);
        let tombstone = agency.person(&anna).await;
        assert_eq!(
            (&tombstone["status"], &tombstone["merged_into"]),
            (&json!("erased"), &json!(ana))
        );
        assert!(
            tombstone.get("email").is_none() && tombstone.get("skills").is_none(),
            "{tombstone}"
        );
        assert_eq!(agency.explained(&further).await["candidate_id"], json!(ana));
        let lesser = agency.explained(&lesser).await;
        assert_eq!((&lesser["candidate_id"], &lesser["stage"]), (&json!(anna), &json!("expired")));
        assert_eq!(lesser["assessment"], Value::Null);
        let engaged = agency.partner.get(&format!("/v1/employments/{employment}")).await.is(200);
        assert_eq!(engaged.text_of("/candidate_id"), ana);
        let question = json!({ "email": "q7anna@example.org" });
        let found = agency.recruiter.post("/v1/candidates/search", question).await.is(200);
        assert_eq!(found.ids(), std::slice::from_ref(&ana));
        let kept = agency.partner.get(&format!("/v1/candidates/{ana}/blocklist")).await.is(200);
        assert!(kept.body().to_string().contains(&company), "{kept:?}");
        agency.rank(&[&anna]).await.is(422).at("/candidate_ids/0");
        // Who blocks the company is ranked, and the gate is closed.
        assert_eq!(agency.rank(&[&ana]).await.is(200).body()["counts"]["closed"][5], 1);
    }
}

#[tokio::test]
async fn a_merge_is_told_without_what_was_merged() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let (ana, anna) = (agency.candidate(json!({})).await, agency.candidate(other()).await);

        agency.merge(&agency.recruiter, &ana, &anna, &["email"]).await.is(200);

        let told: Vec<_> = agency.acme.outbox().await;
        let event = told.iter().rev().nth(1).unwrap();
        assert_eq!(event.kind, "candidate.merged");
        assert_eq!(event.payload["object"]["id"], json!(anna));
        assert_eq!(event.payload["changed"], json!(["merged_into"]));
        assert_eq!(told.last().unwrap().kind, "candidate.updated");
        let text = Value::from(told.into_iter().map(|e| e.payload).collect::<Vec<_>>()).to_string();
        let trail = Value::from(agency.acme.audit().await).to_string();
        assert!(!text.contains("q7anna") && !trail.contains("q7anna"));
    }
}

#[tokio::test]
async fn an_objection_and_a_block_on_either_record_hold() {
    let agency = Agency::on(Database::Sqlite).await;
    let ana = agency.candidate(json!({})).await;
    let anna = agency.candidate(json!({ "do_not_contact": true })).await;
    let shown = format!("/v1/candidates/{anna}");
    agency.partner.get(&shown).await.is(200);
    agency.partner.post(&format!("{shown}/consent"), json!({ "withdraw": {} })).await.is(200);
    agency.partner.take(&format!("{shown}/block")).await.is(200);

    let merged = agency.merge(&agency.recruiter, &ana, &anna, &[]).await.is(200).body();

    assert_eq!((&merged["status"], &merged["do_not_contact"]), (&json!("blocked"), &json!(true)));
    assert_eq!(merged["consent"]["status"], "withdrawn");
}

#[tokio::test]
async fn only_people_merge_and_only_records_that_are_there() {
    let agency = Agency::on(Database::Sqlite).await;
    let (ana, anna) = (agency.candidate(json!({})).await, agency.candidate(other()).await);
    let by = &agency.recruiter;
    let ask = |duplicate: &str, version: i64| {
        let body = json!({ "duplicate_id": duplicate, "duplicate_version": version });
        by.post(&format!("/v1/candidates/{ana}/merge"), body)
    };
    let foreign = agency.platform.tenant("globex").await.caller(Role::Partner).await;
    let foreign = foreign.post("/v1/candidates", samples::candidate()).await.is(201).id();

    agency.merge(&agency.partner, &ana, &anna, &[]).await.is(403).problem("auth.forbidden");
    by.get(&format!("/v1/candidates/{ana}")).await.is(200);
    ask(&ana, 3).await.is(422).at("/duplicate_id");
    ask("cand_00000000000000000000000001", 1).await.is(422).at("/duplicate_id");
    ask(&foreign, 1).await.is(422).at("/duplicate_id");
    ask(&anna, 1).await.is(412).problem("precondition_failed");
    agency.merge(by, &ana, &anna, &["status"]).await.is(422);
    ask(&anna, 3).without("if-match").await.is(428);

    let path = format!("/v1/candidates/{anna}");
    agency.partner.get(&path).await.is(200);
    agency.partner.take(&format!("{path}/request-erasure")).await.is(200);
    let refused = agency.merge(by, &ana, &anna, &[]).await.is(409);
    refused.problem("candidates.illegal_transition");
    agency.merge(by, &anna, &ana, &[]).await.is(409).problem("candidates.being_erased");
    assert_eq!(agency.version(&ana).await, 3);
}

#[tokio::test]
async fn who_works_for_one_client_under_both_records_is_not_merged() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let (ana, anna) = (agency.candidate(json!({})).await, agency.candidate(other()).await);
        for candidate in [&ana, &anna] {
            let path = format!("/v1/employments/{}", agency.employed(candidate).await);
            agency.partner.take(&format!("{path}/submit")).await.is(200);
            agency.recruiter.get(&path).await.is(200);
            agency.recruiter.take(&format!("{path}/approve")).await.is(200);
            agency.partner.get(&path).await.is(200);
            agency.partner.take(&format!("{path}/activate")).await.is(200);
        }

        let refused = agency.merge(&agency.recruiter, &ana, &anna, &[]).await.is(409);

        refused.problem("taken");
        assert_eq!(agency.person(&anna).await["status"], "active");
    }
}

#[tokio::test]
async fn of_two_merges_at_once_one_wins() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let (ana, anna) = (agency.candidate(json!({})).await, agency.candidate(other()).await);
        let by = &agency.recruiter;
        let ask = |stays: &str, goes: &str| {
            let body = json!({ "duplicate_id": goes, "duplicate_version": 3 });
            let ask = by.post(&format!("/v1/candidates/{stays}/merge"), body);
            std::future::IntoFuture::into_future(ask.with_header("if-match", "\"v3\""))
        };

        let (one, other) = tokio::join!(ask(&ana, &anna), ask(&anna, &ana));

        let mut statuses = [one.status(), other.status()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
}
