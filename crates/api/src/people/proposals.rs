//! The second administrator's part: looking at what was asked for, and deciding.

use std::sync::Arc;

use axum::extract::State;
use gate::{App, Dossier};
use http::header::CACHE_CONTROL;
use kernel::id::kinds::Proposal as Kind;
use kernel::{Problem, UserId};
use policy::Role;
use serde::Serialize;
use store::revocations::Revocation;
use store::staff::{self, Account, Status};
use store::staff_proposals::{self, Asked, Outcome, Proposal};
use store::{StoreError, TenantTx};
use utoipa::ToSchema;

use super::write::{keep_an_administrator, link};
use super::{
    EnrolmentView, OWN_PROPOSAL, PROPOSAL_OVER, ProposalList, ProposalView, STATE, administrator,
};
use crate::extract::{At, Facts, Permit};
use crate::reply::{Answer, Refused, Reply};
use crate::signing_keys;

/// A proposal that was agreed to.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApprovedView {
    #[serde(flatten)]
    proposal: ProposalView,
    /// The new link, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    enrolment: Option<EnrolmentView>,
}

/// List what administrators asked for.
#[utoipa::path(
    get, path = "/v1/staff-proposals", operation_id = "proposal.list", tag = "Staff",
    responses((status = 200, description = "Proposals, newest first", body = ProposalList)),
    extensions(("x-ringwall" = json!({"action": "user.list"})))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
) -> Answer {
    let view = app.store.view(&permit).await?;
    let all = staff_proposals::list(&view).await?;
    let data = all.iter().map(|one| ProposalView::of(one, dossier.received_at)).collect();
    Reply::ok(&ProposalList { data })
}

/// Read what an administrator asked for.
#[utoipa::path(
    get, path = "/v1/staff-proposals/{id}", operation_id = "proposal.read", tag = "Staff",
    params(("id" = String, Path, pattern = "^prp_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "The proposal", body = ProposalView)),
    extensions(("x-ringwall" = json!({"action": "user.list"})))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<Kind>,
) -> Answer {
    let view = app.store.view(&permit).await?;
    let proposal = staff_proposals::require(&view, id).await?;
    Reply::ok(&ProposalView::of(&proposal, dossier.received_at))
}

/// Agree to what another administrator asked for. It is done in the same moment.
///
/// A new link is shown this once, so this operation takes no idempotency key.
#[utoipa::path(
    post, path = "/v1/staff-proposals/{id}/approve", operation_id = "proposal.approve",
    tag = "Staff",
    params(("id" = String, Path, pattern = "^prp_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 200, description = "It is done", body = ApprovedView),
        (status = 403, description = "It is one's own"),
        (status = 409, description = "It is not open any more, or cannot be done"),
        (status = 412, description = "They were changed in the same moment"),
    ),
    extensions(("x-ringwall" = json!({"action": "user.decide", "sensitive": "high"})))
)]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<Kind>,
) -> Answer {
    let by = administrator(&permit)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let proposal = staff_proposals::require(&tx, id).await?;
    if proposal.requested_by == by {
        return Err(Problem::new(&OWN_PROPOSAL).into());
    }
    still_administers(&tx, proposal.requested_by).await?;
    let decided = staff_proposals::decide(&mut tx, &proposal, (Outcome::Approved, by)).await?;
    if !decided {
        return Err(Problem::new(&PROPOSAL_OVER).into());
    }
    let done = carry_out(&mut tx, &app, &proposal).await?;
    let proposal = view(&tx, &dossier, &proposal).await?;
    tx.commit(None).await?;
    if let Some(ended) = &done.ended {
        app.revocations.learn(ended);
    }
    let approved = ApprovedView { proposal, enrolment: done.enrolment };
    Ok(Reply::ok(&approved)?.with(CACHE_CONTROL, "no-store".to_owned()))
}

/// Do not agree to what an administrator asked for, or take back what one asked for oneself.
#[utoipa::path(
    post, path = "/v1/staff-proposals/{id}/refuse", operation_id = "proposal.refuse",
    tag = "Staff",
    params(("id" = String, Path, pattern = "^prp_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 200, description = "Nothing follows from it", body = ProposalView),
        (status = 409, description = "It is not open any more"),
    ),
    extensions(("x-ringwall" = json!({"action": "user.decide", "sensitive": "high"})))
)]
pub(crate) async fn refuse(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<Kind>,
) -> Answer {
    let by = administrator(&permit)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let proposal = staff_proposals::require(&tx, id).await?;
    if !staff_proposals::decide(&mut tx, &proposal, (Outcome::Refused, by)).await? {
        return Err(Problem::new(&PROPOSAL_OVER).into());
    }
    let shown = view(&tx, &dossier, &proposal).await?;
    tx.commit(None).await?;
    Reply::ok(&shown)
}

/// What followed from an agreement.
struct Done {
    ended: Option<Revocation>,
    enrolment: Option<EnrolmentView>,
}

async fn carry_out(tx: &mut TenantTx, app: &App, proposal: &Proposal) -> Result<Done, Refused> {
    if proposal.asked == Asked::KeyRotation {
        signing_keys::publish(tx, app).await?;
        return Ok(Done { ended: None, enrolment: None });
    }
    let user = proposal.user;
    if let Asked::Roles(roles) = &proposal.asked
        && !roles.contains(&Role::SystemAdmin)
    {
        keep_an_administrator(tx, user).await?;
    }
    let account = staff::require(tx, user).await?;
    let is_gone = account.status == Status::Deactivated;
    match &proposal.asked {
        Asked::Roles(roles) => {
            let ended = staff::set_roles(tx, &account, roles).await?;
            Ok(Done { ended: Some(ended), enrolment: None })
        }
        Asked::Reactivation if is_gone => {
            staff::reactivate(tx, &account).await?;
            Ok(Done { ended: None, enrolment: None })
        }
        Asked::Enrolment if !is_gone => {
            Ok(Done { ended: None, enrolment: Some(link(tx, app, user).await?) })
        }
        Asked::Reactivation | Asked::Enrolment | Asked::KeyRotation => {
            Err(Problem::new(&STATE).into())
        }
    }
}

/// What somebody asked for who was let go since, or administers no more, is over.
async fn still_administers(tx: &TenantTx, id: UserId) -> Result<(), Refused> {
    let is_one = |account: &Account| {
        account.status == Status::Active && account.roles.contains(&Role::SystemAdmin)
    };
    match staff::require(tx, id).await {
        Ok(account) if is_one(&account) => Ok(()),
        Ok(_) | Err(StoreError::Missing) => Err(Problem::new(&PROPOSAL_OVER).into()),
        Err(error) => Err(error.into()),
    }
}

async fn view(
    tx: &TenantTx,
    dossier: &Dossier,
    read: &Proposal,
) -> Result<ProposalView, StoreError> {
    let proposal = staff_proposals::require(tx, read.id).await?;
    Ok(ProposalView::of(&proposal, dossier.received_at))
}
