//! Employments: a worker's engagement for a client company. What a caller may write; the life
//! cycle is in [`life`], changes of terms in [`amendment`].

pub mod amendment;
pub mod change;
pub mod form;
pub mod life;
pub mod worker;

use kernel::{
    CandidateId, ClientCompanyId, CountryCode, EmploymentId, FieldError, JobId, Line, MatchId,
    Purpose,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use self::form::PersonalCountryData;
use self::worker::{BirthDate, PersonalBankAccount, PersonalNationalId, PersonalTaxId};
use crate::bounded::{Item, List, Whole};
use crate::calendar::Date;
use crate::candidate::personal::{PersonName, PersonalAddress, PersonalEmail, PersonalPhone};
use crate::candidate::profile::WeeklyHours;
use crate::client::ExternalRef;
use crate::document::Document;
use crate::named;
use crate::pay::{AmountMinor, BillRate, Period};

/// What the worker is employed as.
pub type EmployedAs = Line<1, 200>;
/// A department of the client company.
pub type Department = Line<1, 120>;
/// A reference of another system.
pub type Reference = Line<1, 128>;
/// Days of notice that end the contract.
pub type NoticePeriod = Whole<0, 365>;
/// What is to be done before the work begins.
pub type Tasks = List<Task, 0, 50>;
/// What a task is called.
pub type TaskCode = Line<1, 64>;

/// Everything that a caller may write about an employment.
///
/// It cannot be printed or serialised: personal members are opened by
/// [`EmploymentDraft::document`] for a stated purpose, and [`EmploymentDraft::terms`] is what is
/// left without them.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmploymentDraft {
    /// The caller's own name for it; unique among what this caller wrote down.
    #[schema(inline)]
    pub external_ref: Option<ExternalRef>,
    /// Who works.
    #[schema(value_type = named::CandidateId)]
    pub candidate_id: CandidateId,
    /// For whom.
    #[schema(value_type = named::ClientCompanyId)]
    pub client_id: ClientCompanyId,
    /// The job that was filled.
    pub job_id: Option<JobId>,
    /// The match that led here.
    pub match_id: Option<MatchId>,
    /// The employment before this one, of a worker who comes back.
    pub previous_employment_id: Option<EmploymentId>,
    /// Given name in law. Personal.
    #[schema(inline)]
    pub legal_given_name: Option<PersonName>,
    /// Family name in law. Personal.
    #[schema(inline)]
    pub legal_family_name: Option<PersonName>,
    /// E-mail address at home. Personal.
    pub personal_email: Option<PersonalEmail>,
    /// E-mail address at work. Personal.
    pub work_email: Option<PersonalEmail>,
    /// Telephone number. Personal.
    pub phone: Option<PersonalPhone>,
    /// Postal address. Personal.
    pub address: Option<PersonalAddress>,
    /// Date of birth. Sensitive: masked, except when it is revealed.
    pub date_of_birth: Option<BirthDate>,
    /// Number in a register of persons. Sensitive.
    pub national_id: Option<PersonalNationalId>,
    /// Tax number. Sensitive.
    #[schema(inline)]
    pub tax_id: Option<PersonalTaxId>,
    /// Where the pay goes. Sensitive.
    pub bank_account: Option<PersonalBankAccount>,
    /// What the country's form asks for. Sensitive.
    #[schema(inline)]
    pub country_data: Option<PersonalCountryData>,
    /// Who employs or contracts the worker.
    pub engagement_model: Engagement,
    /// What kind of contract it is.
    pub contract_type: ContractType,
    /// Country of work.
    pub country: CountryCode,
    /// The legal entity that employs.
    #[schema(inline)]
    pub entity_ref: Option<Reference>,
    /// What the worker is employed as.
    #[schema(value_type = named::EmployedAs)]
    pub job_title: EmployedAs,
    /// Department of the client company.
    #[schema(inline)]
    pub department: Option<Department>,
    /// Whom the worker reports to, as another system names them.
    #[schema(inline)]
    pub manager_ref: Option<Reference>,
    /// First day of work; provisional until the employment is active.
    pub start_date: Date,
    /// From when on seniority counts, when that is before the first day.
    pub seniority_date: Option<Date>,
    /// Last day by contract; none when it is open-ended.
    pub end_date: Option<Date>,
    /// Last day of the probation period.
    pub probation_end_date: Option<Date>,
    /// Days of notice that end the contract.
    #[schema(inline)]
    pub notice_period_days: Option<NoticePeriod>,
    /// Hours a week.
    #[schema(inline)]
    pub weekly_hours: Option<WeeklyHours>,
    /// What the worker is paid; changed by amendments once the employment is active.
    pub compensation: Option<Pay>,
    /// What the client is billed. Confidential: for recruiters only.
    pub bill_rate: Option<BillRate>,
    /// How often the worker is paid.
    pub pay_frequency: Option<PayFrequency>,
    /// What is to be done before the work begins.
    #[serde(default)]
    pub onboarding_tasks: Tasks,
    /// Whether it may be active beside another one of the same worker for the same client.
    #[serde(default)]
    pub concurrent_ok: bool,
}

/// Who employs or contracts a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engagement {
    /// An employer of record.
    Eor,
    /// Nobody: the worker is a contractor.
    Contractor,
    /// The client company.
    Direct,
    /// The agency, as temporary staff.
    AgencyTemp,
}

/// What kind of contract it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContractType {
    /// Until further notice.
    Indefinite,
    /// Until a day.
    FixedTerm,
    /// A contractor's, paid by time.
    ContractorOngoing,
    /// A contractor's, paid by result.
    ContractorMilestone,
    /// Temporary staff.
    Temp,
}

/// What a worker is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pay {
    /// The amount, in minor units.
    #[schema(value_type = named::AmountMinor)]
    pub amount_minor: AmountMinor,
    /// Active ISO 4217 currency.
    pub currency: kernel::CurrencyCode,
    /// What it is paid for.
    pub period: Period,
}

/// How often a worker is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayFrequency {
    /// Every week.
    Weekly,
    /// Every two weeks.
    Biweekly,
    /// Twice a month.
    Semimonthly,
    /// Every month.
    Monthly,
}

/// Something to be done before the work begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// What it is called.
    #[schema(value_type = named::TaskCode)]
    pub code: TaskCode,
    /// How far it is.
    pub status: TaskStatus,
    /// Whether the work must not begin without it.
    #[serde(default)]
    pub required: bool,
}

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// To be done.
    Pending,
    /// Done.
    Done,
    /// Not needed after all.
    Waived,
}

impl Item for Task {}

/// Members that hold personal data, each in a column of its own.
pub const PERSONAL: &[&str] =
    &["legal_given_name", "legal_family_name", "personal_email", "work_email", "phone", "address"];
/// Members under the sensitive key and scope, masked by default.
pub const SENSITIVE: &[&str] =
    &["date_of_birth", "national_id", "tax_id", "bank_account", "country_data"];

impl EmploymentDraft {
    /// The rules between members, and what the country's form says of what is there.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let order = [(self.end_date, "end_date"), (self.probation_end_date, "probation_end_date")];
        let late = order.into_iter().filter(|(date, _)| date.is_some_and(|d| d < self.start_date));
        let mut errors: Vec<_> = late
            .map(|(_, name)| {
                let detail = format!("expected `{name}` to be no earlier than `start_date`");
                FieldError::new(format!("/{name}"), "range", detail)
            })
            .collect();
        if self.contract_type == ContractType::FixedTerm && self.end_date.is_none() {
            let detail = "expected the last day of a fixed-term contract";
            errors.push(FieldError::new("/end_date", "required", detail));
        }
        errors.extend(form::check(self));
        errors
    }

    /// What the country's form still lacks; empty when it is complete.
    #[must_use]
    pub fn lacks(&self) -> Vec<FieldError> {
        form::lacks(self)
    }

    /// Every writable member, with personal and sensitive data opened.
    #[must_use]
    pub fn document(&self, purpose: Purpose) -> Value {
        Document::from(self.terms())
            .personal("legal_given_name", self.legal_given_name.as_ref(), purpose)
            .personal("legal_family_name", self.legal_family_name.as_ref(), purpose)
            .personal("personal_email", self.personal_email.as_ref(), purpose)
            .personal("work_email", self.work_email.as_ref(), purpose)
            .personal("phone", self.phone.as_ref(), purpose)
            .personal("address", self.address.as_ref(), purpose)
            .personal("date_of_birth", self.date_of_birth.as_ref(), purpose)
            .personal("national_id", self.national_id.as_ref(), purpose)
            .personal("tax_id", self.tax_id.as_ref(), purpose)
            .personal("bank_account", self.bank_account.as_ref(), purpose)
            .personal("country_data", self.country_data.as_ref(), purpose)
            .into()
    }

    /// The members that are about the contract, not the person.
    #[must_use]
    pub fn terms(&self) -> Value {
        Document::default()
            .clear("external_ref", &self.external_ref)
            .clear("candidate_id", &self.candidate_id)
            .clear("client_id", &self.client_id)
            .clear("job_id", &self.job_id)
            .clear("match_id", &self.match_id)
            .clear("previous_employment_id", &self.previous_employment_id)
            .clear("engagement_model", &self.engagement_model)
            .clear("contract_type", &self.contract_type)
            .clear("country", &self.country)
            .clear("entity_ref", &self.entity_ref)
            .clear("job_title", &self.job_title)
            .clear("department", &self.department)
            .clear("manager_ref", &self.manager_ref)
            .clear("start_date", &self.start_date)
            .clear("seniority_date", &self.seniority_date)
            .clear("end_date", &self.end_date)
            .clear("probation_end_date", &self.probation_end_date)
            .clear("notice_period_days", &self.notice_period_days)
            .clear("weekly_hours", &self.weekly_hours)
            .clear("compensation", &self.compensation)
            .clear("bill_rate", &self.bill_rate)
            .clear("pay_frequency", &self.pay_frequency)
            .clear("onboarding_tasks", &self.onboarding_tasks)
            .clear("concurrent_ok", &self.concurrent_ok)
            .into()
    }
}

/// What transitions look at, of an employment's terms.
#[derive(Clone, Debug, Deserialize)]
pub struct Gist {
    /// Who works.
    pub candidate_id: CandidateId,
    /// For whom.
    pub client_id: ClientCompanyId,
    /// First day of work.
    pub start_date: Date,
    /// Last day by contract.
    pub end_date: Option<Date>,
    /// What is to be done before the work begins.
    #[serde(default)]
    pub onboarding_tasks: Tasks,
}

impl Gist {
    /// Whether nothing required is left to be done.
    #[must_use]
    pub fn has_tasks_done(&self) -> bool {
        let open = |task: &Task| task.required && task.status == TaskStatus::Pending;
        !self.onboarding_tasks.items().iter().any(open)
    }
}
