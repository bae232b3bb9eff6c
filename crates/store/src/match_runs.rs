//! Runs of the matcher: who was ranked for which job, by which policy, with which result.
//!
//! Small ones are made within their request ([`keep`]); others wait in [`waiting`].

mod row;
pub mod waiting;

use std::collections::HashMap;

use kernel::{CandidateId, JobId, MatchId, MatchRunId, Timestamp};
use matching::ranking::{Ranked, Ranking};
use matching::{Fingerprint, Points, Policy};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use staffing::event::MatchRunEvent;
use staffing::job::life::JobStatus;
use uuid::Uuid;

use crate::entities::match_run::{Column, Entity};
use crate::entities::projection;
use crate::jobs::{self, Job};
use crate::journal::{Change, Record};
use crate::{StoreError, TenantTx, TenantView, matches};

/// A run of the matcher.
#[derive(Clone, Debug)]
pub struct MatchRun {
    /// Its id.
    pub id: MatchRunId,
    /// For which job.
    pub job_id: JobId,
    /// The job's version that was looked at; before that the one that it was asked for.
    pub job_version: i64,
    /// Who was ranked.
    pub scope: RunScope,
    /// How far it has come.
    pub status: RunStatus,
    /// Why it failed, if it did.
    pub failure: Option<RunFailure>,
    /// The version of the policy.
    pub policy_version: String,
    /// What came out, once it has succeeded.
    pub found: Option<Found>,
    /// Who asked.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Counts its changes from 1.
    pub version: i64,
    /// Who is to be ranked, until it is over.
    asked: Option<Asked>,
}

/// What came out of a run.
#[derive(Clone, Debug)]
pub struct Found {
    /// The version of the exchange rates.
    pub exchange_version: String,
    /// How many were judged, and what kept them out.
    pub counts: RunCounts,
    /// What it followed from, and what came out.
    pub digests: RunDigests,
    /// The best, in order.
    pub scores: Vec<Score>,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// It waits for its turn.
    Queued,
    /// Somebody makes it.
    Running,
    /// Its scores are there.
    Succeeded,
    /// There are none and will be none.
    Failed,
}

/// Why a run failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunFailure {
    /// The job took no candidates any more when its turn came.
    JobClosed,
    /// It failed again and again.
    Internal,
}

/// Who is to be ranked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Everybody when none are named.
    pub named: Option<Vec<CandidateId>>,
    /// How many of the best are kept.
    pub top: u16,
}

/// Who is ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunScope {
    /// Those who were named.
    Named,
    /// Everybody in the agency.
    All,
}

/// How many were judged, and what kept them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    /// Everybody in scope.
    pub evaluated: u32,
    /// Those to whom every gate is open.
    pub eligible: u32,
    /// For each gate, G1 to G7, to how many it is closed.
    pub closed: [u32; 7],
}

/// SHA-256, in hex, of what a run followed from and of what came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDigests {
    /// The job as the matcher saw it.
    pub job: Fingerprint,
    /// The inputs of every candidate that was kept, in the order of the ranking.
    pub projections: Fingerprint,
    /// The policy.
    pub policy: Fingerprint,
    /// The order: each candidate, whether eligible, and their points.
    pub ranks: Fingerprint,
}

/// A candidate's place in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Their match.
    pub match_id: MatchId,
    /// Who.
    pub candidate_id: CandidateId,
    /// From 1.
    pub rank: u32,
    /// Whether every gate is open.
    pub eligible: bool,
    /// The points.
    pub score: Points,
}

/// A ranking to be written down.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The job as it was ranked for.
    pub job: &'a Job,
    /// Who was ranked.
    pub scope: RunScope,
    /// By which policy.
    pub policy: &'a Policy,
    /// What came out.
    pub ranking: &'a Ranking,
}

/// Writes a ranking down: the run, a match for each candidate that is in it, and the hashes in the
/// audit trail. Nobody's stage moves. Who was erased meanwhile is left out.
///
/// # Errors
/// [`StoreError::JobClosed`] when the job takes no candidates any more.
pub async fn keep(tx: &mut TenantTx, outcome: Outcome<'_>) -> Result<MatchRun, StoreError> {
    let job = jobs::hold(tx, outcome.job.id).await?;
    if !takes_candidates(job.life.status) {
        return Err(StoreError::JobClosed);
    }
    let ranked = still_there(tx, &outcome.ranking.entries).await?;
    let now = tx.now();
    let mut run = MatchRun {
        status: RunStatus::Succeeded,
        started_at: Some(now),
        ended_at: Some(now),
        ..new(tx, (job.id, outcome.job.version), outcome.scope, outcome.policy)
    };
    // The run comes first: what is replayed, and what the audit trail tells first, is about it.
    let digests = digests(&outcome, &ranked);
    tx.prove(record(&run, Change::Created, Some(MatchRunEvent::Completed)), digests.named());
    run.found = Some(write(tx, &run, &outcome, &ranked, digests).await?);
    let insert = Entity::insert(row::of(tx, &run)).exec_without_returning(&tx.session);
    insert.await.map_err(StoreError::from_write)?;
    Ok(run)
}

/// A run that was just asked for.
fn new(
    tx: &TenantTx,
    (job_id, job_version): (JobId, i64),
    scope: RunScope,
    policy: &Policy,
) -> MatchRun {
    MatchRun {
        id: MatchRunId::new(tx.clock()),
        job_id,
        job_version,
        scope,
        status: RunStatus::Queued,
        failure: None,
        policy_version: policy.version().to_owned(),
        found: None,
        created_by: tx.author().to_owned(),
        created_at: tx.now(),
        started_at: None,
        ended_at: None,
        version: 1,
        asked: None,
    }
}

/// Writes the matches of a run.
async fn write(
    tx: &mut TenantTx,
    run: &MatchRun,
    outcome: &Outcome<'_>,
    ranked: &[Ranked],
    digests: RunDigests,
) -> Result<Found, StoreError> {
    let ids = matches::score(tx, run.job_id, (run.id, &run.created_by), ranked).await?;
    let counts = outcome.ranking.counts;
    Ok(Found {
        exchange_version: outcome.ranking.exchange_version.clone(),
        counts: RunCounts {
            evaluated: counts.evaluated,
            eligible: counts.eligible,
            closed: counts.closed,
        },
        digests,
        scores: scores(ranked, &ids),
    })
}

/// A run by its id.
///
/// # Errors
/// [`StoreError::Missing`] when the tenant has none of that id.
pub async fn require(view: &TenantView, id: MatchRunId) -> Result<MatchRun, StoreError> {
    let row = view.find::<Entity>().filter(Column::Id.eq(id.uuid())).one(&view.session).await?;
    row.ok_or(StoreError::Missing)?.try_into()
}

/// Whether candidates are considered for a job of this status: also before it is open.
#[must_use]
pub const fn takes_candidates(status: JobStatus) -> bool {
    match status {
        JobStatus::Draft | JobStatus::PendingApproval | JobStatus::Open | JobStatus::Paused => true,
        JobStatus::Filled | JobStatus::Closed | JobStatus::Cancelled => false,
    }
}

/// Those who still have a projection, which stays until this transaction ends.
async fn still_there(tx: &TenantTx, ranked: &[Ranked]) -> Result<Vec<Ranked>, StoreError> {
    let candidates = ranked.iter().map(|entry| entry.candidate.uuid());
    let there: Vec<Uuid> = tx
        .find::<projection::Entity>()
        .filter(projection::Column::CandidateId.is_in(candidates))
        .order_by_asc(projection::Column::CandidateId)
        .lock_shared()
        .select_only()
        .column(projection::Column::CandidateId)
        .into_tuple()
        .all(&tx.session)
        .await?;
    let is_there = |entry: &&Ranked| there.binary_search(&entry.candidate.uuid()).is_ok();
    Ok(ranked.iter().filter(is_there).cloned().collect())
}

fn digests(outcome: &Outcome<'_>, ranked: &[Ranked]) -> RunDigests {
    let inputs: Vec<_> = ranked.iter().map(|entry| &entry.assessment.inputs_hash).collect();
    let ranks: Vec<_> = ranked
        .iter()
        .map(|entry| (entry.candidate, entry.assessment.eligible, entry.assessment.score))
        .collect();
    RunDigests {
        job: outcome.ranking.opening_hash.clone(),
        projections: Fingerprint::of(&inputs),
        policy: outcome.policy.fingerprint().clone(),
        ranks: Fingerprint::of(&ranks),
    }
}

fn scores(ranked: &[Ranked], ids: &HashMap<CandidateId, MatchId>) -> Vec<Score> {
    let entries = ranked.iter().filter_map(|entry| {
        Some(Score {
            match_id: *ids.get(&entry.candidate)?,
            candidate_id: entry.candidate,
            rank: entry.rank,
            eligible: entry.assessment.eligible,
            score: entry.assessment.score,
        })
    });
    entries.collect()
}

impl RunDigests {
    fn named(&self) -> Vec<(&'static str, String)> {
        let Self { job, projections, policy, ranks } = self;
        [("job", job), ("projections", projections), ("policy", policy), ("ranks", ranks)]
            .map(|(name, digest)| (name, digest.as_str().to_owned()))
            .to_vec()
    }
}

fn record(run: &MatchRun, change: Change, event: Option<MatchRunEvent>) -> Record {
    Record {
        resource: "match_run",
        id: run.id.uuid(),
        printed: run.id.to_string(),
        version: run.version,
        change,
        event: event.map(MatchRunEvent::name),
        fields: Vec::new(),
    }
}

/// Never the parser's own words: they quote values.
fn inconsistent(id: MatchRunId, what: &str) -> StoreError {
    StoreError::Inconsistent { table: "match_run", id: id.to_string(), what: what.to_owned() }
}
