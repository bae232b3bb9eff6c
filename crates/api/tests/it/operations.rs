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
    pub(crate) employment: String,
    pub(crate) match_run: String,
    pub(crate) matched: String,
    pub(crate) import: String,
    pub(crate) export: String,
    pub(crate) api_key: String,
}

/// What is sent.
#[derive(Clone, Copy)]
enum Sent {
    Nothing,
    Form(&'static str),
    Json(fn(&Things) -> Value),
    Lines(&'static str),
}

impl Things {
    /// New things of an agency.
    pub(crate) async fn of(tenant: &Tenant, by: &Caller) -> Self {
        let job = by.post("/v1/jobs", samples::job(tenant.company())).await.is(201).id();
        let candidate = by.post("/v1/candidates", samples::candidate()).await.is(201).id();
        let company = by.post("/v1/clients", samples::company()).await.is(201).id();
        let employment = samples::employment(&candidate, &company);
        let employment = by.post("/v1/employments", employment).await.is(201).id();
        let named = json!({ "job_id": job, "candidate_ids": [candidate] });
        let run = by.post("/v1/matcher", named).await.is(200);
        let (match_run, matched) =
            (run.text_of("/match_run_id"), run.text_of("/scores/0/match_id"));
        let format = json!({ "format": "ndjson" });
        let import = by.post("/v1/imports", format.clone()).await.is(201).id();
        let export = by.post("/v1/exports", format).await.is(201).id();
        // A client has only so many keys at a time.
        if let Some(last) = by.get("/v1/api-keys").await.is(200).ids().first() {
            by.take(&format!("/v1/api-keys/{last}/revoke")).await.is(200);
        }
        let key = json!({ "name": "sync", "scopes": ["read:jobs"] });
        let api_key = by.post("/v1/api-keys", key).await.is(201).id();
        Self { company, job, candidate, employment, match_run, matched, import, export, api_key }
    }

    /// The path of an operation on these things.
    pub(crate) fn path(&self, operation: &Operation) -> String {
        let id: &str = match operation.path.split('/').nth(2) {
            Some("jobs") => &self.job,
            Some("clients") => &self.company,
            Some("employments") => &self.employment,
            Some("matches") => &self.matched,
            Some("match-runs") => &self.match_run,
            Some("imports") => &self.import,
            Some("exports") => &self.export,
            Some("api-keys") => &self.api_key,
            // Of people alone: nobody here comes so far that it has to be there.
            Some("bans") => "ban_00000000000000000000000000",
            Some("usage-plans") => "plan_00000000000000000000000000",
            // No application gets as far as one of these.
            Some("staff") => "usr_00000000000000000000000001",
            Some("staff-proposals") => "prp_00000000000000000000000001",
            _ => &self.candidate,
        };
        operation
            .path
            .replace("{id}", id)
            .replace("{candidate_id}", &self.candidate)
            .replace("{client_id}", &self.company)
            .replace("{amendment_id}", "amd_00000000000000000000000001")
            .replace("{link}", &"0".repeat(64))
            .replace("{ref}", "HR-9")
            .replace("{provider}", "okta")
            .replace("{subject}", "pc_0000000000000000")
            .replace("{country}", "PT")
            .replace("{number}", "1")
    }
}

/// A request for an operation that breaks no rule of the contract.
pub(crate) fn ask(caller: &Caller, operation: &Operation, things: &Things) -> Ask {
    let sent = OPERATIONS.iter().find(|(id, _)| *id == operation.id).map(|(_, sent)| *sent);
    let sent = sent.unwrap_or_else(|| panic!("`{}` stands on no list here", operation.id));
    let mut ask = caller.ask(operation.method.clone(), &things.path(operation));
    if !operation.method.is_safe() && operation.id != "employment.put" {
        ask = ask.with_header("if-match", "\"v1\"");
    }
    match sent {
        Sent::Nothing => ask,
        Sent::Form(form) => ask.form(form),
        Sent::Json(body) => ask.json(&body(things)),
        Sent::Lines(lines) => ask.bytes(lines, "application/x-ndjson"),
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

fn engaged(things: &Things) -> Value {
    samples::employment(&things.candidate, &things.company)
}

fn usage_plan() -> Value {
    json!({ "name": "Gold", "rules": [{ "name": "daily", "max": 9, "per": "day" }] })
}

const NOBODY: &str = "cand_00000000000000000000000001";

/// Forms that fit the contract, and are of no page that was ever shown.
const BUTTON: &str = "form=0000000000000000000000000000000000000000000000000000000000000000";
const PASSWORD: &str = "form=0000000000000000000000000000000000000000000000000000000000000000\
    &agency=acme&email=a%40b.example&password=x";
const CODE: &str = "form=0000000000000000000000000000000000000000000000000000000000000000\
    &flow=00&code=000000";
const ENROLMENT: &str = "form=0000000000000000000000000000000000000000000000000000000000000000\
    &link=0000000000000000000000000000000000000000000000000000000000000000\
    &setup=00&password=x&repeated=x&code=000000";
const STEP_UP: &str = "form=0000000000000000000000000000000000000000000000000000000000000000\
    &code=000000";

const PASSKEY_PROOF: &str = "form=0000000000000000000000000000000000000000000000000000000000000000\
    &asked=00&credential=AAAA&user=AAAA&client_data=AAAA&authenticator_data=AAAA&signature=AAAA";
const PASSKEY: &str = "form=0000000000000000000000000000000000000000000000000000000000000000\
    &asked=00&client_data=AAAA&attestation=AAAA";
const NEW_PASSKEY: &str = "form=0000000000000000000000000000000000000000000000000000000000000000\
    &link=0000000000000000000000000000000000000000000000000000000000000000\
    &asked=00&client_data=AAAA&attestation=AAAA";
const PASSKEY_ID: &str = "form=0000000000000000000000000000000000000000000000000000000000000000\
    &passkey=psk_00000000000000000000000001";
const GRANT: &str = "form=0000000000000000000000000000000000000000000000000000000000000000\
    &grant=aaaaaaaaaaaaaaaaaaaaaaaaaa";
const SESSION: &str = "form=0000000000000000000000000000000000000000000000000000000000000000\
    &session=ses_00000000000000000000000000";
const CONSENT: &str = "form=0000000000000000000000000000000000000000000000000000000000000000\
    &asked=00&decision=allow";

const OPERATIONS: &[(&str, Sent)] = &[
    ("health.live", Sent::Nothing),
    ("health.ready", Sent::Nothing),
    ("limit.read", Sent::Nothing),
    ("ban.list", Sent::Nothing),
    ("ban.read", Sent::Nothing),
    ("ban.lift", Sent::Nothing),
    ("usage_plan.list", Sent::Nothing),
    ("usage_plan.create", Sent::Json(|_| usage_plan())),
    ("usage_plan.read", Sent::Nothing),
    ("usage_plan.update", Sent::Json(|_| usage_plan())),
    ("usage_plan.delete", Sent::Nothing),
    ("usage_plan.assignees", Sent::Nothing),
    ("usage_plan.assign", Sent::Nothing),
    ("usage_plan.unassign", Sent::Nothing),
    ("usage_alert.list", Sent::Nothing),
    ("docs.openapi", Sent::Nothing),
    ("docs.index", Sent::Nothing),
    ("docs.problems", Sent::Nothing),
    ("docs.style", Sent::Nothing),
    ("oauth.metadata", Sent::Nothing),
    ("oauth.jwks", Sent::Nothing),
    ("token.authorize", Sent::Nothing),
    ("consent.read", Sent::Nothing),
    ("consent.give", Sent::Form(CONSENT)),
    ("token.push", Sent::Form("response_type=code")),
    ("token.issue", Sent::Form("grant_type=client_credentials")),
    ("token.revoke", Sent::Form("token=x")),
    ("token.introspect", Sent::Form("token=x")),
    ("leak.report", Sent::Json(|_| json!([{ "token": "rw_x", "type": "ringwall_api_key" }]))),
    (
        "login.prove",
        Sent::Json(|_| json!({ "email": "a@b.example", "password": "x", "client_id": "pc_a" })),
    ),
    ("login.refresh", Sent::Json(|_| json!({ "refresh_token": "rt_a_b", "client_id": "pc_a" }))),
    ("staff.style", Sent::Nothing),
    ("staff.enrol", Sent::Nothing),
    ("staff.enrolled", Sent::Form(ENROLMENT)),
    ("staff.sign_in", Sent::Nothing),
    ("staff.login", Sent::Nothing),
    ("staff.login_callback", Sent::Nothing),
    ("staff.provider_logout", Sent::Form("logout_token=a.b.c")),
    ("staff.prove_password", Sent::Form(PASSWORD)),
    ("staff.prove_code", Sent::Form(CODE)),
    ("staff.enrolled_by_passkey", Sent::Form(NEW_PASSKEY)),
    ("staff.prove_passkey", Sent::Form(PASSKEY_PROOF)),
    ("staff.stepped_up_by_passkey", Sent::Form(PASSKEY_PROOF)),
    ("staff.passkeys", Sent::Nothing),
    ("staff.add_passkey", Sent::Form(PASSKEY)),
    ("staff.remove_passkey", Sent::Form(PASSKEY_ID)),
    ("staff.account", Sent::Nothing),
    ("staff.applications", Sent::Nothing),
    ("staff.end_application", Sent::Form(GRANT)),
    ("staff.sign_out", Sent::Form(BUTTON)),
    ("staff.sign_out_everywhere", Sent::Form(BUTTON)),
    ("staff.end_session", Sent::Form(SESSION)),
    ("staff.step_up", Sent::Nothing),
    ("staff.stepped_up", Sent::Form(STEP_UP)),
    ("person.list", Sent::Nothing),
    ("person.read", Sent::Nothing),
    (
        "person.invite",
        Sent::Json(
            |_| json!({ "email": "rui@acme.example", "name": "Rui", "roles": ["recruiter"] }),
        ),
    ),
    ("person.propose_roles", Sent::Json(|_| json!({ "roles": ["recruiter"] }))),
    ("person.propose_reactivation", Sent::Nothing),
    ("person.propose_enrolment", Sent::Nothing),
    ("signing_key.propose_rotation", Sent::Nothing),
    ("person.deactivate", Sent::Nothing),
    ("person.end_sessions", Sent::Nothing),
    ("proposal.list", Sent::Nothing),
    ("proposal.read", Sent::Nothing),
    ("proposal.approve", Sent::Nothing),
    ("proposal.refuse", Sent::Nothing),
    ("api_key.list", Sent::Nothing),
    ("api_key.create", Sent::Json(|_| json!({ "name": "sync", "scopes": ["read:jobs"] }))),
    ("api_key.read", Sent::Nothing),
    ("api_key.rotate", Sent::Json(|_| json!({}))),
    ("api_key.revoke", Sent::Nothing),
    ("client.list", Sent::Nothing),
    ("client.create", Sent::Json(|_| samples::company())),
    ("client.read", Sent::Nothing),
    ("client.update", Sent::Json(|_| json!({ "name": "Kite" }))),
    ("client.activate", Sent::Nothing),
    ("client.hold", Sent::Nothing),
    ("client.resume", Sent::Nothing),
    ("client.archive", Sent::Nothing),
    ("client.blocklist", Sent::Nothing),
    ("client.block", Sent::Nothing),
    ("client.unblock", Sent::Nothing),
    ("job.list", Sent::Nothing),
    ("job.facets", Sent::Nothing),
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
    ("candidate.merge", Sent::Json(|_| json!({ "duplicate_id": NOBODY, "duplicate_version": 1 }))),
    ("candidate.request_erasure", Sent::Nothing),
    ("candidate.blocklist", Sent::Nothing),
    ("candidate.block_client", Sent::Nothing),
    ("candidate.unblock_client", Sent::Nothing),
    (
        "job.apply",
        Sent::Json(|_| {
            json!({ "given_name": "Ana", "family_name": "Sousa", "email": "ana@example.org",
                "time_zone": "Europe/Lisbon", "policy_version": "2026-11" })
        }),
    ),
    ("sandbox.clock", Sent::Nothing),
    ("sandbox.advance", Sent::Json(|_| json!({ "seconds": 60 }))),
    ("sandbox.reset", Sent::Json(|_| json!({}))),
    ("sandbox.trigger", Sent::Json(|_| json!({ "type": "job.opened" }))),
    ("change.list", Sent::Nothing),
    ("import.list", Sent::Nothing),
    ("import.create", Sent::Json(|_| json!({ "format": "csv" }))),
    ("import.read", Sent::Nothing),
    ("import.put_part", Sent::Lines("{}\n")),
    ("import.start", Sent::Json(|_| json!({ "parts": 1 }))),
    ("import.cancel", Sent::Nothing),
    ("import.results", Sent::Nothing),
    ("export.list", Sent::Nothing),
    ("export.create", Sent::Json(|_| json!({ "format": "csv" }))),
    ("export.read", Sent::Nothing),
    ("export.part", Sent::Nothing),
    ("event.list", Sent::Nothing),
    ("match.run", Sent::Json(|t| json!({ "job_id": t.job, "candidate_ids": [t.candidate] }))),
    ("match_run.read", Sent::Nothing),
    ("match.list", Sent::Nothing),
    ("match.transitions", Sent::Nothing),
    ("match.read", Sent::Nothing),
    ("match.shortlist", Sent::Nothing),
    ("match.submit", Sent::Nothing),
    ("match.interview", Sent::Nothing),
    ("match.offer", Sent::Nothing),
    ("match.accept", Sent::Nothing),
    ("match.place", Sent::Json(|things| json!({ "employment_id": things.employment }))),
    ("match.dismiss", Sent::Json(|_| json!({ "reason": "skills" }))),
    ("match.reject", Sent::Json(|_| json!({ "reason": "pay", "note": "Too dear." }))),
    ("match.reinstate", Sent::Json(|_| json!({ "reason": "mistake" }))),
    ("match.withdraw", Sent::Nothing),
    ("employment.list", Sent::Nothing),
    ("employment.create", Sent::Json(engaged)),
    ("employment.search", Sent::Json(|_| json!({ "email": "nobody@example.org" }))),
    ("employment.transitions", Sent::Nothing),
    ("employment.form", Sent::Nothing),
    ("employment.put", Sent::Json(engaged)),
    ("employment.read", Sent::Nothing),
    ("employment.update", Sent::Json(|_| json!({ "department": "Ledgers" }))),
    ("employment.submit", Sent::Nothing),
    ("employment.approve", Sent::Nothing),
    ("employment.activate", Sent::Nothing),
    ("employment.start_leave", Sent::Nothing),
    ("employment.end_leave", Sent::Nothing),
    (
        "employment.offboard",
        Sent::Json(|_| json!({ "last_day": "2026-11-30", "reason": "mutual" })),
    ),
    ("employment.rescind", Sent::Nothing),
    ("employment.end", Sent::Nothing),
    ("employment.cancel", Sent::Nothing),
    ("employment.reveal", Sent::Json(|_| json!({ "fields": ["tax_id"], "reason": "payroll" }))),
    ("employment.amendment_list", Sent::Nothing),
    (
        "employment.amendment_propose",
        Sent::Json(|_| {
            json!({
                "effective_from": "2027-01-01", "reason": "Raise",
                "changes": { "weekly_hours": 38 },
            })
        }),
    ),
    ("employment.amendment_approve", Sent::Nothing),
    ("employment.amendment_cancel", Sent::Nothing),
];
