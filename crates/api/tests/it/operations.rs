//! How each operation of the contract is asked for. An operation without a line here fails the
//! coverage walks.

use gate::contract::{Contract, Operation};
use serde_json::{Value, json};
use testkit::{Ask, Caller, Platform, Tenant, samples};

/// One of each kind of thing that operations are about.
pub(crate) struct Things {
    pub(crate) company: String,
    pub(crate) job: String,
    pub(crate) candidate: String,
}

/// What is sent.
#[derive(Clone, Copy)]
enum Sent {
    Nothing,
    Form(&'static str),
    Json(fn(&Things) -> Value),
}

impl Things {
    /// New things of an agency.
    pub(crate) async fn of(tenant: &Tenant, by: &Caller) -> Self {
        let job = by.post("/v1/jobs", samples::job(tenant.company())).await.is(201).id();
        let candidate = by.post("/v1/candidates", samples::candidate()).await.is(201).id();
        let company = by.post("/v1/clients", samples::company()).await.is(201).id();
        Self { company, job, candidate }
    }

    /// The path of an operation on these things.
    pub(crate) fn path(&self, operation: &Operation) -> String {
        let id = match operation.path.split('/').nth(2) {
            Some("jobs") => &self.job,
            Some("clients") => &self.company,
            _ => &self.candidate,
        };
        operation.path.replace("{id}", id)
    }
}

/// A request for an operation that breaks no rule of the contract.
pub(crate) fn ask(caller: &Caller, operation: &Operation, things: &Things) -> Ask {
    let sent = OPERATIONS.iter().find(|(id, _)| *id == operation.id).map(|(_, sent)| *sent);
    let sent = sent.unwrap_or_else(|| panic!("`{}` stands on no list here", operation.id));
    let mut ask = caller.ask(operation.method.clone(), &things.path(operation));
    if !operation.method.is_safe() {
        ask = ask.with_header("if-match", "\"v1\"");
    }
    match sent {
        Sent::Nothing => ask,
        Sent::Form(form) => ask.form(form),
        Sent::Json(body) => ask.json(&body(things)),
    }
}

/// All operations of a platform's contract.
pub(crate) fn all(platform: &Platform) -> Vec<&Operation> {
    let contract: &Contract = platform.contract();
    contract.operations().map(AsRef::as_ref).collect()
}

/// The ids of the operations that this list knows.
pub(crate) fn known() -> Vec<&'static str> {
    OPERATIONS.iter().map(|(id, _)| *id).collect()
}

const OPERATIONS: &[(&str, Sent)] = &[
    ("health.live", Sent::Nothing),
    ("health.ready", Sent::Nothing),
    ("docs.openapi", Sent::Nothing),
    ("docs.index", Sent::Nothing),
    ("docs.problems", Sent::Nothing),
    ("docs.style", Sent::Nothing),
    ("oauth.metadata", Sent::Nothing),
    ("oauth.jwks", Sent::Nothing),
    ("token.issue", Sent::Form("grant_type=client_credentials")),
    ("client.list", Sent::Nothing),
    ("client.create", Sent::Json(|_| samples::company())),
    ("client.read", Sent::Nothing),
    ("client.update", Sent::Json(|_| json!({ "name": "Kite" }))),
    ("client.activate", Sent::Nothing),
    ("client.hold", Sent::Nothing),
    ("client.resume", Sent::Nothing),
    ("client.archive", Sent::Nothing),
    ("job.list", Sent::Nothing),
    ("job.create", Sent::Json(|things| samples::job(&things.company))),
    ("job.read", Sent::Nothing),
    ("job.update", Sent::Json(|_| json!({ "title": "Go Engineer" }))),
    ("job.delete", Sent::Nothing),
    ("job.submit", Sent::Nothing),
    ("job.approve", Sent::Nothing),
    ("job.open", Sent::Nothing),
    ("job.pause", Sent::Nothing),
    ("job.resume", Sent::Nothing),
    ("job.fill", Sent::Json(|_| json!({ "filled_count": 1 }))),
    ("job.close", Sent::Json(|_| json!({ "reason": "other" }))),
    ("job.cancel", Sent::Nothing),
    ("job.reopen", Sent::Nothing),
    ("candidate.list", Sent::Nothing),
    ("candidate.create", Sent::Json(|_| samples::candidate())),
    ("candidate.search", Sent::Json(|_| json!({ "email": "nobody@example.org" }))),
    ("candidate.read", Sent::Nothing),
    ("candidate.update", Sent::Json(|_| json!({ "headline": "Crab" }))),
    ("candidate.consent", Sent::Json(|_| json!({ "withdraw": {} }))),
    ("candidate.activate", Sent::Nothing),
    ("candidate.rest", Sent::Nothing),
    ("candidate.block", Sent::Nothing),
    ("candidate.unblock", Sent::Nothing),
    ("candidate.request_erasure", Sent::Nothing),
];
