//! An agency's people, as its administrators see and change them.
//!
//! What takes something away, one administrator does at once. What gives somebody a role, an
//! account back or a link to one, a second administrator agrees to: one alone, or whoever phished
//! one, makes no accomplice.

pub(crate) mod proposals;
pub(crate) mod read;
pub(crate) mod write;

use kernel::problem::INVALID;
use kernel::{Code, FieldError, Problem, ProposalId, Purpose, Timestamp, UserId};
use policy::{Permit, Role};
use serde::{Deserialize, Serialize};
use store::staff::Account;
use store::staff_proposals::Proposal;
use store::{StoreError, TenantView};
use utoipa::ToSchema;

use crate::reply::Refused;

/// What somebody is at the agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StaffRole {
    /// Administers the account.
    SystemAdmin,
    /// Does the agency's work.
    Recruiter,
    /// Somebody at a client company.
    ClientViewer,
    /// Reads reports.
    ReadonlyAnalyst,
    /// Tries the API in the sandbox.
    DevUser,
}

/// Somebody on the staff.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonView {
    /// Their id.
    id: UserId,
    /// What they sign in with.
    email: String,
    /// Their name.
    name: String,
    /// What they are at the agency; nothing, until a second administrator agreed.
    roles: Vec<StaffRole>,
    /// `invited`, `active` or `deactivated`.
    status: String,
    /// When they were invited.
    created_at: Timestamp,
    /// When they last set up how they sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    enrolled_at: Option<Timestamp>,
    /// Counts changes from 1.
    version: i64,
}

/// Everybody on the staff.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonList {
    /// The people, the first ones first; at most 500, those who left among them.
    data: Vec<PersonView>,
}

/// Something that waits for a second administrator, or did.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProposalView {
    /// Its id.
    id: ProposalId,
    /// `roles`, `reactivation`, `enrolment` or `key_rotation`.
    kind: String,
    /// About whom; of a `key_rotation`, who asked for it.
    person_id: UserId,
    /// The roles that they would have.
    roles: Vec<StaffRole>,
    /// Who asked for it.
    requested_by: UserId,
    /// When.
    requested_at: Timestamp,
    /// Nobody can agree any more from here on.
    expires_at: Timestamp,
    /// `open`, `approved`, `refused`, `superseded` or `expired`.
    status: String,
    /// Who decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    decided_by: Option<UserId>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    decided_at: Option<Timestamp>,
}

/// The agency's proposals.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProposalList {
    /// The proposals, newest first; at most 200.
    data: Vec<ProposalView>,
}

/// A link by which somebody sets up how they sign in. It is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnrolmentView {
    /// Where to go. Whoever opens it becomes them: hand it over with care.
    url: String,
    /// When it ends.
    expires_at: Timestamp,
}

impl From<StaffRole> for Role {
    fn from(role: StaffRole) -> Self {
        match role {
            StaffRole::SystemAdmin => Self::SystemAdmin,
            StaffRole::Recruiter => Self::Recruiter,
            StaffRole::ClientViewer => Self::ClientViewer,
            StaffRole::ReadonlyAnalyst => Self::ReadonlyAnalyst,
            StaffRole::DevUser => Self::DevUser,
        }
    }
}

impl StaffRole {
    /// The roles of people; an application's role is no person's.
    fn of(roles: &[Role]) -> Vec<Self> {
        let known = |role: &Role| STAFF_ROLES.into_iter().find(|one| Role::from(*one) == *role);
        roles.iter().filter_map(known).collect()
    }
}

impl PersonView {
    fn of(view: &TenantView, account: &Account) -> Result<Self, StoreError> {
        let (email, name) = account.person(view)?;
        Ok(Self {
            id: account.id,
            email: email.open(Purpose::Answer).clone(),
            name: name.open(Purpose::Answer).clone(),
            roles: StaffRole::of(&account.roles),
            status: account.status.name().to_owned(),
            created_at: account.created_at,
            enrolled_at: account.enrolled_at,
            version: account.version,
        })
    }
}

impl ProposalView {
    pub(crate) fn of(proposal: &Proposal, now: Timestamp) -> Self {
        let status = match proposal.decision {
            Some(decision) => decision.outcome.name(),
            None if now >= proposal.expires_at => "expired",
            None => "open",
        };
        Self {
            id: proposal.id,
            kind: proposal.asked.kind().to_owned(),
            person_id: proposal.user,
            roles: StaffRole::of(proposal.asked.roles()),
            requested_by: proposal.requested_by,
            requested_at: proposal.requested_at,
            expires_at: proposal.expires_at,
            status: status.to_owned(),
            decided_by: proposal.decision.map(|decision| decision.by),
            decided_at: proposal.decision.map(|decision| decision.at),
        }
    }
}

/// The administrator whom a permit is for.
pub(crate) fn administrator(permit: &Permit) -> Result<UserId, Refused> {
    let id = permit.caller().id().parse();
    Ok(id.map_err(|_| Problem::internal("an administrator who is no person"))?)
}

/// Each role once.
fn distinct(roles: &[StaffRole]) -> Result<Vec<Role>, Refused> {
    for (place, role) in roles.iter().enumerate() {
        if roles.iter().take(place).any(|before| before == role) {
            let detail = "expected each role once";
            let error = FieldError::new(format!("/roles/{place}"), "repeated", detail);
            return Err(Problem::new(&INVALID).error(error).into());
        }
    }
    Ok(roles.iter().copied().map(Role::from).collect())
}

const STAFF_ROLES: [StaffRole; 5] = [
    StaffRole::SystemAdmin,
    StaffRole::Recruiter,
    StaffRole::ClientViewer,
    StaffRole::ReadonlyAnalyst,
    StaffRole::DevUser,
];

/// Nobody would be left who administers.
pub(crate) const LAST_ADMINISTRATOR: Code = Code {
    status: 409,
    name: "people.last_administrator",
    title: "Nobody would be left who administers the agency",
    mend: "Give somebody else the role `system_admin` first.",
};
/// Whoever asks does not decide.
pub(crate) const OWN_PROPOSAL: Code = Code {
    status: 403,
    name: "people.own_proposal",
    title: "A second administrator decides about this",
    mend: "Ask another administrator of your agency to approve it. On the server itself, `ringwall \
           admin invite` makes a second one.",
};
/// Too late, or no more.
pub(crate) const PROPOSAL_OVER: Code = Code {
    status: 409,
    name: "people.proposal_over",
    title: "The proposal is not open any more",
    mend: "Read it again. If it is still wanted, make a new one.",
};
/// The account does not stand so.
pub(crate) const STATE: Code = Code {
    status: 409,
    name: "people.state",
    title: "The account is in another state",
    mend: "Read the person again: who was let go is reactivated first, and who was not needs no \
           reactivation.",
};
