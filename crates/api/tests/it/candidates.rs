//! Candidates: what is personal stays personal.

use policy::{Role, SCOPES};
use serde_json::{Value, json};
use testkit::{Caller, Database, Platform, Tenant, samples};

const PERSONAL: &[&str] =
    &["given_name", "family_name", "preferred_name", "email", "phone", "address", "summary"];

/// Unlike anything else in a database.
const MARKS: &[&str] = &[
    "Q7given",
    "Q7family",
    "Q7preferred",
    "q7mail",
    "447700912345",
    "Q7street",
    "Q7summary",
    "Q7employer",
    "Q7work",
    "Q7school",
];

fn marked() -> Value {
    samples::with(
        samples::candidate(),
        json!({
            "given_name": "Q7given",
            "family_name": "Q7family",
            "preferred_name": "Q7preferred",
            "email": "q7mail@example.org",
            "phone": "+447700912345",
            "address": { "line1": "Q7street 1", "country": "PT" },
            "summary": "Q7summary of a life",
            "headline": "Q7headline",
            "employments_history":
                [{ "title": "Tester", "employer": "Q7employer", "description": "Q7work" }],
            "education": [{ "field": "Physics", "institution": "Q7school", "end_year": 1987 }],
        }),
    )
}

struct Agency {
    platform: Platform,
    acme: Tenant,
    mara: Caller,
}

impl Agency {
    async fn on(database: Database) -> Self {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.caller(Role::Partner).await;
        Self { platform, acme, mara }
    }

    async fn candidate(&self) -> String {
        let id = self.mara.post("/v1/candidates", marked()).await.is(201).id();
        format!("/v1/candidates/{id}")
    }
}

fn shows_nobody(body: &Value) {
    let text = body.to_string();
    assert!(!PERSONAL.iter().any(|name| text.contains(&format!("\"{name}\""))), "{text}");
    assert!(!MARKS.iter().any(|mark| text.contains(mark)), "{text}");
    assert!(!text.contains("end_year"), "{text}");
}

#[tokio::test]
async fn without_the_scope_nobody_is_recognised() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.candidate().await;
        let masked = ["read:candidates", "write:candidates"];
        let masked = agency.acme.partner(&masked).await;

        shows_nobody(&masked.get(&path).await.is(200).body());
        shows_nobody(&masked.get("/v1/candidates").await.is(200).body());
        let patched = masked.patch(&path, json!({ "given_name": "Q7given", "tags": ["x"] })).await;
        shows_nobody(&patched.is(200).body());
        shows_nobody(&masked.take(&format!("{path}/activate")).await.is(200).body());
        let other = samples::with(marked(), json!({ "email": "other@example.org" }));
        let made = masked.post("/v1/candidates", other.clone());
        let made = made.with_header("idempotency-key", "k").await.is(201);
        shows_nobody(&made.body());
        let again = masked.post("/v1/candidates", other).with_header("idempotency-key", "k");
        shows_nobody(&again.await.is(201).body());
    }
}

#[tokio::test]
async fn with_the_scope_everything_is_shown() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.candidate().await;

        let body = agency.mara.get(&path).await.is(200).body();

        for (name, value) in marked().as_object().unwrap() {
            if name != "skills" && name != "employments_history" && name != "education" {
                let shown = &body[name];
                let same = shown == value || name == "address";
                assert!(same, "{name}: {shown}");
            }
        }
        assert_eq!(body["address"]["line1"], "Q7street 1");
        assert_eq!(body["employments_history"][0]["employer"], "Q7employer");
        assert_eq!(body["education"][0]["end_year"], 1987);
    }
}

#[tokio::test]
async fn a_change_leaves_the_other_personal_members_as_they_were() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.candidate().await;

        let patch = json!({ "phone": null, "address": { "city": "Porto" }, "given_name": "Rita" });
        let changed = agency.mara.patch(&path, patch).await.is(200).body();

        assert_eq!(changed["given_name"], "Rita");
        assert_eq!(changed["family_name"], "Q7family");
        assert!(changed["phone"].is_null());
        assert_eq!(changed["address"]["city"], "Porto");
        assert_eq!(changed["address"]["line1"], "Q7street 1");
        assert_eq!(agency.mara.get(&path).await.is(200).body(), changed);
    }
}

#[tokio::test]
async fn candidates_are_found_by_their_exact_contact() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.candidate().await;
        let id = path.trim_start_matches("/v1/candidates/");
        let globex = agency.platform.tenant("globex").await;
        let ines = globex.caller(Role::Partner).await;
        let find = |caller: &Caller, query| caller.post("/v1/candidates/search", query);

        for (query, found) in [
            (json!({ "email": "q7mail@example.org" }), true),
            (json!({ "email": "Q7MAIL@Example.ORG" }), true),
            (json!({ "email": "q7mai@example.org" }), false),
            (json!({ "phone": "+447700912345" }), true),
            (json!({ "phone": "+447700912346" }), false),
        ] {
            let ids = find(&agency.mara, query.clone()).await.is(200).ids();
            assert_eq!(ids, if found { vec![id] } else { vec![] }, "{query}");
            assert!(find(&ines, query).await.is(200).ids().is_empty());
        }
    }
}

#[tokio::test]
async fn a_contact_that_changed_is_found_under_the_new_one_only() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.candidate().await;
        let patch = json!({ "email": "new@example.org", "phone": null });
        agency.mara.patch(&path, patch).await.is(200);
        let find = async |query| {
            agency.mara.post("/v1/candidates/search", query).await.is(200).ids().len()
        };

        assert_eq!(find(json!({ "email": "q7mail@example.org" })).await, 0);
        assert_eq!(find(json!({ "phone": "+447700912345" })).await, 0);
        assert_eq!(find(json!({ "email": "new@example.org" })).await, 1);
        agency.mara.post("/v1/candidates", marked()).await.is(201);
    }
}

#[tokio::test]
async fn a_search_needs_the_scope_and_one_contact() {
    let agency = Agency::on(Database::Sqlite).await;
    let lesser = agency.acme.partner(&["read:candidates", "write:candidates"]).await;
    let path = "/v1/candidates/search";

    let refused = lesser.post(path, json!({ "email": "a@example.org" })).await.is(403);
    refused.problem("auth.scope_missing");
    for query in [
        json!({}),
        json!({ "email": "a@example.org", "phone": "+447700912345" }),
        json!({ "name": "Ana" }),
        json!({ "email": "%" }),
        json!({ "email": null }),
    ] {
        agency.mara.post(path, query).await.is(422).problem("invalid");
    }
    agency.mara.get("/v1/candidates?email=a@example.org").await.is(400);
}

#[tokio::test]
async fn consent_is_granted_withdrawn_and_granted_again() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.candidate().await;
        let consent = format!("{path}/consent");
        let grant = json!({ "grant": {
            "basis": "consent", "policy_version": "2026-01", "channel": "web form",
        } });
        let withdraw = json!({ "withdraw": {} });
        let before = agency.mara.get(&path).await.is(200).body();
        assert_eq!(before["consent"]["status"], "pending");

        let granted = agency.mara.post(&consent, grant.clone()).await.is(200).body();
        let withdrawn = agency.mara.post(&consent, withdraw.clone()).await.is(200).body();
        let refused = agency.mara.post(&consent, withdraw).await.is(409);
        let again = agency.mara.post(&consent, grant).await.is(200).body();

        assert_eq!(granted["consent"]["status"], "granted");
        assert_eq!(granted["consent"]["policy_version"], "2026-01");
        assert_eq!(withdrawn["consent"]["status"], "withdrawn");
        assert_eq!(refused.body()["legal_transitions"], json!(["grant"]));
        assert_eq!(again["consent"]["status"], "granted");
        assert_eq!(again["email"], "q7mail@example.org");
    }
}

#[tokio::test]
async fn who_asked_to_be_erased_is_left_alone() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.candidate().await;
        let erasure = format!("{path}/request-erasure");
        let frozen = agency.mara.take(&erasure).await.is(200).body();
        assert_eq!(frozen["status"], "erasure_requested");

        let patch = agency.mara.patch(&path, json!({ "tags": ["x"] })).await.is(409);
        patch.problem("candidates.being_erased");
        let withdraw = json!({ "withdraw": {} });
        let consent = agency.mara.post(&format!("{path}/consent"), withdraw).await.is(409);
        consent.problem("candidates.being_erased");
        for name in ["activate", "rest", "block", "unblock", "request-erasure"] {
            let refused = agency.mara.take(&format!("{path}/{name}")).await.is(409);
            let refused = refused.problem("candidates.illegal_transition").body();
            // Only the platform itself erases.
            assert_eq!(refused["legal_transitions"], json!(["erase"]));
        }
    }
}

#[tokio::test]
async fn an_erasure_has_a_scope_of_its_own() {
    let agency = Agency::on(Database::Sqlite).await;
    let path = agency.candidate().await;
    let others: Vec<_> = SCOPES.iter().copied().filter(|s| *s != "erase:candidates").collect();
    let lesser = agency.acme.partner(&others).await;
    lesser.get(&path).await.is(200);

    let refused = lesser.take(&format!("{path}/request-erasure")).await;

    refused.is(403).problem("auth.scope_missing");
}

#[tokio::test]
async fn candidates_move_by_their_table() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let path = agency.candidate().await;
        agency.mara.take(&format!("{path}/rest")).await.is(409);

        for (name, status) in [
            ("activate", "active"),
            ("rest", "dormant"),
            ("activate", "active"),
            ("block", "blocked"),
            ("unblock", "active"),
        ] {
            let moved = agency.mara.take(&format!("{path}/{name}")).await.is(200).body();
            assert_eq!(moved["status"], status);
            assert_eq!(moved["email"], "q7mail@example.org");
        }
    }
}

#[tokio::test]
async fn every_move_outside_the_table_is_refused_with_the_legal_ones() {
    let agency = Agency::on(Database::Sqlite).await;
    let moves = ["activate", "rest", "block", "unblock", "request-erasure"];
    let from_active = ["rest", "block", "request_erasure", "merge"];
    for (way, legal) in [
        (&[][..], &["activate", "block", "request_erasure", "merge"][..]),
        (&["activate"], &from_active),
        (&["activate", "rest"], &["activate", "block", "request_erasure", "merge"]),
        (&["block"], &["unblock", "request_erasure", "merge"]),
        (&["request-erasure"], &["erase"]),
    ] {
        let id = agency.mara.post("/v1/candidates", samples::candidate()).await.is(201).id();
        let path = format!("/v1/candidates/{id}");
        for name in way {
            agency.mara.get(&path).await.is(200);
            agency.mara.take(&format!("{path}/{name}")).await.is(200);
        }
        let before = agency.mara.get(&path).await.is(200).body();
        for name in moves.iter().filter(|name| !legal.contains(&name.replace('-', "_").as_str())) {
            let refused = agency.mara.take(&format!("{path}/{name}")).await.is(409);
            let refused = refused.problem("candidates.illegal_transition").body();
            assert_eq!(refused["legal_transitions"], json!(legal), "{way:?} {name}");
        }
        assert_eq!(agency.mara.get(&path).await.is(200).body(), before);
    }
}

#[tokio::test]
async fn consent_is_granted_or_withdrawn_and_nothing_beside_it() {
    let agency = Agency::on(Database::Sqlite).await;
    let path = agency.candidate().await;
    let grant = json!({ "basis": "consent", "policy_version": "1", "channel": "form" });

    for body in [
        json!({ "withdraw": {}, "reason": "x" }),
        json!({ "withdraw": { "reason": "x" } }),
        json!({ "withdraw": null }),
        json!({ "grant": grant, "withdraw": {} }),
        json!({ "grant": grant, "status": "granted" }),
        json!({ "grant": samples::with(grant.clone(), json!({ "status": "granted" })) }),
        json!({ "grant": samples::with(grant.clone(), json!({ "basis": "none" })) }),
        json!({}),
        json!([]),
        json!("withdraw"),
    ] {
        let refused = agency.mara.post(&format!("{path}/consent"), body.clone()).await;
        assert_eq!(refused.status(), 422, "{body} {refused:?}");
        refused.problem("invalid");
    }
    assert_eq!(agency.mara.get(&path).await.is(200).body()["version"], 1);
}

#[tokio::test]
async fn what_was_withdrawn_is_not_withdrawn_again() {
    let agency = Agency::on(Database::Sqlite).await;
    let consent = format!("{}/consent", agency.candidate().await);
    agency.mara.post(&consent, json!({ "withdraw": {} })).await.is(200);

    let again = agency.mara.post(&consent, json!({ "withdraw": {} })).await.is(409);

    let again = again.problem("candidates.illegal_consent_transition");
    assert_eq!(again.body()["legal_transitions"], json!(["grant"]));
}

#[tokio::test]
async fn filters_narrow_the_list() {
    for database in Database::BOTH {
        let agency = Agency::on(database).await;
        let plain = agency.mara.post("/v1/candidates", samples::candidate()).await.is(201).id();
        let other = json!({
            "external_ref": "C-1",
            "skills": [{ "skill_id": "local:cobol", "label": "COBOL", "source": "cv" }],
        });
        let other = samples::with(samples::candidate(), other);
        let other = agency.mara.post("/v1/candidates", other).await.is(201).id();
        agency.mara.take(&format!("/v1/candidates/{other}/activate")).await.is(200);

        for (query, expected) in [
            ("status=new", vec![&plain]),
            ("status=active", vec![&other]),
            ("external_ref=C-1", vec![&other]),
            ("external_ref=C-2", vec![]),
            ("skill=local:rust", vec![&plain]),
            ("skill=local:rust&skill=local:cobol", vec![&other, &plain]),
        ] {
            let listed = agency.mara.get(&format!("/v1/candidates?{query}")).await.is(200).ids();
            assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{query}");
        }
    }
}

#[tokio::test]
async fn what_is_personal_is_sealed_in_the_database() {
    let agency = Agency::on(Database::Sqlite).await;
    let path = agency.candidate().await;
    agency.mara.patch(&path, json!({ "tags": ["q7tag"] })).await.is(200);
    let company = json!({
        "billing_email": "q7mail@kestrel.example", "billing_contact_name": "Q7family",
        "phone": "+447700912345", "tax_id": "Q7school",
    });
    let company = samples::with(samples::company(), company);
    agency.mara.post("/v1/clients", company).await.is(201);

    let files = agency.platform.files();

    let holds = |text: &str| files.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    // What is not personal is there to be found, so the search would find the rest.
    assert!(holds("Q7headline") && holds("q7tag"));
    for mark in MARKS {
        assert!(!holds(mark), "{mark}");
        assert!(!holds(&mark.to_lowercase()), "{mark}");
    }
}

#[tokio::test]
async fn data_is_kept_for_as_long_as_the_agency_says() {
    let agency = Agency::on(Database::Sqlite).await;
    let path = agency.candidate().await;

    let body = agency.mara.get(&path).await.is(200).body();

    assert!(body["retain_until"].as_str().unwrap().starts_with("2028-11-22"));
}
