//! Employments: who may move, see, reveal and amend them.

use policy::{Role, SCOPES};
use serde_json::{Value, json};
use testkit::{Caller, Database, Platform, Tenant, days, samples};

/// Unlike anything else in an answer.
const SECRETS: &[&str] = &["900203-0000", "1990-02-03", "Q7tax99", "SE4550000000058398257466"];

struct Agency {
    platform: Platform,
    acme: Tenant,
    partner: Caller,
    payroll: Caller,
    recruiter: Caller,
    candidate: String,
}

impl Agency {
    async fn on(database: Database) -> Self {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let partner = acme.caller(Role::Partner).await;
        let payroll = acme.caller(Role::IntegrationService).await;
        let recruiter = acme.person(Role::Recruiter);
        let candidate = partner.post("/v1/candidates", samples::candidate()).await.is(201).id();
        let consent = json!({ "grant": {
            "basis": "contract", "policy_version": "1", "channel": "form" } });
        partner.post(&format!("/v1/candidates/{candidate}/consent"), consent).await.is(200);
        Self { platform, acme, partner, payroll, recruiter, candidate }
    }

    fn draft(&self, changes: Value) -> Value {
        samples::with(samples::employment(&self.candidate, self.acme.company()), changes)
    }

    /// The path of an employment that payroll wrote down.
    async fn employment(&self, changes: Value) -> String {
        let made = self.payroll.post("/v1/employments", self.draft(changes)).await.is(201);
        format!("/v1/employments/{}", made.id())
    }

    /// One that works.
    async fn active(&self, changes: Value) -> String {
        let path = self.employment(changes).await;
        self.payroll.take(&format!("{path}/submit")).await.is(200);
        self.recruiter.get(&path).await.is(200);
        self.recruiter.take(&format!("{path}/approve")).await.is(200);
        self.payroll.get(&path).await.is(200);
        self.payroll.take(&format!("{path}/activate")).await.is(200);
        path
    }
}

fn sensitive() -> Value {
    json!({
        "tax_id": "Q7tax99",
        "bank_account": { "kind": "iban", "value": "SE4550000000058398257466" },
    })
}

fn holds_no_secret(body: &Value) {
    let text = body.to_string();
    assert!(!SECRETS.iter().any(|secret| text.contains(secret)), "{text}");
}

#[tokio::test]
async fn sensitive_members_are_masked_whatever_the_scope() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.employment(sensitive()).await;

        for caller in [&agency.payroll, &agency.partner, &agency.recruiter] {
            let body = caller.get(&path).await.is(200).body();
            holds_no_secret(&body);
            assert_eq!(body["legal_given_name"], "Ana");
            assert_eq!(body["sensitive"]["national_id"]["last4"], "0000");
            assert_eq!(body["sensitive"]["tax_id"], json!({}));
            assert_eq!(body["sensitive"]["date_of_birth"], json!({}));
        }
        let bare = agency.acme.partner(&["read:employments"]).await;
        let body = bare.get(&path).await.is(200).body();
        holds_no_secret(&body);
        assert!(body.get("sensitive").is_none() && body.get("legal_given_name").is_none());
        let scopes: Vec<_> =
            SCOPES.iter().copied().filter(|s| *s != "read:employments.pii").collect();
        let without = agency.acme.partner(&scopes).await;
        holds_no_secret(&without.get("/v1/employments").await.is(200).body());
        let found = json!({ "email": "a@example.org" });
        without.post("/v1/employments/search", found).await.is(403).problem("auth.scope_missing");
    }
}

#[tokio::test]
async fn a_reveal_needs_scope_ownership_and_a_fresh_sign_in() {
    let agency = Agency::on(Database::Sqlite).await;
    let path = format!("{}/reveal", agency.employment(sensitive()).await);
    let ask = json!({ "fields": ["tax_id", "country_data"], "reason": "payroll",
        "reference": "RUN-7" });

    let bare = agency.acme.application(Role::IntegrationService, &["read:employments"]).await;
    bare.post(&path, ask.clone()).await.is(403).problem("auth.scope_missing");
    agency.partner.post(&path, ask.clone()).await.is(403).problem("employments.not_own");
    let tired = agency.acme.signed_in(Role::Recruiter, 901);
    let refused = tired.post(&path, ask.clone()).await.is(401).problem("auth.step_up_required");
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains("insufficient_user_authentication"), "{challenge}");
    for wrong in [
        json!({ "fields": ["tax_id"] }),
        json!({ "fields": [], "reason": "payroll" }),
        json!({ "fields": ["tax_id"], "reason": "curiosity" }),
        json!({ "fields": ["tax_id"], "reason": "payroll", "reference": "Ana Sousa" }),
    ] {
        agency.payroll.post(&path, wrong).await.is(422);
    }

    for caller in [&agency.payroll, &agency.recruiter] {
        let body = caller.post(&path, ask.clone()).await.is(200).body();
        assert_eq!(body["revealed"], json!({ "tax_id": "Q7tax99" }));
    }
}

#[tokio::test]
async fn each_look_at_sensitive_members_is_in_the_audit_trail_without_them() {
    let agency = Agency::on(Database::Sqlite).await;
    let path = agency.employment(sensitive()).await;
    let ask = json!({ "fields": ["bank_account", "tax_id"], "reason": "payroll",
        "reference": "RUN-7" });
    agency.recruiter.post(&format!("{path}/reveal"), ask).await.is(200);

    let audit = agency.acme.audit().await;

    let looks: Vec<_> =
        audit.iter().filter(|e| e["metadata"]["event_code"] == "disclosure").collect();
    assert_eq!(looks.len(), 1);
    assert_eq!(looks[0]["unmapped"]["purpose"], "payroll: RUN-7");
    assert_eq!(looks[0]["unmapped"]["disclosed"], json!(["bank_account", "tax_id"]));
    assert_eq!(looks[0]["resources"][0]["uid"], path.trim_start_matches("/v1/employments/"));
    holds_no_secret(&Value::from(audit));
}

#[tokio::test]
async fn an_illegal_move_is_told_the_legal_ones() {
    let agency = Agency::on(Database::Sqlite).await;
    let path = agency.employment(json!({})).await;

    for (moved, legal) in [
        ("activate", json!(["submit", "cancel"])),
        ("start-leave", json!(["submit", "cancel"])),
        ("end-leave", json!(["submit", "cancel"])),
        ("rescind", json!(["submit", "cancel"])),
        ("end", json!(["submit", "cancel"])),
    ] {
        let refused = agency.payroll.take(&format!("{path}/{moved}")).await.is(409);
        let refused = refused.problem("employments.illegal_transition");
        assert_eq!(refused.body()["legal_transitions"], legal, "{moved}");
    }
    agency.payroll.take(&format!("{path}/approve")).await.is(403);
    agency.payroll.take(&format!("{path}/cancel")).await.is(200);
    let refused = agency.payroll.take(&format!("{path}/submit")).await.is(409);
    assert_eq!(refused.body()["legal_transitions"], json!([]));
    let patch = agency.payroll.patch(&path, json!({ "department": "x" })).await;
    patch.is(409).problem("employments.closed");
}

#[tokio::test]
async fn a_whole_life_leaves_its_events() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.active(json!({})).await;
        let payroll = &agency.payroll;

        payroll.take(&format!("{path}/start-leave")).await.is(200);
        payroll.take(&format!("{path}/end-leave")).await.is(200);
        let early = json!({ "last_day": "2026-10-31", "reason": "mutual" });
        let refused = payroll.post(&format!("{path}/offboard"), early).await.is(409);
        refused.problem("employments.illegal_transition");
        let leave = json!({ "last_day": "2026-11-30", "reason": "resignation" });
        payroll.post(&format!("{path}/offboard"), leave.clone()).await.is(200);
        payroll.take(&format!("{path}/rescind")).await.is(200);
        let body = payroll.post(&format!("{path}/offboard"), leave).await.is(200).body();
        assert_eq!(
            (&body["last_day"], &body["end_reason"]),
            (&json!("2026-11-30"), &json!("resignation"))
        );
        payroll.take(&format!("{path}/end")).await.is(409);
        agency.platform.clock().advance(days(9));
        let payroll = agency.acme.caller(Role::IntegrationService).await;
        payroll.get(&path).await.is(200);
        payroll.take(&format!("{path}/end")).await.is(200);

        let outbox = agency.acme.outbox().await;
        let kinds = outbox.iter().map(|e| e.kind.as_str());
        let kinds: Vec<_> = kinds.filter(|kind| kind.starts_with("employment.")).collect();
        assert_eq!(
            kinds,
            [
                "employment.created",
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
async fn of_two_moves_at_once_one_wins_and_the_other_is_stale() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.employment(json!({})).await;

        let (one, two) = tokio::join!(
            agency.payroll.take(&format!("{path}/submit")).into_future(),
            agency.payroll.take(&format!("{path}/cancel")).into_future(),
        );

        let mut statuses = [one.status(), two.status()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
}

#[tokio::test]
async fn an_application_cancels_only_what_it_wrote_down() {
    let agency = Agency::on(Database::Sqlite).await;
    let path = agency.employment(json!({})).await;
    agency.partner.get(&path).await.is(200);

    let refused = agency.partner.take(&format!("{path}/cancel")).await.is(403);

    refused.problem("employments.not_own");
    agency.payroll.take(&format!("{path}/cancel")).await.is(200);
}

#[tokio::test]
async fn nobody_is_approved_before_the_country_s_form_is_complete() {
    let agency = Agency::on(Database::Sqlite).await;
    let path = agency.employment(json!({ "country": "PT" })).await;
    let wrong = json!({ "country_data": { "niss": "niss-wrong", "q7": "x" } });
    let refused = agency.payroll.patch(&path, wrong).await.is(422);
    let text = refused.body().to_string();
    assert!(text.contains("/country_data/niss") && !text.contains("niss-wrong"), "{text}");
    let part = json!({ "country_data": { "niss": "11234567890" } });
    agency.payroll.patch(&path, part).await.is(200);
    agency.payroll.take(&format!("{path}/submit")).await.is(200);
    agency.recruiter.get(&path).await.is(200);

    let refused = agency.recruiter.take(&format!("{path}/approve")).await.is(409);

    let body = refused.problem("employments.illegal_transition").body();
    assert_eq!(body["legal_transitions"], json!(["cancel"]));
    let pointers: Vec<_> =
        body["errors"].as_array().unwrap().iter().map(|e| e["pointer"].clone()).collect();
    for pointer in ["/country_data/irs_situation", "/tax_id", "/bank_account"] {
        assert!(pointers.contains(&json!(pointer)), "{pointers:?}");
    }
    let rest = json!({
        "country_data": { "irs_situation": "not_married" }, "tax_id": "123456789",
        "personal_email": "ana@example.org", "address": { "country": "PT" },
        "bank_account": { "kind": "iban", "value": "PT50000201231234567890154" },
        "pay_frequency": "monthly",
    });
    agency.recruiter.patch(&path, rest).await.is(200);
    agency.recruiter.take(&format!("{path}/approve")).await.is(200);
}

#[tokio::test]
async fn nobody_begins_without_a_ground_to_process_their_data() {
    let agency = Agency::on(Database::Sqlite).await;
    let path = agency.employment(json!({})).await;
    let consent = format!("/v1/candidates/{}/consent", agency.candidate);
    agency.partner.post(&consent, json!({ "withdraw": {} })).await.is(200);
    agency.payroll.take(&format!("{path}/submit")).await.is(200);
    agency.recruiter.get(&path).await.is(200);

    let refused = agency.recruiter.take(&format!("{path}/approve")).await.is(409);

    assert!(refused.text_of("/detail").contains("consented"));
}

#[tokio::test]
async fn a_reference_is_written_and_replaced_by_its_owner_alone() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let at = "/v1/employments/by-external-ref/HR-7";
        let put = |caller: &Caller, body: Value| {
            caller.ask(http::Method::PUT, at).json(&body).without("if-match")
        };
        let draft = agency.draft(json!({}));
        let other = agency.draft(json!({ "external_ref": "HR-8" }));
        put(&agency.payroll, other).await.is(422).at("/external_ref");
        let none = put(&agency.payroll, draft.clone()).with_header("if-match", "\"v1\"");
        none.await.is(412);

        let made = put(&agency.payroll, draft.clone()).with_header("if-none-match", "*");
        let made = made.await.is(201);
        assert_eq!(made.body()["external_ref"], "HR-7");
        let again = put(&agency.payroll, draft.clone()).with_header("if-none-match", "*");
        assert_eq!(again.await.is(412).etag(), "\"v1\"");
        put(&agency.payroll, draft.clone()).await.is(428).problem("precondition_required");
        let changed = samples::with(draft.clone(), json!({ "department": "Ledgers" }));
        let replaced = put(&agency.payroll, changed).with_header("if-match", "\"v1\"");
        let replaced = replaced.await.is(200);
        assert_eq!(replaced.body()["department"], "Ledgers");
        assert_eq!(replaced.id(), made.id());
        // The same name given by somebody else is another employment.
        let theirs = put(&agency.partner, draft).await.is(201);
        assert_ne!(theirs.id(), made.id());
    }
}

#[tokio::test]
async fn a_worker_is_active_once_for_a_client() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        agency.active(json!({})).await;
        let path = agency.employment(json!({})).await;
        agency.payroll.take(&format!("{path}/submit")).await.is(200);
        agency.recruiter.get(&path).await.is(200);
        agency.recruiter.take(&format!("{path}/approve")).await.is(200);
        agency.payroll.get(&path).await.is(200);

        let refused = agency.payroll.take(&format!("{path}/activate")).await.is(409);

        refused.problem("employments.concurrent");
        agency.active(json!({ "concurrent_ok": true })).await;
    }
}

#[tokio::test]
async fn terms_of_a_running_contract_change_by_approved_amendments_only() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.active(json!({})).await;
        let (payroll, recruiter) = (&agency.payroll, &agency.recruiter);
        let direct = payroll.patch(&path, json!({ "job_title": "Lead" })).await.is(422);
        assert_eq!(direct.at("/job_title").body()["errors"][0]["code"], "needs_amendment");
        let list = format!("{path}/amendments");
        let lead = json!({ "effective_from": "2026-11-22", "reason": "Promotion",
            "changes": { "job_title": "Lead" } });

        for wrong in [
            json!({ "effective_from": "2026-10-01", "reason": "x",
                "changes": { "job_title": "L" } }),
            json!({ "effective_from": "2026-12-01", "reason": "x", "changes": {} }),
        ] {
            payroll.post(&list, wrong).await.is(422);
        }
        let stale = payroll.post(&list, lead.clone()).with_header("if-match", "\"v1\"");
        stale.await.is(412);
        let proposed = payroll.post(&list, lead.clone()).await.is(201);
        let amendment = format!("{list}/{}", proposed.id());
        payroll.take(&format!("{amendment}/approve")).await.is(403);
        recruiter.get(&path).await.is(200);
        let approved = recruiter.take(&format!("{amendment}/approve")).await.is(200);
        assert_eq!(approved.body()["status"], "effective");
        assert_eq!(recruiter.get(&path).await.body()["job_title"], "Lead");
        payroll.get(&path).await.is(200);
        let again = payroll.post(&list, lead).await.is(409);
        again.problem("employments.amendment_overlaps");
        let cancel = payroll.take(&format!("{amendment}/cancel")).await.is(409);
        let cancel = cancel.problem("employments.illegal_amendment");
        assert_eq!(cancel.body()["legal_transitions"], json!([]));
        let unknown = format!("{list}/amd_00000000000000000000000001/cancel");
        payroll.take(&unknown).await.is(404);
    }
}

#[tokio::test]
async fn an_employment_has_so_many_amendments_and_no_more() {
    let agency = Agency::on(Database::Sqlite).await;
    let list = format!("{}/amendments", agency.active(json!({})).await);
    let lead = json!({ "effective_from": "2026-12-01", "reason": "Promotion",
        "changes": { "job_title": "Lead" } });
    for _ in 0..100 {
        agency.payroll.post(&list, lead.clone()).await.is(201);
    }

    let late = agency.payroll.post(&list, lead).await.is(409);

    late.problem("employments.too_many_amendments");
}

#[tokio::test]
async fn a_draft_is_not_amended() {
    let agency = Agency::on(Database::Sqlite).await;
    let path = agency.employment(json!({})).await;
    let lead = json!({ "effective_from": "2026-12-01", "reason": "Promotion",
        "changes": { "job_title": "Lead" } });

    let refused = agency.payroll.post(&format!("{path}/amendments"), lead).await.is(409);

    refused.problem("employments.not_amendable");
}

#[tokio::test]
async fn who_cannot_read_the_bill_rate_cannot_write_it() {
    let agency = Agency::on(Database::Sqlite).await;
    let rate = json!({ "bill_rate": { "amount_minor": 1, "currency": "EUR", "period": "day" } });

    let draft = agency.draft(rate.clone());
    let refused = agency.payroll.post("/v1/employments", draft).await.is(403);
    refused.problem("auth.member_confidential");
    let path = agency.employment(json!({})).await;
    agency.payroll.patch(&path, rate.clone()).await.is(403);
    agency.recruiter.get(&path).await.is(200);
    assert!(agency.recruiter.patch(&path, rate).await.is(200).body().get("bill_rate").is_some());
    // Whoever does not see it leaves it as it is.
    agency.payroll.get(&path).await.is(200);
    let changed = agency.payroll.patch(&path, json!({ "department": "Ledgers" })).await.is(200);
    assert!(changed.body().get("bill_rate").is_none());
    assert!(agency.recruiter.get(&path).await.body()["bill_rate"].is_object());
}

#[tokio::test]
async fn the_life_cycle_and_the_forms_are_published() {
    let agency = Agency::on(Database::Sqlite).await;

    let table = agency.payroll.get("/v1/employments/transitions").await.is(200).body();
    let approve = table["transitions"].as_array().unwrap().iter();
    let approve: Vec<_> = approve.filter(|row| row["move"] == "approve").collect();
    assert_eq!(approve.len(), 1);
    assert_eq!(approve[0]["who"], json!(["recruiter"]));
    for country in ["GB", "US", "DE", "PT", "IN", "BR"] {
        let path = format!("/v1/countries/{country}/forms/employment");
        let form = agency.payroll.get(&path).await.is(200).body();
        assert_eq!(form["type"], "object", "{country}");
    }
    agency.payroll.get("/v1/countries/SE/forms/employment").await.is(404);
}

#[tokio::test]
async fn workers_are_found_by_their_exact_contact() {
    let agency = Agency::on(Database::Sqlite).await;
    let contact = json!({ "work_email": "Q7.Ana@kestrel.example", "phone": "+46701740600" });
    let path = agency.employment(contact).await;

    for (query, found) in [
        (json!({ "email": "q7.ana@kestrel.example" }), 1),
        (json!({ "phone": "+46701740600" }), 1),
        (json!({ "phone": "+46701740601" }), 0),
    ] {
        let ids = agency.payroll.post("/v1/employments/search", query).await.is(200).ids();
        assert_eq!(ids.len(), found);
        assert!(ids.iter().all(|id| path.ends_with(id)));
    }
}
