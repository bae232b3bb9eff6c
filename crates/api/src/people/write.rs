//! Changing who is on the staff: what one administrator does alone, and what they ask for.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use http::header::{CACHE_CONTROL, LOCATION};
use kernel::id::kinds::User;
use kernel::{Email, Line, Pii, Problem};
use policy::Role;
use serde::{Deserialize, Serialize};
use signin::Ticket;
use store::staff::{self, ENROLMENT_LIFE, NewAccount, Status};
use store::staff_proposals::{self, Asked};
use store::{TenantTx, tenants};
use utoipa::ToSchema;

use super::{
    EnrolmentView, LAST_ADMINISTRATOR, PersonView, ProposalView, STATE, StaffRole, administrator,
    distinct,
};
use crate::Settings;
use crate::extract::{At, Body, Facts, Permit};
use crate::reply::{Answer, Refused, Reply};
use crate::staff::enrol_url;

/// Somebody to take onto the staff.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonDraft {
    /// What they sign in with.
    email: Email,
    /// Their name.
    name: Line<1, 120>,
    /// What they are to be at the agency.
    #[schema(min_items = 1, max_items = 5)]
    roles: Vec<StaffRole>,
}

/// Roles to have, and no other.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RolesDraft {
    /// What they are to be at the agency.
    #[schema(min_items = 1, max_items = 5)]
    roles: Vec<StaffRole>,
}

/// Somebody who was invited.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitedView {
    /// The person, who has no role yet.
    person: PersonView,
    /// How they set up their sign-in.
    enrolment: EnrolmentView,
    /// What a second administrator is to agree to.
    proposal: ProposalView,
}

/// Invite somebody onto the staff.
///
/// They can set up their sign-in at once, and sign in when a second administrator has agreed to
/// their roles. The link is shown this once, so this operation takes no idempotency key: a stored
/// answer would keep it.
#[utoipa::path(
    post, path = "/v1/staff", operation_id = "person.invite", tag = "Staff",
    request_body = PersonDraft,
    responses(
        (status = 201, description = "They are invited", body = InvitedView),
        (status = 409, description = "Somebody has this address"),
    ),
    extensions(("x-ringwall" = json!({"action": "user.invite", "sensitive": "high"})))
)]
pub(crate) async fn invite(
    State(app): State<Arc<App>>,
    State(api): State<Arc<Settings>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    Body(draft): Body<PersonDraft>,
) -> Answer {
    let by = administrator(&permit)?;
    let roles = distinct(&draft.roles)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let agency = tenants::own(&tx).await?.slug;
    let new = NewAccount {
        index: api.sign_in.key.index(agency.as_str(), &draft.email.folded()),
        email: Pii::new(draft.email),
        name: Pii::new(draft.name),
        roles: Vec::new(),
    };
    let user = staff::add(&mut tx, new).await?;
    let enrolment = link(&mut tx, &app, user).await?;
    let proposal = staff_proposals::open(&mut tx, (user, Asked::Roles(roles)), by).await?;
    let account = staff::require(&tx, user).await?;
    let invited = InvitedView {
        person: PersonView::of(&tx, &account)?,
        enrolment,
        proposal: ProposalView::of(&proposal, dossier.received_at),
    };
    tx.commit(None).await?;
    Ok(Reply::created(format!("/v1/staff/{user}"), &invited)?
        .with(CACHE_CONTROL, "no-store".to_owned()))
}

/// Ask for other roles of somebody. A second administrator agrees, or not; then every session of
/// theirs ends, so that nobody goes on with what they were.
#[utoipa::path(
    post, path = "/v1/staff/{id}/roles", operation_id = "person.propose_roles", tag = "Staff",
    params(("id" = String, Path, pattern = "^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    request_body = RolesDraft,
    responses(
        (status = 202, description = "It waits for a second one", body = ProposalView),
        (status = 409, description = "Somebody asked for it in the same moment"),
    ),
    extensions(("x-ringwall" = json!({"action": "user.propose", "sensitive": "high"})))
)]
pub(crate) async fn propose_roles(
    State(app): State<Arc<App>>,
    facts: Facts,
    permit: Permit,
    At(id): At<User>,
    Body(draft): Body<RolesDraft>,
) -> Answer {
    let asked = Asked::Roles(distinct(&draft.roles)?);
    propose(&app, facts, permit, (id, asked), |_| true).await
}

/// Ask to let somebody in again who was let go, with the roles and credentials that they had.
#[utoipa::path(
    post, path = "/v1/staff/{id}/reactivate", operation_id = "person.propose_reactivation",
    tag = "Staff",
    params(("id" = String, Path, pattern = "^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 202, description = "It waits for a second one", body = ProposalView),
        (status = 409, description = "They were not let go"),
    ),
    extensions(("x-ringwall" = json!({"action": "user.propose", "sensitive": "high"})))
)]
pub(crate) async fn propose_reactivation(
    State(app): State<Arc<App>>,
    facts: Facts,
    permit: Permit,
    At(id): At<User>,
) -> Answer {
    let is_fine = |status| status == Status::Deactivated;
    propose(&app, facts, permit, (id, Asked::Reactivation), is_fine).await
}

/// Ask for a new link by which somebody sets up their sign-in anew, since they lost what they had.
#[utoipa::path(
    post, path = "/v1/staff/{id}/enrolment", operation_id = "person.propose_enrolment",
    tag = "Staff",
    params(("id" = String, Path, pattern = "^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 202, description = "It waits for a second one", body = ProposalView),
        (status = 409, description = "They were let go"),
    ),
    extensions(("x-ringwall" = json!({"action": "user.propose", "sensitive": "high"})))
)]
pub(crate) async fn propose_enrolment(
    State(app): State<Arc<App>>,
    facts: Facts,
    permit: Permit,
    At(id): At<User>,
) -> Answer {
    let is_fine = |status| status != Status::Deactivated;
    propose(&app, facts, permit, (id, Asked::Enrolment), is_fine).await
}

async fn propose(
    app: &App,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    (id, asked): (kernel::UserId, Asked),
    is_fine: impl Fn(Status) -> bool + Send,
) -> Answer {
    let by = administrator(&permit)?;
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let account = staff::require(&tx, id).await?;
    if !is_fine(account.status) {
        return Err(Problem::new(&STATE).into());
    }
    let proposal = staff_proposals::open(&mut tx, (id, asked), by).await?;
    tx.commit(None).await?;
    let view = ProposalView::of(&proposal, dossier.received_at);
    let location = format!("/v1/staff-proposals/{}", proposal.id);
    Ok(Reply::accepted(&view)?.with(LOCATION, location))
}

/// Let somebody sign in no more, and end every session of theirs, within two seconds on all nodes.
#[utoipa::path(
    post, path = "/v1/staff/{id}/deactivate", operation_id = "person.deactivate", tag = "Staff",
    params(("id" = String, Path, pattern = "^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 200, description = "They are let go", body = PersonView),
        (status = 409, description = "Nobody would be left who administers"),
        (status = 412, description = "They were changed in the same moment"),
    ),
    extensions(("x-ringwall" = json!({"action": "user.deactivate", "sensitive": "high"})))
)]
pub(crate) async fn deactivate(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<User>,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    keep_an_administrator(&mut tx, id).await?;
    let account = staff::require(&tx, id).await?;
    if account.status != Status::Deactivated {
        let ended = staff::deactivate(&mut tx, &account).await?;
        let account = staff::require(&tx, id).await?;
        let view = PersonView::of(&tx, &account)?;
        tx.commit(None).await?;
        app.revocations.learn(&ended);
        return Ok(Reply::ok(&view)?.version(account.version));
    }
    Ok(Reply::ok(&PersonView::of(&tx, &account)?)?.version(account.version))
}

/// End every session of somebody, within two seconds on all nodes.
#[utoipa::path(
    post, path = "/v1/staff/{id}/sessions/end", operation_id = "person.end_sessions",
    tag = "Staff",
    params(("id" = String, Path, pattern = "^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses(
        (status = 204, description = "They are signed in nowhere"),
        (status = 412, description = "They were changed in the same moment"),
    ),
    extensions(("x-ringwall" = json!({"action": "user.end_sessions", "sensitive": "high"})))
)]
pub(crate) async fn end_sessions(
    State(app): State<Arc<App>>,
    Facts(dossier): Facts,
    Permit(permit): Permit,
    At(id): At<User>,
) -> Answer {
    let mut tx = app.store.tenant(&permit, &dossier.witness()).await?;
    let account = staff::require(&tx, id).await?;
    let ended = staff::end_sessions(&mut tx, &account).await?;
    tx.commit(None).await?;
    app.revocations.learn(&ended);
    Ok(Reply::no_content())
}

/// A new link for somebody. Who has it becomes them.
pub(super) async fn link(
    tx: &mut TenantTx,
    app: &App,
    user: kernel::UserId,
) -> Result<EnrolmentView, Refused> {
    let link = Ticket::generate();
    let expires_at = tx.real_now().plus(ENROLMENT_LIFE);
    staff::invite(tx, user, (link.hash(), expires_at)).await?;
    Ok(EnrolmentView { url: enrol_url(&app.public_url, &link), expires_at })
}

/// Somebody else is left who administers, also if two are changed at once.
pub(super) async fn keep_an_administrator(
    tx: &mut TenantTx,
    without: kernel::UserId,
) -> Result<(), Refused> {
    let administrators = staff::active_with(tx, Role::SystemAdmin).await?;
    let is_one = administrators.contains(&without);
    if is_one && administrators.len() < 2 {
        return Err(Problem::new(&LAST_ADMINISTRATOR).into());
    }
    Ok(())
}
