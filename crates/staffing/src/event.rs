//! The names under which changes are announced.

use crate::candidate::life::CandidateMove;
use crate::job::life::JobMove;

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
    /// They are to be erased.
    ErasureRequested,
    /// They are erased.
    Erased,
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
            CandidateMove::Activate
            | CandidateMove::Rest
            | CandidateMove::Block
            | CandidateMove::Unblock => Self::Updated,
        }
    }
}
