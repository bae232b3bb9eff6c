//! Jobs: the positions to fill. What a caller may write; the life cycle is in [`life`].

pub mod life;
pub mod remote;

use kernel::{ClientCompanyId, FieldError, Line, Prose};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::remote::RemotePolicy;
use crate::bounded::{List, Whole};
use crate::calendar::Date;
use crate::client::ExternalRef;
use crate::named;
use crate::pay::{BillRate, Compensation};
use crate::skill::{JobLanguage, JobSkill};

/// A job's title.
pub type Title = Line<3, 200>;
/// Markdown.
pub type Description = Prose<20_000>;
/// The skills asked for.
pub type JobSkills = List<JobSkill, 0, 50>;
/// The languages asked for.
pub type JobLanguages = List<JobLanguage, 0, 10>;
/// A level of the European Qualifications Framework.
pub type Eqf = Whole<1, 8>;
/// How many people are wanted.
pub type Openings = Whole<1, 999>;
/// How long the work lasts.
pub type DurationWeeks = Whole<1, 520>;
/// Free labels.
pub type Tags = List<Line<1, 40>, 0, 20>;
/// Months of experience: at most 60 years.
pub type Months = Whole<0, 720>;

/// Everything that a caller may write about a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobDraft {
    /// The client company whose position it is.
    #[schema(value_type = named::ClientCompanyId)]
    pub client_id: ClientCompanyId,
    /// The caller's own name for it; unique in the tenant.
    #[schema(inline)]
    pub external_ref: Option<ExternalRef>,
    /// Title of the position.
    #[schema(value_type = named::JobTitle)]
    pub title: Title,
    /// Full description in Markdown, for the agency's own eyes.
    #[schema(value_type = named::JobDescription)]
    pub description: Description,
    /// Description in Markdown for the public; of a confidential job the only one they see.
    #[schema(inline)]
    pub public_description: Option<Description>,
    /// Who may see the job.
    #[serde(default)]
    pub visibility: Visibility,
    /// How the work is contracted.
    pub employment_type: EmploymentType,
    /// Who employs or contracts the person.
    pub engagement_model: Option<EngagementModel>,
    /// Where and when the work is done.
    #[schema(value_type = remote::OneWay)]
    pub remote_policy: RemotePolicy,
    /// Skills asked for.
    #[serde(default)]
    pub skills: JobSkills,
    /// Languages asked for.
    #[serde(default)]
    pub languages: JobLanguages,
    /// Experience asked for.
    pub experience: Option<Experience>,
    /// Least level of education, in the European Qualifications Framework.
    #[schema(inline)]
    pub education_min_eqf: Option<Eqf>,
    /// What the job pays.
    pub compensation: Option<Compensation>,
    /// What the client is billed. Confidential: for recruiters and administrators only.
    pub bill_rate: Option<BillRate>,
    /// How many people are wanted; one when not given.
    #[serde(default = "one")]
    #[schema(value_type = named::Openings)]
    pub openings: Openings,
    /// First day of work.
    pub start_date: Option<Date>,
    /// How many weeks the work lasts; none when it is open-ended.
    #[schema(inline)]
    pub duration_weeks: Option<DurationWeeks>,
    /// Last day for applications.
    pub valid_through: Option<Date>,
    /// Free labels.
    #[serde(default)]
    #[schema(value_type = named::Tags)]
    pub tags: Tags,
}

/// Who may see a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody.
    Public,
    /// The agency.
    #[default]
    Internal,
    /// Everybody, without the client's name.
    Confidential,
}

/// How work is contracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmploymentType {
    /// Full time.
    FullTime,
    /// Part time.
    PartTime,
    /// As a contractor.
    Contract,
    /// As temporary staff.
    Temporary,
    /// As an intern.
    Internship,
}

/// Who employs or contracts the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngagementModel {
    /// An employer of record.
    Eor,
    /// Nobody: the person is a contractor.
    Contractor,
    /// The client company.
    DirectHire,
}

/// Experience asked for, in months.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Experience {
    /// The least.
    #[schema(inline)]
    pub min_months: Option<Months>,
    /// The most; not below the least.
    #[schema(inline)]
    pub max_months: Option<Months>,
}

impl JobDraft {
    /// The rules between members. The types hold all others.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        [
            self.compensation.as_ref().and_then(Compensation::check),
            self.experience.as_ref().and_then(Experience::check),
        ]
        .into_iter()
        .flatten()
        .chain(self.remote_policy.check())
        .collect()
    }
}

impl Experience {
    fn check(&self) -> Option<FieldError> {
        let (least, most) = (self.min_months?, self.max_months?);
        (least > most).then(|| {
            FieldError::new(
                "/experience/max_months",
                "range",
                "expected `max_months` to be at least `min_months`",
            )
        })
    }
}

const fn one() -> Openings {
    Openings::LEAST
}
