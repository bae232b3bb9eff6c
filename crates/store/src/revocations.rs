//! What is no longer believed, until it would have ended by itself. Rows are few: an access token
//! lives a quarter of an hour.

use std::time::Duration;

use kernel::{EventId, Timestamp};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::dialect::Context;
use crate::entities::revocation;
use crate::journal::{Change, Record};
use crate::session::Session;
use crate::{Store, StoreError, TenantTx};

/// What is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Revoked {
    /// One access token, by its `jti`.
    Token,
    /// Every access token that a client has, by its client id; later ones are good.
    Client,
    /// An API key, by its key id.
    ApiKey,
    /// A session, by its id.
    Session,
    /// Every session that a person has, and every token that they granted, by the person's id;
    /// later ones are good.
    Staff,
    /// Every access token of a grant, by the grant's id.
    Grant,
    /// Every access token that a key signed, by the key's `kid`. Of all tenants.
    SigningKey,
}

/// One revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// What is revoked.
    pub kind: Revoked,
    /// Its id.
    pub subject: String,
    /// Since when.
    pub at: Timestamp,
    /// Until when it matters.
    pub until: Timestamp,
}

impl Revoked {
    const ALL: [Self; 7] = [
        Self::Token,
        Self::Client,
        Self::ApiKey,
        Self::Session,
        Self::Staff,
        Self::Grant,
        Self::SigningKey,
    ];

    /// The stable name, as rows and audit entries write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Client => "client",
            Self::ApiKey => "api_key",
            Self::Session => "session",
            Self::Staff => "staff",
            Self::Grant => "grant",
            Self::SigningKey => "signing_key",
        }
    }
}

/// Revokes something of the transaction's tenant. Once it is committed every node hears of it.
///
/// # Errors
/// When the database fails.
pub async fn add(tx: &mut TenantTx, new: &Revocation) -> Result<(), StoreError> {
    let id = EventId::new(tx.clock()).uuid();
    let row = row(id, Some(tx.tenant().uuid()), new);
    let record = Record {
        resource: "revocation",
        id,
        printed: format!("{}:{}", new.kind.name(), new.subject),
        version: 1,
        change: Change::Created,
        event: None,
        fields: Vec::new(),
    };
    tx.insert(row, record).await
}

/// Revokes what belongs to no tenant, in the transaction of whoever does it.
pub(crate) async fn add_for_all(
    store: &Store,
    on: &Session,
    new: &Revocation,
) -> Result<(), StoreError> {
    let row = row(EventId::new(store.clock().as_ref()).uuid(), None, new);
    revocation::Entity::insert(row).exec_without_returning(on).await?;
    Ok(())
}

fn row(id: Uuid, tenant: Option<Uuid>, new: &Revocation) -> revocation::ActiveModel {
    revocation::ActiveModel {
        id: Set(id),
        tenant_id: Set(tenant),
        kind: Set(new.kind.name().to_owned()),
        subject: Set(new.subject.clone()),
        at: Set(new.at.millis()),
        until: Set(new.until.millis()),
    }
}

/// What of all tenants matters at `now` and was revoked since `since`, or shortly before: a
/// transaction that began then may have ended only now.
///
/// # Errors
/// When the database fails.
pub async fn list(
    store: &Store,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Result<Vec<Revocation>, StoreError> {
    let session = store.read_as(Context::Runner).await?;
    let mut query = revocation::Entity::find().filter(revocation::Column::Until.gt(now.millis()));
    if let Some(since) = since {
        query = query.filter(revocation::Column::At.gte(since.minus(OVERLAP).millis()));
    }
    let rows = query.all(&session).await?;
    rows.into_iter().map(Revocation::try_from).collect()
}

/// Forgets what has ended by itself.
///
/// # Errors
/// When the database fails.
pub async fn prune(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let session = store.write_as(Context::Runner).await?;
    let done = revocation::Entity::delete_many()
        .filter(revocation::Column::Until.lt(now.millis()))
        .exec(&session)
        .await?;
    session.commit().await?;
    Ok(done.rows_affected)
}

impl TryFrom<revocation::Model> for Revocation {
    type Error = StoreError;

    fn try_from(row: revocation::Model) -> Result<Self, StoreError> {
        let kind = Revoked::ALL.into_iter().find(|kind| kind.name() == row.kind);
        Ok(Self {
            kind: kind.ok_or_else(|| StoreError::Inconsistent {
                table: "revocation",
                id: row.id.to_string(),
                what: "kind".to_owned(),
            })?,
            subject: row.subject,
            at: Timestamp::from_millis(row.at),
            until: Timestamp::from_millis(row.until),
        })
    }
}

/// Longer than any transaction takes, and than clocks of nodes are apart.
const OVERLAP: Duration = Duration::from_secs(60);
