//! Synthetic jobs.

use kernel::ClientCompanyId;
use serde_json::{Value, json};

use super::places::{PLACES, Place};
use super::random::Random;
use super::roles::{RANKS, ROLES, Role};
use crate::calendar::Date;

/// The document of one job.
pub(super) fn opening(seed: u64, index: u64, client: ClientCompanyId, today: Date) -> Value {
    let mut random = Random::new(seed ^ SALT, index);
    let (place, role) = (random.pick(PLACES), random.pick(ROLES));
    let (rank, pay, years) = random.pick(RANKS);
    let title = format!("{rank}{}", role.title);
    let about = format!("## What you will do\n\n{}\n\n## How we work\n\n{}", role.task, HOW);
    let (employment_type, engagement_model, kind) = random.pick(CONTRACTS);
    let salary = place.salary * role.pay * pay / 10_000;
    let hourly = kind == "contractor_rate";
    let period = if hourly { "hour" } else { "year" };
    // A working year has about 1,800 hours; contractors' rates also cover what employers pay.
    let amount = if hourly { salary * 13 / 18_000 } else { salary } * 10_u64.pow(place.digits);
    let contract = employment_type == "contract" || employment_type == "temporary";
    let day = |days: u64| {
        let span = jiff::Span::new().days(i64::try_from(days).unwrap_or(0));
        Date(today.0.saturating_add(span))
    };
    json!({
        "client_id": client,
        "external_ref": format!("REQ-{index:06}"),
        "title": title,
        "description": format!("{about}\n\nInternal: the client prefers short first calls."),
        "public_description": about,
        "visibility": random.pick(&["public", "public", "public", "confidential", "internal"]),
        "employment_type": employment_type,
        "engagement_model": engagement_model,
        "remote_policy": remote_policy(&mut random, place),
        "skills": skills(&mut random, role, years),
        "languages": languages(&mut random, place),
        "experience": { "min_months": years * 12, "max_months": null },
        "education_min_eqf": random.percent(30).then_some(6),
        "compensation": {
            "min_minor": amount * 9 / 10,
            "max_minor": amount * 12 / 10,
            "currency": place.currency,
            "period": period,
            "kind": kind,
            "disclose": random.percent(70),
        },
        "bill_rate": {
            "amount_minor": amount * 15 / 10, "currency": place.currency, "period": period,
        },
        "openings": random.pick(&[1, 1, 1, 2, 3]),
        "start_date": day(random.within(21, 120)),
        "duration_weeks": contract.then(|| random.within(8, 52)),
        "valid_through": day(random.within(14, 90)),
        "tags": random.some(TAGS, 2),
    })
}

fn remote_policy(random: &mut Random, place: Place) -> Value {
    let zone = random.pick(place.zones);
    let mut policy = json!({
        "kind": random.pick(&["remote", "remote", "remote", "remote", "hybrid", "on_site"]),
        "base_time_zone": zone,
        "min_overlap_hours": random.within(2, 5),
        "core_hours": { "start": "10:00", "end": "15:00" },
        "travel_percent": random.pick(&[0, 0, 5, 10]),
    });
    let worldwide = policy.get("kind").is_some_and(|kind| kind == "remote") && random.percent(40);
    let (name, value) = if worldwide {
        ("worldwide", json!(true))
    } else {
        let mut countries: Vec<&str> =
            random.some(PLACES, 3).iter().map(|neighbour| neighbour.country).collect();
        if !countries.contains(&place.country) {
            countries.insert(0, place.country);
        }
        ("countries_allowed", json!(countries))
    };
    if let Some(members) = policy.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
    policy
}

fn skills(random: &mut Random, role: Role, years: u64) -> Vec<Value> {
    let chosen = random.some(role.skills, 5);
    let importance = ["must", "must", "should", "should", "nice"];
    let rows = chosen.into_iter().zip(importance);
    rows.map(|((id, label), importance)| {
        json!({
            "skill_id": id,
            "label": label,
            "level": random.within(2, 5),
            "importance": importance,
            "min_years": (importance == "must").then_some(years),
        })
    })
    .collect()
}

fn languages(random: &mut Random, place: Place) -> Vec<Value> {
    let mut languages = vec![json!({ "tag": "en", "min_cefr": "B2", "must": true })];
    if place.language != "en" && random.percent(40) {
        languages.push(json!({ "tag": place.language, "min_cefr": "B1" }));
    }
    languages
}

/// Keeps this stream apart from those of companies and people.
const SALT: u64 = 0x4A4F_4253;

const HOW: &str = "In writing first, across time zones, with a few hours a day together.";
const TAGS: &[&str] = &["async", "fintech", "health", "public sector", "start-up", "urgent"];
/// Employment type, engagement model, kind of pay.
const CONTRACTS: &[(&str, &str, &str)] = &[
    ("full_time", "eor", "gross"),
    ("full_time", "direct_hire", "gross"),
    ("full_time", "eor", "gross"),
    ("part_time", "eor", "gross"),
    ("contract", "contractor", "contractor_rate"),
    ("contract", "contractor", "contractor_rate"),
    ("temporary", "eor", "gross"),
];
