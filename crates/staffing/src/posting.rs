//! What the public sees of a job: a projection, and its schema.org JobPosting.
//!
//! A projection exists only of an open job that is not internal. It has no bill rate, no client
//! id and no external reference, and of a confidential job no client name.

use kernel::{JobId, Line, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::calendar::Date;
use crate::job::life::{JobLife, JobStatus};
use crate::job::remote::{OneWay, RemoteKind, RemotePolicy};
use crate::job::{
    Description, DurationWeeks, EmploymentType, EngagementModel, Eqf, Experience, JobDraft,
    JobLanguages, JobSkills, Openings, Tags, Title, Visibility,
};
use crate::named;
use crate::pay::{Compensation, Period};

/// A job as the public sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PublicJob {
    /// Its id.
    #[schema(value_type = named::JobId)]
    pub id: JobId,
    /// Title of the position.
    #[schema(value_type = named::JobTitle)]
    pub title: Title,
    /// Description in Markdown; empty when a confidential job has none for the public.
    #[schema(value_type = named::JobDescription)]
    pub description: Description,
    /// Who hires: the client company, or the agency when that is confidential.
    pub hiring_organization: String,
    /// How the work is contracted.
    pub employment_type: EmploymentType,
    /// Who employs or contracts the person.
    pub engagement_model: Option<EngagementModel>,
    /// Where and when the work is done.
    #[schema(value_type = OneWay)]
    pub remote_policy: RemotePolicy,
    /// Skills asked for.
    pub skills: JobSkills,
    /// Languages asked for.
    pub languages: JobLanguages,
    /// Experience asked for.
    pub experience: Option<Experience>,
    /// Least level of education, in the European Qualifications Framework.
    #[schema(inline)]
    pub education_min_eqf: Option<Eqf>,
    /// What the job pays; only when it is disclosed.
    pub compensation: Option<Compensation>,
    /// How many people are wanted.
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
    #[schema(value_type = named::Tags)]
    pub tags: Tags,
    /// When it was opened.
    pub posted_at: Timestamp,
}

/// Who could stand as hiring organisation.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The agency.
    pub agency: &'a str,
    /// The client company.
    pub client: &'a Line<1, 200>,
}

impl PublicJob {
    /// What the public sees of a job; nothing unless it is open and not internal.
    #[must_use]
    pub fn project(id: JobId, job: &JobDraft, life: &JobLife, names: Names<'_>) -> Option<Self> {
        if life.status != JobStatus::Open {
            return None;
        }
        let public = job.public_description.clone();
        let (description, hires) = match job.visibility {
            Visibility::Internal => return None,
            Visibility::Public => {
                (public.unwrap_or_else(|| job.description.clone()), names.client.as_str())
            }
            // The agency's own description may name the client: never shown here.
            Visibility::Confidential => (public.unwrap_or_default(), names.agency),
        };
        Some(Self {
            id,
            title: job.title.clone(),
            description,
            hiring_organization: hires.to_owned(),
            employment_type: job.employment_type,
            engagement_model: job.engagement_model,
            remote_policy: job.remote_policy.clone(),
            skills: job.skills.clone(),
            languages: job.languages.clone(),
            experience: job.experience.clone(),
            education_min_eqf: job.education_min_eqf,
            compensation: job.compensation.clone().filter(|pay| pay.disclose),
            openings: job.openings,
            start_date: job.start_date,
            duration_weeks: job.duration_weeks,
            valid_through: job.valid_through,
            tags: job.tags.clone(),
            posted_at: life.opened_at?,
        })
    }

    /// The schema.org JobPosting, as JSON-LD.
    #[must_use]
    pub fn posting(&self) -> Value {
        let labels: Vec<&str> = self.skills.items().iter().map(|s| s.label.as_str()).collect();
        let optional = [
            ("baseSalary", self.compensation.as_ref().map(base_salary)),
            ("validThrough", self.valid_through.map(|date| json!(date))),
            ("jobStartDate", self.start_date.map(|date| json!(date))),
            ("experienceRequirements", self.experience.as_ref().and_then(experience)),
            ("skills", (!labels.is_empty()).then(|| json!(labels.join(", ")))),
        ];
        let members = json!({
            "@context": "https://schema.org/",
            "@type": "JobPosting",
            "identifier": {
                "@type": "PropertyValue", "name": self.hiring_organization, "value": self.id,
            },
            "title": self.title,
            "description": self.description,
            "datePosted": Date(self.posted_at.date()),
            "employmentType": employment_type(self.employment_type),
            "hiringOrganization": { "@type": "Organization", "name": self.hiring_organization },
            "totalJobOpenings": self.openings,
        });
        let mut posting = if let Value::Object(members) = members { members } else { Map::new() };
        posting.extend(place(&self.remote_policy));
        let given = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
        posting.extend(given.map(|(name, value)| (name.to_owned(), value)));
        Value::Object(posting)
    }
}

const fn employment_type(kind: EmploymentType) -> &'static str {
    match kind {
        EmploymentType::FullTime => "FULL_TIME",
        EmploymentType::PartTime => "PART_TIME",
        EmploymentType::Contract => "CONTRACTOR",
        EmploymentType::Temporary => "TEMPORARY",
        EmploymentType::Internship => "INTERN",
    }
}

/// A remote job says from which countries; another where its places are.
fn place(policy: &RemotePolicy) -> Vec<(String, Value)> {
    let allowed = policy.countries_allowed.as_ref().map(|list| list.items()).unwrap_or_default();
    let countries = |of: &dyn Fn(&str) -> Value| -> Option<Value> {
        let list: Vec<Value> = allowed.iter().map(|country| of(country.as_str())).collect();
        (!list.is_empty()).then_some(Value::Array(list))
    };
    let country = |code: &str| json!({ "@type": "Country", "name": code });
    let address = |code: &str| {
        let address = json!({ "@type": "PostalAddress", "addressCountry": code });
        json!({ "@type": "Place", "address": address })
    };
    let remote = policy.kind == RemoteKind::Remote;
    let members = [
        ("jobLocationType", remote.then(|| json!("TELECOMMUTE"))),
        ("applicantLocationRequirements", countries(&country).filter(|_| remote)),
        ("jobLocation", countries(&address).filter(|_| !remote)),
    ];
    let given = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
    given.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn base_salary(pay: &Compensation) -> Value {
    let unit = match pay.period {
        Period::Hour => "HOUR",
        Period::Day => "DAY",
        Period::Week => "WEEK",
        Period::Month => "MONTH",
        Period::Year => "YEAR",
    };
    json!({
        "@type": "MonetaryAmount",
        "currency": pay.currency,
        "value": {
            "@type": "QuantitativeValue",
            "minValue": major(pay.min_minor.value(), pay.currency),
            "maxValue": major(pay.max_minor.value(), pay.currency),
            "unitText": unit,
        },
    })
}

/// An amount in the currency's major unit, as schema.org has it.
fn major(minor: i64, currency: kernel::CurrencyCode) -> Value {
    let known = iso_currency::Currency::from_code(currency.as_str());
    let digits = known.and_then(iso_currency::Currency::exponent).unwrap_or(2);
    let scale = 10_i64.saturating_pow(u32::from(digits));
    if minor % scale == 0 {
        return json!(minor / scale);
    }
    // Amounts stay below 10^13, far inside what the division of two doubles gets right.
    #[expect(clippy::cast_precision_loss, reason = "both are below 2^53")]
    let amount = minor as f64 / scale as f64;
    json!(amount)
}

fn experience(asked: &Experience) -> Option<Value> {
    let months = asked.min_months?.value();
    Some(json!({ "@type": "OccupationalExperienceRequirements", "monthsOfExperience": months }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(changes: Value) -> JobDraft {
        let mut job = json!({
            "client_id": "cli_00000000000000000000000001",
            "external_ref": "REF-SECRET",
            "title": "Backend Engineer",
            "description": "For Kestrel Bank only",
            "employment_type": "contract",
            "remote_policy": { "kind": "remote", "countries_allowed": ["PT", "GR"] },
            "skills": [{ "skill_id": "local:rust", "label": "Rust", "importance": "must" }],
            "experience": { "min_months": 36 },
            "compensation": {
                "min_minor": 5_000_050, "max_minor": 6_000_000, "currency": "EUR",
                "period": "year", "kind": "gross", "disclose": true,
            },
            "bill_rate": { "amount_minor": 987_654, "currency": "EUR", "period": "day" },
            "valid_through": "2027-01-31",
        });
        crate::merge::merge(&mut job, changes);
        serde_json::from_value(job).unwrap()
    }

    fn project(changes: Value) -> Option<PublicJob> {
        let id = "job_00000000000000000000000001".parse().unwrap();
        let opened_at = Some("2026-11-22T18:30:00.000Z".parse().unwrap());
        let life = JobLife { status: JobStatus::Open, opened_at, ..JobLife::default() };
        let client = Line::parse("Kestrel Bank").unwrap();
        let names = Names { agency: "Harbour Talent", client: &client };
        PublicJob::project(id, &job(changes), &life, names)
    }

    #[test]
    fn an_internal_or_closed_job_has_no_public_face() {
        let id = "job_00000000000000000000000001".parse().unwrap();
        let client = Line::parse("Kestrel Bank").unwrap();
        let names = Names { agency: "Harbour Talent", client: &client };
        let public = job(json!({ "visibility": "public" }));

        assert!(project(json!({})).is_none());
        for status in JobStatus::ALL.iter().filter(|status| **status != JobStatus::Open) {
            let opened_at = Some(Timestamp::from_millis(0));
            let life = JobLife { status: *status, opened_at, ..JobLife::default() };
            assert!(PublicJob::project(id, &public, &life, names).is_none(), "{status:?}");
        }
    }

    #[test]
    fn a_confidential_job_never_names_the_client() {
        let seen = project(json!({ "visibility": "confidential" })).unwrap();

        let text = format!("{}{}", json!(seen), seen.posting());
        assert!(!text.contains("Kestrel") && text.contains("Harbour Talent"));
    }

    #[test]
    fn what_is_the_agency_s_own_is_never_shown() {
        let seen = project(json!({ "visibility": "public" })).unwrap();

        let text = format!("{}{}", json!(seen), seen.posting());
        for own in ["987654", "9876", "cli_", "REF-SECRET", "bill_rate"] {
            assert!(!text.contains(own), "{own}");
        }
    }

    #[test]
    fn pay_is_shown_only_when_disclosed() {
        let hidden = json!({ "visibility": "public", "compensation": { "disclose": false } });
        let seen = project(hidden).unwrap();

        assert!(seen.compensation.is_none());
        assert!(seen.posting().get("baseSalary").is_none());
    }

    #[test]
    fn the_posting_is_a_schema_org_job_posting() {
        let posting = project(json!({ "visibility": "public" })).unwrap().posting();

        let expected = json!({
            "@context": "https://schema.org/",
            "@type": "JobPosting",
            "identifier": {
                "@type": "PropertyValue",
                "name": "Kestrel Bank",
                "value": "job_00000000000000000000000001",
            },
            "title": "Backend Engineer",
            "description": "For Kestrel Bank only",
            "datePosted": "2026-11-22",
            "validThrough": "2027-01-31",
            "employmentType": "CONTRACTOR",
            "hiringOrganization": { "@type": "Organization", "name": "Kestrel Bank" },
            "totalJobOpenings": 1,
            "jobLocationType": "TELECOMMUTE",
            "applicantLocationRequirements": [
                { "@type": "Country", "name": "PT" }, { "@type": "Country", "name": "GR" },
            ],
            "baseSalary": {
                "@type": "MonetaryAmount",
                "currency": "EUR",
                "value": {
                    "@type": "QuantitativeValue",
                    "minValue": 50000.5,
                    "maxValue": 60000,
                    "unitText": "YEAR",
                },
            },
            "experienceRequirements": {
                "@type": "OccupationalExperienceRequirements", "monthsOfExperience": 36,
            },
            "skills": "Rust",
        });
        assert_eq!(posting, expected);
    }

    #[test]
    fn a_job_on_site_says_where_and_not_that_it_is_remote() {
        let site = json!({ "visibility": "public", "remote_policy": { "kind": "on_site" } });
        let posting = project(site).unwrap().posting();

        assert!(posting.get("jobLocationType").is_none());
        assert!(posting.get("applicantLocationRequirements").is_none());
        assert_eq!(posting["jobLocation"][0]["address"]["addressCountry"], "PT");
    }

    #[test]
    fn yen_have_no_minor_unit_and_dinars_three_digits() {
        let code = |text| kernel::CurrencyCode::parse(text).unwrap();

        assert_eq!(major(5_000, code("JPY")), json!(5_000));
        assert_eq!(major(5_001, code("KWD")), json!(5.001));
    }
}
