//! Running the matcher.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use http::header::LOCATION;
use kernel::id::kinds::MatchRun as MatchRunKind;
use kernel::problem::INVALID;
use kernel::{CandidateId, FieldError, JobId, Problem};
use serde::Deserialize;
use store::jobs::Job;
use store::match_runs::{self, Asked, Outcome, RunScope, waiting};
use store::pools::Task;
use store::{StoreError, Witness, jobs, openings, projections, tenants};
use utoipa::ToSchema;

use super::shown::RunView;
use crate::Settings;
use crate::extract::{At, Body, Facts, Permit};
use crate::reply::{Answer, Refused, Reply};

/// Whom to rank for which job: either `candidate_ids`, or `scope` for everybody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatchRequest {
    /// The job.
    job_id: JobId,
    /// Who is to be ranked; all of them are kept.
    #[schema(min_items = 1, max_items = 1000, nullable = false)]
    candidate_ids: Option<Vec<CandidateId>>,
    /// Everybody in the agency is to be ranked; the best are kept.
    #[schema(nullable = false)]
    scope: Option<Everybody>,
    /// How many of everybody to keep: the best 100 when not given.
    #[schema(minimum = 1, maximum = 1000, nullable = false)]
    top: Option<u16>,
}

/// Everybody in the agency.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Everybody {
    /// Everybody in the agency.
    All,
}

/// Rank candidates for a job.
///
/// Each gets a match with points, gates and reasons; who fails a gate is listed after those who
/// pass all of them, and never left out. Ranking moves nobody through the stages.
///
/// Up to 200 are ranked at once. Of more the answer is a run that waits: read it until its `status`
/// is `succeeded` or `failed`, or wait for `match_run.completed` or `match_run.failed`.
#[utoipa::path(
    post, path = "/v1/matcher", operation_id = "match.run", tag = "Matches",
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255,
        pattern = "^[!-~]+$")),
    request_body = MatchRequest,
    responses(
        (status = 200, description = "The ranking", body = RunView),
        (status = 202, description = "It is made in the background", body = RunView),
    ),
    extensions(("x-ringwall" = json!({"action": "match.run"})))
)]
pub(crate) async fn run(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(request): Body<MatchRequest>,
) -> Answer {
    let witness = dossier.witness();
    let (scope, asked) = asked(request.candidate_ids, request.scope, request.top)?;
    let view = app.store.view(&permit).await?;
    let job = jobs::require(&view, request.job_id).await.map_err(unknown_job)?;
    let now = tenants::now(&view, witness.scene.at).await?;
    drop(view);
    if !match_runs::takes_candidates(job.life.status) {
        return Err(StoreError::JobClosed.into());
    }
    if asked.top > AT_ONCE_MAX {
        return queued(&app, &api, (&permit, &witness), &job, asked).await;
    }
    let opening = openings::opening(&job, now);
    let (only, top) = (asked.named.clone(), asked.top.into());
    let task = Task { opening, only, top, at: witness.scene.at };
    let ranking = api.pools.rank(&app.store, &permit, task).await?;
    all_are_there(&asked.named.unwrap_or_default(), &ranking.absent)?;
    let mut tx = app.store.tenant(&permit, &witness).await?;
    let policy = api.pools.policy();
    let outcome = Outcome { job: &job, scope, policy, ranking: &ranking };
    let run = match_runs::keep(&mut tx, outcome).await?;
    let reply = Reply::ok(&RunView::from(run))?;
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// More than a request should wait for.
async fn queued(
    app: &App,
    api: &Settings,
    (permit, witness): (&policy::Permit, &Witness),
    job: &Job,
    asked: Asked,
) -> Answer {
    let mut tx = app.store.tenant(permit, witness).await?;
    let named = asked.named.as_deref().unwrap_or_default();
    all_are_there(named, &projections::absent(&tx, named).await?)?;
    let run = waiting::queue(&mut tx, job, asked, api.pools.policy()).await?;
    let location = format!("/v1/match-runs/{}", run.id);
    let reply = Reply::accepted(&RunView::from(run))?.with(LOCATION, location);
    tx.commit(Some(&reply.stored())).await?;
    Ok(reply)
}

/// Read a run of the matcher: what it looked at and how it ranked.
#[utoipa::path(
    get, path = "/v1/match-runs/{id}", operation_id = "match_run.read", tag = "Matches",
    params(("id" = String, Path, pattern = "^mrun_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "The run", body = RunView)),
    extensions(("x-ringwall" = json!({"action": "match.read"})))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Permit(permit): Permit,
    At(id): At<MatchRunKind>,
) -> Answer {
    let tenant = app.store.view(&permit).await?;
    Reply::ok(&RunView::from(match_runs::require(&tenant, id).await?))
}

/// Who is to be ranked, and how many of them are kept.
fn asked(
    named: Option<Vec<CandidateId>>,
    scope: Option<Everybody>,
    top: Option<u16>,
) -> Result<(RunScope, Asked), Refused> {
    match (named, scope) {
        (Some(named), None) if top.is_none() => {
            // INVARIANT: the contract allows a thousand.
            let top = u16::try_from(named.len()).unwrap_or(u16::MAX);
            Ok((RunScope::Named, Asked { named: Some(named), top }))
        }
        (None, Some(Everybody::All)) => {
            Ok((RunScope::All, Asked { named: None, top: top.unwrap_or(TOP_DEFAULT) }))
        }
        _ => {
            let detail = "expected either `candidate_ids`, or `scope` and perhaps `top`";
            let error = FieldError::new("", "exclusive", detail);
            Err(Problem::new(&INVALID).error(error).into())
        }
    }
}

fn unknown_job(error: StoreError) -> Refused {
    match error {
        StoreError::Missing => StoreError::Dangling("job_id").into(),
        other => other.into(),
    }
}

/// Everybody who was named is somebody. Who was erased is nobody.
fn all_are_there(named: &[CandidateId], absent: &[CandidateId]) -> Result<(), Refused> {
    if absent.is_empty() {
        return Ok(());
    }
    let errors = named.iter().enumerate().filter(|(_, id)| absent.contains(id)).map(|(at, _)| {
        let detail = "expected the id of a candidate of this agency";
        FieldError::new(format!("/candidate_ids/{at}"), "unknown", detail)
    });
    Err(Problem { errors: errors.collect(), ..Problem::new(&INVALID) }.into())
}

const TOP_DEFAULT: u16 = 100;
/// So many are scored and written down within a request.
const AT_ONCE_MAX: u16 = 200;
