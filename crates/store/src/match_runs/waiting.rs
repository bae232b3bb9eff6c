//! Runs that are too long for a request: they wait as background work, one transaction a step.
//!
//! A run that was killed while it was made has written nothing, and is made again.

use kernel::{MatchRunId, Timestamp};
use matching::Policy;
use policy::Permit;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use staffing::event::MatchRunEvent;

use super::{
    Asked, MatchRun, Outcome, RunFailure, RunScope, RunStatus, digests, inconsistent, new, record,
    require, row, still_there, takes_candidates, write,
};
use crate::chores::{self, Kind};
use crate::entities::match_run::{Column, Entity};
use crate::jobs::{self, Job};
use crate::journal::Change;
use crate::pools::{Pools, Task};
use crate::{Store, StoreError, TenantTx, Witness, openings, tenants};

/// Asks for a run that is made when its turn comes.
///
/// # Errors
/// [`StoreError::JobClosed`] when the job takes no candidates any more.
pub async fn queue(
    tx: &mut TenantTx,
    job: &Job,
    asked: Asked,
    policy: &Policy,
) -> Result<MatchRun, StoreError> {
    let job = jobs::hold(tx, job.id).await?;
    if !takes_candidates(job.life.status) {
        return Err(StoreError::JobClosed);
    }
    let scope = if asked.named.is_some() { RunScope::Named } else { RunScope::All };
    let new = new(tx, (job.id, job.version), scope, policy);
    let run = MatchRun { asked: Some(asked), ..new };
    tx.insert(row::of(tx, &run), record(&run, Change::Created, None)).await?;
    chores::add(tx, Kind::MatchRun, run.id.uuid(), tx.real_now()).await?;
    Ok(run)
}

/// Where a run that waited is made.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) store: &'a Store,
    pub(crate) pools: &'a Pools,
    pub(crate) permit: &'a Permit,
    pub(crate) witness: &'a Witness,
}

/// Makes a step of a run; whether it is over.
pub(crate) async fn step(place: Place<'_>, id: MatchRunId) -> Result<bool, StoreError> {
    let view = place.store.view(place.permit).await?;
    // A sandbox that was started anew has no run any more.
    let run = match require(&view, id).await {
        Err(StoreError::Missing) => return Ok(true),
        found => found?,
    };
    drop(view);
    match run.status {
        RunStatus::Queued => begin(place, &run).await.map(|()| false),
        RunStatus::Running => make(place, &run).await.map(|()| true),
        RunStatus::Succeeded | RunStatus::Failed => Ok(true),
    }
}

/// Callers see that somebody is at it.
async fn begin(place: Place<'_>, read: &MatchRun) -> Result<(), StoreError> {
    let mut tx = place.store.tenant(place.permit, place.witness).await?;
    let run = MatchRun {
        status: RunStatus::Running,
        started_at: Some(tx.now()),
        version: read.version + 1,
        ..read.clone()
    };
    save(&mut tx, read, &run).await?;
    tx.record(record(&run, Change::Updated, None));
    tx.commit(None).await
}

async fn make(place: Place<'_>, run: &MatchRun) -> Result<(), StoreError> {
    match ranked(place, run).await {
        // The job may be gone altogether: what was never open can be removed.
        Err(StoreError::JobClosed | StoreError::Missing) => {
            let mut tx = place.store.tenant(place.permit, place.witness).await?;
            fail(&mut tx, run.id, RunFailure::JobClosed).await?;
            tx.commit(None).await
        }
        other => other,
    }
}

async fn ranked(place: Place<'_>, run: &MatchRun) -> Result<(), StoreError> {
    let asked = run.asked.clone().ok_or_else(|| inconsistent(run.id, "asked"))?;
    let view = place.store.view(place.permit).await?;
    let job = jobs::require(&view, run.job_id).await?;
    let at = place.witness.scene.at;
    let now = tenants::now(&view, at).await?;
    drop(view);
    if !takes_candidates(job.life.status) {
        return Err(StoreError::JobClosed);
    }
    let task = task(asked, &job, (now, at));
    let ranking = place.pools.rank(place.store, place.permit, task).await?;
    let policy = place.pools.policy();
    let outcome = Outcome { job: &job, scope: run.scope, policy, ranking: &ranking };
    let mut tx = place.store.tenant(place.permit, place.witness).await?;
    finish(&mut tx, run, &outcome).await?;
    tx.commit(None).await
}

fn task(asked: Asked, job: &Job, (now, at): (Timestamp, Timestamp)) -> Task {
    Task {
        opening: openings::opening(job, now),
        only: asked.named,
        top: usize::from(asked.top),
        at,
    }
}

/// Writes down what came out.
async fn finish(
    tx: &mut TenantTx,
    read: &MatchRun,
    outcome: &Outcome<'_>,
) -> Result<(), StoreError> {
    let job = jobs::hold(tx, outcome.job.id).await?;
    if !takes_candidates(job.life.status) {
        return Err(StoreError::JobClosed);
    }
    let ranked = still_there(tx, &outcome.ranking.entries).await?;
    let mut run = MatchRun {
        job_version: outcome.job.version,
        status: RunStatus::Succeeded,
        policy_version: outcome.policy.version().to_owned(),
        ended_at: Some(tx.now()),
        version: read.version + 1,
        asked: None,
        ..read.clone()
    };
    let digests = digests(outcome, &ranked);
    tx.prove(record(&run, Change::Updated, Some(MatchRunEvent::Completed)), digests.named());
    run.found = Some(write(tx, &run, outcome, &ranked, digests).await?);
    save(tx, read, &run).await
}

/// Gives a run up, unless it is over.
pub(crate) async fn fail(
    tx: &mut TenantTx,
    id: MatchRunId,
    failure: RunFailure,
) -> Result<(), StoreError> {
    let read = require(tx, id).await?;
    if matches!(read.status, RunStatus::Succeeded | RunStatus::Failed) {
        return Ok(());
    }
    let run = MatchRun {
        status: RunStatus::Failed,
        failure: Some(failure),
        ended_at: Some(tx.now()),
        version: read.version + 1,
        asked: None,
        ..read.clone()
    };
    save(tx, &read, &run).await?;
    tx.record(record(&run, Change::Updated, Some(MatchRunEvent::Failed)));
    Ok(())
}

/// Writes a run over the version that was read: two workers do not both make it.
async fn save(tx: &mut TenantTx, read: &MatchRun, run: &MatchRun) -> Result<(), StoreError> {
    let update = Entity::update_many()
        .set(row::of(tx, run))
        .filter(Column::Id.eq(run.id.uuid()))
        .filter(Column::Version.eq(read.version));
    match tx.update_quietly(update, None).await? {
        true => Ok(()),
        false => Err(StoreError::Closed),
    }
}
