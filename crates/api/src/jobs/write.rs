//! Writing jobs.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use kernel::Problem;
use kernel::id::kinds::Job as JobKind;
use staffing::event::JobEvent;
use staffing::job::JobDraft;
use staffing::job::life::JobStatus;
use staffing::merge::{changed_fields, merge};
use staffing::patch::JobPatch;
use store::jobs::{self, Sheet, Step};

use super::{JobView, NOT_DELETABLE, view};
use crate::checked::{checked, current};
use crate::extract::{At, Body, Facts, IfMatch, Patch, Permit, parse};
use crate::may::May;
use crate::reply::{Answer, Reply};

/// Write a job down, as a draft.
#[utoipa::path(
    post, path = "/v1/jobs", operation_id = "job.create", tag = "Jobs",
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255,
        pattern = "^[!-~]+$")),
    request_body = JobDraft,
    responses((status = 201, description = "It is written down", body = JobView)),
    extensions(("x-ringwall" = json!({"action": "job.create"})))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(draft): Body<JobDraft>,
) -> Answer {
    let draft = checked(draft, JobDraft::check)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let job = jobs::add(&mut tx, draft).await?;
    let shown = view(Sheet::from(&job), &May::new(&app, &permit));
    let reply = Reply::created(format!("/v1/jobs/{}", job.id), &shown)?.version(job.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// Change a job.
#[utoipa::path(
    patch, path = "/v1/jobs/{id}", operation_id = "job.update", tag = "Jobs",
    params(
        ("id" = String, Path, pattern = "^job_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    request_body(content(
        (JobPatch = "application/merge-patch+json"), (JobPatch = "application/json"))),
    responses((status = 200, description = "As it is now", body = JobView)),
    extensions(("x-ringwall" = json!({"action": "job.update"})))
)]
pub(crate) async fn update(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<JobKind>,
    IfMatch(version): IfMatch,
    Patch(patch): Patch,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let read = jobs::require(&tx, id).await?;
    current(read.version, version)?;
    let before = serde_json::to_value(&read.draft).map_err(Problem::internal)?;
    let mut after = before.clone();
    merge(&mut after, patch);
    let draft = checked(parse::<JobDraft>(&after)?, JobDraft::check)?;
    let after = serde_json::to_value(&draft).map_err(Problem::internal)?;
    let step = Step { event: JobEvent::Updated.name(), fields: changed_fields(&before, &after) };
    let job = jobs::save(&mut tx, &read, draft, read.life, step).await?;
    let reply = Reply::ok(&view(Sheet::from(&job), &May::new(&app, &permit)))?.version(job.version);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// Delete a draft or cancelled job.
#[utoipa::path(
    delete, path = "/v1/jobs/{id}", operation_id = "job.delete", tag = "Jobs",
    params(
        ("id" = String, Path, pattern = "^job_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
        ("If-Match" = String, Header, pattern = "^\"v[0-9]{1,18}\"$"),
    ),
    responses((status = 204, description = "It is gone")),
    extensions(("x-ringwall" = json!({"action": "job.delete", "sensitive": "high"})))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<JobKind>,
    IfMatch(version): IfMatch,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let read = jobs::require(&tx, id).await?;
    current(read.version, version)?;
    if !matches!(read.life.status, JobStatus::Draft | JobStatus::Cancelled) {
        return Err(Problem::new(&NOT_DELETABLE).into());
    }
    jobs::delete(&mut tx, &read).await?;
    let reply = Reply::no_content();
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}
