//! An employment's life: draft, approval, onboarding, work, and the ways it ends.

use kernel::{Code, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::calendar::Date;
use crate::transition::{IllegalTransition, Transition, find};

/// Where an employment stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmploymentStatus {
    /// Being written.
    #[default]
    Draft,
    /// Waiting for a recruiter's approval.
    Submitted,
    /// Approved; being prepared.
    Onboarding,
    /// The worker works.
    Active,
    /// The worker is away.
    OnLeave,
    /// Coming to its end.
    Offboarding,
    /// Over.
    Ended,
    /// Never began.
    Cancelled,
}

/// Why an employment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The worker left.
    Resignation,
    /// The worker was let go.
    Termination,
    /// The contract ran out.
    Completion,
    /// Both agreed.
    Mutual,
    /// The worker died.
    Death,
    /// Something else.
    Other,
}

/// What can be done with an employment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmploymentMove {
    /// Ask for approval.
    Submit,
    /// Approve, which begins the onboarding.
    Approve,
    /// The work begins.
    Activate,
    /// The worker goes on leave.
    StartLeave,
    /// The worker is back.
    EndLeave,
    /// It comes to its end on a day.
    Offboard {
        /// The last day of work.
        last_day: Date,
        /// Why.
        reason: EndReason,
    },
    /// It goes on after all.
    Rescind,
    /// It is over.
    End,
    /// It does not begin.
    Cancel,
}

/// What a transition needs to know besides the employment's life.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The present moment.
    pub now: Timestamp,
    /// First day of work.
    pub start_date: Date,
    /// Whether there is a ground to process the worker's data: consent, or the contract.
    pub has_ground: bool,
    /// Whether the country's form is complete.
    pub has_form: bool,
    /// Whether every required task is done.
    pub has_tasks_done: bool,
}

/// The part of an employment that only its life cycle writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EmploymentLife {
    /// Where it stands.
    pub status: EmploymentStatus,
    /// When it was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// When the work began; from then on the start date is confirmed.
    pub activated_at: Option<Timestamp>,
    /// Last day of work, once it is known.
    pub last_day: Option<Date>,
    /// Why it ends.
    pub end_reason: Option<EndReason>,
    /// When it ended or was cancelled.
    pub closed_at: Option<Timestamp>,
}

/// A row of the published table: a transition, and who makes it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Row {
    /// The transition.
    #[serde(flatten)]
    pub transition: Transition<EmploymentStatus>,
    /// Who makes it: `recruiter`, `integration_service`, or `timer`.
    pub who: &'static [&'static str],
}

impl EmploymentLife {
    /// The life after a move.
    ///
    /// # Errors
    /// When the table has no such row, or the row's guard does not hold.
    pub fn apply(self, made: EmploymentMove, setting: Setting) -> Result<Self, IllegalTransition> {
        // The day that is asked for is what the guard of `offboard` looks at.
        let asked = match made {
            EmploymentMove::Offboard { last_day, .. } => Self { last_day: Some(last_day), ..self },
            _ => self,
        };
        let row = find(TRANSITIONS, self.status, made.name())
            .filter(|row| asked.holds(row, setting))
            .ok_or_else(|| self.refusal(made, setting))?;
        let (next, now) = (Self { status: row.to, ..asked }, Some(setting.now));
        Ok(match made {
            EmploymentMove::Submit => Self { submitted_at: now, ..next },
            EmploymentMove::Approve => Self { approved_at: now, ..next },
            EmploymentMove::Activate => Self { activated_at: now, ..next },
            EmploymentMove::StartLeave | EmploymentMove::EndLeave => next,
            EmploymentMove::Offboard { reason, .. } => Self { end_reason: Some(reason), ..next },
            EmploymentMove::Rescind => Self { last_day: None, end_reason: None, ..next },
            EmploymentMove::End | EmploymentMove::Cancel => Self { closed_at: now, ..next },
        })
    }

    /// The moves that would succeed now. For `offboard`: with a last day that is not too early.
    #[must_use]
    pub fn legal(&self, setting: Setting) -> Vec<&'static str> {
        let rows = TRANSITIONS.iter().filter(|row| row.from == self.status);
        let holds = |row: &&Transition<_>| row.guard == Some(IN_ORDER) || self.holds(row, setting);
        rows.filter(holds).map(|row| row.name).collect()
    }

    fn holds(&self, row: &Transition<EmploymentStatus>, setting: Setting) -> bool {
        let today = Date(setting.now.date());
        match row.guard {
            None => true,
            Some(PREPARED) => setting.has_ground && setting.has_form,
            Some(READY) => setting.start_date <= today && setting.has_tasks_done,
            Some(IN_ORDER) => self.last_day.is_some_and(|day| day >= setting.start_date),
            Some(COME) => self.last_day.is_some_and(|day| day <= today),
            // A guard that nobody taught us is never met.
            Some(_) => false,
        }
    }

    fn refusal(&self, attempted: EmploymentMove, setting: Setting) -> IllegalTransition {
        IllegalTransition {
            code: &ILLEGAL,
            from: self.status.as_str(),
            attempted: attempted.name(),
            legal: self.legal(setting),
            guard: find(TRANSITIONS, self.status, attempted.name()).and_then(|row| row.guard),
        }
    }
}

impl EmploymentStatus {
    /// Every status.
    pub const ALL: &[Self] = &[
        Self::Draft,
        Self::Submitted,
        Self::Onboarding,
        Self::Active,
        Self::OnLeave,
        Self::Offboarding,
        Self::Ended,
        Self::Cancelled,
    ];

    /// The name, as stores and callers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Onboarding => "onboarding",
            Self::Active => "active",
            Self::OnLeave => "on_leave",
            Self::Offboarding => "offboarding",
            Self::Ended => "ended",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == name)
    }

    /// Whether it is over, one way or the other.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Ended | Self::Cancelled)
    }

    /// Whether the contract has begun and is not over.
    #[must_use]
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Active | Self::OnLeave | Self::Offboarding)
    }
}

impl EmploymentMove {
    /// The name, as tables and problems write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Approve => "approve",
            Self::Activate => "activate",
            Self::StartLeave => "start_leave",
            Self::EndLeave => "end_leave",
            Self::Offboard { .. } => "offboard",
            Self::Rescind => "rescind",
            Self::End => "end",
            Self::Cancel => "cancel",
        }
    }
}

/// The life cycle of an employment.
#[must_use]
pub const fn transitions() -> &'static [Transition<EmploymentStatus>] {
    TRANSITIONS
}

/// The life cycle with who makes each move, as it is published.
pub fn published() -> impl Iterator<Item = Row> {
    TRANSITIONS.iter().map(|transition| Row { transition: *transition, who: who(transition) })
}

fn who(row: &Transition<EmploymentStatus>) -> &'static [&'static str] {
    match row.name {
        "approve" => &["recruiter"],
        "activate" | "end" => &["integration_service", "recruiter", "timer"],
        _ => &["integration_service", "recruiter"],
    }
}

const TRANSITIONS: &[Transition<EmploymentStatus>] = {
    use EmploymentStatus::{
        Active, Cancelled, Draft, Ended, Offboarding, OnLeave, Onboarding, Submitted,
    };
    &[
        Transition::free(Draft, "submit", Submitted),
        Transition::free(Draft, "cancel", Cancelled),
        Transition::guarded(Submitted, "approve", Onboarding, PREPARED),
        Transition::free(Submitted, "cancel", Cancelled),
        Transition::guarded(Onboarding, "activate", Active, READY),
        Transition::free(Onboarding, "cancel", Cancelled),
        Transition::free(Active, "start_leave", OnLeave),
        Transition::guarded(Active, "offboard", Offboarding, IN_ORDER),
        Transition::free(OnLeave, "end_leave", Active),
        Transition::guarded(OnLeave, "offboard", Offboarding, IN_ORDER),
        Transition::free(Offboarding, "rescind", Active),
        Transition::guarded(Offboarding, "end", Ended, COME),
    ]
};

const PREPARED: &str =
    "the worker consented or the contract is the ground, and the country's form is complete";
const READY: &str = "`start_date` has come and every required task is done";
const IN_ORDER: &str = "`last_day` is not before `start_date`";
const COME: &str = "`last_day` has come";

/// The move is not in the table, or its guard does not hold.
pub const ILLEGAL: Code = Code {
    status: 409,
    name: "employments.illegal_transition",
    title: "The employment's status does not allow this",
    mend: "Make one of the moves in `legal_transitions`, or none if it is empty.",
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn moves(last_day: Date) -> [EmploymentMove; 9] {
        [
            EmploymentMove::Submit,
            EmploymentMove::Approve,
            EmploymentMove::Activate,
            EmploymentMove::StartLeave,
            EmploymentMove::EndLeave,
            EmploymentMove::Offboard { last_day, reason: EndReason::Resignation },
            EmploymentMove::Rescind,
            EmploymentMove::End,
            EmploymentMove::Cancel,
        ]
    }

    /// 2026-11-22, with every guard met.
    fn setting() -> Setting {
        Setting {
            now: Timestamp::from_millis(1_795_372_200_000),
            start_date: day("2026-11-01"),
            has_ground: true,
            has_form: true,
            has_tasks_done: true,
        }
    }

    fn ready(status: EmploymentStatus) -> EmploymentLife {
        EmploymentLife { status, last_day: Some(day("2026-11-20")), ..EmploymentLife::default() }
    }

    #[test]
    fn every_move_outside_the_table_is_refused_with_the_legal_ones() {
        for status in EmploymentStatus::ALL {
            let names: Vec<_> = transitions()
                .iter()
                .filter(|row| row.from == *status)
                .map(|row| row.name)
                .collect();
            for made in moves(day("2026-11-20")) {
                let row = find(transitions(), *status, made.name());
                match ready(*status).apply(made, setting()) {
                    Ok(life) => assert_eq!(Some(life.status), row.map(|row| row.to)),
                    Err(refused) => {
                        assert_eq!((row.is_none(), &refused.legal), (true, &names));
                        assert_eq!(refused.code.name, "employments.illegal_transition");
                    }
                }
            }
        }
    }

    #[test]
    fn nobody_begins_without_ground_form_tasks_or_before_the_day() {
        let submitted = ready(EmploymentStatus::Submitted);
        for setting in
            [Setting { has_ground: false, ..setting() }, Setting { has_form: false, ..setting() }]
        {
            let refused = submitted.apply(EmploymentMove::Approve, setting).unwrap_err();
            assert_eq!((refused.guard, refused.legal), (Some(PREPARED), vec!["cancel"]));
        }
        let onboarding = ready(EmploymentStatus::Onboarding);
        for setting in [
            Setting { has_tasks_done: false, ..setting() },
            Setting { start_date: day("2026-11-23"), ..setting() },
        ] {
            let refused = onboarding.apply(EmploymentMove::Activate, setting).unwrap_err();
            assert_eq!((refused.guard, refused.legal), (Some(READY), vec!["cancel"]));
        }
        let today = Setting { start_date: day("2026-11-22"), ..setting() };
        assert!(onboarding.apply(EmploymentMove::Activate, today).is_ok());
    }

    #[test]
    fn nobody_ends_before_the_beginning_nor_before_the_last_day() {
        let reason = EndReason::Mutual;
        let early = EmploymentMove::Offboard { last_day: day("2026-10-31"), reason };
        let later = EmploymentMove::Offboard { last_day: day("2026-11-23"), reason };
        let active = ready(EmploymentStatus::Active);

        assert_eq!(active.apply(early, setting()).unwrap_err().guard, Some(IN_ORDER));
        let leaving = active.apply(later, setting()).unwrap();
        assert_eq!(leaving.apply(EmploymentMove::End, setting()).unwrap_err().guard, Some(COME));
        let back = leaving.apply(EmploymentMove::Rescind, setting()).unwrap();
        assert_eq!((back.last_day, back.end_reason), (None, None));
    }

    #[test]
    fn only_a_recruiter_approves() {
        let approvers: Vec<_> =
            published().filter(|row| row.transition.name == "approve").map(|row| row.who).collect();

        assert_eq!(approvers, [["recruiter"]]);
        let table = serde_json::to_value(published().collect::<Vec<_>>()).unwrap();
        assert_eq!(table[0]["from"], "draft");
        assert_eq!(table[0]["move"], "submit");
    }

    #[test]
    fn names_are_those_of_the_contract() {
        for status in EmploymentStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(EmploymentStatus::parse(status.as_str()), Some(*status));
        }
    }

    proptest! {
        #[test]
        fn no_sequence_of_moves_leaves_the_table(
            steps in prop::collection::vec(
                (0_usize..9, 0_i64..60, 1_i8..30, any::<bool>(), any::<bool>()), 0..60),
        ) {
            let mut life = EmploymentLife::default();
            for (index, days, last, prepared, done) in steps {
                let setting = Setting {
                    now: Timestamp::from_millis(1_793_500_000_000 + days * 86_400_000),
                    has_ground: prepared,
                    has_tasks_done: done,
                    ..setting()
                };
                let made = moves(Date(jiff::civil::date(2026, 11, last)))[index];
                match life.apply(made, setting) {
                    Ok(after) => {
                        let row = find(transitions(), life.status, made.name());
                        prop_assert_eq!(row.map(|row| row.to), Some(after.status));
                        prop_assert!(life.legal(setting).contains(&made.name()));
                        life = after;
                    }
                    Err(refused) => {
                        let guarded = refused.guard == Some(IN_ORDER);
                        prop_assert!(guarded || !refused.legal.contains(&made.name()));
                    }
                }
                prop_assert_eq!(life.closed_at.is_some(), life.status.is_closed());
                let worked = life.status.is_running() || life.status == EmploymentStatus::Ended;
                prop_assert_eq!(life.activated_at.is_some(), worked);
            }
        }
    }
}
