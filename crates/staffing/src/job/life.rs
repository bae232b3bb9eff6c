//! A job's life: draft, approval, open, and the ways it ends.

use std::time::Duration;

use kernel::{Code, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::transition::{IllegalTransition, Transition, find};

/// Where a job stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// Being written.
    #[default]
    Draft,
    /// Waiting for a recruiter's approval.
    PendingApproval,
    /// Taking candidates.
    Open,
    /// Not taking candidates for now.
    Paused,
    /// Everybody wanted was found.
    Filled,
    /// Ended otherwise.
    Closed,
    /// Never opened.
    Cancelled,
}

/// Why a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// Everybody wanted was found.
    Filled,
    /// It was called off.
    Cancelled,
    /// Its time was up.
    Expired,
    /// The client no longer wants it.
    ClientWithdrew,
    /// Something else.
    Other,
}

/// What can be done with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobMove {
    /// Ask for approval.
    Submit,
    /// Approve, which opens it.
    Approve,
    /// Open, without approval where the agency's policy needs none.
    Open,
    /// Take no candidates for now.
    Pause,
    /// Take candidates again.
    Resume,
    /// Everybody wanted was found.
    Fill,
    /// End it.
    Close(CloseReason),
    /// Call it off before it ever opened.
    Cancel,
    /// Open it again after it was closed.
    Reopen,
}

/// What a transition needs to know besides the job's life.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The present moment.
    pub now: Timestamp,
    /// How many people the job wants ([`super::JobDraft::openings`]).
    pub openings: i64,
    /// Whether the agency's policy opens jobs without approval.
    pub auto_approve: bool,
}

/// The part of a job that only its life cycle writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobLife {
    /// Where it stands.
    pub status: JobStatus,
    /// When it was last opened to candidates.
    pub opened_at: Option<Timestamp>,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// Why it ended.
    pub close_reason: Option<CloseReason>,
    /// How many of the people wanted were found.
    #[schema(maximum = 999)]
    pub filled_count: u16,
}

impl JobLife {
    /// The life after a move.
    ///
    /// # Errors
    /// When the table has no such row, or the row's guard does not hold.
    pub fn apply(self, attempted: JobMove, setting: Setting) -> Result<Self, IllegalTransition> {
        let row = find(TRANSITIONS, self.status, attempted.name())
            .filter(|row| self.holds(row, setting))
            .ok_or_else(|| self.refusal(attempted, setting))?;
        let ended = |reason| Self {
            status: row.to,
            closed_at: Some(setting.now),
            close_reason: Some(reason),
            ..self
        };
        Ok(match attempted {
            JobMove::Fill => ended(CloseReason::Filled),
            JobMove::Close(reason) => ended(reason),
            JobMove::Cancel => ended(CloseReason::Cancelled),
            JobMove::Submit | JobMove::Pause | JobMove::Resume => Self { status: row.to, ..self },
            JobMove::Open if self.status == JobStatus::Paused => Self { status: row.to, ..self },
            JobMove::Approve | JobMove::Open | JobMove::Reopen => Self {
                status: row.to,
                opened_at: Some(setting.now),
                closed_at: None,
                close_reason: None,
                ..self
            },
        })
    }

    /// The moves that would succeed now.
    #[must_use]
    pub fn legal(&self, setting: Setting) -> Vec<&'static str> {
        let rows = TRANSITIONS.iter().filter(|row| row.from == self.status);
        rows.filter(|row| self.holds(row, setting)).map(|row| row.name).collect()
    }

    fn holds(&self, row: &Transition<JobStatus>, setting: Setting) -> bool {
        match row.guard {
            None => true,
            Some(AUTO_APPROVE) => setting.auto_approve,
            Some(ALL_FOUND) => i64::from(self.filled_count) >= setting.openings,
            Some(RECENT) => self.closed_at.is_some_and(|at| setting.now.since(at) <= REOPEN_WITHIN),
            // A guard that nobody taught us is never met.
            Some(_) => false,
        }
    }

    fn refusal(&self, attempted: JobMove, setting: Setting) -> IllegalTransition {
        IllegalTransition {
            code: &ILLEGAL,
            from: self.status.as_str(),
            attempted: attempted.name(),
            legal: self.legal(setting),
            guard: find(TRANSITIONS, self.status, attempted.name()).and_then(|row| row.guard),
        }
    }
}

impl JobStatus {
    /// Every status.
    pub const ALL: &[Self] = &[
        Self::Draft,
        Self::PendingApproval,
        Self::Open,
        Self::Paused,
        Self::Filled,
        Self::Closed,
        Self::Cancelled,
    ];

    /// The name, as stores and callers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::PendingApproval => "pending_approval",
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Filled => "filled",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == name)
    }
}

impl CloseReason {
    /// Every reason.
    pub const ALL: &[Self] =
        &[Self::Filled, Self::Cancelled, Self::Expired, Self::ClientWithdrew, Self::Other];

    /// The name, as stores and callers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::ClientWithdrew => "client_withdrew",
            Self::Other => "other",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == name)
    }
}

impl JobMove {
    /// The name, as URLs write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Approve => "approve",
            Self::Open => "open",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Fill => "fill",
            Self::Close(_) => "close",
            Self::Cancel => "cancel",
            Self::Reopen => "reopen",
        }
    }
}

/// The life cycle of a job.
#[must_use]
pub const fn transitions() -> &'static [Transition<JobStatus>] {
    TRANSITIONS
}

const TRANSITIONS: &[Transition<JobStatus>] = {
    use JobStatus::{Cancelled, Closed, Draft, Filled, Open, Paused, PendingApproval};
    &[
        Transition::free(Draft, "submit", PendingApproval),
        Transition::guarded(Draft, "open", Open, AUTO_APPROVE),
        Transition::free(Draft, "cancel", Cancelled),
        Transition::free(PendingApproval, "approve", Open),
        Transition::free(PendingApproval, "cancel", Cancelled),
        Transition::free(Open, "pause", Paused),
        Transition::guarded(Open, "fill", Filled, ALL_FOUND),
        Transition::free(Open, "close", Closed),
        Transition::free(Paused, "open", Open),
        Transition::free(Paused, "resume", Open),
        Transition::guarded(Paused, "fill", Filled, ALL_FOUND),
        Transition::free(Paused, "close", Closed),
        Transition::guarded(Closed, "reopen", Open, RECENT),
    ]
};

const AUTO_APPROVE: &str = "the agency's policy opens jobs without approval";
const ALL_FOUND: &str = "`filled_count` has reached `openings`";
const RECENT: &str = "the job was closed at most 90 days ago";
const REOPEN_WITHIN: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The move is not in the table, or its guard does not hold.
pub const ILLEGAL: Code = Code {
    status: 409,
    name: "jobs.illegal_transition",
    title: "The job's status does not allow this",
    mend: "Make one of the moves in `legal_transitions`, or none if it is empty.",
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOVES: [JobMove; 9] = [
        JobMove::Submit,
        JobMove::Approve,
        JobMove::Open,
        JobMove::Pause,
        JobMove::Resume,
        JobMove::Fill,
        JobMove::Close(CloseReason::Expired),
        JobMove::Cancel,
        JobMove::Reopen,
    ];

    const SETTING: Setting =
        Setting { now: Timestamp::from_millis(1_000), openings: 1, auto_approve: true };

    /// A life in a state, with every guard met.
    fn ready(status: JobStatus) -> JobLife {
        JobLife { status, closed_at: Some(SETTING.now), filled_count: 1, ..JobLife::default() }
    }

    #[test]
    fn every_move_outside_the_table_is_refused() {
        for status in JobStatus::ALL {
            for attempted in MOVES {
                let row = transitions()
                    .iter()
                    .find(|row| row.from == *status && row.name == attempted.name());
                let after = ready(*status).apply(attempted, SETTING).ok();
                assert_eq!(after.map(|life| life.status), row.map(|row| row.to), "{attempted:?}");
            }
        }
    }

    #[test]
    fn filled_and_cancelled_are_terminal() {
        for status in [JobStatus::Filled, JobStatus::Cancelled] {
            assert!(ready(status).legal(SETTING).is_empty());
        }
    }

    #[test]
    fn a_draft_opens_only_where_policy_needs_no_approval() {
        let setting = Setting { auto_approve: false, ..SETTING };

        let refused = JobLife::default().apply(JobMove::Open, setting).unwrap_err();

        assert_eq!(refused.legal, ["submit", "cancel"]);
        assert_eq!(refused.guard, Some(AUTO_APPROVE));
    }

    #[test]
    fn a_job_is_not_filled_before_everybody_is_found() {
        let setting = Setting { openings: 2, ..SETTING };

        assert!(ready(JobStatus::Open).apply(JobMove::Fill, setting).is_err());
        assert!(ready(JobStatus::Open).apply(JobMove::Fill, SETTING).is_ok());
    }

    #[test]
    fn a_job_is_reopened_for_90_days_and_no_longer() {
        let closed = ready(JobStatus::Closed);
        let last = Setting { now: SETTING.now.plus(REOPEN_WITHIN), ..SETTING };
        let late = Setting { now: last.now.plus(Duration::from_millis(1)), ..SETTING };

        assert!(closed.apply(JobMove::Reopen, late).is_err());
        let open = closed.apply(JobMove::Reopen, last).unwrap();
        assert_eq!(
            (open.opened_at, open.closed_at, open.close_reason),
            (Some(last.now), None, None)
        );
    }

    #[test]
    fn a_pause_keeps_the_day_of_opening() {
        let open = JobLife::default().apply(JobMove::Open, SETTING).unwrap();
        let later = Setting { now: Timestamp::from_millis(9_000), ..SETTING };

        for back in [JobMove::Open, JobMove::Resume] {
            let paused = open.apply(JobMove::Pause, later).unwrap();
            assert_eq!(paused.apply(back, later).unwrap(), open);
        }
    }

    #[test]
    fn names_are_those_of_the_contract() {
        for status in JobStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(JobStatus::parse(status.as_str()), Some(*status));
        }
        for reason in CloseReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
            assert_eq!(CloseReason::parse(reason.as_str()), Some(*reason));
        }
    }

    proptest! {
        #[test]
        fn no_sequence_of_moves_leaves_the_table(
            steps in prop::collection::vec(
                (0..MOVES.len(), 0_i64..10_000_000_000, any::<bool>()),
                0..40,
            ),
            filled_count in 0_u16..3,
        ) {
            let mut life = JobLife { filled_count, ..JobLife::default() };
            for (index, now, auto_approve) in steps {
                let now = Timestamp::from_millis(now);
                let setting = Setting { now, openings: 2, auto_approve };
                let name = MOVES[index].name();
                match life.apply(MOVES[index], setting) {
                    Ok(after) => {
                        let row = find(transitions(), life.status, name);
                        prop_assert_eq!(row.map(|row| row.to), Some(after.status));
                        prop_assert!(life.legal(setting).contains(&name));
                        life = after;
                    }
                    Err(refused) => prop_assert!(!refused.legal.contains(&name)),
                }
                let over = matches!(
                    life.status,
                    JobStatus::Filled | JobStatus::Closed | JobStatus::Cancelled
                );
                prop_assert_eq!(life.closed_at.is_some(), over);
                prop_assert_eq!(life.close_reason.is_some(), over);
            }
        }
    }
}
