//! Matches and runs as callers see them.

use kernel::{CandidateId, EmploymentId, JobId, MatchId, MatchRunId, Purpose, Timestamp};
use matching::assessment::{Criterion, Gate};
use matching::{Fingerprint, Points};
use serde::Serialize;
use staffing::matches::{Decision, Setting, Stage};
use store::TenantView;
use store::match_runs::{
    Found, MatchRun, RunCounts, RunDigests, RunFailure, RunScope, RunStatus, Score,
};
use store::matches::Match;
use utoipa::ToSchema;

use crate::may::May;
use crate::reply::Refused;

/// A candidate considered for a job.
#[derive(Serialize, ToSchema)]
#[schema(as = Match)]
pub(crate) struct MatchView {
    /// Its id.
    id: MatchId,
    /// For which job.
    job_id: JobId,
    /// Who.
    candidate_id: CandidateId,
    /// The run whose scores these are.
    match_run_id: MatchRunId,
    /// Whether every gate is open.
    eligible: bool,
    /// 0 to 1,000, in tenths of a point.
    #[schema(maximum = 1000)]
    score_tenths: u32,
    /// How far they have come.
    stage: Stage,
    /// When they came there; none while they are only scored.
    moved_at: Option<Timestamp>,
    /// When they were first shown to the client.
    presented_at: Option<Timestamp>,
    /// The last time that a person turned them down or took that back.
    decision: Option<Decision>,
    /// The employment that followed.
    employment_id: Option<EmploymentId>,
    /// Who asked for the first score.
    created_by: String,
    /// When.
    created_at: Timestamp,
    /// When the scores last changed.
    scored_at: Timestamp,
    /// When it last changed.
    updated_at: Timestamp,
    /// Counts its changes from 1; also its ETag.
    version: i64,
}

/// A candidate considered for a job, and why: every gate, and every criterion with what its points
/// rest on, what they would lose without it, and what would raise them.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplainedMatch {
    #[serde(flatten)]
    found: MatchView,
    /// The reasons; none once the candidate was erased.
    assessment: Option<AssessmentView>,
    /// What was said about the decision. For people who decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    decision_note: Option<String>,
    /// The moves that you could make now.
    legal_transitions: Vec<&'static str>,
}

/// The reasons for a score. Points are in ten-thousandths of a point, and so are losses and gains.
#[derive(Serialize, ToSchema)]
#[schema(as = Assessment)]
pub(crate) struct AssessmentView {
    /// The sum of all criteria: 0 to 1,000,000.
    score: Points,
    /// Every gate, open or closed, in the order G1 to G7.
    gates: Vec<Gate>,
    /// Every criterion, in the order of the policy.
    criteria: Vec<Criterion>,
    /// The policy's version.
    policy_version: String,
    /// The policy's SHA-256.
    policy_hash: Fingerprint,
    /// SHA-256 of everything that the points follow from.
    inputs_hash: Fingerprint,
}

/// A run of the matcher.
#[derive(Serialize, ToSchema)]
#[schema(as = MatchRun)]
pub(crate) struct RunView {
    /// Its id.
    match_run_id: MatchRunId,
    /// For which job.
    job_id: JobId,
    /// The job's version that was looked at; until then the one that it was asked for.
    job_version: i64,
    /// `named`: those who were asked for; `all`: everybody.
    #[schema(value_type = ScopeName)]
    scope: RunScope,
    /// How far it has come.
    #[schema(value_type = StatusName)]
    status: RunStatus,
    /// Why it failed, if it did.
    #[schema(value_type = Option<FailureName>)]
    failure: Option<RunFailure>,
    /// The version of the policy.
    policy_version: String,
    /// The version of the exchange rates; from here on nothing until it has succeeded.
    exchange_version: Option<String>,
    /// How many were judged, and what kept them out.
    counts: Option<CountsView>,
    /// What it followed from, and what came out; the audit trail has the same.
    digests: Option<DigestsView>,
    /// The best, in order: eligible ones first, then by points.
    scores: Vec<ScoreView>,
    /// Who asked.
    created_by: String,
    /// When.
    created_at: Timestamp,
    /// When it began.
    started_at: Option<Timestamp>,
    /// When it was over.
    ended_at: Option<Timestamp>,
}

/// How far a run has come. Only a schema.
#[derive(ToSchema)]
#[schema(as = MatchRunStatus, rename_all = "snake_case")]
#[expect(dead_code, reason = "only a schema")]
pub(crate) enum StatusName {
    /// It waits for its turn.
    Queued,
    /// It is being made.
    Running,
    /// Its scores are there.
    Succeeded,
    /// There are no scores and will be none.
    Failed,
}

/// Why a run failed. Only a schema.
#[derive(ToSchema)]
#[schema(as = MatchRunFailure, rename_all = "snake_case")]
#[expect(dead_code, reason = "only a schema")]
pub(crate) enum FailureName {
    /// The job took no candidates any more when its turn came.
    JobClosed,
    /// It failed again and again.
    Internal,
}

/// Who is ranked. Only a schema.
#[derive(ToSchema)]
#[schema(as = MatchScope, rename_all = "snake_case")]
#[expect(dead_code, reason = "only a schema")]
pub(crate) enum ScopeName {
    /// Those who are named.
    Named,
    /// Everybody.
    All,
}

/// How many were judged, and what kept them out.
#[derive(Serialize, ToSchema)]
#[schema(as = MatchCounts)]
struct CountsView {
    /// Everybody in scope.
    evaluated: u32,
    /// Those to whom every gate is open.
    eligible: u32,
    /// For each gate, G1 to G7, to how many it is closed.
    #[schema(value_type = Vec<u32>, min_items = 7, max_items = 7)]
    closed: [u32; 7],
}

/// SHA-256, in hex.
#[derive(Serialize, ToSchema)]
#[schema(as = MatchDigests)]
struct DigestsView {
    /// The job as the matcher saw it.
    job: Fingerprint,
    /// The inputs of every candidate that was kept, in the order of the ranking.
    projections: Fingerprint,
    /// The policy.
    policy: Fingerprint,
    /// The order: each candidate, whether eligible, and their points.
    ranks: Fingerprint,
}

/// A candidate's place in a run.
#[derive(Serialize, ToSchema)]
#[schema(as = MatchScore)]
struct ScoreView {
    /// Their match, with the reasons.
    match_id: MatchId,
    /// Who.
    candidate_id: CandidateId,
    /// From 1.
    rank: u32,
    /// Whether every gate is open.
    eligible: bool,
    /// 0 to 1,000, in tenths of a point.
    #[schema(maximum = 1000)]
    score_tenths: u32,
}

/// A match with its reasons, as this caller may see it: notes are for people who decide.
pub(crate) fn explained(
    view: &TenantView,
    found: Match,
    may: &May<'_>,
    setting: Setting<'_>,
) -> Result<ExplainedMatch, Refused> {
    let legal_transitions = found.life.legal(setting);
    let note = if may.does("match.reject") { found.note(view, Purpose::Answer)? } else { None };
    let assessment = found.assessment.clone().map(|whole| AssessmentView {
        score: whole.score,
        gates: whole.gates,
        criteria: whole.criteria,
        policy_version: whole.policy_version,
        policy_hash: whole.policy_hash,
        inputs_hash: whole.inputs_hash,
    });
    Ok(ExplainedMatch {
        found: found.into(),
        assessment,
        decision_note: note.map(|note| note.open(Purpose::Answer).clone()),
        legal_transitions,
    })
}

impl From<Match> for MatchView {
    fn from(found: Match) -> Self {
        Self {
            id: found.id,
            job_id: found.job_id,
            candidate_id: found.candidate_id,
            match_run_id: found.run_id,
            eligible: found.eligible,
            score_tenths: found.score.tenths(),
            stage: found.life.stage,
            moved_at: found.life.moved_at,
            presented_at: found.life.presented_at,
            decision: found.life.decision,
            employment_id: found.life.employment_id,
            created_by: found.created_by,
            created_at: found.created_at,
            scored_at: found.scored_at,
            updated_at: found.updated_at,
            version: found.version,
        }
    }
}

impl From<MatchRun> for RunView {
    fn from(run: MatchRun) -> Self {
        let (exchange_version, counts, digests, scores) = match run.found {
            Some(Found { exchange_version, counts, digests, scores }) => {
                (Some(exchange_version), Some(counts.into()), Some(digests.into()), scores)
            }
            None => (None, None, None, Vec::new()),
        };
        Self {
            match_run_id: run.id,
            job_id: run.job_id,
            job_version: run.job_version,
            scope: run.scope,
            status: run.status,
            failure: run.failure,
            policy_version: run.policy_version,
            exchange_version,
            counts,
            digests,
            scores: scores.into_iter().map(ScoreView::from).collect(),
            created_by: run.created_by,
            created_at: run.created_at,
            started_at: run.started_at,
            ended_at: run.ended_at,
        }
    }
}

impl From<RunCounts> for CountsView {
    fn from(counts: RunCounts) -> Self {
        let RunCounts { evaluated, eligible, closed } = counts;
        Self { evaluated, eligible, closed }
    }
}

impl From<RunDigests> for DigestsView {
    fn from(digests: RunDigests) -> Self {
        let RunDigests { job, projections, policy, ranks } = digests;
        Self { job, projections, policy, ranks }
    }
}

impl From<Score> for ScoreView {
    fn from(score: Score) -> Self {
        Self {
            match_id: score.match_id,
            candidate_id: score.candidate_id,
            rank: score.rank,
            eligible: score.eligible,
            score_tenths: score.score.tenths(),
        }
    }
}
