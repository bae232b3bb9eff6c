//! Matches: a candidate considered for a job, from the score to the first day of work.
//!
//! A score moves nobody: each stage is a move that somebody makes, and only a person turns a
//! person down (GDPR Art. 22) or takes that back.

use kernel::{Code, EmploymentId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::transition::{IllegalTransition, Transition, find};

/// How far a candidate has come with a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Scored, and looked at by nobody yet.
    #[default]
    Scored,
    /// Worth a closer look.
    Shortlisted,
    /// Shown to the client.
    Submitted,
    /// In talks with the client.
    Interviewing,
    /// The client made an offer.
    Offered,
    /// The candidate accepted it.
    Accepted,
    /// An employment followed.
    Placed,
    /// Turned down before the client saw them.
    Dismissed,
    /// Turned down after.
    Rejected,
    /// The candidate does not want it.
    Withdrawn,
    /// The job takes no candidates any more.
    Expired,
}

/// Why somebody is turned down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TurnDownReason {
    /// Skills that the job needs.
    Skills,
    /// Experience that the job needs.
    Experience,
    /// Languages that the job needs.
    Languages,
    /// Where they may work.
    Location,
    /// Hours that do not overlap.
    WorkingHours,
    /// What they ask for.
    Pay,
    /// When they can begin.
    Availability,
    /// The client chose somebody else.
    AnotherChosen,
    /// Something else.
    Other,
}

/// Why somebody who was rejected is considered again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReinstateReason {
    /// The rejection was a mistake.
    Mistake,
    /// The candidate asked for another look.
    Contested,
    /// Something new is known of the candidate.
    NewInformation,
    /// The job asks for something else now.
    JobChanged,
    /// Something else.
    Other,
}

/// What can be done with a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchMove {
    /// Worth a closer look.
    Shortlist,
    /// Show to the client.
    Submit,
    /// Talks begin.
    Interview,
    /// The client makes an offer.
    Offer,
    /// The candidate accepts.
    Accept,
    /// An employment follows.
    Place(EmploymentId),
    /// Turn down before the client sees them.
    Dismiss(TurnDownReason),
    /// Turn down after.
    Reject(TurnDownReason),
    /// Consider again after a rejection.
    Reinstate(ReinstateReason),
    /// The candidate does not want it.
    Withdraw,
    /// The job takes no candidates any more.
    Expire,
}

/// What a transition needs to know besides the match's life.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// Who moves.
    pub by: &'a str,
    /// Whether that is a person.
    pub is_person: bool,
}

/// The part of a match that only its life cycle writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MatchLife {
    /// How far they have come.
    pub stage: Stage,
    /// When they came there; none while they are only scored.
    pub moved_at: Option<Timestamp>,
    /// When they were first shown to the client.
    pub presented_at: Option<Timestamp>,
    /// The last time that a person turned them down or took that back.
    pub decision: Option<Decision>,
    /// The employment that followed.
    pub employment_id: Option<EmploymentId>,
}

/// A person's decision about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why they are turned down.
    pub turned_down: Option<TurnDownReason>,
    /// Why that was taken back.
    pub reinstated: Option<ReinstateReason>,
}

/// A row of the published table: a transition, and who makes it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Row {
    /// The transition.
    #[serde(flatten)]
    pub transition: Transition<Stage>,
    /// Who makes it: `recruiter`, `partner`, or `timer` for what follows by itself.
    pub who: &'static [&'static str],
}

impl MatchLife {
    /// The life after a move.
    ///
    /// # Errors
    /// When the table has no such row, or the row takes a person and none makes it.
    pub fn apply(&self, made: MatchMove, setting: Setting<'_>) -> Result<Self, IllegalTransition> {
        let row = find(TRANSITIONS, self.stage, made.name())
            .filter(|row| holds(row, setting))
            .ok_or_else(|| self.refusal(made, setting))?;
        let now = Some(setting.now);
        let next = Self { stage: row.to, moved_at: now, ..self.clone() };
        let decision = |turned_down, reinstated| {
            let by = setting.by.to_owned();
            Some(Decision { by, at: setting.now, turned_down, reinstated })
        };
        Ok(match made {
            MatchMove::Submit => Self { presented_at: self.presented_at.or(now), ..next },
            MatchMove::Place(employment) => Self { employment_id: Some(employment), ..next },
            MatchMove::Dismiss(why) | MatchMove::Reject(why) => {
                Self { decision: decision(Some(why), None), ..next }
            }
            MatchMove::Reinstate(why) => Self { decision: decision(None, Some(why)), ..next },
            MatchMove::Shortlist
            | MatchMove::Interview
            | MatchMove::Offer
            | MatchMove::Accept
            | MatchMove::Withdraw
            | MatchMove::Expire => next,
        })
    }

    /// The moves that would succeed now.
    #[must_use]
    pub fn legal(&self, setting: Setting<'_>) -> Vec<&'static str> {
        let rows = TRANSITIONS.iter().filter(|row| row.from == self.stage);
        rows.filter(|row| row.name != EXPIRE && holds(row, setting)).map(|row| row.name).collect()
    }

    fn refusal(&self, attempted: MatchMove, setting: Setting<'_>) -> IllegalTransition {
        IllegalTransition {
            code: &ILLEGAL,
            from: self.stage.as_str(),
            attempted: attempted.name(),
            legal: self.legal(setting),
            guard: find(TRANSITIONS, self.stage, attempted.name()).and_then(|row| row.guard),
        }
    }
}

fn holds(row: &Transition<Stage>, setting: Setting<'_>) -> bool {
    match row.guard {
        None => true,
        Some(PERSON) => setting.is_person,
        // A guard that nobody taught us is never met.
        Some(_) => false,
    }
}

impl Stage {
    /// Every stage.
    pub const ALL: &[Self] = &[
        Self::Scored,
        Self::Shortlisted,
        Self::Submitted,
        Self::Interviewing,
        Self::Offered,
        Self::Accepted,
        Self::Placed,
        Self::Dismissed,
        Self::Rejected,
        Self::Withdrawn,
        Self::Expired,
    ];

    /// The name, as stores and callers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scored => "scored",
            Self::Shortlisted => "shortlisted",
            Self::Submitted => "submitted",
            Self::Interviewing => "interviewing",
            Self::Offered => "offered",
            Self::Accepted => "accepted",
            Self::Placed => "placed",
            Self::Dismissed => "dismissed",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// The stage of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|stage| stage.as_str() == name)
    }

    /// Whether it is decided, one way or the other.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        matches!(
            self,
            Self::Placed | Self::Dismissed | Self::Rejected | Self::Withdrawn | Self::Expired
        )
    }
}

impl Stage {
    /// How far somebody has come, or how much was decided about them: the more, the greater.
    #[must_use]
    pub const fn reach(self) -> u8 {
        match self {
            Self::Scored => 0,
            Self::Expired => 1,
            Self::Shortlisted => 2,
            Self::Submitted => 3,
            Self::Interviewing => 4,
            Self::Offered => 5,
            Self::Dismissed => 6,
            Self::Rejected => 7,
            Self::Withdrawn => 8,
            Self::Accepted => 9,
            Self::Placed => 10,
        }
    }
}

impl MatchMove {
    /// The name, as tables and problems write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shortlist => "shortlist",
            Self::Submit => "submit",
            Self::Interview => "interview",
            Self::Offer => "offer",
            Self::Accept => "accept",
            Self::Place(_) => "place",
            Self::Dismiss(_) => "dismiss",
            Self::Reject(_) => "reject",
            Self::Reinstate(_) => "reinstate",
            Self::Withdraw => "withdraw",
            Self::Expire => EXPIRE,
        }
    }
}

/// The life cycle of a match.
#[must_use]
pub const fn transitions() -> &'static [Transition<Stage>] {
    TRANSITIONS
}

/// The life cycle with who makes each move, as it is published.
pub fn published() -> impl Iterator<Item = Row> {
    TRANSITIONS.iter().map(|transition| Row { transition: *transition, who: who(transition) })
}

const fn who(row: &Transition<Stage>) -> &'static [&'static str] {
    match (row.guard, row.to) {
        (_, Stage::Expired) => &["timer"],
        (Some(_), _) => &["recruiter"],
        (None, _) => &["recruiter", "partner"],
    }
}

const EXPIRE: &str = "expire";
/// GDPR Art. 22: who is turned down is turned down by somebody.
const PERSON: &str = "a person makes it";

const TRANSITIONS: &[Transition<Stage>] = &[
    Transition::free(Stage::Scored, "shortlist", Stage::Shortlisted),
    Transition::guarded(Stage::Scored, "dismiss", Stage::Dismissed, PERSON),
    Transition::free(Stage::Scored, EXPIRE, Stage::Expired),
    Transition::free(Stage::Shortlisted, "submit", Stage::Submitted),
    Transition::guarded(Stage::Shortlisted, "dismiss", Stage::Dismissed, PERSON),
    Transition::free(Stage::Shortlisted, EXPIRE, Stage::Expired),
    Transition::free(Stage::Submitted, "interview", Stage::Interviewing),
    Transition::guarded(Stage::Submitted, "reject", Stage::Rejected, PERSON),
    Transition::free(Stage::Submitted, "withdraw", Stage::Withdrawn),
    Transition::free(Stage::Submitted, EXPIRE, Stage::Expired),
    Transition::free(Stage::Interviewing, "offer", Stage::Offered),
    Transition::guarded(Stage::Interviewing, "reject", Stage::Rejected, PERSON),
    Transition::free(Stage::Interviewing, "withdraw", Stage::Withdrawn),
    Transition::free(Stage::Interviewing, EXPIRE, Stage::Expired),
    Transition::free(Stage::Offered, "accept", Stage::Accepted),
    Transition::guarded(Stage::Offered, "reject", Stage::Rejected, PERSON),
    Transition::free(Stage::Offered, "withdraw", Stage::Withdrawn),
    Transition::free(Stage::Offered, EXPIRE, Stage::Expired),
    Transition::free(Stage::Accepted, "place", Stage::Placed),
    Transition::free(Stage::Accepted, EXPIRE, Stage::Expired),
    Transition::guarded(Stage::Rejected, "reinstate", Stage::Shortlisted, PERSON),
];

/// The move is not in the table, or a person has to make it.
pub const ILLEGAL: Code = Code {
    status: 409,
    name: "matches.illegal_transition",
    title: "The match does not allow this move from its stage",
    mend: "Choose one of `legal_transitions`, or ask a recruiter where a person has to decide.",
};
/// Nobody is considered for a job that is over.
pub const JOB_CLOSED: Code = Code {
    status: 409,
    name: "matches.job_closed",
    title: "The job takes no candidates any more",
    mend: "Rank candidates for a job that is neither filled, closed nor cancelled.",
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moves() -> [MatchMove; 11] {
        [
            MatchMove::Shortlist,
            MatchMove::Submit,
            MatchMove::Interview,
            MatchMove::Offer,
            MatchMove::Accept,
            MatchMove::Place("emp_00000000000000000000000001".parse().unwrap()),
            MatchMove::Dismiss(TurnDownReason::Skills),
            MatchMove::Reject(TurnDownReason::Pay),
            MatchMove::Reinstate(ReinstateReason::Mistake),
            MatchMove::Withdraw,
            MatchMove::Expire,
        ]
    }

    fn setting(is_person: bool) -> Setting<'static> {
        Setting { now: Timestamp::from_millis(1_795_372_200_000), by: "somebody", is_person }
    }

    fn at(stage: Stage) -> MatchLife {
        MatchLife { stage, ..MatchLife::default() }
    }

    #[test]
    fn every_move_outside_the_table_is_refused_with_the_legal_ones() {
        for stage in Stage::ALL {
            let names: Vec<_> = transitions()
                .iter()
                .filter(|row| row.from == *stage && row.name != EXPIRE)
                .map(|row| row.name)
                .collect();
            for made in moves() {
                let row = find(transitions(), *stage, made.name());
                match at(*stage).apply(made, setting(true)) {
                    Ok(life) => assert_eq!(Some(life.stage), row.map(|row| row.to)),
                    Err(refused) => {
                        assert_eq!((row.is_none(), &refused.legal), (true, &names));
                        assert_eq!(refused.code.name, "matches.illegal_transition");
                    }
                }
            }
        }
    }

    #[test]
    fn no_application_turns_anybody_down_or_takes_it_back() {
        for row in transitions().iter().filter(|row| row.guard.is_some()) {
            let made = moves().into_iter().find(|made| made.name() == row.name).unwrap();

            let refused = at(row.from).apply(made, setting(false)).unwrap_err();
            let done = at(row.from).apply(made, setting(true)).unwrap();

            assert_eq!(refused.guard, Some(PERSON));
            assert!(!refused.legal.contains(&row.name));
            assert_eq!(done.decision.unwrap().by, "somebody");
        }
        for into in [Stage::Dismissed, Stage::Rejected] {
            assert!(transitions().iter().filter(|r| r.to == into).all(|r| r.guard == Some(PERSON)));
        }
    }

    #[test]
    fn what_a_person_decided_is_kept_and_so_is_the_first_showing() {
        let shown = at(Stage::Shortlisted).apply(MatchMove::Submit, setting(true)).unwrap();
        let why = TurnDownReason::AnotherChosen;
        let rejected = shown.apply(MatchMove::Reject(why), setting(true)).unwrap();
        let again = rejected
            .apply(MatchMove::Reinstate(ReinstateReason::Contested), setting(true))
            .unwrap();

        assert_eq!(rejected.decision.as_ref().unwrap().turned_down, Some(why));
        assert_eq!(again.stage, Stage::Shortlisted);
        assert_eq!(again.presented_at, shown.presented_at);
        assert_eq!(again.decision.unwrap().reinstated, Some(ReinstateReason::Contested));
    }

    #[test]
    fn every_open_stage_expires_and_no_other() {
        for stage in Stage::ALL {
            let expired = at(*stage).apply(MatchMove::Expire, setting(false));
            assert_eq!(expired.is_ok(), !stage.is_closed());
        }
    }

    #[test]
    fn names_are_those_of_the_contract() {
        for stage in Stage::ALL {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.as_str());
            assert_eq!(Stage::parse(stage.as_str()), Some(*stage));
        }
        let table = serde_json::to_value(published().collect::<Vec<_>>()).unwrap();
        assert_eq!(table[1]["move"], "dismiss");
        assert_eq!(table[1]["who"], serde_json::json!(["recruiter"]));
    }

    proptest! {
        #[test]
        fn no_sequence_of_moves_leaves_the_table(
            steps in prop::collection::vec((0_usize..11, any::<bool>()), 0..60),
        ) {
            let mut life = MatchLife::default();
            for (index, is_person) in steps {
                let made = moves()[index];
                match life.apply(made, setting(is_person)) {
                    Ok(after) => {
                        let row = find(transitions(), life.stage, made.name());
                        prop_assert_eq!(row.map(|row| row.to), Some(after.stage));
                        life = after;
                    }
                    Err(refused) => prop_assert!(!refused.legal.contains(&made.name())),
                }
                let placed = life.stage == Stage::Placed;
                prop_assert_eq!(life.employment_id.is_some(), placed);
                let is_down = matches!(life.stage, Stage::Dismissed | Stage::Rejected);
                let reason = life.decision.as_ref().and_then(|decision| decision.turned_down);
                prop_assert!(!is_down || reason.is_some());
            }
        }
    }
}
