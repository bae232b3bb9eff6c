//! Moving jobs through their life.

use std::sync::Arc;

use axum::extract::State;
use gate::{App, Dossier};
use kernel::JobId;
use kernel::id::kinds::Job as JobKind;
use serde::Deserialize;
use staffing::event::JobEvent;
use staffing::job::life::{CloseReason, JobLife, JobMove, Setting};
use store::jobs::{self, Sheet, Step};
use store::tenants;
use utoipa::ToSchema;

use super::{JobView, view};
use crate::checked::current;
use crate::extract::{At, Body, Facts, IfMatch, Permit};
use crate::may::May;
use crate::reply::{Answer, Reply};

/// How many people were found so far.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fill {
    /// Of the people wanted, how many were found: all, to fill the job.
    #[schema(minimum = 0, maximum = 999)]
    filled_count: u16,
}

/// Why a job ends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Close {
    /// Why.
    reason: CloseReason,
}

/// Ask for a job to be approved.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/submit", operation_id = "job.submit", tag = "Jobs",
    params(
        ("id" = String, Path, pattern = "^job_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = JobView)),
    extensions(("x-ringwall" = json!({"action": "job.submit"})))
)]
pub(crate) async fn submit(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<JobKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), Attempt::of(JobMove::Submit)).await
}

/// Approve a job, which opens it: for recruiters.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/approve", operation_id = "job.approve", tag = "Jobs",
    params(
        ("id" = String, Path, pattern = "^job_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = JobView)),
    extensions(("x-ringwall" = json!({"action": "job.approve"})))
)]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<JobKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), Attempt::of(JobMove::Approve)).await
}

/// Open a job, or take candidates again after a pause.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/open", operation_id = "job.open", tag = "Jobs",
    params(
        ("id" = String, Path, pattern = "^job_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = JobView)),
    extensions(("x-ringwall" = json!({"action": "job.open"})))
)]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<JobKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), Attempt::of(JobMove::Open)).await
}

/// Take no candidates for now.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/pause", operation_id = "job.pause", tag = "Jobs",
    params(
        ("id" = String, Path, pattern = "^job_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = JobView)),
    extensions(("x-ringwall" = json!({"action": "job.pause"})))
)]
pub(crate) async fn pause(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<JobKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), Attempt::of(JobMove::Pause)).await
}

/// Take candidates again after a pause.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/resume", operation_id = "job.resume", tag = "Jobs",
    params(
        ("id" = String, Path, pattern = "^job_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = JobView)),
    extensions(("x-ringwall" = json!({"action": "job.open"})))
)]
pub(crate) async fn resume(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<JobKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), Attempt::of(JobMove::Resume)).await
}

/// Call a job off that never was open.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/cancel", operation_id = "job.cancel", tag = "Jobs",
    params(
        ("id" = String, Path, pattern = "^job_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = JobView)),
    extensions(("x-ringwall" = json!({"action": "job.cancel"})))
)]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<JobKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), Attempt::of(JobMove::Cancel)).await
}

/// Open a job again, within 90 days of its closing.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/reopen", operation_id = "job.reopen", tag = "Jobs",
    params(
        ("id" = String, Path, pattern = "^job_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 200, description = "As it is now", body = JobView)),
    extensions(("x-ringwall" = json!({"action": "job.reopen"})))
)]
pub(crate) async fn reopen(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<JobKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), Attempt::of(JobMove::Reopen)).await
}

/// Everybody wanted was found.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/fill", operation_id = "job.fill", tag = "Jobs",
    params(
        ("id" = String, Path, pattern = "^job_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body = Fill,
    responses((status = 200, description = "As it is now", body = JobView)),
    extensions(("x-ringwall" = json!({"action": "job.fill"})))
)]
pub(crate) async fn fill(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<JobKind>,
    IfMatch(version): IfMatch,
    Body(fill): Body<Fill>,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), fill.into()).await
}

/// End a job.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/close", operation_id = "job.close", tag = "Jobs",
    params(
        ("id" = String, Path, pattern = "^job_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body = Close,
    responses((status = 200, description = "As it is now", body = JobView)),
    extensions(("x-ringwall" = json!({"action": "job.close"})))
)]
pub(crate) async fn close(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<JobKind>,
    IfMatch(version): IfMatch,
    Body(close): Body<Close>,
) -> Answer {
    make(&app, &dossier, &permit, (id, version), Attempt::of(JobMove::Close(close.reason))).await
}

/// A move, and what it says about the people found.
struct Attempt {
    made: JobMove,
    filled_count: Option<u16>,
}

impl Attempt {
    const fn of(made: JobMove) -> Self {
        Self { made, filled_count: None }
    }
}

impl From<Fill> for Attempt {
    fn from(fill: Fill) -> Self {
        Self { made: JobMove::Fill, filled_count: Some(fill.filled_count) }
    }
}

async fn make(
    app: &App,
    dossier: &Dossier,
    permit: &policy::Permit,
    (id, version): (JobId, i64),
    attempt: Attempt,
) -> Answer {
    let mut tx = app.store.tenant(permit, &dossier.witness()).await?;
    let read = jobs::require(&tx, id).await?;
    current(read.version, version)?;
    let tenant = tenants::own(&tx).await?;
    let setting = Setting {
        now: tx.now(),
        openings: read.draft.openings.value(),
        auto_approve: tenant.settings.auto_approve,
    };
    let filled_count = attempt.filled_count.unwrap_or(read.life.filled_count);
    let life = JobLife { filled_count, ..read.life }.apply(attempt.made, setting)?;
    let step = Step { event: JobEvent::of(attempt.made).name(), fields: vec!["status".to_owned()] };
    let job = jobs::save(&mut tx, &read, read.draft.clone(), life, step).await?;
    let reply = Reply::ok(&view(Sheet::from(&job), &May::new(app, permit)))?.version(job.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}
