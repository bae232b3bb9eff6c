//! Replies to requests with an idempotency key, kept to be repeated.
//!
//! Written in the transaction of the change, so a key is used exactly if the change was made.
//! The reply is sealed under the tenant's key, because it may hold personal data.

use kernel::Timestamp;
use policy::Permit;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vault::Place;

use crate::entities::idempotency;
use crate::tenant::TenantView;
use crate::{Claim, Store, StoreError};

/// A reply as it was first given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReply {
    /// HTTP status.
    pub status: u16,
    /// Headers that belong to the resource: `ETag`, `Location`, `Content-Type`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What is known of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: the request may be carried out under this key.
    New,
    /// The same request was carried out.
    Same(StoredReply),
    /// Another request was carried out under this key.
    Other,
}

/// Looks a key up.
///
/// # Errors
/// When the database fails or the stored reply cannot be opened.
pub async fn find(
    store: &Store,
    permit: &Permit,
    claim: &Claim,
    now: Timestamp,
) -> Result<Known, StoreError> {
    let view = store.view(permit).await?;
    let row = view
        .find::<idempotency::Entity>()
        .filter(idempotency::Column::KeyHash.eq(claim.key_hash.to_vec()))
        .filter(idempotency::Column::ExpiresAt.gt(now.millis()))
        .one(&view.session)
        .await?;
    let Some(row) = row else { return Ok(Known::New) };
    if row.body_hash != claim.body_hash {
        return Ok(Known::Other);
    }
    let opened = view.keys().open(&place(row.row_id.as_bytes()), &row.reply)?;
    serde_json::from_slice(opened.expose()).map(Known::Same).map_err(|_| StoreError::Inconsistent {
        table: "idempotency",
        id: row.row_id.to_string(),
        what: "the stored reply is not one".to_owned(),
    })
}

/// Keeps the reply to a request that is about to be committed.
///
/// # Errors
/// [`StoreError::InProgress`] when another request with the same key came first.
pub(crate) async fn remember(
    view: &TenantView,
    claim: Claim,
    reply: &StoredReply,
    subject: Option<Uuid>,
    now: Timestamp,
) -> Result<(), StoreError> {
    idempotency::Entity::delete_many()
        .filter(idempotency::Column::TenantId.eq(view.tenant().uuid()))
        .filter(idempotency::Column::KeyHash.eq(claim.key_hash.to_vec()))
        .filter(idempotency::Column::ExpiresAt.lte(now.millis()))
        .exec(&view.session)
        .await?;
    let row_id = Uuid::from_bytes(kernel::random::bytes());
    let plain = serde_json::to_vec(reply).unwrap_or_default();
    let row = idempotency::ActiveModel {
        tenant_id: Set(view.tenant().uuid()),
        key_hash: Set(claim.key_hash.to_vec()),
        body_hash: Set(claim.body_hash.to_vec()),
        row_id: Set(row_id),
        reply: Set(view.keys().seal(&place(row_id.as_bytes()), &plain)),
        created_at: Set(now.millis()),
        expires_at: Set(claim.expires_at.millis()),
        subject: Set(subject),
    };
    let done = idempotency::Entity::insert(row).exec_without_returning(&view.session).await;
    done.map(|_| ()).map_err(|error| match error.sql_err() {
        Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => StoreError::InProgress,
        _ => StoreError::Database(error),
    })
}

/// Forgets the replies about something.
pub(crate) async fn forget(view: &TenantView, subject: Uuid) -> Result<(), StoreError> {
    idempotency::Entity::delete_many()
        .filter(idempotency::Column::TenantId.eq(view.tenant().uuid()))
        .filter(idempotency::Column::Subject.eq(subject))
        .exec(&view.session)
        .await?;
    Ok(())
}

const fn place(row: &[u8; 16]) -> Place<'_> {
    Place { table: "idempotency", column: "reply", row }
}
