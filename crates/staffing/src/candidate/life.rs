//! A candidate's life with the agency, from first contact to erasure.

use kernel::{Code, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::consent::Consent;
use crate::transition::{IllegalTransition, Transition, step};

/// Where a candidate stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CandidateStatus {
    /// Just made known.
    #[default]
    New,
    /// Looking for work.
    Active,
    /// Not looking for now.
    Dormant,
    /// Not to be placed.
    Blocked,
    /// To be erased.
    ErasureRequested,
    /// Erased: only a tombstone is left.
    Erased,
}

/// What can be done with a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandidateMove {
    /// They look for work.
    Activate,
    /// They do not look for now.
    Rest,
    /// They are not to be placed.
    Block,
    /// They may be placed again.
    Unblock,
    /// They are to be erased.
    RequestErasure,
    /// They are erased.
    Erase,
    /// They are somebody who is written down already: this record goes.
    Merge,
}

impl CandidateStatus {
    /// Every status.
    pub const ALL: &[Self] = &[
        Self::New,
        Self::Active,
        Self::Dormant,
        Self::Blocked,
        Self::ErasureRequested,
        Self::Erased,
    ];

    /// The name, as stores and callers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Active => "active",
            Self::Dormant => "dormant",
            Self::Blocked => "blocked",
            Self::ErasureRequested => "erasure_requested",
            Self::Erased => "erased",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == name)
    }

    /// The status after a move.
    ///
    /// # Errors
    /// When the table has no such row.
    pub fn apply(self, attempted: CandidateMove) -> Result<Self, IllegalTransition> {
        step(transitions(), (self, self.as_str()), attempted.name(), &ILLEGAL)
    }
}

impl CandidateMove {
    /// Every move.
    pub const ALL: &[Self] = &[
        Self::Activate,
        Self::Rest,
        Self::Block,
        Self::Unblock,
        Self::RequestErasure,
        Self::Erase,
        Self::Merge,
    ];

    /// The name, as URLs write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Rest => "rest",
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::RequestErasure => "request_erasure",
            Self::Erase => "erase",
            Self::Merge => "merge",
        }
    }
}

/// Whether the matcher may look at a candidate at all.
#[must_use]
pub fn is_matchable(
    status: CandidateStatus,
    consent: &Consent,
    do_not_contact: bool,
    now: Timestamp,
) -> bool {
    matches!(status, CandidateStatus::Active | CandidateStatus::Dormant)
        && consent.covers(now)
        && !do_not_contact
}

/// Until when a candidate's data is kept: so many months of the UTC calendar from now.
#[must_use]
pub fn retain_until(now: Timestamp, months: u32) -> Timestamp {
    let day = now.date();
    let last = day.saturating_add(jiff::Span::new().months(i64::from(months.min(MONTHS_MAX))));
    let days = day.until(last).map_or(0, |span| i64::from(span.get_days()));
    Timestamp::from_millis(now.millis().saturating_add(days.saturating_mul(DAY_MS)))
}

/// The moment so many months of the UTC calendar before now.
#[must_use]
pub fn months_before(now: Timestamp, months: u32) -> Timestamp {
    let day = now.date();
    let first = day.saturating_sub(jiff::Span::new().months(i64::from(months.min(MONTHS_MAX))));
    let days = first.until(day).map_or(0, |span| i64::from(span.get_days()));
    Timestamp::from_millis(now.millis().saturating_sub(days.saturating_mul(DAY_MS)))
}

/// The life cycle of a candidate.
#[must_use]
pub const fn transitions() -> &'static [Transition<CandidateStatus>] {
    TRANSITIONS
}

const TRANSITIONS: &[Transition<CandidateStatus>] = {
    use CandidateStatus::{Active, Blocked, Dormant, Erased, ErasureRequested, New};
    &[
        Transition::free(New, "activate", Active),
        Transition::free(New, "block", Blocked),
        Transition::free(New, "request_erasure", ErasureRequested),
        Transition::free(New, "merge", Erased),
        Transition::free(Active, "rest", Dormant),
        Transition::free(Active, "block", Blocked),
        Transition::free(Active, "request_erasure", ErasureRequested),
        Transition::free(Active, "merge", Erased),
        Transition::free(Dormant, "activate", Active),
        Transition::free(Dormant, "block", Blocked),
        Transition::free(Dormant, "request_erasure", ErasureRequested),
        Transition::free(Dormant, "merge", Erased),
        Transition::free(Blocked, "unblock", Active),
        Transition::free(Blocked, "request_erasure", ErasureRequested),
        Transition::free(Blocked, "merge", Erased),
        Transition::free(ErasureRequested, "erase", Erased),
    ]
};

/// A hundred years: longer than any retention policy.
const MONTHS_MAX: u32 = 1200;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The move is not in the table.
pub const ILLEGAL: Code = Code {
    status: 409,
    name: "candidates.illegal_transition",
    title: "The candidate's status does not allow this",
    mend: "Make one of the moves in `legal_transitions`, or none if it is empty.",
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::candidate::consent::{Basis, Consent};
    use crate::transition::find;

    #[test]
    fn every_move_outside_the_table_is_refused() {
        for status in CandidateStatus::ALL {
            for attempted in CandidateMove::ALL {
                let row = transitions()
                    .iter()
                    .find(|row| row.from == *status && row.name == attempted.name());
                assert_eq!(status.apply(*attempted).ok(), row.map(|row| row.to));
            }
        }
    }

    #[test]
    fn nobody_comes_back_from_erasure() {
        for attempted in CandidateMove::ALL {
            assert!(CandidateStatus::Erased.apply(*attempted).is_err());
        }
        let refused = CandidateStatus::ErasureRequested.apply(CandidateMove::Block).unwrap_err();
        assert_eq!(refused.legal, ["erase"]);
    }

    #[test]
    fn names_of_statuses_are_those_of_the_contract() {
        for status in CandidateStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(CandidateStatus::parse(status.as_str()), Some(*status));
        }
    }

    #[test]
    fn only_a_willing_and_present_candidate_is_matched() {
        let now = Timestamp::from_millis(0);
        let willing = Consent::pending(Basis::Contract);
        let unasked = Consent::pending(Basis::Consent);

        for status in CandidateStatus::ALL {
            let present = matches!(status, CandidateStatus::Active | CandidateStatus::Dormant);
            assert_eq!(is_matchable(*status, &willing, false, now), present, "{status:?}");
        }
        assert!(!is_matchable(CandidateStatus::Active, &willing, true, now));
        assert!(!is_matchable(CandidateStatus::Active, &unasked, false, now));
    }

    #[test]
    fn retention_counts_calendar_months() {
        let now: Timestamp = "2027-01-31T10:00:00.000Z".parse().unwrap();

        assert_eq!(retain_until(now, 1).to_string(), "2027-02-28T10:00:00.000Z");
        assert_eq!(retain_until(now, 24).to_string(), "2029-01-31T10:00:00.000Z");
        assert_eq!(retain_until(now, 0), now);
        assert_eq!(months_before(now, 2).to_string(), "2026-11-30T10:00:00.000Z");
    }

    proptest! {
        #[test]
        fn no_sequence_of_moves_leaves_the_table(
            steps in prop::collection::vec(0..CandidateMove::ALL.len(), 0..40),
        ) {
            let mut at = CandidateStatus::default();
            for index in steps {
                let attempted = CandidateMove::ALL[index];
                match at.apply(attempted) {
                    Ok(after) => {
                        let row = find(transitions(), at, attempted.name());
                        prop_assert_eq!(row.map(|row| row.to), Some(after));
                        at = after;
                    }
                    Err(refused) => prop_assert!(!refused.legal.contains(&attempted.name())),
                }
            }
        }
    }
}
