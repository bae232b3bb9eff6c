//! The answer about one candidate: eligible or not and why, points and what they rest on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::digest::Fingerprint;
use crate::points::{Points, Share};

/// How one candidate fits one job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Assessment {
    /// Whether every gate is open.
    pub eligible: bool,
    /// The sum of all criteria, in ten-thousandths of a point: 0 to 1,000,000.
    pub score: Points,
    /// Every gate, open or closed, in the order G1 to G7.
    pub gates: Vec<Gate>,
    /// Every criterion, in the order of the policy.
    pub criteria: Vec<Criterion>,
    /// The policy's version.
    pub policy_version: String,
    /// The policy's SHA-256.
    pub policy_hash: Fingerprint,
    /// SHA-256 over the job, the projection, the policy, the exchange rates and the statistics of
    /// the run: with the same inputs come the same points.
    pub inputs_hash: Fingerprint,
}

/// What must hold before points matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gate {
    /// Which gate.
    pub code: GateCode,
    /// Whether it is open.
    pub passed: bool,
    /// Why, in a word that programs can read.
    pub reason: GateReason,
    /// What it is about: a country, a skill, a language. Empty when the reason says all.
    pub detail: String,
}

/// Which gate.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GateCode {
    /// G1: there is a ground for processing, and the life cycle allows it.
    Matchable,
    /// G2: the country is allowed and the person may work there.
    Country,
    /// G3: enough hours overlap.
    Overlap,
    /// G4: the skills that must be there are there.
    MustSkills,
    /// G5: the languages that must be there are there.
    MustLanguages,
    /// G6: neither side blocked the other.
    Blocklist,
    /// G7: available in time.
    Availability,
}

/// Why a gate is open or closed.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GateReason {
    /// Nothing stands against it.
    #[default]
    Open,
    /// Consent was not given yet.
    ConsentPending,
    /// Consent was taken back, or the candidate objected.
    ConsentWithdrawn,
    /// Consent ran out.
    ConsentExpired,
    /// They asked not to be contacted.
    DoNotContact,
    /// The life cycle does not allow it.
    NotActive,
    /// The candidate's country is not known.
    CountryUnknown,
    /// The job may not be done from that country.
    CountryNotAllowed,
    /// They may not work in that country.
    NotAuthorised,
    /// Whether they may work in that country is not known.
    AuthorisationUnknown,
    /// The candidate's time zone is not known.
    TimeZoneUnknown,
    /// Too few hours overlap.
    TooLittleOverlap,
    /// A skill that must be there is missing, or too low.
    SkillMissing,
    /// A language that must be there is missing, or too low.
    LanguageMissing,
    /// The client and the candidate are kept apart.
    Blocked,
    /// Not available for now.
    NotAvailable,
    /// Available too late.
    TooLate,
}

/// One criterion's points and what they rest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Criterion {
    /// Which criterion.
    pub code: CriterionCode,
    /// How much it counts, out of 100.
    pub weight: u32,
    /// How much of it is met, in ten-thousandths.
    pub value: Share,
    /// Weight times value, in ten-thousandths of a point.
    pub points: Points,
    /// What it rests on, each with what would be lost without it.
    pub evidence: Vec<Evidence>,
    /// What would raise it, the greatest gain first.
    pub missing: Vec<Missing>,
}

/// Which criterion.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CriterionCode {
    /// Skills asked for and held.
    Skills,
    /// How near the recent positions are to the job's title.
    Title,
    /// How well the words fit, by rank within the run.
    Text,
    /// Months in related positions. More than asked for is not better.
    Experience,
    /// What they ask for against what the job pays.
    Pay,
    /// Hours that overlap.
    Overlap,
    /// Languages asked for and spoken.
    Languages,
    /// How soon they can begin.
    Availability,
}

/// Something that points rest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// What it is: `skill`, `parent_skill`, `position`, `word`, …
    pub kind: EvidenceKind,
    /// Where it stands in the candidate's profile, as a JSON pointer: `/skills/3`.
    pub reference: String,
    /// What it says, at most 200 characters.
    pub text: String,
    /// The counterfactual: what the criterion would lose without it.
    pub loss: Points,
}

/// What evidence is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// The skill that was asked for.
    Skill,
    /// A broader or narrower skill.
    ParentSkill,
    /// A skill beside the one that was asked for.
    SiblingSkill,
    /// A position held.
    Position,
    /// A word of the job that the profile has.
    Word,
    /// What they ask for.
    Pay,
    /// Working hours.
    Hours,
    /// A language.
    Language,
    /// When they can begin.
    Availability,
    /// The job asks for nothing here.
    NothingAsked,
}

/// Something that would raise a criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Missing {
    /// What, in words.
    pub text: String,
    /// What it is, so that programs can act on it.
    pub item: MissingItem,
    /// By how much the criterion would rise, at least, in ten-thousandths of a point.
    pub gain: Points,
}

/// What is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MissingItem {
    /// A skill, or more of it.
    Skill {
        /// Which.
        id: String,
        /// The level it would take.
        level: u8,
        /// The years it would take.
        years: Option<u8>,
    },
    /// Months in related positions.
    Experience {
        /// How many more.
        months: u16,
    },
    /// A language, or more of it.
    Language {
        /// Which.
        tag: String,
        /// The level it would take, from 1 for A1 to 7 for native.
        level: u8,
    },
    /// What they ask for is above what the job pays, or not known.
    Pay,
    /// More hours of overlap.
    Overlap {
        /// How many more minutes.
        minutes: u16,
    },
    /// To begin earlier, or to say when.
    Availability {
        /// How many days earlier; none when it is not known.
        days: Option<u16>,
    },
}

impl GateCode {
    /// Every gate, G1 to G7.
    pub const ALL: [Self; 7] = [
        Self::Matchable,
        Self::Country,
        Self::Overlap,
        Self::MustSkills,
        Self::MustLanguages,
        Self::Blocklist,
        Self::Availability,
    ];
}

impl CriterionCode {
    /// Every criterion.
    pub const ALL: [Self; 8] = [
        Self::Skills,
        Self::Title,
        Self::Text,
        Self::Experience,
        Self::Pay,
        Self::Overlap,
        Self::Languages,
        Self::Availability,
    ];
}
