//! What is told of everything that happens, each under its published name.

use policy::Role;
use serde_json::{Value, json};
use testkit::{Caller, Database, Platform, Tenant, days, minutes, samples};

struct Agency {
    platform: Platform,
    acme: Tenant,
    partner: Caller,
    payroll: Caller,
    recruiter: Caller,
}

impl Agency {
    async fn on(database: Database) -> Self {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let partner = acme.caller(Role::Partner).await;
        let payroll = acme.caller(Role::IntegrationService).await;
        let recruiter = acme.person(Role::Recruiter);
        Self { platform, acme, partner, payroll, recruiter }
    }

    async fn candidate(&self) -> String {
        let id = self.partner.post("/v1/candidates", samples::candidate()).await.is(201).id();
        let grant = json!({ "grant": {
            "basis": "contract", "policy_version": "1", "channel": "form" } });
        self.partner.post(&format!("/v1/candidates/{id}/consent"), grant).await.is(200);
        self.partner.take(&format!("/v1/candidates/{id}/activate")).await.is(200);
        id
    }

    async fn employment(&self, candidate: &str) -> String {
        let draft = samples::employment(candidate, self.acme.company());
        let id = self.payroll.post("/v1/employments", draft).await.is(201).id();
        format!("/v1/employments/{id}")
    }

    /// Makes moves of an employment, each by who may and from the version that is there.
    async fn moves(&self, path: &str, names: &[&str]) {
        for name in names {
            let by = if *name == "approve" { &self.recruiter } else { &self.payroll };
            by.get(path).await.is(200);
            by.take(&format!("{path}/{name}")).await.is(200);
        }
    }

    /// Names of events that start like this, in their order.
    async fn told(&self, start: &str) -> Vec<String> {
        let outbox = self.acme.outbox().await.into_iter();
        outbox.map(|event| event.kind).filter(|name| name.starts_with(start)).collect()
    }

    /// Lets background work fail until it is given up.
    async fn give_up(&self) {
        for _ in 0..12 {
            self.platform.run_jobs().await;
            self.platform.clock().advance(minutes(20));
        }
    }
}

#[tokio::test]
async fn each_step_of_an_employment_is_told() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let ana = agency.candidate().await;
        let path = agency.employment(&ana).await;
        agency.payroll.patch(&path, json!({ "department": "Ledgers" })).await.is(200);
        agency.moves(&path, &["submit", "approve", "activate", "start-leave", "end-leave"]).await;
        let last = json!({ "last_day": "2026-11-30", "reason": "mutual" });
        agency.payroll.post(&format!("{path}/offboard"), last.clone()).await.is(200);
        agency.moves(&path, &["rescind"]).await;
        agency.payroll.post(&format!("{path}/offboard"), last).await.is(200);
        agency.platform.clock().advance(days(9));
        agency.platform.run_jobs().await;

        assert_eq!(
            agency.told("employment.").await,
            [
                "employment.created",
                "employment.updated",
                "employment.submitted",
                "employment.onboarding_started",
                "employment.activated",
                "employment.leave_started",
                "employment.leave_ended",
                "employment.offboarding_started",
                "employment.updated",
                "employment.offboarding_started",
                "employment.ended",
            ]
        );
    }
}

#[tokio::test]
async fn an_employment_that_does_not_begin_is_told_of_as_cancelled() {
    let agency = Agency::on(Database::Sqlite).await;
    let path = agency.employment(&agency.candidate().await).await;
    agency.moves(&path, &["submit", "cancel"]).await;

    let told = agency.told("employment.").await;

    assert_eq!(told, ["employment.created", "employment.submitted", "employment.cancelled"]);
}

#[tokio::test]
async fn each_step_of_an_amendment_is_told() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.employment(&agency.candidate().await).await;
        agency.moves(&path, &["submit", "approve", "activate"]).await;
        let list = format!("{path}/amendments");
        let propose = async |day: &str| {
            let lead = json!({ "effective_from": day, "reason": "Promotion",
                "changes": { "job_title": "Lead" } });
            agency.payroll.get(&path).await.is(200);
            format!("{list}/{}", agency.payroll.post(&list, lead).await.is(201).id())
        };
        let withdrawn = propose("2026-12-01").await;
        agency.payroll.take(&format!("{withdrawn}/cancel")).await.is(200);
        let lasting = propose("2026-12-02").await;
        agency.recruiter.get(&path).await.is(200);
        agency.recruiter.take(&format!("{lasting}/approve")).await.is(200);
        agency.platform.clock().advance(days(12));
        agency.platform.run_jobs().await;

        assert_eq!(
            agency.told("employment.amendment.").await,
            [
                "employment.amendment.proposed",
                "employment.amendment.cancelled",
                "employment.amendment.proposed",
                "employment.amendment.approved",
                "employment.amendment.effective",
            ]
        );
    }
}

#[tokio::test]
async fn a_match_is_told_of_from_its_score_to_its_placement() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let ana = agency.candidate().await;
        let job = samples::job(agency.acme.company());
        let job = agency.partner.post("/v1/jobs", job).await.is(201).id();
        agency.partner.take(&format!("/v1/jobs/{job}/open")).await.is(200);
        let named = json!({ "job_id": job, "candidate_ids": [ana] });
        let run = agency.partner.post("/v1/matcher", named).await.is(200);
        let path = format!("/v1/matches/{}", run.text_of("/scores/0/match_id"));
        agency.partner.get(&path).await.is(200);
        for name in ["shortlist", "submit", "interview", "offer", "accept"] {
            agency.partner.take(&format!("{path}/{name}")).await.is(200);
        }
        let draft = samples::employment(&ana, agency.acme.company());
        let placed = agency.partner.post("/v1/employments", draft).await.is(201).id();
        let placed = json!({ "employment_id": placed });
        agency.partner.post(&format!("{path}/place"), placed).await.is(200);

        let told = agency.told("match").await;

        assert_eq!(told[..2], ["match_run.completed", "match.scored"]);
        assert_eq!(told[2..7], ["match.stage_changed"; 5]);
        assert_eq!(told[7..], ["match.placed"]);
    }
}

#[tokio::test]
async fn clients_and_jobs_that_go_are_told_of() {
    let agency = Agency::on(Database::Sqlite).await;
    let client = format!("/v1/clients/{}", agency.acme.company());
    agency.partner.get(&client).await.is(200);
    agency.partner.patch(&client, json!({ "name": "Kite" })).await.is(200);
    let job = samples::job(agency.acme.company());
    let job = agency.partner.post("/v1/jobs", job).await.is(201).id();
    agency.partner.delete(&format!("/v1/jobs/{job}")).await.is(204);

    assert_eq!(agency.told("client.").await, ["client.created", "client.updated"]);
    assert_eq!(agency.told("job.").await, ["job.created", "job.deleted"]);
}

async fn bulk(agency: &Agency) {
    let by = &agency.partner;
    let import = by.post("/v1/imports", json!({ "format": "ndjson" })).await.is(201).id();
    let line = samples::with(samples::candidate(), json!({ "external_ref": "R-1" }));
    let part = by.ask(http::Method::PUT, &format!("/v1/imports/{import}/parts/1"));
    part.bytes(format!("{line}\n"), "application/x-ndjson").await.is(200);
    let start = json!({ "parts": 1 });
    by.post(&format!("/v1/imports/{import}/start"), start).await.is(200);
    by.post("/v1/exports", json!({ "format": "ndjson" })).await.is(201);
}

#[tokio::test]
async fn bulk_work_that_is_done_is_told_of() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        bulk(&agency).await;
        agency.platform.run_jobs().await;
        let listed = agency.partner.get("/v1/exports").await.is(200).ids();
        agency.partner.get(&format!("/v1/exports/{}/parts/1", listed[0])).await.is(200);

        assert_eq!(agency.told("import.").await, ["import.completed"]);
        assert_eq!(agency.told("export.").await, ["export.completed", "export.downloaded"]);
        assert_eq!(agency.told("candidate.").await, ["candidate.created"]);
    }
}

#[tokio::test]
async fn bulk_work_that_is_given_up_is_told_of() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        bulk(&agency).await;
        agency.platform.fill_up("import_result").await;
        agency.platform.fill_up("export_part").await;

        agency.give_up().await;

        assert_eq!(agency.told("import.").await, ["import.failed"]);
        assert_eq!(agency.told("export.").await, ["export.failed"]);
    }
}

/// What was to be carried out is gone, and so is what would be thrown away.
#[tokio::test]
async fn bulk_work_whose_parts_are_gone_is_given_up_too() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        bulk(&agency).await;
        agency.platform.lose("import_part").await;
        agency.platform.lose("export_part").await;
        let ana = agency.candidate().await;

        agency.give_up().await;

        assert_eq!(agency.told("import.").await, ["import.failed"]);
        assert_eq!(agency.told("export.").await, ["export.failed"]);
        // Other work goes on.
        let path = format!("/v1/candidates/{ana}");
        let partner = agency.acme.caller(Role::Partner).await;
        partner.get(&path).await.is(200);
        partner.take(&format!("{path}/request-erasure")).await.is(200);
        agency.platform.clock().advance(minutes(2));
        agency.platform.run_jobs().await;
        assert_eq!(partner.get(&path).await.is(200).text_of("/status"), "erased");
    }
}

#[tokio::test]
async fn what_becomes_of_somebodys_data_is_told_without_the_data() {
    let agency = Agency::on(Database::Sqlite).await;
    let ana = agency.candidate().await;
    let path = format!("/v1/candidates/{ana}");
    agency.partner.post(&format!("{path}/consent"), json!({ "withdraw": {} })).await.is(200);
    agency.partner.take(&format!("{path}/request-erasure")).await.is(200);
    agency.platform.clock().advance(minutes(2));
    agency.platform.run_jobs().await;

    assert_eq!(
        agency.told("candidate.").await,
        [
            "candidate.created",
            "candidate.consent_granted",
            "candidate.updated",
            "candidate.consent_withdrawn",
            "candidate.erasure_requested",
            "candidate.erased",
        ]
    );
    let outbox = agency.acme.outbox().await.into_iter().map(|event| event.payload);
    assert!(!Value::from(outbox.collect::<Vec<_>>()).to_string().contains("Sousa"));
}
