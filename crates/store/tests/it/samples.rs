//! Drafts to start from, made by the same parser as a caller's.

use kernel::{CandidateId, ClientCompanyId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use staffing::candidate::CandidateDraft;
use staffing::candidate::consent::{Basis, Consent};
use staffing::candidate::life::CandidateStatus;
use staffing::client::ClientDraft;
use staffing::employment::EmploymentDraft;
use staffing::job::JobDraft;
use staffing::job::life::{JobLife, JobStatus};
use store::candidates::State;

pub(crate) fn client(changes: Value) -> ClientDraft {
    let body = json!({ "name": "Kestrel Analytics", "country": "PT" });
    parsed(body, changes)
}

pub(crate) fn job(client: ClientCompanyId, changes: Value) -> JobDraft {
    let body = json!({
        "client_id": client,
        "title": "Rust Engineer",
        "description": "Build the ledger of a payments company.",
        "visibility": "public",
        "employment_type": "full_time",
        "remote_policy": { "kind": "remote", "worldwide": true },
    });
    parsed(body, changes)
}

pub(crate) fn candidate(email: &str, changes: Value) -> CandidateDraft {
    let body = json!({
        "given_name": "Ana",
        "family_name": "Sousa",
        "email": email,
        "time_zone": "Europe/Lisbon",
    });
    parsed(body, changes)
}

pub(crate) fn employment(
    candidate: CandidateId,
    client: ClientCompanyId,
    changes: Value,
) -> EmploymentDraft {
    let body = json!({
        "candidate_id": candidate,
        "client_id": client,
        "engagement_model": "eor",
        "contract_type": "indefinite",
        "country": "PT",
        "job_title": "Rust Engineer",
        "start_date": "2026-11-01",
    });
    parsed(body, changes)
}

pub(crate) fn state() -> State {
    State {
        status: CandidateStatus::New,
        consent: Consent::pending(Basis::Consent),
        retain_until: None,
    }
}

pub(crate) fn open(at: kernel::Timestamp) -> JobLife {
    JobLife { status: JobStatus::Open, opened_at: Some(at), ..JobLife::default() }
}

pub(crate) fn step(fields: &[&str]) -> store::jobs::Step {
    let fields = fields.iter().map(ToString::to_string).collect();
    store::jobs::Step { event: "job.updated", fields }
}

fn parsed<T: DeserializeOwned>(mut body: Value, changes: Value) -> T {
    let members = body.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    serde_json::from_value(body).unwrap_or_else(|error| panic!("a draft that parses: {error}"))
}
