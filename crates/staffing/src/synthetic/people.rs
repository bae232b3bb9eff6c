//! Synthetic candidates.

use serde_json::{Value, json};

use super::phone;
use super::places::{PLACES, Place};
use super::random::Random;
use super::roles::{RANKS, ROLES, Role};

/// The document of one person.
pub(super) fn person(seed: u64, index: u64) -> Value {
    let mut random = Random::new(seed ^ SALT, index);
    let (place, role) = (random.pick(PLACES), random.pick(ROLES));
    let (given, family) = (random.pick(place.given), random.pick(place.family));
    let (rank, pay, least) = random.pick(RANKS);
    let years = least + random.within(0, 4);
    let title = format!("{rank}{}", role.title);
    let domain = random.pick(&["example.com", "example.org", "example.net"]);
    let salary = place.salary * role.pay * pay / 10_000;
    // Some work nights, so that their day overlaps with another continent's.
    let (start, end) = random.pick(&[
        ("08:00", "17:00"),
        ("09:00", "18:00"),
        ("13:00", "21:30"),
        ("20:00", "04:00"),
    ]);
    let (availability, days) = random.pick(AVAILABILITY);
    json!({
        "given_name": given.0,
        "family_name": family.0,
        "preferred_name": random.percent(15).then(|| capital(given.1)),
        "email": format!("{}.{}.{index}@{domain}", given.1, family.1),
        "phone": phone(place.phone, &mut random),
        "address": random.percent(60).then(|| json!({
            "line1": format!("{} Example Street", random.within(1, 220)),
            "city": place.city,
            "postal_code": format!("{:05}", random.below(100_000)),
            "country": place.country,
        })),
        "summary": format!("{years} years as {}. {}", role.title, role.task),
        "country": place.country,
        "time_zone": random.pick(place.zones),
        "work_authorisation": authorisations(&mut random, place),
        "headline": title,
        "skills": skills(&mut random, role, years),
        "languages": languages(&mut random, place),
        "experience_months_total": years * 12 + random.below(12),
        "employments_history": employments(&mut random, role, years),
        "education": education(&mut random, years),
        "certifications": certifications(&mut random),
        "availability": {
            "status": availability, "notice_days": days,
            "weekly_hours": random.pick(&[20, 32, 40, 40, 40]),
        },
        "desired_compensation": {
            "min_minor": salary * random.within(85, 120) / 100 * 10_u64.pow(place.digits),
            "currency": place.currency,
            "period": "year",
        },
        "overlap_window": { "start": start, "end": end },
        "source": random.pick(&["careers page", "referral", "job board", "open source"]),
        "external_ref": format!("CAND-{index:06}"),
        "tags": random.some(TAGS, 2),
        "do_not_contact": random.percent(3),
    })
}

fn authorisations(random: &mut Random, place: Place) -> Vec<Value> {
    let mut rights = vec![json!({ "country": place.country, "kind": "citizen" })];
    if random.percent(20) {
        let other = random.pick(PLACES).country;
        if other != place.country {
            rights.push(json!({ "country": other, "kind": "permit", "until": "2029-06-30" }));
        }
    }
    rights
}

fn skills(random: &mut Random, role: Role, years: u64) -> Vec<Value> {
    let count = usize::try_from(random.within(3, 7)).unwrap_or(3);
    let chosen = random.some(role.skills, count);
    let rows = chosen.into_iter().map(|(id, label)| {
        let practice = random.within(0, years);
        json!({
            "skill_id": id,
            "label": label,
            "level": 1 + (practice / 2).min(4),
            "years": practice,
            "last_used_year": random.within(2022, 2026),
            "source": random.pick(&["self", "cv", "cv", "recruiter", "assessment"]),
        })
    });
    rows.collect()
}

fn languages(random: &mut Random, place: Place) -> Vec<Value> {
    let mut languages = vec![json!({ "tag": place.language, "cefr": "native" })];
    if place.language != "en" {
        languages.push(json!({ "tag": "en", "cefr": random.pick(&["B1", "B2", "C1", "C2"]) }));
    }
    languages
}

/// The last one goes on; each earlier one ends where the next begins.
fn employments(random: &mut Random, role: Role, years: u64) -> Vec<Value> {
    let mut employments = Vec::new();
    let mut year = 2026;
    let mut end_month = None;
    let first = 2026_u64.saturating_sub(years);
    while year > first && employments.len() < 5 {
        let start = year.saturating_sub(random.within(1, 4)).max(first);
        let start_month = format!("{start}-{:02}", random.within(1, 12));
        employments.push(json!({
            "title": role.title,
            "employer": format!("{} Example Works", random.pick(EMPLOYERS)),
            "start_month": start_month,
            "end_month": end_month,
            "description": role.task,
        }));
        end_month = Some(start_month);
        year = start;
    }
    employments
}

fn education(random: &mut Random, years: u64) -> Vec<Value> {
    let (eqf, field) = random.pick(STUDIES);
    vec![json!({
        "eqf": eqf,
        "field": field,
        "institution": format!("University of {}", random.pick(EMPLOYERS)),
        "end_year": 2026_u64.saturating_sub(years + random.within(0, 3)),
    })]
}

fn certifications(random: &mut Random) -> Vec<Value> {
    let (name, issuer) = random.pick(CERTIFICATES);
    let certificate = json!({ "name": name, "issuer": issuer, "issued_month": "2024-05" });
    if random.percent(25) { vec![certificate] } else { Vec::new() }
}

fn capital(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Keeps this stream apart from those of companies and jobs.
const SALT: u64 = 0x5045_4F50_4C45;

const TAGS: &[&str] = &["async", "mentor", "open source", "part-time", "relocates", "speaker"];
const EMPLOYERS: &[&str] =
    &["Ashgrove", "Bellweather", "Cinderford", "Duskwater", "Elmstead", "Fairhollow"];
const STUDIES: &[(u64, &str)] = &[
    (4, "Vocational training in information technology"),
    (6, "Computer science"),
    (6, "Economics"),
    (7, "Software engineering"),
    (7, "Statistics"),
    (8, "Mathematics"),
];
const CERTIFICATES: &[(&str, &str)] = &[
    ("Certified Example Administrator", "Example Institute"),
    ("Professional Example Practitioner", "Example Board"),
];
/// Status, and the days of notice that go with it.
const AVAILABILITY: &[(&str, Option<u64>)] = &[
    ("immediate", None),
    ("notice", Some(14)),
    ("notice", Some(30)),
    ("notice", Some(90)),
    ("not_available", None),
];
