//! API keys: credentials of a client, kept as keyed hashes.

use std::net::IpAddr;
use std::time::Duration;

use kernel::{ApiKeyId, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::dialect::{self, Context};
use crate::entities::api_key::{ActiveModel, Column, Entity, Model};
use crate::entities::{partner, tenant};
use crate::journal::{Change, Record};
use crate::partners::{self, Partner};
use crate::{Store, StoreError, TenantTx, TenantView};

/// A key as its owner sees it: everything but the key.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The client that it is a credential of.
    pub client_id: String,
    /// The public part of the key, which finds it.
    pub key_id: String,
    /// `live` or `test`, as the key says.
    pub environment: String,
    /// The last four characters of the key.
    pub last_four: String,
    /// What its owner calls it.
    pub name: String,
    /// What it may, separated by spaces.
    pub scopes: String,
    /// Networks that it may be used from, separated by spaces; empty is any.
    pub networks: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
    /// From where.
    pub used_from: Option<String>,
    /// Counts its changes from 1.
    pub version: i64,
}

/// A key to keep. It is made and hashed by the `oauth` crate.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// The client that it is a credential of.
    pub client_id: String,
    /// The public part of the key.
    pub key_id: String,
    /// `live` or `test`.
    pub environment: String,
    /// The keyed hash of the whole key.
    pub hash: Vec<u8>,
    /// The last four characters of the key.
    pub last_four: String,
    /// What its owner calls it.
    pub name: String,
    /// What it may, separated by spaces.
    pub scopes: String,
    /// Networks that it may be used from, separated by spaces; empty is any.
    pub networks: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A key with what it needs to be held against, before it has proven anything.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The key.
    pub key: ApiKey,
    /// Its keyed hash.
    pub hash: Vec<u8>,
    /// Its client, without secrets and keys.
    pub partner: Partner,
}

/// Keeps a new key.
///
/// # Errors
/// [`StoreError::Full`] when the client has as many live keys as it may, or the database fails.
pub async fn add(tx: &mut TenantTx, new: NewApiKey) -> Result<ApiKey, StoreError> {
    let live = tx
        .find::<Entity>()
        .filter(Column::ClientId.eq(&new.client_id))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(tx.real_now().millis()));
    if live.count(&tx.session).await? >= LIVE_MAX {
        return Err(StoreError::Full);
    }
    let id = ApiKeyId::new(tx.clock());
    let row = Model {
        id: id.uuid(),
        tenant_id: tx.tenant().uuid(),
        client_id: new.client_id,
        key_id: new.key_id,
        environment: new.environment,
        hash: new.hash,
        last_four: new.last_four,
        name: new.name,
        scopes: new.scopes,
        networks: new.networks,
        created_by: tx.author().to_owned(),
        created_at: tx.real_now().millis(),
        expires_at: new.expires_at.millis(),
        revoked_at: None,
        used_at: None,
        used_from: None,
        version: 1,
    };
    let key = ApiKey::from(row.clone());
    tx.insert(ActiveModel::from(row), record(&key, Change::Created, Vec::new())).await?;
    Ok(key)
}

/// A client's keys, newest first: those of the last [`LISTED_MAX`].
///
/// # Errors
/// When the database fails.
pub async fn list(view: &TenantView, client_id: &str) -> Result<Vec<ApiKey>, StoreError> {
    let rows = view
        .find::<Entity>()
        .filter(Column::ClientId.eq(client_id))
        .order_by_desc(Column::Id)
        .limit(LISTED_MAX)
        .all(&view.session)
        .await?;
    Ok(rows.into_iter().map(ApiKey::from).collect())
}

/// One of a client's keys.
///
/// # Errors
/// [`StoreError::Missing`] when the client has no such key.
pub async fn require(
    view: &TenantView,
    client_id: &str,
    id: ApiKeyId,
) -> Result<ApiKey, StoreError> {
    let found = view.find::<Entity>().filter(Column::ClientId.eq(client_id));
    let row = found.filter(Column::Id.eq(id.uuid())).one(&view.session).await?;
    row.map(ApiKey::from).ok_or(StoreError::Missing)
}

/// Lets a key end at a moment, at most when it would have anyhow.
///
/// # Errors
/// When the key changed meanwhile or the database fails.
pub async fn end_at(
    tx: &mut TenantTx,
    read: &ApiKey,
    end: Timestamp,
) -> Result<ApiKey, StoreError> {
    let expires_at = end.min(read.expires_at);
    let next = ApiKey { expires_at, version: read.version + 1, ..read.clone() };
    let update = Entity::update_many().col_expr(Column::ExpiresAt, next.expires_at.millis().into());
    save(tx, read, &next, update, "expires_at").await?;
    Ok(next)
}

/// Revokes a key for good.
///
/// # Errors
/// When the key changed meanwhile or the database fails.
pub async fn revoke(tx: &mut TenantTx, read: &ApiKey) -> Result<ApiKey, StoreError> {
    let next = revoked(tx, read);
    let update = Entity::update_many().col_expr(Column::RevokedAt, tx.real_now().millis().into());
    save(tx, read, &next, update, "revoked_at").await?;
    Ok(next)
}

/// Revokes a key that was found in public, and tells its owner.
///
/// # Errors
/// When the key changed meanwhile or the database fails.
pub async fn leaked(tx: &mut TenantTx, read: &ApiKey) -> Result<(), StoreError> {
    let next = revoked(tx, read);
    let update = Entity::update_many()
        .col_expr(Column::RevokedAt, tx.real_now().millis().into())
        .col_expr(Column::Version, next.version.into())
        .filter(Column::Id.eq(read.id.uuid()))
        .filter(Column::Version.eq(read.version));
    let told = record(&next, Change::Updated, vec!["revoked_at".to_owned()]);
    let is_done = tx.update(update, Record { event: Some("api_key.leaked"), ..told }).await?;
    if is_done { Ok(()) } else { Err(StoreError::Stale { current: read.version + 1 }) }
}

fn revoked(tx: &TenantTx, read: &ApiKey) -> ApiKey {
    ApiKey { revoked_at: Some(tx.real_now()), version: read.version + 1, ..read.clone() }
}

async fn save(
    tx: &mut TenantTx,
    read: &ApiKey,
    next: &ApiKey,
    update: sea_orm::UpdateMany<Entity>,
    field: &str,
) -> Result<(), StoreError> {
    let update = update
        .col_expr(Column::Version, next.version.into())
        .filter(Column::Id.eq(read.id.uuid()))
        .filter(Column::Version.eq(read.version));
    let is_done = tx.update(update, record(next, Change::Updated, vec![field.to_owned()])).await?;
    if is_done { Ok(()) } else { Err(StoreError::Stale { current: read.version + 1 }) }
}

/// The key of this name and its client, before the caller has proven anything.
///
/// # Errors
/// When the database fails.
pub async fn find(store: &Store, key_id: &str) -> Result<Option<Claimed>, StoreError> {
    let session = store.read_as(Context::ApiKey(key_id.to_owned())).await?;
    let row = Entity::find().filter(Column::KeyId.eq(key_id)).one(&session).await?;
    let Some(row) = row else { return Ok(None) };
    // The row says whose key it is; from here on its tenant's rows are seen.
    dialect::enter(&session, Context::Tenant(row.tenant_id)).await?;
    let found = partner::Entity::find()
        .filter(partner::Column::TenantId.eq(row.tenant_id))
        .filter(partner::Column::ClientId.eq(&row.client_id))
        .find_also_related(tenant::Entity)
        .one(&session)
        .await?;
    let Some((client, Some(tenant))) = found else { return Ok(None) };
    let partner = partners::parse(client, &tenant, (Vec::new(), Vec::new()))?;
    Ok(Some(Claimed { hash: row.hash.clone(), partner, key: row.into() }))
}

/// Notes when and from where a key was last used. It is no change: it leaves no record.
///
/// # Errors
/// When the database fails.
pub async fn used(
    store: &Store,
    key: &ApiKey,
    tenant: kernel::TenantId,
    (at, from): (Timestamp, IpAddr),
) -> Result<(), StoreError> {
    let session = store.write_as(Context::Tenant(tenant.uuid())).await?;
    let row = ActiveModel {
        used_at: Set(Some(at.millis())),
        used_from: Set(Some(from.to_string())),
        ..ActiveModel::default()
    };
    Entity::update_many()
        .set(row)
        .filter(Column::TenantId.eq(tenant.uuid()))
        .filter(Column::Id.eq(key.id.uuid()))
        .exec(&session)
        .await?;
    session.commit().await?;
    Ok(())
}

fn record(key: &ApiKey, change: Change, fields: Vec<String>) -> Record {
    Record {
        resource: "api_key",
        id: key.id.uuid(),
        printed: key.id.to_string(),
        version: key.version,
        change,
        event: None,
        fields,
    }
}

impl From<Model> for ApiKey {
    fn from(row: Model) -> Self {
        let at = Timestamp::from_millis;
        Self {
            id: ApiKeyId::from_uuid(row.id),
            client_id: row.client_id,
            key_id: row.key_id,
            environment: row.environment,
            last_four: row.last_four,
            name: row.name,
            scopes: row.scopes,
            networks: row.networks,
            created_by: row.created_by,
            created_at: at(row.created_at),
            expires_at: at(row.expires_at),
            revoked_at: row.revoked_at.map(at),
            used_at: row.used_at.map(at),
            used_from: row.used_from,
            version: row.version,
        }
    }
}

/// The most live keys that a client has.
pub const LIVE_MAX: u64 = 20;
/// The most keys that are listed, those that ended among them.
pub const LISTED_MAX: u64 = 100;
/// How long a key lives when nothing is said.
pub const LIFE: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long a key lives at most.
pub const LIFE_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);
