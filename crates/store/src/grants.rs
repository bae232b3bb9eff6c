//! Authorization codes and refresh tokens, each step one conditional statement: of two at once, one
//! wins, on whichever node.

use std::collections::HashMap;
use std::time::Duration;

use kernel::{EventId, TenantId, Timestamp, UserId};
use oauth::Scopes;
use oauth::grants::{CodeGrant, Family, Grants, Rotated, Rotation, Taken};
use oauth::opaque::OpaqueHash;
use oauth::pkce::Challenge;
use policy::Permit;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::dialect::Context;
use crate::entities::authorization_code as code;
use crate::entities::pushed_request as pushed;
use crate::entities::{partner, refresh_family as family};
use crate::journal::{Change, Record};
use crate::pushed_requests::DECIDED_WITHIN;
use crate::revocations::{self, Revocation, Revoked};
use crate::session::Session;
use crate::{Store, StoreError, TenantTx, TenantView, Witness};

/// Codes and refresh tokens of a client's tenant, as the state machines step through them.
#[derive(Clone, Copy)]
pub struct Granting<'a> {
    store: &'a Store,
    permit: &'a Permit,
    witness: &'a Witness,
}

impl<'a> Granting<'a> {
    /// For a client that proved who it is.
    #[must_use]
    pub const fn new(store: &'a Store, permit: &'a Permit, witness: &'a Witness) -> Self {
        Self { store, permit, witness }
    }

    async fn begin(&self) -> Result<TenantTx, StoreError> {
        self.store.tenant(self.permit, self.witness).await
    }
}

/// Keeps a code that somebody granted.
///
/// # Errors
/// When the database fails.
pub async fn add_code(
    tx: &mut TenantTx,
    hash: OpaqueHash,
    grant: &CodeGrant,
) -> Result<(), StoreError> {
    let row = code::ActiveModel {
        hash: Set(hash.0.to_vec()),
        tenant_id: Set(tx.tenant().uuid()),
        client_id: Set(grant.client_id.clone()),
        subject: Set(grant.subject.clone()),
        scopes: Set(grant.scopes.to_string()),
        redirect_uri: Set(grant.redirect_uri.clone()),
        challenge: Set(grant.challenge.as_str().to_owned()),
        family: Set(grant.family.clone()),
        expires_at: Set(grant.expires_at.millis()),
        taken_at: Set(None),
        bound_to: Set(grant.bound_to.clone()),
        auth_time: Set(grant.auth_time.millis()),
        phishing_resistant: Set(grant.phishing_resistant),
        vouched: Set(grant.vouched),
        reused_at: Set(None),
    };
    let record = record(tx, &grant.family, Change::Created);
    tx.insert(row, record).await
}

/// Ends a grant early, with the tokens that it gave: the revocation that every node is to hear of.
///
/// # Errors
/// When the database fails.
pub async fn end(tx: &mut TenantTx, id: &str) -> Result<Revocation, StoreError> {
    end_for(tx, id, None).await
}

/// The same, and subscribers are told why. Of a grant that has ended nobody is told again.
async fn end_for(
    tx: &mut TenantTx,
    id: &str,
    event: Option<&'static str>,
) -> Result<Revocation, StoreError> {
    let at = tx.real_now();
    let update = family::Entity::update_many()
        .col_expr(family::Column::EndedAt, at.millis().into())
        .filter(family::Column::Id.eq(id))
        .filter(family::Column::EndedAt.is_null());
    let record = Record { event, ..record(tx, id, Change::Deleted) };
    tx.update_quietly(update, Some(record)).await?;
    let one = revoked(id, at);
    revocations::add(tx, &one).await?;
    Ok(one)
}

/// Ends everything that somebody granted. That their tokens end, too, their own revocation says.
pub(crate) async fn end_all(tx: &mut TenantTx, user: UserId) -> Result<(), StoreError> {
    family::Entity::update_many()
        .col_expr(family::Column::EndedAt, tx.real_now().millis().into())
        .filter(family::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(family::Column::Subject.eq(user.to_string()))
        .filter(family::Column::EndedAt.is_null())
        .exec(&tx.session)
        .await?;
    // Codes that wait to be taken would begin a family that nobody ends.
    code::Entity::update_many()
        .col_expr(code::Column::TakenAt, tx.real_now().millis().into())
        .filter(code::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(code::Column::Subject.eq(user.to_string()))
        .filter(code::Column::TakenAt.is_null())
        .exec(&tx.session)
        .await?;
    Ok(())
}

/// Ends everything that people granted a client. That its tokens end, too, its own revocation says.
///
/// # Errors
/// When the database fails.
pub async fn end_of_client(tx: &mut TenantTx, client_id: &str) -> Result<(), StoreError> {
    family::Entity::update_many()
        .col_expr(family::Column::EndedAt, tx.real_now().millis().into())
        .filter(family::Column::TenantId.eq(tx.tenant().uuid()))
        .filter(family::Column::ClientId.eq(client_id))
        .filter(family::Column::EndedAt.is_null())
        .exec(&tx.session)
        .await?;
    Ok(())
}

/// That the tokens of a grant are not believed any more.
#[must_use]
pub fn revoked(id: &str, at: Timestamp) -> Revocation {
    Revocation {
        kind: Revoked::Grant,
        subject: id.to_owned(),
        at,
        until: at.plus(ACCESS_TOKEN_LIFE),
    }
}

/// A grant of the view's tenant.
///
/// # Errors
/// When the database fails.
pub async fn find(view: &TenantView, id: &str) -> Result<Option<Family>, StoreError> {
    let found = view.find::<family::Entity>().filter(family::Column::Id.eq(id));
    found.one(&view.session).await?.map(Family::try_from).transpose()
}

/// What somebody granted and has not taken back, the latest first: each with its client's name.
///
/// # Errors
/// When the database fails.
pub async fn of_person(
    view: &TenantView,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<(Family, String)>, StoreError> {
    let rows = view
        .find::<family::Entity>()
        .filter(family::Column::Subject.eq(user.to_string()))
        .filter(family::Column::EndedAt.is_null())
        .filter(family::Column::ExpiresAt.gt(now.millis()))
        .order_by_desc(family::Column::ExpiresAt)
        .limit(LISTED_MAX)
        .all(&view.session)
        .await?;
    let names: HashMap<String, String> = view
        .find::<partner::Entity>()
        .filter(partner::Column::ClientId.is_in(rows.iter().map(|row| row.client_id.clone())))
        .all(&view.session)
        .await?
        .into_iter()
        .map(|row| (row.client_id, row.name))
        .collect();
    let named = rows.into_iter().map(|row| {
        let name = names.get(&row.client_id).unwrap_or(&row.client_id).clone();
        Ok((Family::try_from(row)?, name))
    });
    named.collect()
}

/// Takes back what somebody granted themselves. Of nobody else's anything is found.
///
/// # Errors
/// [`StoreError::Missing`] when they granted no such thing.
pub async fn take_back(
    tx: &mut TenantTx,
    user: UserId,
    id: &str,
) -> Result<Revocation, StoreError> {
    let found = find(tx, id).await?.filter(|family| family.subject == user.to_string());
    let family = found.ok_or(StoreError::Missing)?;
    end(tx, &family.id).await
}

/// Forgets codes, families and pushed requests that are over.
///
/// # Errors
/// When the database fails.
pub async fn prune(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let session = store.write_as(Context::Runner).await?;
    let codes = code::Entity::delete_many()
        .filter(code::Column::ExpiresAt.lt(now.millis()))
        .exec(&session)
        .await?;
    let families = family::Entity::delete_many()
        .filter(family::Column::ExpiresAt.lt(now.millis()))
        .exec(&session)
        .await?;
    let pushed = pushed::Entity::delete_many()
        .filter(pushed::Column::ExpiresAt.lt(now.minus(DECIDED_WITHIN).millis()))
        .exec(&session)
        .await?;
    session.commit().await?;
    Ok(codes.rows_affected + families.rows_affected + pushed.rows_affected)
}

impl Grants for Granting<'_> {
    type Error = StoreError;

    async fn take_code(&self, tenant: TenantId, hash: OpaqueHash) -> Result<Taken, StoreError> {
        let tx = self.begin().await?;
        let is_it = code::Column::Hash.eq(hash.0.to_vec());
        let taken = code::Entity::update_many()
            .col_expr(code::Column::TakenAt, tx.real_now().millis().into())
            .filter(is_it.clone())
            .filter(code::Column::TenantId.eq(tenant.uuid()))
            .filter(code::Column::TakenAt.is_null())
            .exec_with_returning(&tx.session)
            .await?;
        let taken = match taken.into_iter().next() {
            Some(row) => Taken::First(Box::new(CodeGrant::try_from(row)?)),
            None => {
                let again = tx.find::<code::Entity>().filter(is_it).one(&tx.session).await?;
                match again.map(|row| (row.taken_at, row)) {
                    Some((Some(at), row)) => Taken::Again {
                        grant: Box::new(CodeGrant::try_from(row)?),
                        taken_at: Timestamp::from_millis(at),
                    },
                    _ => Taken::Unknown,
                }
            }
        };
        tx.commit(None).await?;
        Ok(taken)
    }

    async fn spoil_code(&self, tenant: TenantId, hash: OpaqueHash) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // Waits for whoever begins the family at this moment, and is seen by who will.
        let spoilt = code::Entity::update_many()
            .col_expr(code::Column::ReusedAt, tx.real_now().millis().into())
            .filter(code::Column::Hash.eq(hash.0.to_vec()))
            .filter(code::Column::TenantId.eq(tenant.uuid()))
            .filter(code::Column::ReusedAt.is_null())
            .exec_with_returning(&tx.session)
            .await?;
        if let Some(code) = spoilt.into_iter().next()
            && find(&tx, &code.family).await?.is_none()
        {
            // There will be no family whose end could be told.
            let record = record(&tx, &code.family, Change::Deleted);
            tx.record(Record { event: Some(REUSED), ..record });
        }
        tx.commit(None).await
    }

    async fn begin_family(&self, new: &Family) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        // Holds the code's row until the family is there for who would end it.
        let held = code::Entity::update_many()
            .col_expr(code::Column::TakenAt, Expr::col(code::Column::TakenAt))
            .filter(code::Column::TenantId.eq(tx.tenant().uuid()))
            .filter(code::Column::Family.eq(&new.id))
            .filter(code::Column::ReusedAt.is_null())
            .exec(&tx.session)
            .await?;
        if held.rows_affected != 1 {
            return Ok(false);
        }
        let row = family::ActiveModel {
            id: Set(new.id.clone()),
            tenant_id: Set(tx.tenant().uuid()),
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
            auth_time: Set(new.auth_time.millis()),
            phishing_resistant: Set(new.phishing_resistant),
            vouched: Set(new.vouched),
        };
        family::Entity::insert(row).exec_without_returning(&tx.session).await?;
        tx.commit(None).await?;
        Ok(true)
    }

    async fn rotate_refresh(&self, step: &Rotation) -> Result<Rotated, StoreError> {
        let tx = self.begin().await?;
        let done = rotate(&tx.session, step).await?;
        let rotated = match done {
            Some(row) => Rotated::Done(Box::new(Family::try_from(row)?)),
            None => match find(&tx, &step.family).await? {
                Some(family) => Rotated::Not(Box::new(family)),
                None => Rotated::Unknown,
            },
        };
        tx.commit(None).await?;
        Ok(rotated)
    }

    async fn end_family(&self, _: TenantId, id: &str, _: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        end_for(&mut tx, id, Some(REUSED)).await?;
        tx.commit(None).await
    }
}

/// The event of a code or refresh token that was used again.
const REUSED: &str = "grant.reused";

/// What the audit trail says of a grant.
fn record(tx: &TenantTx, id: &str, change: Change) -> Record {
    Record {
        resource: "grant",
        id: EventId::new(tx.clock()).uuid(),
        printed: id.to_owned(),
        version: 1,
        change,
        event: None,
        fields: Vec::new(),
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
            bound_to: row.bound_to,
            auth_time: Timestamp::from_millis(row.auth_time),
            phishing_resistant: row.phishing_resistant,
            vouched: row.vouched,
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
            auth_time: Timestamp::from_millis(row.auth_time),
            phishing_resistant: row.phishing_resistant,
            vouched: row.vouched,
            generation: row.generation,
            rotated_at: Timestamp::from_millis(row.rotated_at),
            expires_at: Timestamp::from_millis(row.expires_at),
            ended_at: row.ended_at.map(Timestamp::from_millis),
        })
    }
}

/// More than anybody looks through.
const LISTED_MAX: u64 = 100;
/// Longer than an access token lives.
const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(20 * 60);
