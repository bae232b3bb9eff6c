//! What a candidate can do, where, and when. About work, not about the person.

use kernel::CountryCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bounded::{Item, List, Whole};
use crate::calendar::Date;
use crate::skill::{CandidateLanguage, CandidateSkill};

/// Where somebody may work.
pub type Authorisations = List<WorkAuthorisation, 0, 50>;
/// What somebody can do.
pub type CandidateSkills = List<CandidateSkill, 0, 200>;
/// What somebody speaks.
pub type CandidateLanguages = List<CandidateLanguage, 0, 20>;
/// Days of notice.
pub type NoticeDays = Whole<0, 365>;
/// Hours a week.
pub type WeeklyHours = Whole<1, 80>;

/// Whether somebody may work in a country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkAuthorisation {
    /// Which country.
    pub country: CountryCode,
    /// By what right.
    pub kind: AuthorisationKind,
    /// Until when.
    pub until: Option<Date>,
}

/// By what right somebody may work in a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorisationKind {
    /// As a citizen, or with a citizen's rights.
    Citizen,
    /// With a permit.
    Permit,
    /// By none.
    None,
}

/// When and how much somebody can work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Availability {
    /// How soon.
    pub status: AvailabilityStatus,
    /// Days of notice to give.
    #[schema(inline)]
    pub notice_days: Option<NoticeDays>,
    /// From which day.
    pub from: Option<Date>,
    /// Hours a week.
    #[schema(inline)]
    pub weekly_hours: Option<WeeklyHours>,
}

/// How soon somebody can work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AvailabilityStatus {
    /// At once.
    Immediate,
    /// After a period of notice.
    Notice,
    /// From a day on.
    Date,
    /// Not for now.
    NotAvailable,
}

impl Item for WorkAuthorisation {}
