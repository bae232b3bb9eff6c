//! Changes of an employment's terms: proposed, approved, and in effect from a day on.
//!
//! Each approved change holds from its day until the next one's, so that on any day exactly one
//! set of terms holds and no two overlap.

use kernel::{AmendmentId, Code, FieldError, Line, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Department, EmployedAs, Pay, PayFrequency};
use crate::calendar::Date;
use crate::candidate::profile::WeeklyHours;
use crate::merge::merge;
use crate::named;
use crate::transition::{IllegalTransition, Transition, step};

/// Why terms change.
pub type AmendmentReason = Line<1, 200>;

/// A change of terms, as it is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendmentDraft {
    /// The first day on which it holds.
    pub effective_from: Date,
    /// Why. Nothing personal belongs here.
    #[schema(value_type = named::AmendmentReason)]
    pub reason: AmendmentReason,
    /// What changes: at least one member.
    pub changes: Terms,
}

/// The terms that amendments change. What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
pub struct Terms {
    /// What the worker is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensation: Option<Pay>,
    /// What the worker is employed as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub job_title: Option<EmployedAs>,
    /// Department of the client company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub department: Option<Department>,
    /// Hours a week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub weekly_hours: Option<WeeklyHours>,
    /// How often the worker is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay_frequency: Option<PayFrequency>,
}

/// Where an amendment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AmendmentStatus {
    /// Waiting for approval.
    Proposed,
    /// Approved; its day has not come.
    Approved,
    /// In effect since its day.
    Effective,
    /// Withdrawn.
    Cancelled,
}

/// A change of terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// Its id.
    pub id: AmendmentId,
    /// Where it stands.
    pub status: AmendmentStatus,
    /// The first day on which it holds.
    pub effective_from: Date,
    /// The first day on which it no longer holds, because the next one does.
    pub effective_until: Option<Date>,
    /// Why.
    #[schema(value_type = named::AmendmentReason)]
    pub reason: AmendmentReason,
    /// What changes.
    pub changes: Terms,
    /// Who proposed it.
    pub proposed_by: String,
    /// When.
    pub proposed_at: Timestamp,
    /// When it was approved or cancelled.
    pub decided_at: Option<Timestamp>,
}

/// Every amendment of one employment, in the order of their proposal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amendments(Vec<Amendment>);

/// Who proposes, when, under which id.
pub struct Proposal {
    /// The new amendment's id.
    pub id: AmendmentId,
    /// Who proposes.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The employment's first day.
    pub start_date: Date,
}

/// An amendment is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmendmentError {
    /// There is none of that id.
    #[error("no such amendment")]
    Unknown,
    /// Its status does not allow the move.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// Other terms hold from that day on.
    #[error("other terms hold from that day on")]
    Overlap,
    /// It would hold before the first day of work.
    #[error("expected a day no earlier than `start_date`")]
    TooEarly,
    /// It changes nothing.
    #[error("expected at least one changed term")]
    Empty,
    /// There are too many.
    #[error("expected at most {AMENDMENTS_MAX} amendments")]
    TooMany,
}

impl Amendments {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Amendment] {
        &self.0
    }

    /// The one with this id.
    ///
    /// # Errors
    /// [`AmendmentError::Unknown`].
    pub fn require(&self, id: AmendmentId) -> Result<&Amendment, AmendmentError> {
        self.0.iter().find(|amendment| amendment.id == id).ok_or(AmendmentError::Unknown)
    }

    /// With one more, proposed.
    ///
    /// # Errors
    /// When it is empty or too early, there are too many, or other terms hold from its day on.
    pub fn propose(
        mut self,
        draft: AmendmentDraft,
        proposal: Proposal,
    ) -> Result<Self, AmendmentError> {
        if draft.changes == Terms::default() {
            return Err(AmendmentError::Empty);
        }
        if draft.effective_from < proposal.start_date {
            return Err(AmendmentError::TooEarly);
        }
        if self.0.len() >= AMENDMENTS_MAX {
            return Err(AmendmentError::TooMany);
        }
        self.is_free(draft.effective_from)?;
        self.0.push(Amendment {
            id: proposal.id,
            status: AmendmentStatus::Proposed,
            effective_from: draft.effective_from,
            effective_until: None,
            reason: draft.reason,
            changes: draft.changes,
            proposed_by: proposal.by,
            proposed_at: proposal.at,
            decided_at: None,
        });
        Ok(self)
    }

    /// With one approved.
    ///
    /// # Errors
    /// When it is unknown or not proposed, or other terms hold from its day on by now.
    pub fn approve(mut self, id: AmendmentId, now: Timestamp) -> Result<Self, AmendmentError> {
        self.is_free(self.require(id)?.effective_from)?;
        self.advance(id, "approve", Some(now))?;
        Ok(self.settled())
    }

    /// With one cancelled.
    ///
    /// # Errors
    /// When it is unknown, in effect or cancelled already.
    pub fn cancel(mut self, id: AmendmentId, now: Timestamp) -> Result<Self, AmendmentError> {
        self.advance(id, "cancel", Some(now))?;
        Ok(self.settled())
    }

    /// With those in effect whose day has come, and what they change, oldest first.
    #[must_use]
    pub fn take_effect(mut self, today: Date) -> (Self, Vec<Terms>) {
        let mut due: Vec<_> = self
            .0
            .iter()
            .filter(|a| a.status == AmendmentStatus::Approved && a.effective_from <= today)
            .map(|a| (a.effective_from, a.id, a.changes.clone()))
            .collect();
        due.sort_by_key(|(day, ..)| *day);
        let mut changes = Vec::new();
        for (_, id, terms) in due {
            if self.advance(id, "take_effect", None).is_ok() {
                changes.push(terms);
            }
        }
        (self, changes)
    }

    /// The first day on which approved terms begin.
    #[must_use]
    pub fn due(&self) -> Option<Date> {
        let approved = self.0.iter().filter(|a| a.status == AmendmentStatus::Approved);
        approved.map(|a| a.effective_from).min()
    }

    fn advance(
        &mut self,
        id: AmendmentId,
        attempted: &'static str,
        decided_at: Option<Timestamp>,
    ) -> Result<(), AmendmentError> {
        let found = self.0.iter_mut().find(|amendment| amendment.id == id);
        let amendment = found.ok_or(AmendmentError::Unknown)?;
        let from = (amendment.status, amendment.status.as_str());
        amendment.status = step(TRANSITIONS, from, attempted, &ILLEGAL)?;
        amendment.decided_at = decided_at.or(amendment.decided_at);
        Ok(())
    }

    /// A day is free when no approved terms begin on it, and none in effect begin later: what was
    /// paid already is not rewritten.
    fn is_free(&self, day: Date) -> Result<(), AmendmentError> {
        let taken = self.0.iter().any(|amendment| match amendment.status {
            AmendmentStatus::Approved => amendment.effective_from == day,
            AmendmentStatus::Effective => amendment.effective_from >= day,
            AmendmentStatus::Proposed | AmendmentStatus::Cancelled => false,
        });
        if taken { Err(AmendmentError::Overlap) } else { Ok(()) }
    }

    /// INVARIANT: each approved or effective amendment holds until the next one begins.
    fn settled(mut self) -> Self {
        let mut days: Vec<Date> =
            self.0.iter().filter(|a| a.holds()).map(|a| a.effective_from).collect();
        days.sort_unstable();
        for amendment in &mut self.0 {
            let from = amendment.effective_from;
            let next = days.iter().find(|day| **day > from).copied();
            amendment.effective_until = next.filter(|_| amendment.holds());
        }
        self
    }
}

impl Terms {
    /// Terms as they are from the amendment's day on.
    pub fn apply(&self, terms: &mut Value) {
        // Our own types serialise.
        merge(terms, serde_json::to_value(self).unwrap_or_default());
    }

    /// Names of the terms that change.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let members = serde_json::to_value(self).unwrap_or_default();
        members.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
    }
}

impl Amendment {
    /// Whether it is approved or in effect.
    #[must_use]
    pub const fn holds(&self) -> bool {
        matches!(self.status, AmendmentStatus::Approved | AmendmentStatus::Effective)
    }
}

impl AmendmentStatus {
    /// The name, as stores and callers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Effective => "effective",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The life cycle of an amendment. The timer makes `take_effect`.
#[must_use]
pub const fn transitions() -> &'static [Transition<AmendmentStatus>] {
    TRANSITIONS
}

const TRANSITIONS: &[Transition<AmendmentStatus>] = {
    use AmendmentStatus::{Approved, Cancelled, Effective, Proposed};
    &[
        Transition::free(Proposed, "approve", Approved),
        Transition::free(Proposed, "cancel", Cancelled),
        Transition::free(Approved, "take_effect", Effective),
        Transition::free(Approved, "cancel", Cancelled),
    ]
};

/// More than a working life has.
const AMENDMENTS_MAX: usize = 100;

/// The move is not in the table.
pub const ILLEGAL: Code = Code {
    status: 409,
    name: "employments.illegal_amendment",
    title: "The amendment's status does not allow this",
    mend: "Make one of the moves in `legal_transitions`, or none if it is empty.",
};
/// Two sets of terms for one day.
pub const OVERLAPS: Code = Code {
    status: 409,
    name: "employments.amendment_overlaps",
    title: "Other terms hold from that day on",
    mend: "Choose another day, or cancel the amendment that holds; what is in effect stays.",
};
/// An employment that is not prepared or running has no terms to change this way.
pub const NOT_AMENDABLE: Code = Code {
    status: 409,
    name: "employments.not_amendable",
    title: "The employment's terms are not changed by amendments now",
    mend: "Change a draft directly; propose amendments from onboarding to the last day.",
};
/// A list without end would end the service.
pub const TOO_MANY: Code = Code {
    status: 409,
    name: "employments.too_many_amendments",
    title: "The employment has as many amendments as it may have",
    mend: "End this employment and write a new one down with `previous_employment_id`.",
};

impl From<AmendmentError> for Problem {
    fn from(error: AmendmentError) -> Self {
        let invalid = |pointer: &str, code, error: &AmendmentError| {
            let error = FieldError::new(pointer, code, error.to_string());
            Self::new(&kernel::problem::INVALID).error(error)
        };
        match error {
            AmendmentError::Unknown => Self::new(&kernel::problem::NOT_FOUND),
            AmendmentError::Illegal(illegal) => illegal.into(),
            AmendmentError::Overlap => Self::new(&OVERLAPS),
            AmendmentError::TooMany => Self::new(&TOO_MANY),
            AmendmentError::TooEarly => invalid("/effective_from", "range", &error),
            AmendmentError::Empty => invalid("/changes", "required", &error),
        }
    }
}

#[cfg(test)]
mod tests;
