//! Scores become matches: new ones, or new scores of those that are there. No stage moves.

use std::collections::HashMap;

use matching::ranking::Ranked;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use staffing::event::MatchEvent;
use staffing::matches::MatchLife;

use super::{
    Assessment, CandidateId, Change, JobId, Level, Match, MatchId, MatchRunId, NOTE, Sealed, Step,
    StoreError, TABLE, TenantTx, record, row, write,
};
use crate::entities::job_match::{Column, Entity};

/// Writes the scores of a run down. Whoever calls holds the job and the candidates' projections.
pub(crate) async fn score(
    tx: &mut TenantTx,
    job: JobId,
    (run, author): (MatchRunId, &str),
    ranked: &[Ranked],
) -> Result<HashMap<CandidateId, MatchId>, StoreError> {
    let mut known = known(tx, job, ranked).await?;
    let mut ids = HashMap::with_capacity(ranked.len());
    let mut new = Vec::new();
    for entry in ranked {
        let candidate = entry.candidate;
        let found = match known.remove(&candidate) {
            Some(found) => {
                again(tx, &found, run, &entry.assessment).await?;
                found.id
            }
            None => {
                let first = Match {
                    created_by: author.to_owned(),
                    ..first(tx, (job, candidate), run, &entry.assessment)
                };
                let id = first.id;
                new.push(first);
                id
            }
        };
        ids.insert(candidate, found);
    }
    add(tx, &new).await?;
    Ok(ids)
}

/// The matches that are there already, which nobody moves until this transaction ends.
async fn known(
    tx: &TenantTx,
    job: JobId,
    ranked: &[Ranked],
) -> Result<HashMap<CandidateId, Match>, StoreError> {
    let candidates = ranked.iter().map(|entry| entry.candidate.uuid());
    let rows = tx
        .find::<Entity>()
        .filter(Column::JobId.eq(job.uuid()))
        .filter(Column::CandidateId.is_in(candidates))
        .order_by_asc(Column::Id)
        .lock_exclusive()
        .all(&tx.session)
        .await?;
    let matches = rows.into_iter().map(Match::try_from);
    matches.map(|found| found.map(|found| (found.candidate_id, found))).collect()
}

async fn again(
    tx: &mut TenantTx,
    read: &Match,
    run: MatchRunId,
    assessment: &Assessment,
) -> Result<(), StoreError> {
    if read.assessment.as_ref().is_some_and(|known| says_the_same(known, assessment)) {
        return Ok(());
    }
    let now = tx.now();
    let scored = Match {
        run_id: run,
        eligible: assessment.eligible,
        score: assessment.score,
        assessment: Some(assessment.clone()),
        scored_at: now,
        updated_at: now,
        version: read.version + 1,
        ..read.clone()
    };
    write(tx, read, &scored, Some(SCORED)).await
}

/// Everything but the hash of the inputs, which has the moment of the run in it.
fn says_the_same(one: &Assessment, other: &Assessment) -> bool {
    let inputs_hash = other.inputs_hash.clone();
    Assessment { inputs_hash, ..one.clone() } == *other
}

fn first(
    tx: &TenantTx,
    (job_id, candidate_id): (JobId, CandidateId),
    run_id: MatchRunId,
    assessment: &Assessment,
) -> Match {
    let (id, now) = (MatchId::new(tx.clock()), tx.now());
    Match {
        id,
        job_id,
        candidate_id,
        run_id,
        eligible: assessment.eligible,
        score: assessment.score,
        assessment: Some(assessment.clone()),
        life: MatchLife::default(),
        note: Sealed::from_columns(Level::Personal, (TABLE, id.uuid()), vec![(NOTE, None)]),
        created_by: tx.author().to_owned(),
        created_at: now,
        scored_at: now,
        updated_at: now,
        version: 1,
    }
}

async fn add(tx: &mut TenantTx, new: &[Match]) -> Result<(), StoreError> {
    for part in new.chunks(ROWS_MAX) {
        let rows: Vec<_> = part.iter().map(|found| row::of(tx, found)).collect();
        let insert = Entity::insert_many(rows).exec_without_returning(&tx.session);
        insert.await.map_err(StoreError::from_write)?;
    }
    for found in new {
        tx.record(record(found, Change::Created, Some(SCORED)));
    }
    Ok(())
}

const SCORED: Step =
    Step { event: MatchEvent::Scored.name(), fields: &["score", "eligible", "assessment"] };
/// Well below the parameters that a statement may have on either database.
const ROWS_MAX: usize = 256;
