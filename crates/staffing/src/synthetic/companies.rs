//! Synthetic client companies.

use serde_json::{Value, json};

use super::phone;
use super::places::PLACES;
use super::random::Random;

/// The document of one company.
pub(super) fn company(seed: u64, index: u64) -> Value {
    let mut random = Random::new(seed ^ SALT, index);
    let place = random.pick(PLACES);
    let (name, domain) = (random.pick(FIRST), random.pick(SECOND));
    let (given, family) = (random.pick(place.given), random.pick(place.family));
    let (industry, trade) = random.pick(INDUSTRIES);
    let slug = format!("{name}-{domain}").to_lowercase();
    let (kind, value) = random.pick(FEES);
    json!({
        "name": format!("{name} {domain} {trade}"),
        "legal_name": format!("{name} {domain} {trade} {}", place.company),
        "external_ref": format!("CRM-{index:06}"),
        "country": place.country,
        "website": format!("https://{slug}.example.com/"),
        "industry_code": industry,
        "billing_email": format!("accounts.{slug}.{index}@example.com"),
        "billing_contact_name": format!("{} {}", given.0, family.0),
        "phone": phone(place.phone, &mut random),
        "tax_id": format!("{}-TEST-{index:06}", place.country),
        "payment_terms_days": random.pick(&[7, 14, 30, 45, 60]),
        "fee_arrangement": { "kind": kind, "value": value },
    })
}

/// Keeps this stream apart from those of jobs and people.
const SALT: u64 = 0x434C_4945_4E54;

const FIRST: &[&str] = &[
    "Kestrel",
    "Harbour",
    "Juniper",
    "Lantern",
    "Meridian",
    "Northwind",
    "Quarry",
    "Saffron",
    "Tidewater",
    "Umber",
    "Vesper",
    "Willow",
];
const SECOND: &[&str] = &["Bay", "Bridge", "Field", "Gate", "Hill", "Lane", "Mill", "Point"];
/// ISIC Rev. 4 classes, and how a company of the kind calls itself.
const INDUSTRIES: &[(&str, &str)] = &[
    ("6201", "Software"),
    ("6311", "Cloud"),
    ("6419", "Bank"),
    ("7020", "Consulting"),
    ("8549", "Learning"),
    ("8690", "Health"),
    ("4791", "Retail"),
    ("5229", "Logistics"),
];
/// Hundredths of a percent, or minor units when flat.
const FEES: &[(&str, u64)] =
    &[("markup", 1_800), ("markup", 2_250), ("flat", 650_000), ("percent_salary", 2_000)];
