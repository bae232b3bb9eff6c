//! Judges candidates for one job: first each distinct value of each column, then each row by
//! looking up what its values are worth.

mod conditions;
mod looked;
mod reach;
mod skills;
mod titles;

use kernel::ClientCompanyId;

use crate::assessment::{GateCode, GateReason};
use crate::exchange::convert;
use crate::points::{Points, Share};
use crate::policy::Rules;
use crate::pool::{Columns, Conditions, Pool};
use crate::ranking::Question;

use self::looked::Looked;
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
    pub(crate) availabilities: Vec<(GateReason, Share)>,
    looked: Looked,
    rates: Vec<Option<u64>>,
    pub(crate) pay_max: Option<u64>,
}

/// The gates that are closed to a row, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClosedGates(u8);

/// A glance at one row: the gates that are closed to it, and the points that its conditions get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Glance {
    pub(crate) closed: ClosedGates,
    points: Points,
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
        let blocked: Vec<bool> = pool.blocked.values().iter().map(over).collect();
        let mut judge = Self {
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
            availabilities: conditions::availabilities(pool, opening, &rules.availability),
            looked: Looked::default(),
            rates: conditions::rates(pool, question.exchange),
            pay_max,
        };
        judge.looked = Looked::new(&judge, &blocked);
        judge
    }

    /// What a row is worth.
    pub(crate) fn measure(&self, row: u32, text: Share) -> Option<Measure> {
        let (scalars, conditions) = (self.columns.row(row)?, self.columns.conditions(row)?);
        let (skills, must) = self.skills.share(self.columns.skills(row), None);
        let (title, months) = self.titles.share(self.columns.positions(row));
        Some(Measure {
            closed: self.closed(conditions)?.and(!must, GateCode::MustSkills),
            skills,
            title,
            text,
            experience: self.experience(months),
            pay: self.pay(self.desired(scalars.currency, scalars.pay_yearly)),
            overlap: self.hours.get(conditions.place as usize)?.share,
            languages: self.languages.get(conditions.languages as usize)?.1,
            availability: self.availabilities.get(conditions.availability as usize)?.1,
        })
    }

    /// The gates of a row exactly.
    pub(crate) fn glance(&self, row: u32) -> Option<Glance> {
        let (closed, points) = self.looked.of(self.columns.conditions(row)?)?;
        let lacks = self.skills.lacks_must(self.columns.skills(row));
        Some(Glance { closed: closed.and(lacks, GateCode::MustSkills), points })
    }

    /// The most that [`Judge::measure`] can find a row worth.
    pub(crate) fn most(&self, row: u32, glance: &Glance, text: Share) -> Points {
        let weights = &self.rules.weights;
        let skills = self.reach.most(&self.skills, self.columns.skills(row));
        let (title, months) = self.titles.share(self.columns.positions(row));
        let has_none = months == 0 && self.months_asked() > 0;
        let experience = if has_none { Share::NONE } else { Share::WHOLE };
        [
            glance.points,
            Points::worth(weights.skills, skills),
            Points::worth(weights.title, title),
            Points::worth(weights.text, text),
            Points::worth(weights.experience, experience),
            Points::worth(weights.pay, Share::WHOLE),
        ]
        .into_iter()
        .sum()
    }

    fn closed(&self, conditions: &Conditions) -> Option<ClosedGates> {
        self.looked.of(conditions).map(|(closed, _)| closed)
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
        self.closed.is_none()
    }
}

impl ClosedGates {
    /// How many choices of gates there are.
    pub(crate) const CHOICES: usize = 1 << 7;

    const fn and(self, is_closed: bool, gate: GateCode) -> Self {
        Self(self.0 | (is_closed as u8) << gate as u8)
    }

    /// Whether every gate is open.
    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// As a number below [`ClosedGates::CHOICES`].
    pub(crate) const fn choice(self) -> usize {
        (self.0 & 0x7f) as usize
    }

    /// The gates that a number stands for.
    pub(crate) const fn chosen(choice: usize) -> Self {
        Self((choice & 0x7f) as u8)
    }

    /// Whether a gate is among them.
    pub(crate) const fn has(self, gate: GateCode) -> bool {
        self.0 & 1 << gate as u8 != 0
    }
}
