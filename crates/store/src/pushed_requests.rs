//! Authorization requests that clients push (RFC 9126): each is decided once.

use std::time::Duration;

use kernel::Timestamp;
use oauth::opaque::OpaqueHash;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use crate::dialect::Context;
use crate::entities::pushed_request::{ActiveModel, Column, Entity};
use crate::{Store, StoreError, TenantTx};

/// A pushed request.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// The client that pushed it.
    pub client_id: String,
    /// The request, as it was kept.
    pub request: String,
    /// Until when people may be asked.
    pub expires_at: Timestamp,
    /// Whether somebody has decided it.
    pub is_taken: bool,
}

/// Keeps a request.
///
/// # Errors
/// When the database fails.
pub async fn add(
    tx: &mut TenantTx,
    hash: OpaqueHash,
    (client_id, request): (&str, &str),
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        hash: Set(hash.0.to_vec()),
        tenant_id: Set(tx.tenant().uuid()),
        client_id: Set(client_id.to_owned()),
        request: Set(request.to_owned()),
        expires_at: Set(expires_at.millis()),
        taken_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(&tx.session).await?;
    Ok(())
}

/// The request that a reference names. Looking does not use it up: browsers look ahead, and people
/// open a page twice.
///
/// # Errors
/// When the database fails.
pub async fn find(store: &Store, hash: OpaqueHash) -> Result<Option<Pushed>, StoreError> {
    let session = store.read_as(Context::Presented(hash.to_text())).await?;
    let row = Entity::find().filter(Column::Hash.eq(hash.0.to_vec())).one(&session).await?;
    Ok(row.map(|row| Pushed {
        client_id: row.client_id,
        request: row.request,
        expires_at: Timestamp::from_millis(row.expires_at),
        is_taken: row.taken_at.is_some(),
    }))
}

/// Uses a request up: whether it was there and nobody had. One statement, so that of several at
/// once one wins.
///
/// # Errors
/// When the database fails.
pub async fn take(tx: &mut TenantTx, hash: OpaqueHash) -> Result<bool, StoreError> {
    let update = Entity::update_many()
        .col_expr(Column::TakenAt, tx.real_now().millis().into())
        .filter(Column::Hash.eq(hash.0.to_vec()))
        .filter(Column::TakenAt.is_null());
    tx.update_quietly(update, None).await
}

/// Longer than a person is waited for: whoever was asked in time has decided by then.
pub(crate) const DECIDED_WITHIN: Duration = Duration::from_secs(15 * 60);
