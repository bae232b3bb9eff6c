//! Judges candidates for one job: first each distinct value of each column, then each row by
//! looking up what its values are worth.

mod conditions;
mod reach;
mod skills;
mod titles;

use kernel::ClientCompanyId;

use crate::assessment::{GateCode, GateReason};
use crate::exchange::convert;
use crate::points::{Points, Share};
use crate::policy::Rules;
use crate::pool::{Columns, Pool, Row};
use crate::ranking::Question;

use self::reach::Reach;

pub(crate) use self::conditions::{Hours, days_late, language_met};
pub(crate) use self::skills::{Link, SkillTable};
pub(crate) use self::titles::TitleTable;

/// What everything in a pool is worth for one job.
pub(crate) struct Judge<'a> {
    pub(crate) question: &'a Question<'a>,
    pub(crate) rules: &'a Rules,
    pub(crate) columns: &'a Columns,
    pub(crate) skills: SkillTable,
    reach: Reach,
    pub(crate) titles: TitleTable,
    pub(crate) standings: Vec<GateReason>,
    pub(crate) homes: Vec<GateReason>,
    pub(crate) hours: Vec<Hours>,
    pub(crate) languages: Vec<(GateReason, Share)>,
    blocked: Vec<bool>,
    pub(crate) availabilities: Vec<(GateReason, Share)>,
    rates: Vec<Option<u64>>,
    pub(crate) pay_max: Option<u64>,
}

/// The gates that are closed to a row, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClosedGates(u8);

/// A glance at one row: the gates that are closed to it, and the most that it can score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Glance {
    pub(crate) closed: ClosedGates,
    pub(crate) most: Points,
}

/// What the values of a row's own columns are worth: each was judged once for the whole pool.
struct Looked {
    closed: ClosedGates,
    overlap: Share,
    languages: Share,
    availability: Share,
}

/// What one row is worth: the gates that are closed to it, and its shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) closed: ClosedGates,
    pub(crate) skills: Share,
    pub(crate) title: Share,
    pub(crate) text: Share,
    pub(crate) experience: Share,
    pub(crate) pay: Share,
    pub(crate) overlap: Share,
    pub(crate) languages: Share,
    pub(crate) availability: Share,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(pool: &'a Pool, question: &'a Question<'a>) -> Self {
        let rules = question.policy.rules();
        let opening = question.opening;
        let over = |client: &Vec<ClientCompanyId>| client.contains(&opening.client);
        let skills = SkillTable::new(pool, opening, &rules.skills);
        let pay_max = opening.pay_max.and_then(|pay| question.exchange.yearly(&pay));
        Self {
            question,
            rules,
            columns: &pool.columns,
            reach: Reach::new(&skills),
            skills,
            titles: TitleTable::new(pool, &opening.title, &rules.title),
            standings: conditions::standings(pool, opening),
            homes: conditions::homes(pool, opening),
            hours: conditions::hours(pool, opening, &rules.overlap),
            languages: conditions::languages(pool, opening),
            blocked: pool.blocked.values().iter().map(over).collect(),
            availabilities: conditions::availabilities(pool, opening, &rules.availability),
            rates: conditions::rates(pool, question.exchange),
            pay_max,
        }
    }

    /// What a row is worth.
    pub(crate) fn measure(&self, row: u32, text: Share) -> Option<Measure> {
        let scalars = self.columns.row(row)?;
        let looked = self.looked(scalars)?;
        let (skills, must) = self.skills.share(self.columns.skills(row), None);
        let (title, months) = self.titles.share(self.columns.positions(row));
        Some(Measure {
            closed: looked.closed.and(!must, GateCode::MustSkills),
            skills,
            title,
            text,
            experience: self.experience(months),
            pay: self.pay(self.desired(scalars.currency, scalars.pay_yearly)),
            overlap: looked.overlap,
            languages: looked.languages,
            availability: looked.availability,
        })
    }

    /// The gates of a row exactly, and the most that [`Judge::measure`] can find it worth.
    pub(crate) fn glance(&self, row: u32, text: Share) -> Option<Glance> {
        let looked = self.looked(self.columns.row(row)?)?;
        let (skills, must) = self.reach.glance(&self.skills, self.columns.skills(row));
        let (title, months) = self.titles.share(self.columns.positions(row));
        let has_none = months == 0 && self.months_asked() > 0;
        let most = Measure {
            closed: looked.closed.and(!must, GateCode::MustSkills),
            skills,
            title,
            text,
            experience: if has_none { Share::NONE } else { Share::WHOLE },
            pay: Share::WHOLE,
            overlap: looked.overlap,
            languages: looked.languages,
            availability: looked.availability,
        };
        Some(Glance { closed: most.closed, most: most.score(self.rules) })
    }

    fn looked(&self, scalars: &Row) -> Option<Looked> {
        let hours = self.hours.get(scalars.place as usize)?;
        let (language, languages) = *self.languages.get(scalars.languages as usize)?;
        let (available, availability) = *self.availabilities.get(scalars.availability as usize)?;
        let standing = *self.standings.get(scalars.standing as usize)?;
        let home = *self.homes.get(scalars.home as usize)?;
        let blocked = *self.blocked.get(scalars.blocked as usize)?;
        let closed = ClosedGates::default()
            .and(standing != GateReason::Open, GateCode::Matchable)
            .and(home != GateReason::Open, GateCode::Country)
            .and(hours.reason != GateReason::Open, GateCode::Overlap)
            .and(language != GateReason::Open, GateCode::MustLanguages)
            .and(blocked, GateCode::Blocklist)
            .and(available != GateReason::Open, GateCode::Availability);
        Some(Looked { closed, overlap: hours.share, languages, availability })
    }

    /// Months in related positions against those asked for. More is not better.
    pub(crate) fn experience(&self, months: u32) -> Share {
        Share::of(u64::from(months), u64::from(self.months_asked()))
    }

    pub(crate) fn months_asked(&self) -> u16 {
        let usual = self.rules.experience.usual_months;
        self.question.opening.experience_min_months.unwrap_or(usual)
    }

    /// What a row asks for in a year, in thousandths of a euro; none when it is not known.
    pub(crate) fn desired(&self, currency: u32, yearly_minor: u64) -> Option<u64> {
        let rate = self.rates.get(currency as usize).copied().flatten()?;
        Some(convert(yearly_minor, rate))
    }

    /// All when no more is asked for than the job pays; falls to nothing at the policy's excess.
    pub(crate) fn pay(&self, desired: Option<u64>) -> Share {
        let Some(max) = self.pay_max else { return Share::WHOLE };
        let Some(desired) = desired else { return Share::new(self.rules.pay.unknown) };
        let excess = desired.saturating_sub(max);
        let allowed = max.saturating_mul(u64::from(self.rules.pay.above_percent)) / 100;
        if excess == 0 { Share::WHOLE } else { Share::of(allowed.saturating_sub(excess), allowed) }
    }
}

impl Measure {
    /// The sum of all criteria.
    pub(crate) fn score(&self, rules: &Rules) -> Points {
        let weights = &rules.weights;
        [
            Points::worth(weights.skills, self.skills),
            Points::worth(weights.title, self.title),
            Points::worth(weights.text, self.text),
            Points::worth(weights.experience, self.experience),
            Points::worth(weights.pay, self.pay),
            Points::worth(weights.overlap, self.overlap),
            Points::worth(weights.languages, self.languages),
            Points::worth(weights.availability, self.availability),
        ]
        .into_iter()
        .sum()
    }

    /// Whether every gate is open.
    pub(crate) const fn is_eligible(&self) -> bool {
        self.closed.0 == 0
    }
}

impl Glance {
    /// Whether every gate is open.
    pub(crate) const fn is_eligible(&self) -> bool {
        self.closed.0 == 0
    }
}

impl ClosedGates {
    const fn and(self, is_closed: bool, gate: GateCode) -> Self {
        Self(self.0 | (is_closed as u8) << gate as u8)
    }

    /// Whether a gate is among them.
    pub(crate) const fn has(self, gate: GateCode) -> bool {
        self.0 & 1 << gate as u8 != 0
    }
}
