//! Runs that are longer than a request: they wait, they are made, and they say how they ended.

use http::Method;
use policy::Role;
use serde_json::{Value, json};
use testkit::{Answer, Database, minutes, samples};

use crate::matches::Agency;

impl Agency {
    /// Asks for a ranking that is too long for a request.
    async fn ask_for_many(&self) -> Answer {
        let many = json!({ "job_id": self.job, "scope": "all", "top": 201 });
        self.partner.post("/v1/matcher", many).await.is(202)
    }

    async fn told(&self, start: &str) -> Vec<String> {
        let outbox = self.acme.outbox().await.into_iter();
        outbox.map(|event| event.kind).filter(|name| name.starts_with(start)).collect()
    }

    async fn close_job(&self) {
        let job = format!("/v1/jobs/{}", self.job);
        self.partner.get(&job).await.is(200);
        self.partner.post(&format!("{job}/close"), json!({ "reason": "other" })).await.is(200);
    }
}

fn place(queued: &Answer) -> String {
    format!("/v1/match-runs/{}", queued.text_of("/match_run_id"))
}

#[tokio::test]
async fn a_long_run_waits_and_is_read_when_it_is_over() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let ana = agency.candidate(json!({})).await;

        let queued = agency.ask_for_many().await;

        let path = place(&queued);
        assert_eq!(queued.header("location"), Some(path.as_str()));
        let body = queued.body();
        assert_eq!((&body["status"], &body["scores"]), (&json!("queued"), &json!([])));
        assert_eq!((&body["counts"], &body["started_at"]), (&Value::Null, &Value::Null));
        assert_eq!(agency.partner.get(&path).await.is(200).body(), body);
        assert!(agency.told("match").await.is_empty());

        agency.platform.run_jobs().await;

        let done = agency.partner.get(&path).await.is(200).body();
        assert_eq!((&done["status"], &done["failure"]), (&json!("succeeded"), &Value::Null));
        assert_eq!(done["counts"]["evaluated"], 1);
        assert_eq!(done["scores"][0]["candidate_id"], json!(ana));
        assert_eq!(done["created_by"], body["created_by"]);
        assert_eq!(agency.told("match").await, ["match_run.completed", "match.scored"]);
        let found = format!("/v1/matches/{}", done["scores"][0]["match_id"].as_str().unwrap());
        assert_eq!(agency.explained(&found).await["created_by"], body["created_by"]);
        // The same within a request says the same.
        let at_once = json!({ "job_id": agency.job, "scope": "all", "top": 200 });
        let at_once = agency.partner.post("/v1/matcher", at_once).await.is(200).body();
        assert_eq!(at_once["digests"]["ranks"], done["digests"]["ranks"]);
        assert_eq!(at_once["digests"]["policy"], done["digests"]["policy"]);
    }
}

#[tokio::test]
async fn more_than_200_who_are_named_wait_and_nobody_unknown_is_among_them() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let ids = agency.import(201).await;
        let ask = |named: &[String]| {
            let named = json!({ "job_id": agency.job, "candidate_ids": named });
            agency.partner.post("/v1/matcher", named)
        };
        let nobody = "cand_00000000000000000000000001".to_owned();

        let unknown: Vec<_> = ids[..200].iter().cloned().chain([nobody]).collect();
        ask(&unknown).await.is(422).at("/candidate_ids/200");
        assert_eq!(ask(&ids[..200]).await.is(200).body()["counts"]["evaluated"], 200);
        let path = place(&ask(&ids).await.is(202));
        agency.platform.run_jobs().await;

        let done = agency.partner.get(&path).await.is(200).body();
        assert_eq!((&done["scope"], &done["status"]), (&json!("named"), &json!("succeeded")));
        assert_eq!(done["scores"].as_array().unwrap().len(), 201);
    }
}

#[tokio::test]
async fn a_run_whose_job_closes_fails_and_says_so() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        agency.candidate(json!({})).await;
        let path = place(&agency.ask_for_many().await);
        agency.close_job().await;

        agency.platform.run_jobs().await;

        let failed = agency.partner.get(&path).await.is(200).body();
        assert_eq!(
            (&failed["status"], &failed["failure"]),
            (&json!("failed"), &json!("job_closed"))
        );
        assert!(failed["ended_at"].is_string() && failed["scores"] == json!([]));
        assert_eq!(agency.told("match").await, ["match_run.failed"]);
        let many = json!({ "job_id": agency.job, "scope": "all", "top": 201 });
        let closed = agency.partner.post("/v1/matcher", many).await.is(409);
        closed.problem("matches.job_closed");
    }
}

#[tokio::test]
async fn a_run_that_fails_again_and_again_is_given_up() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        agency.candidate(json!({})).await;
        let path = place(&agency.ask_for_many().await);
        agency.platform.fill_up("job_match").await;

        for _ in 0..12 {
            agency.platform.run_jobs().await;
            agency.platform.clock().advance(minutes(10));
        }

        let partner = agency.acme.caller(Role::Partner).await;
        let failed = partner.get(&path).await.is(200).body();
        assert_eq!((&failed["status"], &failed["failure"]), (&json!("failed"), &json!("internal")));
        assert_eq!(agency.told("match").await, ["match_run.failed"]);
    }
}

#[tokio::test]
async fn a_long_run_that_is_asked_for_again_waits_once() {
    let agency = Agency::on(Database::Sqlite).await;
    let many = json!({ "job_id": agency.job, "scope": "all", "top": 1000 });
    let ask =
        || agency.partner.post("/v1/matcher", many.clone()).with_header("idempotency-key", "k");

    let (first, second) = (ask().await.is(202), ask().await.is(202));

    assert_eq!(first.body(), second.body());
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert_eq!(second.header("location"), first.header("location"));
}

#[tokio::test]
async fn who_is_erased_leaves_memory_whether_anybody_is_ranked_or_not() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let (ana, ben) = (agency.candidate(json!({})).await, agency.candidate(json!({})).await);
        agency.rank(&[&ana, &ben]).await.is(200);
        let tenant = agency.acme.id();
        assert_eq!(agency.platform.current_pools().await.held(tenant).await, Some(2));
        let path = format!("/v1/candidates/{ana}");
        agency.partner.get(&path).await.is(200);
        agency.partner.patch(&path, json!({ "headline": "Crab" })).await.is(200);
        // The row of before the change stays for now, and goes with the person.
        assert_eq!(agency.platform.current_pools().await.held(tenant).await, Some(3));
        agency.partner.take(&format!("{path}/request-erasure")).await.is(200);
        agency.platform.run_jobs().await;

        let pools = agency.platform.current_pools().await;

        assert_eq!(pools.held(tenant).await, Some(1));
    }
}

impl Agency {
    /// So many candidates, by an import; their ids.
    async fn import(&self, count: usize) -> Vec<String> {
        let format = json!({ "format": "ndjson" });
        let id = self.partner.post("/v1/imports", format).await.is(201).id();
        let line = |number: usize| {
            let draft = json!({ "email": format!("p{number}@example.org"),
                "external_ref": format!("R-{number}") });
            samples::with(samples::candidate(), draft).to_string()
        };
        let lines: Vec<_> = (0..count).map(line).collect();
        let path = format!("/v1/imports/{id}/parts/1");
        let part = self.partner.ask(Method::PUT, &path);
        part.bytes(lines.join("\n"), "application/x-ndjson").await.is(200);
        let start = json!({ "parts": 1 });
        self.partner.post(&format!("/v1/imports/{id}/start"), start).await.is(200);
        self.platform.run_jobs().await;
        let mut ids = Vec::new();
        let mut next = "/v1/candidates?limit=100".to_owned();
        loop {
            let page = self.partner.get(&next).await.is(200);
            ids.extend(page.ids());
            let Some(cursor) = page.body()["page"]["next_cursor"].as_str().map(str::to_owned)
            else {
                return ids;
            };
            next = format!("/v1/candidates?limit=100&cursor={cursor}");
        }
    }
}
