//! Applying for a public job, without a token.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use gate::App;
use http::header::CACHE_CONTROL;
use kernel::id::kinds::Job as JobKind;
use kernel::{Code, CountryCode, Problem, TimeZoneName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use staffing::candidate::CandidateDraft;
use staffing::candidate::Headline;
use staffing::candidate::consent::{Basis, Consent, ConsentGrant};
use staffing::candidate::life::{CandidateStatus, retain_until};
use staffing::candidate::personal::{PersonName, PersonalEmail, PersonalPhone, Summary};
use staffing::candidate::profile::CandidateSkills;
use store::candidates::State as CandidateState;
use store::{applications, public_jobs, tenants};
use utoipa::ToSchema;

use crate::checked::checked;
use crate::extract::{At, Facts, Patch, parse};
use crate::reply::{Answer, Reply};

/// What an applicant says. Only a schema: a candidate is made of it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only a schema")]
pub(crate) struct ApplicationForm {
    /// Given name. Personal.
    #[schema(value_type = String, min_length = 1, max_length = 100,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$")]
    given_name: PersonName,
    /// Family name. Personal.
    #[schema(value_type = String, min_length = 1, max_length = 100,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$")]
    family_name: PersonName,
    /// E-mail address. Personal.
    email: PersonalEmail,
    /// Telephone number. Personal.
    phone: Option<PersonalPhone>,
    /// What they want to say. Personal.
    #[schema(inline)]
    summary: Option<Summary>,
    /// One line about what they do.
    #[schema(inline)]
    headline: Option<Headline>,
    /// Country they work from.
    country: Option<CountryCode>,
    /// Time zone they work in.
    time_zone: TimeZoneName,
    /// Their skills.
    #[serde(default)]
    skills: CandidateSkills,
    /// Which text about the processing of their data they agree to.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9][A-Za-z0-9 ._:-]*$")]
    policy_version: String,
}

/// That it was received; nothing is said about what was known before.
#[derive(Serialize, ToSchema)]
pub(crate) struct Received {
    /// Always true.
    received: bool,
}

/// Apply for an open, public job.
///
/// No token is needed. By applying somebody agrees to the text that `policy_version` names.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/applications", operation_id = "job.apply", tag = "Jobs",
    params(("id" = String, Path, pattern = "^job_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    request_body = ApplicationForm,
    responses(
        (status = 202, description = "It was received", body = Received),
        (status = 429, description = "Too many have applied for this job within the hour"),
    ),
    extensions(("x-ringwall" = json!({
        "action": "job.apply", "access": "public", "sensitive": "high", "body_max": 65536,
        "limits": [{ "name": "apply", "by": ["address"], "max": 20, "window_s": 900 }]
    })))
)]
pub(crate) async fn apply(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    At(id): At<JobKind>,
    Patch(form): Patch,
) -> Answer {
    let (draft, policy_version) = candidate(form)?;
    let job = public_jobs::require(&app.store, id).await?;
    let permit = app.policy.system(job.tenant, "public application");
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    if applications::count(&tx, id, tx.now().minus(HOUR)).await? >= HOURLY_MAX {
        let wait = HOUR.as_secs().to_string();
        return Err(Problem::new(&TOO_MANY).header("retry-after", wait).into());
    }
    let grant = json!({
        "basis": "consent", "channel": "application form", "expires_at": null,
        "policy_version": policy_version,
    });
    let grant: ConsentGrant = parse(&grant)?;
    let months = tenants::own(&tx).await?.settings.candidate_months;
    let state = CandidateState {
        status: CandidateStatus::default(),
        consent: Consent::pending(Basis::Consent).grant(grant, tx.now())?,
        retain_until: Some(retain_until(tx.now(), months.into())),
    };
    applications::take(&mut tx, id, &draft, state).await?;
    tx.commit(None).await?;
    Ok(Reply::accepted(&Received { received: true })?.with(CACHE_CONTROL, "no-store".to_owned()))
}

/// The candidate that a form tells of, and the text that they agree to.
fn candidate(mut form: Value) -> Result<(CandidateDraft, Value), crate::reply::Refused> {
    let members = form.as_object_mut();
    let members = members.ok_or_else(|| Problem::internal("a form that is no object"))?;
    let policy_version = members.remove("policy_version").unwrap_or_default();
    members.insert("source".to_owned(), json!("application"));
    Ok((checked(parse::<CandidateDraft>(&form)?, CandidateDraft::check)?, policy_version))
}

/// A flood of applications for one job.
pub(crate) const TOO_MANY: Code = Code {
    status: 429,
    name: "jobs.too_many_applications",
    title: "Too many have applied for this job within the hour",
    mend: "Try again after `Retry-After` seconds.",
};
const HOUR: Duration = Duration::from_secs(60 * 60);
const HOURLY_MAX: u64 = 60;
