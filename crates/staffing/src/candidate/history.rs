//! Where a candidate worked and learnt.

use kernel::{FieldError, Line, Pii, Prose, Purpose};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::bounded::{Item, List, Whole};
use crate::calendar::Month;
use crate::document::Document;
use crate::job::Eqf;
use crate::named;

/// Past and present employments.
pub type Employments = List<PastEmployment, 0, 50>;
/// Education.
pub type Educations = List<Education, 0, 20>;
/// Certificates.
pub type Certifications = List<Certification, 0, 50>;
/// Title of a past position.
pub type PastTitle = Line<1, 200>;
/// Who the employer was.
pub type Employer = Pii<Line<1, 200>>;
/// What the work was.
pub type WorkDescription = Pii<Prose<4_000>>;
/// A field of study.
pub type Field = Line<1, 200>;
/// A school or university.
pub type Institution = Pii<Line<1, 200>>;
/// The calendar year in which an education ended; personal, for it tells the age.
pub type EndYear = Pii<Whole<1900, 2200>>;
/// What a certificate is called.
pub type CertificationName = Line<1, 200>;

/// A past or present employment.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PastEmployment {
    /// Title of the position.
    #[schema(value_type = named::PastTitle)]
    pub title: PastTitle,
    /// Who the employer was. Personal.
    #[schema(inline)]
    pub employer: Option<Employer>,
    /// First month.
    pub start_month: Option<Month>,
    /// Last month; none when it goes on.
    pub end_month: Option<Month>,
    /// What the work was. Personal.
    #[schema(inline)]
    pub description: Option<WorkDescription>,
}

/// Something learnt.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Education {
    /// Level in the European Qualifications Framework.
    #[schema(inline)]
    pub eqf: Option<Eqf>,
    /// Field of study.
    #[schema(inline)]
    pub field: Option<Field>,
    /// School or university. Personal.
    #[schema(inline)]
    pub institution: Option<Institution>,
    /// Year in which it ended. Personal.
    #[schema(inline)]
    pub end_year: Option<EndYear>,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Certification {
    /// What it is called.
    #[schema(value_type = named::CertificationName)]
    pub name: CertificationName,
    /// Who gave it.
    #[schema(inline)]
    pub issuer: Option<CertificationName>,
    /// When it was given.
    pub issued_month: Option<Month>,
    /// Until when it is good.
    pub expires_month: Option<Month>,
}

impl PastEmployment {
    pub(super) fn check(&self, index: usize) -> Option<FieldError> {
        let (start, end) = (self.start_month?, self.end_month?);
        (start > end).then(|| {
            FieldError::new(
                format!("/employments_history/{index}/end_month"),
                "range",
                "expected `end_month` to be no earlier than `start_month`",
            )
        })
    }

    pub(super) fn document(&self, purpose: Purpose) -> Value {
        self.professional()
            .personal("employer", self.employer.as_ref(), purpose)
            .personal("description", self.description.as_ref(), purpose)
            .into()
    }

    pub(super) fn professional(&self) -> Document {
        Document::default()
            .clear("title", &self.title)
            .clear("start_month", &self.start_month)
            .clear("end_month", &self.end_month)
    }
}

impl Education {
    pub(super) fn document(&self, purpose: Purpose) -> Value {
        self.professional()
            .personal("institution", self.institution.as_ref(), purpose)
            .personal("end_year", self.end_year.as_ref(), purpose)
            .into()
    }

    pub(super) fn professional(&self) -> Document {
        Document::default().clear("eqf", &self.eqf).clear("field", &self.field)
    }
}

impl Item for PastEmployment {}
impl Item for Education {}
impl Item for Certification {}
