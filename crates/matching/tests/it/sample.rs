//! Sample jobs and candidates.

use kernel::Timestamp;
use kernel::{CandidateId, ClientCompanyId, CountryCode, CurrencyCode, LanguageTag, TimeZoneName};
use matching::opening::{Countries, Engagement, Importance, WantedLanguage, WantedSkill};
use matching::projection::{
    Authorisation, Availability, HeldLanguage, HeldSkill, Hours, Pay, PayPeriod, Position, Standing,
};
use matching::redact::Redactor;
use matching::{Exchange, Opening, Policy, Pool, Projection, Question, Ranking, Scope};
use uuid::Uuid;

pub(crate) fn candidate(number: u128) -> CandidateId {
    CandidateId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn client(number: u128) -> ClientCompanyId {
    ClientCompanyId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn country(code: &str) -> CountryCode {
    CountryCode::parse(code).unwrap()
}

pub(crate) fn zone(name: &str) -> Option<TimeZoneName> {
    TimeZoneName::parse(name).ok()
}

pub(crate) fn held(name: &str, level: u8) -> HeldSkill {
    HeldSkill {
        id: format!("local:{}", name.to_lowercase()),
        label: name.to_owned(),
        level: Some(level),
        years: None,
        idle_months: None,
    }
}

pub(crate) fn wanted(name: &str, level: u8, importance: Importance) -> WantedSkill {
    WantedSkill {
        id: format!("local:{}", name.to_lowercase()),
        label: name.to_owned(),
        level: Some(level),
        min_years: None,
        importance,
    }
}

pub(crate) fn spoken(tag: &str, level: u8) -> HeldLanguage {
    HeldLanguage { tag: LanguageTag::parse(tag).unwrap(), level }
}

pub(crate) fn position(title: &str, months: u16) -> Position {
    Position { title: Redactor::default().redact(title), months }
}

pub(crate) fn pay(amount_minor: u64, currency: &str, period: PayPeriod) -> Option<Pay> {
    Some(Pay { amount_minor, currency: CurrencyCode::parse(currency).unwrap(), period })
}

/// A job for a Rust engineer that asks for something of everything.
pub(crate) fn opening() -> Opening {
    Opening {
        client: client(1),
        title: "Rust Engineer".to_owned(),
        description: "You build a gateway that guards interfaces. You know networks, \
                      cryptography and how to measure."
            .to_owned(),
        engagement: Some(Engagement::Eor),
        countries: Countries { allowed: None, excluded: vec![country("US")] },
        time_zone: TimeZoneName::parse("Europe/Berlin").unwrap(),
        core_hours: Some(Hours { start: 600, end: 960 }),
        min_overlap_minutes: 120,
        skills: vec![
            wanted("Rust", 4, Importance::Must),
            wanted("PostgreSQL", 3, Importance::Should),
            wanted("Kubernetes", 3, Importance::Should),
            wanted("Terraform", 2, Importance::Nice),
        ],
        languages: vec![
            WantedLanguage { tag: LanguageTag::parse("en").unwrap(), level: 4, must: true },
            WantedLanguage { tag: LanguageTag::parse("de").unwrap(), level: 3, must: false },
        ],
        experience_min_months: Some(36),
        pay_max: pay(8_000_000, "EUR", PayPeriod::Year),
        start: "2027-01-01".parse().unwrap(),
        now: "2026-11-22T00:00:00Z".parse::<Timestamp>().unwrap(),
    }
}

/// Somebody to whom every gate is open, and who meets about half of everything.
pub(crate) fn projection() -> Projection {
    Projection {
        standing: Standing::Matchable { until: None },
        country: Some(country("PT")),
        time_zone: zone("Europe/Lisbon"),
        working_hours: Some(Hours { start: 540, end: 1_020 }),
        authorisations: vec![Authorisation { country: country("PT"), may_work: true, until: None }],
        skills: vec![held("Rust", 3), held("MySQL", 4), held("Docker", 3)],
        languages: vec![spoken("en-GB", 6)],
        positions: vec![position("Backend Engineer", 20), position("Rust Engineer", 18)],
        availability: Availability::Notice { days: 60 },
        desired_pay: pay(700_000, "EUR", PayPeriod::Month),
        blocked_clients: Vec::new(),
        text: Redactor::default().redact("Writes gateways and measures them."),
    }
}

pub(crate) fn pool(projections: &[Projection]) -> Pool {
    let mut pool = Pool::new();
    for (number, projection) in (1..).zip(projections) {
        pool.insert(candidate(number), projection).unwrap();
    }
    pool
}

pub(crate) fn rank(pool: &Pool, opening: &Opening, scope: &Scope<'_>, top: usize) -> Ranking {
    let (policy, exchange) = (Policy::v1().unwrap(), Exchange::built_in());
    pool.rank(&Question { opening, policy: &policy, exchange: &exchange }, scope, top)
}

/// The assessment of somebody alone in a pool.
pub(crate) fn alone(projection: &Projection, opening: &Opening) -> matching::Assessment {
    let ranking = rank(&pool(std::slice::from_ref(projection)), opening, &Scope::All, 1);
    ranking.entries.into_iter().next().unwrap().assessment
}
