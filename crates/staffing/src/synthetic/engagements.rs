//! Made-up employments, complete enough to be approved. Numbers have the form of their registers
//! and are not issued: they end in the digits that the form allows and nobody was given.

use kernel::{CandidateId, ClientCompanyId, Purpose};
use serde_json::{Value, json};

use super::random::Random;
use crate::calendar::Date;
use crate::candidate::CandidateDraft;

/// Who works for whom.
pub(super) struct Parties<'a> {
    pub(super) candidate: (CandidateId, &'a CandidateDraft),
    pub(super) client: ClientCompanyId,
    pub(super) today: Date,
}

pub(super) fn engagement(seed: u64, index: u64, parties: &Parties<'_>) -> Value {
    let mut random = Random::new(seed ^ SALT, index);
    let (id, person) = parties.candidate;
    let own = person.country.as_ref().map(kernel::CountryCode::as_str);
    let place = own.and_then(|own| PLACES.iter().find(|place| place.country == own));
    let place = place.copied().unwrap_or_else(|| random.pick(PLACES));
    let days = i64::try_from(random.within(0, 700)).unwrap_or(0);
    let start = parties.today.0.saturating_sub(jiff::Span::new().days(days));
    let number = format!("9{:010}", random.below(10_000_000_000));
    json!({
        "external_ref": format!("HR-{seed}-{index:05}"),
        "candidate_id": id,
        "client_id": parties.client,
        "legal_given_name": person.given_name.open(Purpose::Change),
        "legal_family_name": person.family_name.open(Purpose::Change),
        "personal_email": person.email.open(Purpose::Change),
        "address": { "city": "Exampleton", "country": place.country },
        "date_of_birth": format!("19{}-0{}-1{}",
            random.within(60, 99), random.within(1, 9), random.within(0, 9)),
        "national_id": { "kind": place.id_kind, "country": place.country, "value": number },
        "tax_id": format!("X{number}"),
        "bank_account": { "kind": "other", "value": format!("TEST{number}") },
        "country_data": country_data(place.country),
        "engagement_model": random.pick(&["eor", "contractor", "direct", "agency_temp"]),
        "contract_type": "indefinite",
        "country": place.country,
        "job_title": person.headline.as_ref().map_or("Engineer", |line| line.as_str()),
        "department": random.pick(&["Engineering", "Finance", "Operations", "Support"]),
        "start_date": start.to_string(),
        "weekly_hours": random.pick(&[20, 30, 38, 40]),
        "notice_period_days": random.pick(&[14, 30, 60, 90]),
        "compensation": {
            "amount_minor": random.within(30, 120) * 100_000,
            "currency": place.currency,
            "period": "year",
        },
        "pay_frequency": "monthly",
        "onboarding_tasks": [
            { "code": "contract_signed", "status": "done", "required": true },
            { "code": "laptop_sent", "status": "pending" },
        ],
    })
}

fn country_data(country: &str) -> Value {
    match country {
        "BR" => {
            json!({ "pis": "12345678900", "ctps_number": "1234567", "union_contribution": false })
        }
        "DE" => json!({ "social_security_number": "12010190A123", "health_insurer": "Example BKK",
            "tax_class": 1 }),
        "GB" => json!({ "starter_declaration": "B", "right_to_work_checked": true,
            "tax_code": "1257L" }),
        "IN" => json!({ "pf_applicable": true, "tax_regime": "new" }),
        "PT" => json!({ "niss": "11234567890", "irs_situation": "not_married" }),
        _ => json!({ "work_state": "CO", "filing_status": "single_or_married_separately",
            "i9_section_2_done": true }),
    }
}

#[derive(Clone, Copy, Default)]
struct Place {
    country: &'static str,
    currency: &'static str,
    id_kind: &'static str,
}

const PLACES: &[Place] = &[
    Place { country: "BR", currency: "BRL", id_kind: "cpf" },
    Place { country: "DE", currency: "EUR", id_kind: "personalausweis" },
    Place { country: "GB", currency: "GBP", id_kind: "nino" },
    Place { country: "IN", currency: "INR", id_kind: "pan" },
    Place { country: "PT", currency: "EUR", id_kind: "cartao_de_cidadao" },
    Place { country: "US", currency: "USD", id_kind: "ssn" },
];

/// Keeps this stream apart from those of companies, jobs and people.
const SALT: u64 = 0x454D_504C_4F59;
