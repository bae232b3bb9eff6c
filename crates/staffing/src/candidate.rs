//! Candidates: people to place. What a caller may write; the life cycle is in [`life`].

pub mod consent;
pub mod history;
pub mod joined;
pub mod life;
pub mod personal;
pub mod profile;

use kernel::{CountryCode, FieldError, Line, Purpose, TimeZoneName};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use self::history::{Certifications, Educations, Employments};
use self::personal::{PersonName, PersonalAddress, PersonalEmail, PersonalPhone, Summary};
use self::profile::{Authorisations, Availability, CandidateLanguages, CandidateSkills};
use crate::calendar::Window;
use crate::client::ExternalRef;
use crate::document::Document;
use crate::job::{Months, Tags};
use crate::named;
use crate::pay::DesiredCompensation;

/// One line about what somebody does.
pub type Headline = Line<1, 200>;
/// Where a candidate was found.
pub type Source = Line<1, 64>;

/// Everything that a caller may write about a candidate.
///
/// It cannot be printed or serialised: personal members are opened by [`CandidateDraft::document`]
/// for a stated purpose, and [`CandidateDraft::professional`] is what is left without them.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CandidateDraft {
    /// Given name. Personal.
    #[schema(value_type = named::PersonName)]
    pub given_name: PersonName,
    /// Family name. Personal.
    #[schema(value_type = named::PersonName)]
    pub family_name: PersonName,
    /// The name to call them by. Personal.
    #[schema(inline)]
    pub preferred_name: Option<PersonName>,
    /// E-mail address; unique in the tenant. Personal.
    pub email: PersonalEmail,
    /// Telephone number. Personal.
    pub phone: Option<PersonalPhone>,
    /// Postal address. Personal.
    pub address: Option<PersonalAddress>,
    /// Free text about them. Personal.
    #[schema(inline)]
    pub summary: Option<Summary>,
    /// Country they work from.
    pub country: Option<CountryCode>,
    /// Time zone they work in.
    pub time_zone: TimeZoneName,
    /// Where they may work. Nationality is not stored.
    #[serde(default)]
    pub work_authorisation: Authorisations,
    /// One line about what they do.
    #[schema(inline)]
    pub headline: Option<Headline>,
    /// Their skills.
    #[serde(default)]
    pub skills: CandidateSkills,
    /// Languages they speak.
    #[serde(default)]
    pub languages: CandidateLanguages,
    /// Months of experience in all.
    #[schema(inline)]
    pub experience_months_total: Option<Months>,
    /// Past and present employments.
    #[serde(default)]
    pub employments_history: Employments,
    /// Education.
    #[serde(default)]
    pub education: Educations,
    /// Certificates.
    #[serde(default)]
    pub certifications: Certifications,
    /// When and how much they can work.
    pub availability: Option<Availability>,
    /// What they ask for.
    pub desired_compensation: Option<DesiredCompensation>,
    /// When they can work, in their time zone.
    pub overlap_window: Option<Window>,
    /// Where they were found.
    #[schema(inline)]
    pub source: Option<Source>,
    /// The caller's own name for them; unique in the tenant.
    #[schema(inline)]
    pub external_ref: Option<ExternalRef>,
    /// Free labels.
    #[serde(default)]
    #[schema(value_type = named::Tags)]
    pub tags: Tags,
    /// Whether they asked not to be contacted; then they are not matched either.
    #[serde(default)]
    pub do_not_contact: bool,
}

impl CandidateDraft {
    /// The rules between members. The types hold all others.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let employments = self.employments_history.items().iter().enumerate();
        employments.filter_map(|(index, employment)| employment.check(index)).collect()
    }

    /// Every writable member, with personal data opened.
    #[must_use]
    pub fn document(&self, purpose: Purpose) -> Value {
        let employments = self.employments_history.items().iter();
        let education = self.education.items().iter();
        Document::from(self.professional())
            .personal("given_name", Some(&self.given_name), purpose)
            .personal("family_name", Some(&self.family_name), purpose)
            .personal("preferred_name", self.preferred_name.as_ref(), purpose)
            .personal("email", Some(&self.email), purpose)
            .personal("phone", self.phone.as_ref(), purpose)
            .personal("address", self.address.as_ref(), purpose)
            .personal("summary", self.summary.as_ref(), purpose)
            .clear("employments_history", &list(employments.map(|e| e.document(purpose))))
            .clear("education", &list(education.map(|e| e.document(purpose))))
            .into()
    }

    /// The members that a caller without permission for personal data may see.
    #[must_use]
    pub fn professional(&self) -> Value {
        let employments = self.employments_history.items().iter();
        let education = self.education.items().iter();
        Document::default()
            .clear("country", &self.country)
            .clear("time_zone", &self.time_zone)
            .clear("work_authorisation", &self.work_authorisation)
            .clear("headline", &self.headline)
            .clear("skills", &self.skills)
            .clear("languages", &self.languages)
            .clear("experience_months_total", &self.experience_months_total)
            .clear("employments_history", &list(employments.map(|e| e.professional().into())))
            .clear("education", &list(education.map(|e| e.professional().into())))
            .clear("certifications", &self.certifications)
            .clear("availability", &self.availability)
            .clear("desired_compensation", &self.desired_compensation)
            .clear("overlap_window", &self.overlap_window)
            .clear("source", &self.source)
            .clear("external_ref", &self.external_ref)
            .clear("tags", &self.tags)
            .clear("do_not_contact", &self.do_not_contact)
            .into()
    }
}

fn list(items: impl Iterator<Item = Value>) -> Vec<Value> {
    items.collect()
}
