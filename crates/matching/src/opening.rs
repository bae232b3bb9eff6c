//! What the matcher sees of a job.

use jiff::civil::Date;
use kernel::{ClientCompanyId, CountryCode, LanguageTag, TimeZoneName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::digest::Fingerprint;
use crate::projection::{Hours, Pay};

/// What the matcher sees of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Whose position it is; compared with blocklists and nothing else.
    pub client: ClientCompanyId,
    /// Title of the position.
    pub title: String,
    /// Its description.
    pub description: String,
    /// How the person would be engaged; none is treated as not decided.
    pub engagement: Option<Engagement>,
    /// From where the work may be done.
    pub countries: Countries,
    /// The team's time zone; the agency's when the job has none.
    pub time_zone: TimeZoneName,
    /// When everybody works, in the team's time zone; the policy's usual hours when none.
    pub core_hours: Option<Hours>,
    /// Minutes of a day that must overlap with the core hours.
    pub min_overlap_minutes: u16,
    /// Skills asked for, at most 50.
    pub skills: Vec<WantedSkill>,
    /// Languages asked for, at most 10.
    pub languages: Vec<WantedLanguage>,
    /// Months of related experience asked for.
    pub experience_min_months: Option<u16>,
    /// The most that it pays.
    pub pay_max: Option<Pay>,
    /// First day of work; the day of the ranking when it is open.
    pub start: Date,
    /// The moment of the ranking: consent and notice are counted from here.
    pub now: Timestamp,
}

/// How the person would be engaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engagement {
    /// Employed by an employer of record.
    Eor,
    /// As a contractor.
    Contractor,
    /// Employed by the client.
    DirectHire,
}

/// From where the work may be done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Countries {
    /// Only these; any when none.
    pub allowed: Option<Vec<CountryCode>>,
    /// Never these.
    pub excluded: Vec<CountryCode>,
}

/// A skill that a job asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedSkill {
    /// `esco:…` or `local:…`.
    pub id: String,
    /// Its name as shown.
    pub label: String,
    /// The level asked for, 1 to 5.
    pub level: Option<u8>,
    /// Years of practice asked for.
    pub min_years: Option<u8>,
    /// How much it matters.
    pub importance: Importance,
}

/// How much a skill matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Importance {
    /// Without it nobody is eligible.
    Must,
    /// Wanted.
    Should,
    /// Welcome.
    Nice,
}

/// A language that a job asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedLanguage {
    /// Which language.
    pub tag: LanguageTag,
    /// The least level: 1 is A1, 6 is C2, 7 is native.
    pub level: u8,
    /// Whether nobody is eligible without it.
    pub must: bool,
}

impl Opening {
    /// The fingerprint of everything above.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self)
    }
}
