//! What administrators do about somebody: roles, letting go and letting in, ending sessions.

use kernel::UserId;
use policy::Role;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Account, SESSION_LIFE_MAX, Status, print_roles, save};
use crate::entities::staff::{Column, Entity};
use crate::revocations::{self, Revocation, Revoked};
use crate::{StoreError, TenantTx, grants, staff_sessions};

/// Somebody may not sign in any more, and is signed in nowhere: the revocation that every node is
/// to hear of.
///
/// # Errors
/// When the account changed meanwhile or the database fails.
pub async fn deactivate(tx: &mut TenantTx, account: &Account) -> Result<Revocation, StoreError> {
    let name = Status::Deactivated.name();
    let update = Entity::update_many().col_expr(Column::Status, name.into());
    save(tx, account, update, (&["status"], Some("staff.deactivated"))).await?;
    sign_out_everywhere(tx, account.id).await
}

/// Gives somebody these roles, and no other. They sign in anew: the revocation that every node is
/// to hear of.
///
/// # Errors
/// When the account changed meanwhile or the database fails.
pub async fn set_roles(
    tx: &mut TenantTx,
    account: &Account,
    roles: &[Role],
) -> Result<Revocation, StoreError> {
    let update = Entity::update_many().col_expr(Column::Roles, print_roles(roles).into());
    save(tx, account, update, (&["roles"], Some("staff.roles_changed"))).await?;
    sign_out_everywhere(tx, account.id).await
}

/// Lets somebody in again who was let go, with what they had.
///
/// # Errors
/// When the account changed meanwhile or the database fails.
pub async fn reactivate(tx: &mut TenantTx, account: &Account) -> Result<(), StoreError> {
    let has_proof = account.enrolled_at.is_some() || account.provider.is_some();
    let status = if has_proof { Status::Active } else { Status::Invited };
    let update = Entity::update_many().col_expr(Column::Status, status.name().into());
    save(tx, account, update, (&["status"], Some("staff.reactivated"))).await
}

/// Ends every session of somebody, and says so.
///
/// # Errors
/// When the account changed meanwhile or the database fails.
pub async fn end_sessions(tx: &mut TenantTx, account: &Account) -> Result<Revocation, StoreError> {
    let update = Entity::update_many();
    save(tx, account, update, (&["sessions"], Some("staff.sessions_ended"))).await?;
    sign_out_everywhere(tx, account.id).await
}

/// Who has a role and may sign in. Until the transaction ends nobody else changes them: who counts
/// them and takes one away leaves as many as were counted.
///
/// # Errors
/// When the database fails.
pub async fn active_with(tx: &mut TenantTx, role: Role) -> Result<Vec<UserId>, StoreError> {
    let rows = tx
        .find::<Entity>()
        .filter(Column::Status.eq(Status::Active.name()))
        .filter(Column::Roles.contains(role.as_str()))
        .order_by_asc(Column::Id)
        .lock_exclusive();
    let rows = rows.all(&tx.session).await?;
    Ok(rows.iter().map(|row| UserId::from_uuid(row.id)).collect())
}

/// Ends every session of somebody, and what they granted applications: the revocation that every
/// node is to hear of.
///
/// # Errors
/// When the database fails.
pub async fn sign_out_everywhere(
    tx: &mut TenantTx,
    user: UserId,
) -> Result<Revocation, StoreError> {
    staff_sessions::end_all(tx, user).await?;
    grants::end_all(tx, user).await?;
    let at = tx.real_now();
    let one = Revocation {
        kind: Revoked::Staff,
        subject: user.to_string(),
        at,
        until: at.plus(SESSION_LIFE_MAX),
    };
    revocations::add(tx, &one).await?;
    Ok(one)
}
