//! What the matcher may see of a candidate.
//!
//! INVARIANT: no member here tells a name, contact data, birth date, address, photo, nationality,
//! gender, school, year of graduation or employer. Dates of past work are gone too: only how long
//! and in which order. There is no member to put them in:
//!
//! ```compile_fail,E0560
//! use matching::Projection;
//! let projection = Projection { date_of_birth: 1990, ..Projection::default() };
//! ```
//! ```compile_fail,E0609
//! fn name(projection: &matching::Projection) -> &str { &projection.family_name }
//! ```
//! Nor can text get in past the redactor:
//! ```compile_fail,E0423
//! let text: matching::redact::Redacted = matching::redact::Redacted("She".to_owned());
//! ```

pub mod experience;

use jiff::civil::Date;
use kernel::{ClientCompanyId, CountryCode, CurrencyCode, LanguageTag, TimeZoneName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::redact::Redacted;

/// What the matcher may see of a candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Projection {
    /// Whether they may be matched at all.
    pub standing: Standing,
    /// Country they work from.
    pub country: Option<CountryCode>,
    /// Time zone they work in; none is treated as unknown and fails a job that asks for overlap.
    pub time_zone: Option<TimeZoneName>,
    /// When they can work, in their time zone; the policy's usual hours when none.
    pub working_hours: Option<Hours>,
    /// Where they may work.
    pub authorisations: Vec<Authorisation>,
    /// Their skills, in the order of the profile: evidence points at `/skills/{index}`.
    pub skills: Vec<HeldSkill>,
    /// Languages they speak, in the order of the profile.
    pub languages: Vec<HeldLanguage>,
    /// Positions held, the latest first; see [`experience::positions`].
    pub positions: Vec<Position>,
    /// When they can begin.
    pub availability: Availability,
    /// What they ask for.
    pub desired_pay: Option<Pay>,
    /// Clients that they do not want, and clients that do not want them.
    pub blocked_clients: Vec<ClientCompanyId>,
    /// Headline, summary and descriptions of past work, redacted.
    pub text: Redacted,
}

/// Whether somebody may be matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Yes.
    Matchable {
        /// Until when the ground for processing holds.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        until: Option<Timestamp>,
    },
    /// Consent was not given yet.
    #[default]
    ConsentPending,
    /// Consent was taken back, or the candidate objected.
    ConsentWithdrawn,
    /// Consent ran out.
    ConsentExpired,
    /// They asked not to be contacted.
    DoNotContact,
    /// The life cycle does not allow it: neither active nor dormant.
    NotActive,
}

/// A stretch of the day in local time, in minutes since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// When it starts, 0 to 1,439.
    pub start: u16,
    /// When it ends, 0 to 1,439; not later than the start means on the next day.
    pub end: u16,
}

/// Whether somebody may work in a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorisation {
    /// Which country.
    pub country: CountryCode,
    /// Whether they may. By what right is not the matcher's affair.
    pub may_work: bool,
    /// Until when.
    pub until: Option<Date>,
}

/// A skill that somebody has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldSkill {
    /// `esco:…` or `local:…`.
    pub id: String,
    /// Its name as shown.
    pub label: String,
    /// From 1, a beginner, to 5, an expert.
    pub level: Option<u8>,
    /// Years of practice.
    pub years: Option<u8>,
    /// Months worked since it was last used; see [`experience::idle_months`]. Gaps do not count.
    pub idle_months: Option<u16>,
}

/// A language that somebody speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldLanguage {
    /// Which language.
    pub tag: LanguageTag,
    /// How well: 1 is A1, 6 is C2, 7 is native.
    pub level: u8,
}

/// A position held, without employer and dates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Its title, redacted.
    pub title: Redacted,
    /// How long it was held.
    pub months: u16,
}

/// When somebody can begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Not stated.
    #[default]
    Unknown,
    /// At once.
    Immediate,
    /// After so many days of notice.
    Notice {
        /// How many.
        days: u16,
    },
    /// From a day on.
    From {
        /// Which.
        date: Date,
    },
    /// Not for now.
    NotAvailable,
}

/// An amount of pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pay {
    /// In the currency's minor unit.
    pub amount_minor: u64,
    /// Which currency.
    pub currency: CurrencyCode,
    /// For what.
    pub period: PayPeriod,
}

/// What an amount is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayPeriod {
    /// An hour's work.
    Hour,
    /// A day's work.
    Day,
    /// A week's work.
    Week,
    /// A month's work.
    Month,
    /// A year's work.
    Year,
}
