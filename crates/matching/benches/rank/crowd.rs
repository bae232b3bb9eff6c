//! A crowd drawn by chance with a seed: skills, titles and words as unevenly spread as in life.

use kernel::Timestamp;
use kernel::{CandidateId, ClientCompanyId, CountryCode, CurrencyCode, LanguageTag, TimeZoneName};
use matching::opening::{Countries, Engagement, Importance, WantedLanguage, WantedSkill};
use matching::projection::{
    Authorisation, Availability, HeldLanguage, HeldSkill, Hours, Pay, PayPeriod, Position, Standing,
};
use matching::redact::Redactor;
use matching::{Opening, Pool, Projection, Vocabulary};
use uuid::Uuid;

/// Chance with a seed (Marsaglia's xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..4).for_each(|_| _ = dice.roll(2));
        dice
    }

    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// Small numbers are much more frequent than large ones.
    pub(crate) fn uneven(&mut self, sides: u64) -> u64 {
        const ONE: u64 = 1 << 20;
        let roll = self.roll(ONE) * self.roll(ONE) / ONE;
        roll * self.roll(ONE) / ONE * sides / ONE
    }
}

pub(crate) fn id(number: u64) -> CandidateId {
    CandidateId::from_uuid(Uuid::from_u128(u128::from(number)))
}

pub(crate) fn pool(count: u64) -> Pool {
    let mut pool = Pool::new();
    for number in 0..count {
        let who = projection(&mut Dice::new(number));
        assert!(pool.insert(id(number), &who).is_ok(), "the pool has room");
    }
    pool
}

pub(crate) fn projection(dice: &mut Dice) -> Projection {
    let place = dice.roll(PLACES.len() as u64) as usize;
    let (code, zone) = PLACES.get(place).copied().unwrap_or_default();
    let country = CountryCode::parse(code).ok();
    let skills = (0..8 + dice.roll(15)).map(|_| skill(dice)).collect();
    let positions = (0..1 + dice.roll(4)).map(|_| position(dice)).collect();
    let words: Vec<String> =
        (0..60 + dice.roll(60)).map(|_| format!("word{}", dice.uneven(20_000))).collect();
    Projection {
        standing: Standing::Matchable { until: None },
        country,
        time_zone: TimeZoneName::parse(zone).ok(),
        working_hours: Some(Hours { start: 420 + 30 * dice.roll(8) as u16, end: 1_080 }),
        authorisations: country
            .map(|country| Authorisation { country, may_work: dice.roll(10) > 0, until: None })
            .into_iter()
            .collect(),
        skills,
        languages: ["en", "de"]
            .iter()
            .filter_map(|tag| LanguageTag::parse(tag).ok())
            .map(|tag| HeldLanguage { tag, level: 1 + dice.roll(7) as u8 })
            .collect(),
        positions,
        availability: Availability::Notice { days: 15 * dice.roll(10) as u16 },
        desired_pay: pay(4_000_000 + dice.roll(80) * 100_000),
        blocked_clients: Vec::new(),
        text: Redactor::default().redact(&words.join(" ")),
    }
}

fn skill(dice: &mut Dice) -> HeldSkill {
    let (skills, _) = Vocabulary::shared().counts();
    // The technologies of our own list stand last.
    let number = skills as u64 - 1 - dice.uneven(3_000);
    let concept = Vocabulary::shared().concept(number as u32);
    HeldSkill {
        id: concept.map_or_else(String::new, |concept| concept.id.clone()),
        label: concept.map_or_else(String::new, |concept| concept.label.to_owned()),
        level: Some(1 + dice.roll(5) as u8),
        years: Some(dice.roll(15) as u8),
        idle_months: Some(dice.roll(80) as u16),
    }
}

fn position(dice: &mut Dice) -> Position {
    let concept = Vocabulary::shared().occupation_concept(dice.uneven(3_000) as u32);
    let title = Redactor::default().redact(concept.map_or("", |concept| concept.label));
    Position { title, months: dice.roll(90) as u16 }
}

fn pay(amount_minor: u64) -> Option<Pay> {
    let currency = CurrencyCode::parse("EUR").ok()?;
    Some(Pay { amount_minor, currency, period: PayPeriod::Year })
}

/// A job that asks for ten skills, five of them frequent.
pub(crate) fn opening() -> Option<Opening> {
    let time_zone = TimeZoneName::parse("Europe/Berlin").ok()?;
    let (skills, _) = Vocabulary::shared().counts();
    let wanted = |place: u64| {
        let concept =
            Vocabulary::shared().concept((skills as u64 - 1 - place * place * 7) as u32)?;
        Some(WantedSkill {
            id: concept.id.clone(),
            label: concept.label.to_owned(),
            level: Some(3),
            min_years: Some(2),
            importance: match place {
                0 => Importance::Must,
                1..=4 => Importance::Should,
                _ => Importance::Nice,
            },
        })
    };
    let title = Vocabulary::shared().occupation_concept(5).map_or("", |concept| concept.label);
    let words: Vec<String> = (0..120).map(|number| format!("word{}", number * number)).collect();
    let english = LanguageTag::parse("en").ok();
    Some(Opening {
        client: ClientCompanyId::from_uuid(Uuid::from_u128(1)),
        title: title.to_owned(),
        description: words.join(" "),
        engagement: Some(Engagement::Eor),
        countries: Countries {
            allowed: None,
            excluded: CountryCode::parse("US").into_iter().collect(),
        },
        time_zone,
        core_hours: Some(Hours { start: 600, end: 960 }),
        min_overlap_minutes: 120,
        skills: (0..10).filter_map(wanted).collect(),
        languages: english
            .map(|tag| WantedLanguage { tag, level: 3, must: true })
            .into_iter()
            .collect(),
        experience_min_months: Some(36),
        pay_max: pay(9_000_000),
        start: jiff::civil::Date::constant(2027, 1, 1),
        now: Timestamp::from_millis(1_795_000_000_000),
    })
}

pub(crate) const PLACES: &[(&str, &str)] = &[
    ("PT", "Europe/Lisbon"),
    ("DE", "Europe/Berlin"),
    ("PL", "Europe/Warsaw"),
    ("RO", "Europe/Bucharest"),
    ("IN", "Asia/Kolkata"),
    ("BR", "America/Sao_Paulo"),
    ("NG", "Africa/Lagos"),
    ("US", "America/New_York"),
    ("AR", "America/Buenos_Aires"),
    ("PH", "Asia/Manila"),
    ("ZA", "Africa/Johannesburg"),
    ("GB", "Europe/London"),
];
