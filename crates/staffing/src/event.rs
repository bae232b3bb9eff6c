//! The names under which changes are announced.

pub mod published;

use crate::candidate::life::CandidateMove;
use crate::employment::life::EmploymentMove;
use crate::job::life::JobMove;
use crate::matches::MatchMove;

/// What happened to a client company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// It was written down.
    Created,
    /// It changed.
    Updated,
}

/// What happened to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEvent {
    /// It was written down.
    Created,
    /// It changed.
    Updated,
    /// It takes candidates, for the first time or after a pause.
    Opened,
    /// It takes none for now.
    Paused,
    /// Everybody wanted was found.
    Filled,
    /// It ended otherwise.
    Closed,
    /// It takes candidates again after it was closed.
    Reopened,
    /// It was removed before anybody saw it.
    Deleted,
}

/// What happened to a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandidateEvent {
    /// They were written down.
    Created,
    /// They changed.
    Updated,
    /// They agreed to the processing of their data.
    ConsentGranted,
    /// They no longer do.
    ConsentWithdrawn,
    /// This record went into another one of the same person.
    Merged,
    /// They are to be erased.
    ErasureRequested,
    /// They are erased.
    Erased,
}

/// What happened to a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchEvent {
    /// It was scored, for the first time or again.
    Scored,
    /// It is at another stage.
    StageChanged,
    /// An employment followed.
    Placed,
}

/// What happened to a run of the matcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchRunEvent {
    /// It is over, and its scores are there.
    Completed,
    /// It is over, and there are none.
    Failed,
}

/// What happened to an employment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmploymentEvent {
    /// It was written down.
    Created,
    /// It changed.
    Updated,
    /// It waits for approval.
    Submitted,
    /// It was approved and is being prepared.
    OnboardingStarted,
    /// The work began.
    Activated,
    /// The worker went on leave.
    LeaveStarted,
    /// The worker is back.
    LeaveEnded,
    /// It comes to its end.
    OffboardingStarted,
    /// It is over.
    Ended,
    /// It did not begin.
    Cancelled,
    /// A change of terms was proposed.
    AmendmentProposed,
    /// It was approved.
    AmendmentApproved,
    /// Its day came.
    AmendmentEffective,
    /// It was withdrawn.
    AmendmentCancelled,
}

impl ClientEvent {
    /// The event's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "client.created",
            Self::Updated => "client.updated",
        }
    }
}

impl JobEvent {
    /// The event's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "job.created",
            Self::Updated => "job.updated",
            Self::Opened => "job.opened",
            Self::Paused => "job.paused",
            Self::Filled => "job.filled",
            Self::Closed => "job.closed",
            Self::Reopened => "job.reopened",
            Self::Deleted => "job.deleted",
        }
    }

    /// What a move announces.
    #[must_use]
    pub const fn of(made: JobMove) -> Self {
        match made {
            // Nobody outside saw a job that never opened: its end is a change like another.
            JobMove::Submit | JobMove::Cancel => Self::Updated,
            JobMove::Approve | JobMove::Open | JobMove::Resume => Self::Opened,
            JobMove::Pause => Self::Paused,
            JobMove::Fill => Self::Filled,
            JobMove::Close(_) => Self::Closed,
            JobMove::Reopen => Self::Reopened,
        }
    }
}

impl CandidateEvent {
    /// The event's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "candidate.created",
            Self::Updated => "candidate.updated",
            Self::ConsentGranted => "candidate.consent_granted",
            Self::ConsentWithdrawn => "candidate.consent_withdrawn",
            Self::Merged => "candidate.merged",
            Self::ErasureRequested => "candidate.erasure_requested",
            Self::Erased => "candidate.erased",
        }
    }

    /// What a move announces.
    #[must_use]
    pub const fn of(made: CandidateMove) -> Self {
        match made {
            CandidateMove::RequestErasure => Self::ErasureRequested,
            CandidateMove::Erase => Self::Erased,
            CandidateMove::Merge => Self::Merged,
            CandidateMove::Activate
            | CandidateMove::Rest
            | CandidateMove::Block
            | CandidateMove::Unblock => Self::Updated,
        }
    }
}

impl MatchEvent {
    /// The event's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scored => "match.scored",
            Self::StageChanged => "match.stage_changed",
            Self::Placed => "match.placed",
        }
    }

    /// What a move announces.
    #[must_use]
    pub const fn of(made: MatchMove) -> Self {
        match made {
            MatchMove::Place(_) => Self::Placed,
            _ => Self::StageChanged,
        }
    }
}

impl MatchRunEvent {
    /// The event's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "match_run.completed",
            Self::Failed => "match_run.failed",
        }
    }
}

impl EmploymentEvent {
    /// The event's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "employment.created",
            Self::Updated => "employment.updated",
            Self::Submitted => "employment.submitted",
            Self::OnboardingStarted => "employment.onboarding_started",
            Self::Activated => "employment.activated",
            Self::LeaveStarted => "employment.leave_started",
            Self::LeaveEnded => "employment.leave_ended",
            Self::OffboardingStarted => "employment.offboarding_started",
            Self::Ended => "employment.ended",
            Self::Cancelled => "employment.cancelled",
            Self::AmendmentProposed => "employment.amendment.proposed",
            Self::AmendmentApproved => "employment.amendment.approved",
            Self::AmendmentEffective => "employment.amendment.effective",
            Self::AmendmentCancelled => "employment.amendment.cancelled",
        }
    }

    /// What a move announces.
    #[must_use]
    pub const fn of(made: EmploymentMove) -> Self {
        match made {
            EmploymentMove::Submit => Self::Submitted,
            EmploymentMove::Approve => Self::OnboardingStarted,
            EmploymentMove::Activate => Self::Activated,
            EmploymentMove::StartLeave => Self::LeaveStarted,
            EmploymentMove::EndLeave => Self::LeaveEnded,
            EmploymentMove::Offboard { .. } => Self::OffboardingStarted,
            // The last day is taken back: no subscriber knows a name for it.
            EmploymentMove::Rescind => Self::Updated,
            EmploymentMove::End => Self::Ended,
            EmploymentMove::Cancel => Self::Cancelled,
        }
    }
}
