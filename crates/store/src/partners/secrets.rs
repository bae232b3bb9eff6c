//! A client's secrets as an operator sees them: which there are, when each was last used, and the
//! end of one.

use kernel::{TenantId, Timestamp};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{row, save};
use crate::dialect::Context;
use crate::entities::partner;
use crate::entities::partner_secret::{Column, Entity};
use crate::{Store, StoreError, TenantTx, TenantView};

/// A secret, without its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSecret {
    /// Its id, as audit entries name it.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ended or will, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
}

/// A client's secrets, the newest first: the last [`LISTED_MAX`] of them.
///
/// # Errors
/// When the database fails.
pub async fn secrets(view: &TenantView, client_id: &str) -> Result<Vec<KeptSecret>, StoreError> {
    let found = view
        .find::<Entity>()
        .filter(Column::ClientId.eq(client_id))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(LISTED_MAX);
    let rows = found.all(&view.session).await?;
    let kept = rows.into_iter().map(|row| KeptSecret {
        id: printed(row.id),
        created_at: Timestamp::from_millis(row.created_at),
        expires_at: row.expires_at.map(Timestamp::from_millis),
        used_at: row.used_at.map(Timestamp::from_millis),
    });
    Ok(kept.collect())
}

/// Ends one of a client's secrets now. Tokens that it was used for live on.
///
/// # Errors
/// [`StoreError::Missing`] when the client has no such secret, or it has ended.
pub async fn end_one_secret(
    tx: &mut TenantTx,
    client_id: &str,
    id: &str,
) -> Result<(), StoreError> {
    let id = parse(id).ok_or(StoreError::Missing)?;
    let now = tx.real_now().millis();
    let live = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now));
    let ended = Entity::update_many()
        .col_expr(Column::ExpiresAt, now.into())
        .filter(Column::TenantId.eq(tx.tenant().uuid()))
        .filter(Column::ClientId.eq(client_id))
        .filter(Column::Id.eq(id))
        .filter(live)
        .exec(&tx.session)
        .await?;
    if ended.rows_affected != 1 {
        return Err(StoreError::Missing);
    }
    let client = row(tx, client_id).await?;
    save(tx, &client, partner::Entity::update_many(), &["secrets"]).await
}

/// Notes when a secret was last used. It is no change: it leaves no record.
///
/// # Errors
/// When the database fails.
pub async fn secret_used(
    store: &Store,
    tenant: TenantId,
    id: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Some(id) = parse(id) else { return Ok(()) };
    let on = store.write_as(Context::Tenant(tenant.uuid())).await?;
    let earlier =
        Condition::any().add(Column::UsedAt.is_null()).add(Column::UsedAt.lt(at.millis()));
    Entity::update_many()
        .col_expr(Column::UsedAt, at.millis().into())
        .filter(Column::TenantId.eq(tenant.uuid()))
        .filter(Column::Id.eq(id))
        .filter(earlier)
        .exec(&on)
        .await?;
    on.commit().await.map_err(StoreError::from)
}

/// A secret's id, as audit entries name it.
pub(super) fn printed(id: Uuid) -> String {
    format!("{PREFIX}{}", id.simple())
}

fn parse(text: &str) -> Option<Uuid> {
    text.strip_prefix(PREFIX).and_then(|id| Uuid::try_parse(id).ok())
}

/// The most secrets that are listed.
pub const LISTED_MAX: u64 = 50;
const PREFIX: &str = "sec_";
