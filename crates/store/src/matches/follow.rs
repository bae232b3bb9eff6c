//! What happens to matches when something happens to their job or their candidate.

use kernel::EmploymentId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use staffing::event::MatchEvent;
use staffing::job::life::JobStatus;
use staffing::matches::{MatchMove, Setting, Stage};

use super::{
    CandidateId, Change, JobId, Level, Match, NOTE, Sealed, Step, StoreError, TABLE, TenantTx,
    inconsistent, record, write,
};
use crate::entities::job_match::{Column, Entity};
use crate::{employments, jobs};

/// The matches follow their job: when it takes no candidates any more, the open ones expire. Who
/// has accepted an offer by the time that everybody is found is one of those found.
pub(crate) async fn follow(
    tx: &mut TenantTx,
    job: JobId,
    status: JobStatus,
) -> Result<(), StoreError> {
    let has_ended = match status {
        JobStatus::Filled | JobStatus::Closed | JobStatus::Cancelled => true,
        JobStatus::Draft | JobStatus::PendingApproval | JobStatus::Open | JobStatus::Paused => {
            false
        }
    };
    if !has_ended {
        return Ok(());
    }
    for found in held(tx, Column::JobId.eq(job.uuid())).await? {
        let is_found = status == JobStatus::Filled && found.life.stage == Stage::Accepted;
        if found.life.stage.is_closed() || is_found {
            continue;
        }
        let after = expired(tx, &found)?;
        write(tx, &found, &after, Some(MOVED)).await?;
    }
    Ok(())
}

/// An erased candidate leaves the stages, which are about nobody any more: no evidence, no note.
pub(crate) async fn forget(tx: &mut TenantTx, candidate: CandidateId) -> Result<(), StoreError> {
    for found in held(tx, Column::CandidateId.eq(candidate.uuid())).await? {
        let is_open = !found.life.stage.is_closed();
        let after = if is_open { expired(tx, &found)? } else { next(tx, &found) };
        let note =
            Sealed::from_columns(Level::Personal, (TABLE, found.id.uuid()), vec![(NOTE, None)]);
        let bare = Match { assessment: None, note, ..after };
        write(tx, &found, &bare, is_open.then_some(MOVED)).await?;
    }
    Ok(())
}

/// The matches of one record of somebody become the other's. Where both have one for a job, the one
/// that has come further does; the lesser stays with the tombstone, as those of the erased do.
pub(crate) async fn hand_over(
    tx: &mut TenantTx,
    from: CandidateId,
    to: CandidateId,
) -> Result<(), StoreError> {
    let both = Column::CandidateId.is_in([from.uuid(), to.uuid()]);
    let (going, staying): (Vec<_>, Vec<_>) =
        held(tx, both).await?.into_iter().partition(|found| found.candidate_id == from);
    for found in going {
        match staying.iter().find(|own| own.job_id == found.job_id) {
            Some(own) if own.life.stage.reach() >= found.life.stage.reach() => {}
            Some(own) => {
                // A pair is unique: one of two that change places stands aside meanwhile.
                set_aside(tx, own).await?;
                give(tx, &found, to).await?;
                give(tx, own, from).await?;
            }
            None => give(tx, &found, to).await?,
        }
    }
    forget(tx, from).await
}

async fn give(tx: &mut TenantTx, read: &Match, to: CandidateId) -> Result<(), StoreError> {
    write(tx, read, &Match { candidate_id: to, ..next(tx, read) }, None).await
}

/// With nobody, until it is given to somebody in the same transaction.
async fn set_aside(tx: &mut TenantTx, read: &Match) -> Result<(), StoreError> {
    let nobody = CandidateId::new(tx.clock());
    let update = Entity::update_many()
        .col_expr(Column::CandidateId, nobody.uuid().into())
        .filter(Column::Id.eq(read.id.uuid()));
    match tx.update_quietly(update, None).await? {
        true => Ok(()),
        false => Err(StoreError::Missing),
    }
}

/// A job that is removed was open to nobody: its matches are removed with it.
pub(crate) async fn drop_all(tx: &mut TenantTx, job: JobId) -> Result<(), StoreError> {
    for found in held(tx, Column::JobId.eq(job.uuid())).await? {
        let gone = next(tx, &found);
        tx.record(record(&gone, Change::Deleted, None));
    }
    Entity::delete_many()
        .filter(Column::TenantId.eq(tx.tenant().uuid()))
        .filter(Column::JobId.eq(job.uuid()))
        .exec(&tx.session)
        .await?;
    Ok(())
}

/// The employment that is to follow is one of the candidate, for the client of the job.
pub(super) async fn must_be_theirs(
    tx: &TenantTx,
    read: &Match,
    employment: EmploymentId,
) -> Result<(), StoreError> {
    let dangling = StoreError::Dangling("employment_id");
    let client = jobs::require(tx, read.job_id).await?.draft.client_id;
    let gist = match employments::require(tx, employment).await {
        Ok(found) => found.gist()?,
        Err(StoreError::Missing) => return Err(dangling),
        Err(other) => return Err(other),
    };
    match gist.candidate_id == read.candidate_id && gist.client_id == client {
        true => Ok(()),
        false => Err(dangling),
    }
}

/// Matches that nobody else moves until this transaction ends.
async fn held(tx: &TenantTx, of: sea_orm::sea_query::Expr) -> Result<Vec<Match>, StoreError> {
    let query = tx.find::<Entity>().filter(of).order_by_asc(Column::Id).lock_exclusive();
    query.all(&tx.session).await?.into_iter().map(Match::try_from).collect()
}

fn expired(tx: &TenantTx, found: &Match) -> Result<Match, StoreError> {
    let setting = Setting { now: tx.now(), by: tx.author(), is_person: false };
    let life = found.life.apply(MatchMove::Expire, setting);
    let life = life.map_err(|_| inconsistent(found.id, "open and not to expire"))?;
    Ok(Match { life, ..next(tx, found) })
}

fn next(tx: &TenantTx, found: &Match) -> Match {
    Match { updated_at: tx.now(), version: found.version + 1, ..found.clone() }
}

const MOVED: Step = Step { event: MatchEvent::StageChanged.name(), fields: &["stage"] };
