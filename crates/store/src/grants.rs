//! Authorization codes and refresh tokens, each step one conditional statement: of two at once, one
//! wins, on whichever node.

use kernel::{TenantId, Timestamp};
use oauth::Scopes;
use oauth::grants::{CodeGrant, Family, Grants, Rotated, Rotation, Taken};
use oauth::opaque::OpaqueHash;
use oauth::pkce::Challenge;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, TransactionTrait};

use crate::dialect::{self, Context};
use crate::entities::authorization_code as code;
use crate::entities::refresh_family as family;
use crate::session::Session;
use crate::{Store, StoreError};

/// Keeps a code that was granted.
///
/// # Errors
/// When the database fails.
pub async fn add_code(
    store: &Store,
    hash: OpaqueHash,
    grant: &CodeGrant,
) -> Result<(), StoreError> {
    let session = write_as(store, grant.tenant).await?;
    let row = code::ActiveModel {
        hash: Set(hash.0.to_vec()),
        tenant_id: Set(grant.tenant.uuid()),
        client_id: Set(grant.client_id.clone()),
        subject: Set(grant.subject.clone()),
        scopes: Set(grant.scopes.to_string()),
        redirect_uri: Set(grant.redirect_uri.clone()),
        challenge: Set(grant.challenge.as_str().to_owned()),
        family: Set(grant.family.clone()),
        expires_at: Set(grant.expires_at.millis()),
        taken_at: Set(None),
    };
    code::Entity::insert(row).exec_without_returning(&session).await?;
    session.commit().await.map_err(StoreError::from)
}

/// Forgets codes and families that are over.
///
/// # Errors
/// When the database fails.
pub async fn prune(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let session = Session::Transaction(store.db().write.begin().await?);
    dialect::enter(&session, Context::Runner).await?;
    let codes = code::Entity::delete_many()
        .filter(code::Column::ExpiresAt.lt(now.millis()))
        .exec(&session)
        .await?;
    let families = family::Entity::delete_many()
        .filter(family::Column::ExpiresAt.lt(now.millis()))
        .exec(&session)
        .await?;
    session.commit().await?;
    Ok(codes.rows_affected + families.rows_affected)
}

impl Grants for Store {
    type Error = StoreError;

    async fn take_code(&self, tenant: TenantId, hash: OpaqueHash) -> Result<Taken, StoreError> {
        let session = write_as(self, tenant).await?;
        let is_it = code::Column::Hash.eq(hash.0.to_vec());
        let taken = code::Entity::update_many()
            .col_expr(code::Column::TakenAt, self.clock().now().millis().into())
            .filter(is_it.clone())
            .filter(code::Column::TenantId.eq(tenant.uuid()))
            .filter(code::Column::TakenAt.is_null())
            .exec_with_returning(&session)
            .await?;
        let taken = match taken.into_iter().next() {
            Some(row) => Taken::First(Box::new(CodeGrant::try_from(row)?)),
            None => {
                let found = code::Entity::find().filter(is_it);
                let found = found.filter(code::Column::TenantId.eq(tenant.uuid()));
                let row = found.one(&session).await?;
                row.map_or(Taken::Unknown, |row| Taken::Again { family: row.family })
            }
        };
        session.commit().await?;
        Ok(taken)
    }

    async fn begin_family(&self, new: &Family) -> Result<(), StoreError> {
        let session = write_as(self, new.tenant).await?;
        let row = family::ActiveModel {
            id: Set(new.id.clone()),
            tenant_id: Set(new.tenant.uuid()),
            client_id: Set(new.client_id.clone()),
            subject: Set(new.subject.clone()),
            scopes: Set(new.scopes.to_string()),
            bound_to: Set(new.bound_to.clone()),
            generation: Set(new.generation),
            current: Set(new.current.0.to_vec()),
            previous: Set(new.before.map(|(before, _)| before.0.to_vec())),
            salt: Set(new.before.map(|(_, salt)| salt.to_vec())),
            rotated_at: Set(new.rotated_at.millis()),
            expires_at: Set(new.expires_at.millis()),
            ended_at: Set(new.ended_at.map(Timestamp::millis)),
        };
        family::Entity::insert(row).exec_without_returning(&session).await?;
        session.commit().await.map_err(StoreError::from)
    }

    async fn rotate_refresh(&self, step: &Rotation) -> Result<Rotated, StoreError> {
        let session = write_as(self, step.tenant).await?;
        let done = rotate(&session, step).await?;
        let rotated = match done {
            Some(row) => Rotated::Done(Box::new(Family::try_from(row)?)),
            None => {
                let found = family::Entity::find()
                    .filter(family::Column::Id.eq(&step.family))
                    .filter(family::Column::TenantId.eq(step.tenant.uuid()));
                match found.one(&session).await? {
                    Some(row) => Rotated::Not(Box::new(Family::try_from(row)?)),
                    None => Rotated::Unknown,
                }
            }
        };
        session.commit().await?;
        Ok(rotated)
    }

    async fn end_family(
        &self,
        tenant: TenantId,
        id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let session = write_as(self, tenant).await?;
        family::Entity::update_many()
            .col_expr(family::Column::EndedAt, now.millis().into())
            .filter(family::Column::Id.eq(id))
            .filter(family::Column::TenantId.eq(tenant.uuid()))
            .filter(family::Column::EndedAt.is_null())
            .exec(&session)
            .await?;
        session.commit().await.map_err(StoreError::from)
    }
}

/// The one statement that decides between all who present a token at once.
async fn rotate(session: &Session, step: &Rotation) -> Result<Option<family::Model>, StoreError> {
    let (successor, salt) = step.successor;
    let bound = match &step.bound_to {
        Some(bound_to) => family::Column::BoundTo.eq(bound_to),
        None => family::Column::BoundTo.is_null(),
    };
    let rows = family::Entity::update_many()
        .col_expr(family::Column::Generation, Expr::col(family::Column::Generation).add(1))
        .col_expr(family::Column::Previous, step.presented.0.to_vec().into())
        .col_expr(family::Column::Current, successor.0.to_vec().into())
        .col_expr(family::Column::Salt, salt.to_vec().into())
        .col_expr(family::Column::RotatedAt, step.now.millis().into())
        .filter(family::Column::Id.eq(&step.family))
        .filter(family::Column::TenantId.eq(step.tenant.uuid()))
        .filter(family::Column::ClientId.eq(&step.client_id))
        .filter(family::Column::Current.eq(step.presented.0.to_vec()))
        .filter(bound)
        .filter(family::Column::EndedAt.is_null())
        .filter(family::Column::ExpiresAt.gt(step.now.millis()))
        .exec_with_returning(session)
        .await?;
    Ok(rows.into_iter().next())
}

async fn write_as(store: &Store, tenant: TenantId) -> Result<Session, StoreError> {
    let session = Session::Transaction(dialect::begin(&store.db().write).await?);
    dialect::enter(&session, Context::Tenant(tenant.uuid())).await?;
    Ok(session)
}

impl TryFrom<code::Model> for CodeGrant {
    type Error = StoreError;

    fn try_from(row: code::Model) -> Result<Self, StoreError> {
        let odd = |what: &str| StoreError::Inconsistent {
            table: "authorization_code",
            id: row.family.clone(),
            what: what.to_owned(),
        };
        Ok(Self {
            scopes: Scopes::parse(&row.scopes).map_err(|_| odd("scopes"))?,
            challenge: Challenge::parse(Some("S256"), &row.challenge)
                .map_err(|_| odd("challenge"))?,
            client_id: row.client_id,
            tenant: TenantId::from_uuid(row.tenant_id),
            subject: row.subject,
            redirect_uri: row.redirect_uri,
            family: row.family,
            expires_at: Timestamp::from_millis(row.expires_at),
        })
    }
}

impl TryFrom<family::Model> for Family {
    type Error = StoreError;

    fn try_from(row: family::Model) -> Result<Self, StoreError> {
        let odd = |what: &str| StoreError::Inconsistent {
            table: "refresh_family",
            id: row.id.clone(),
            what: what.to_owned(),
        };
        let bytes = |bytes: &[u8], what: &str| <[u8; 32]>::try_from(bytes).map_err(|_| odd(what));
        let before = match (&row.previous, &row.salt) {
            (Some(previous), Some(salt)) => {
                Some((OpaqueHash(bytes(previous, "previous")?), bytes(salt, "salt")?))
            }
            _ => None,
        };
        Ok(Self {
            scopes: Scopes::parse(&row.scopes).map_err(|_| odd("scopes"))?,
            current: OpaqueHash(bytes(&row.current, "current")?),
            before,
            id: row.id,
            client_id: row.client_id,
            tenant: TenantId::from_uuid(row.tenant_id),
            subject: row.subject,
            bound_to: row.bound_to,
            generation: row.generation,
            rotated_at: Timestamp::from_millis(row.rotated_at),
            expires_at: Timestamp::from_millis(row.expires_at),
            ended_at: row.ended_at.map(Timestamp::from_millis),
        })
    }
}
