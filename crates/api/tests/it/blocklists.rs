//! Blocklists: who is not brought together, why a ranking says so, and who may say it.

use policy::{Role, SCOPES};
use serde_json::{Value, json};
use testkit::{Caller, Database, Platform, Tenant, minutes, samples};

struct Agency {
    platform: Platform,
    acme: Tenant,
    mara: Caller,
    client: String,
    candidate: String,
    job: String,
}

impl Agency {
    async fn on(database: Database) -> Self {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.caller(Role::Partner).await;
        let candidate = mara.post("/v1/candidates", samples::candidate()).await.is(201).id();
        let grant = json!({ "grant": {
            "basis": "consent", "policy_version": "1", "channel": "form" } });
        mara.post(&format!("/v1/candidates/{candidate}/consent"), grant).await.is(200);
        mara.take(&format!("/v1/candidates/{candidate}/activate")).await.is(200);
        let job = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();
        let client = format!("/v1/clients/{}", acme.company());
        let candidate = format!("/v1/candidates/{candidate}");
        Self { platform, acme, mara, client, candidate, job }
    }

    /// The entry on the company's list, and the one on the candidate's.
    fn entries(&self) -> [String; 2] {
        let [client, candidate] = [&self.client, &self.candidate].map(|path| last(path));
        [
            format!("{}/blocklist/{candidate}", self.client),
            format!("{}/blocklist/{client}", self.candidate),
        ]
    }

    async fn put(&self, entry: &str) -> testkit::Answer {
        self.mara.get(&owner(entry)).await.is(200);
        self.mara.ask(http::Method::PUT, entry).await
    }

    async fn delete(&self, entry: &str) -> testkit::Answer {
        self.mara.get(&owner(entry)).await.is(200);
        self.mara.delete(entry).await
    }

    /// The candidate's match for the job, ranked anew.
    async fn ranked(&self) -> Value {
        let named = json!({ "job_id": self.job, "candidate_ids": [last(&self.candidate)] });
        let run = self.mara.post("/v1/matcher", named).await.is(200);
        let id = run.text_of("/scores/0/match_id");
        self.mara.get(&format!("/v1/matches/{id}")).await.is(200).body()
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// The path of whose list an entry is on.
fn owner(entry: &str) -> String {
    entry.split('/').take(4).collect::<Vec<_>>().join("/")
}

fn gate(matched: &Value) -> Value {
    let gates = matched["assessment"]["gates"].as_array().unwrap();
    gates.iter().find(|gate| gate["code"] == "blocklist").unwrap().clone()
}

#[tokio::test]
async fn whoever_one_side_blocked_is_ranked_with_a_closed_gate_until_unblocked() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let open = agency.ranked().await;
        assert_eq!((&open["eligible"], &gate(&open)["passed"]), (&json!(true), &json!(true)));

        for entry in agency.entries() {
            agency.put(&entry).await.is(204);
            let shut = agency.ranked().await;
            assert_eq!(shut["eligible"], false, "{entry}");
            let gate = gate(&shut);
            assert_eq!(gate["passed"], false, "{gate}");
            assert_eq!(gate["reason"], "blocked", "{gate}");
            let everybody = json!({ "job_id": agency.job, "scope": "all" });
            let run = agency.mara.post("/v1/matcher", everybody).await.is(200).body();
            assert_eq!(run["counts"]["closed"], json!([0, 0, 0, 0, 0, 1, 0]));

            agency.delete(&entry).await.is(204);
            assert_eq!(agency.ranked().await["eligible"], true, "{entry}");
        }
    }
}

#[tokio::test]
async fn both_sides_have_to_take_it_back() {
    let agency = Agency::on(Database::Sqlite).await;
    let [ours, theirs] = agency.entries();
    agency.put(&ours).await.is(204);
    agency.put(&theirs).await.is(204);

    agency.delete(&ours).await.is(204);

    assert_eq!(agency.ranked().await["eligible"], false);
    agency.delete(&theirs).await.is(204);
    assert_eq!(agency.ranked().await["eligible"], true);
}

#[tokio::test]
async fn a_block_is_about_one_company_and_outlasts_changes_of_the_candidate() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let [ours, _] = agency.entries();
        let other = agency.mara.post("/v1/clients", samples::company()).await.is(201).id();
        let elsewhere = agency.mara.post("/v1/jobs", samples::job(&other)).await.is(201).id();
        agency.put(&ours).await.is(204);
        agency.mara.get(&agency.candidate).await.is(200);
        agency.mara.patch(&agency.candidate, json!({ "headline": "Crab" })).await.is(200);
        agency.mara.take(&format!("{}/rest", agency.candidate)).await.is(200);

        assert_eq!(agency.ranked().await["eligible"], false);
        let named = json!({ "job_id": elsewhere, "candidate_ids": [last(&agency.candidate)] });
        let run = agency.mara.post("/v1/matcher", named).await.is(200).body();
        assert_eq!(run["scores"][0]["eligible"], true);
    }
}

#[tokio::test]
async fn an_entry_is_made_once_and_removed_once() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        for entry in agency.entries() {
            let made = agency.put(&entry).await.is(204).etag();
            let again = agency.put(&entry).await.is(204).etag();
            assert_eq!(made, again);
            let list = format!("{}/blocklist", owner(&entry));
            let listed = agency.mara.get(&list).await.is(200);
            let data = listed.body()["data"].clone();
            assert_eq!(data.as_array().unwrap().len(), 1, "{data}");
            assert_eq!(data[0]["client_id"], json!(last(&agency.client)));
            assert_eq!(data[0]["candidate_id"], json!(last(&agency.candidate)));
            assert_eq!(listed.etag(), made);
            let removed = agency.delete(&entry).await.is(204).etag();
            assert_ne!(removed, made);
            assert_eq!(agency.delete(&entry).await.is(204).etag(), removed);
            assert_eq!(agency.mara.get(&list).await.is(200).body()["data"], json!([]));
        }
    }
}

#[tokio::test]
async fn a_version_that_was_not_read_blocks_nobody() {
    let agency = Agency::on(Database::Sqlite).await;
    for entry in agency.entries() {
        let put = || agency.mara.ask(http::Method::PUT, &entry);

        put().with_header("if-match", "\"v99\"").await.is(412).problem("precondition_failed");
        let without = put().without("if-match").await.is(428);

        without.problem("precondition_required");
    }
    assert_eq!(agency.ranked().await["eligible"], true);
}

#[tokio::test]
async fn what_is_not_the_agencys_own_cannot_be_blocked() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let globex = agency.platform.tenant("globex").await;
        let ines = globex.caller(Role::Partner).await;
        let theirs = ines.post("/v1/candidates", samples::candidate()).await.is(201).id();
        let [ours, _] = agency.entries();

        let foreign = format!("{}/blocklist/{theirs}", agency.client);
        agency.put(&foreign).await.is(404).problem("not_found");
        let foreign = format!("{}/blocklist/{}", agency.candidate, globex.company());
        agency.put(&foreign).await.is(404).problem("not_found");
        let ask = ines.ask(http::Method::PUT, &ours).with_header("if-match", "\"v1\"");
        ask.await.is(404).problem("not_found");
        agency.put(&ours).await.is(204);
        ines.get(&format!("{}/blocklist", agency.client)).await.is(404);
        ines.delete(&ours).with_header("if-match", "\"v2\"").await.is(404);
    }
}

#[tokio::test]
async fn who_may_not_see_the_other_side_may_not_block_it() {
    let agency = Agency::on(Database::Sqlite).await;
    let [ours, theirs] = agency.entries();
    let without = |scope: &str| {
        let rest: Vec<_> = SCOPES.iter().copied().filter(|known| *known != scope).collect();
        rest
    };
    let clients_only = agency.acme.partner(&without("read:candidates")).await;
    let candidates_only = agency.acme.partner(&without("read:clients")).await;
    let no_writer = agency.acme.partner(&without("write:clients")).await;

    for (caller, entry) in
        [(&clients_only, &ours), (&candidates_only, &theirs), (&no_writer, &ours)]
    {
        let put = caller.ask(http::Method::PUT, entry).with_header("if-match", "\"v1\"");
        put.await.is(403).problem("auth.scope_missing");
    }
    let list = format!("{}/blocklist", agency.client);
    clients_only.get(&list).await.is(403).problem("auth.scope_missing");
    no_writer.get(&list).await.is(200);
}

#[tokio::test]
async fn both_whose_list_it_is_and_the_candidate_are_told_of_as_changed() {
    let agency = Agency::on(Database::Sqlite).await;
    let [ours, theirs] = agency.entries();
    let before = agency.acme.outbox().await.len();
    agency.put(&ours).await.is(204);
    agency.put(&theirs).await.is(204);

    let told = agency.acme.outbox().await.split_off(before);

    let told: Vec<_> =
        told.into_iter().map(|event| (event.kind, event.payload["changed"].clone())).collect();
    assert_eq!(
        told,
        [
            ("client.updated".to_owned(), json!(["blocked_candidate_ids"])),
            ("candidate.updated".to_owned(), json!(["client_blocklist"])),
            ("candidate.updated".to_owned(), json!(["client_blocklist"])),
        ]
    );
    let trail = Value::from(agency.acme.audit().await).to_string();
    assert!(trail.contains("client.block") && trail.contains("blocked_candidate_ids"));
}

#[tokio::test]
async fn whoever_is_erased_stands_on_no_list() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let [ours, theirs] = agency.entries();
        agency.put(&ours).await.is(204);
        agency.put(&theirs).await.is(204);
        agency.mara.get(&agency.candidate).await.is(200);
        agency.mara.take(&format!("{}/request-erasure", agency.candidate)).await.is(200);
        agency.put(&ours).await.is(409).problem("candidates.being_erased");
        agency.platform.clock().advance(minutes(2));
        agency.platform.run_jobs().await;

        let list = format!("{}/blocklist", agency.client);
        assert_eq!(agency.mara.get(&list).await.is(200).body()["data"], json!([]));
        agency.put(&theirs).await.is(409).problem("candidates.being_erased");
    }
}

#[tokio::test]
async fn a_candidate_stands_on_so_many_lists_and_no_more() {
    let agency = Agency::on(Database::Sqlite).await;
    for _ in 0..500 {
        let other = agency.mara.post("/v1/clients", samples::company()).await.is(201).id();
        let entry = format!("{}/blocklist/{other}", agency.candidate);
        agency.mara.ask(http::Method::PUT, &entry).await.is(204);
    }

    let [ours, theirs] = agency.entries();
    agency.put(&theirs).await.is(409).problem("limit_reached");
    agency.put(&ours).await.is(409).problem("limit_reached");
    assert_eq!(agency.ranked().await["eligible"], true);
}
