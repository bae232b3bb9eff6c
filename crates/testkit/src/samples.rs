//! Bodies of requests that fit the contract, to start from.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// A client company.
#[must_use]
pub fn company() -> Value {
    json!({
        "name": "Kestrel Analytics",
        "country": "PT",
        "billing_email": "accounts@kestrel.example",
        "fee_arrangement": { "kind": "flat", "value": 500_000 },
    })
}

/// A public job of a client company.
#[must_use]
pub fn job(company: &str) -> Value {
    json!({
        "client_id": company,
        "title": "Rust Engineer",
        "description": "Build the ledger of a payments company.",
        "visibility": "public",
        "employment_type": "full_time",
        "remote_policy": { "kind": "remote", "countries_allowed": ["PT", "GR"] },
        "skills": [{ "skill_id": "local:rust", "label": "Rust", "importance": "must" }],
        "bill_rate": { "amount_minor": 987_654, "currency": "EUR", "period": "day" },
    })
}

/// A candidate with an e-mail address of their own.
#[must_use]
pub fn candidate() -> Value {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    json!({
        "given_name": "Ana",
        "family_name": "Sousa",
        "email": format!("ana.sousa.{number}@example.org"),
        "phone": format!("+4477009{:05}", number % 100_000),
        "country": "PT",
        "time_zone": "Europe/Lisbon",
        "skills": [{ "skill_id": "local:rust", "label": "Rust", "source": "self" }],
    })
}

/// An employment of a candidate for a client company, in a country without a form.
#[must_use]
pub fn employment(candidate: &str, company: &str) -> Value {
    json!({
        "candidate_id": candidate,
        "client_id": company,
        "legal_given_name": "Ana",
        "legal_family_name": "Sousa",
        "date_of_birth": "1990-02-03",
        "national_id": { "kind": "personnummer", "country": "SE", "value": "900203-0000" },
        "engagement_model": "eor",
        "contract_type": "indefinite",
        "country": "SE",
        "job_title": "Rust Engineer",
        "start_date": "2026-11-01",
        "compensation": { "amount_minor": 7_200_000, "currency": "EUR", "period": "year" },
    })
}

/// The same body with some members changed, or taken away where the change is null.
#[must_use]
pub fn with(mut body: Value, changes: Value) -> Value {
    if let (Value::Object(members), Value::Object(changes)) = (&mut body, changes) {
        for (name, value) in changes {
            match value {
                Value::Null => members.remove(&name),
                value => members.insert(name, value),
            };
        }
    }
    body
}
