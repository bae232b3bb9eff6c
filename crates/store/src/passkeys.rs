//! Passkeys of people: found by the credential's id, and counted by one statement.

use kernel::{PasskeyId, Timestamp, UserId};
use policy::Environment;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
};
use signin::passkey::{Known, NewPasskey, Used, lookup, lookup_text};

use crate::dialect::{self, Context};
use crate::entities::staff_passkey::{ActiveModel, Column, Entity, Model};
use crate::entities::{staff, tenant};
use crate::journal::{Change, Record};
use crate::staff::{Account, environment};
use crate::{Store, StoreError, TenantTx, TenantView};

/// A passkey of somebody.
#[derive(Clone, Debug)]
pub struct Passkey {
    /// Its id here.
    pub id: PasskeyId,
    /// Whose.
    pub user: UserId,
    /// Its id with authenticators.
    pub credential_id: Vec<u8>,
    /// Whether it may be copied to other devices.
    pub is_backup_eligible: bool,
    /// The browser that it was made with, in two words.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used.
    pub used_at: Option<Timestamp>,
    key: Vec<u8>,
    sign_count: u32,
}

/// A passkey that somebody presented, and whose it is.
pub struct Presented {
    /// The passkey.
    pub passkey: Passkey,
    /// The account of its owner.
    pub account: Account,
    /// Their tenant's environment.
    pub environment: Environment,
}

impl Passkey {
    /// What a proof is judged by.
    #[must_use]
    pub fn known(&self) -> Known<'_> {
        Known {
            key: &self.key,
            sign_count: self.sign_count,
            is_backup_eligible: self.is_backup_eligible,
        }
    }
}

/// The passkey that a credential's id names, before anything is proven.
///
/// # Errors
/// When the database fails.
pub async fn find(store: &Store, credential_id: &[u8]) -> Result<Option<Presented>, StoreError> {
    let session = store.read_as(Context::Presented(lookup_text(credential_id))).await?;
    let found = Entity::find().filter(Column::Lookup.eq(lookup(credential_id).to_vec()));
    let row = found.one(&session).await?;
    let Some(row) = row else { return Ok(None) };
    dialect::enter(&session, Context::Tenant(row.tenant_id)).await?;
    let account = staff::Entity::find_by_id(row.staff_id).one(&session).await?;
    let tenant = tenant::Entity::find_by_id(row.tenant_id).one(&session).await?;
    let (Some(account), Some(tenant)) = (account, tenant) else { return Err(StoreError::Missing) };
    Ok(Some(Presented {
        passkey: row.try_into()?,
        account: account.try_into()?,
        environment: environment(&tenant)?,
    }))
}

/// Somebody's passkeys, the first ones first.
///
/// # Errors
/// When the database fails.
pub async fn list(view: &TenantView, user: UserId) -> Result<Vec<Passkey>, StoreError> {
    let rows = of(view, user).order_by_asc(Column::Id);
    rows.all(&view.session).await?.into_iter().map(Passkey::try_from).collect()
}

/// Keeps a passkey for somebody.
///
/// # Errors
/// [`StoreError::Full`] when they have [`PASSKEYS_MAX`], [`StoreError::Taken`] when the credential
/// is somebody's already, or the database fails.
pub async fn add(
    tx: &mut TenantTx,
    user: UserId,
    (new, label): (NewPasskey, &str),
) -> Result<PasskeyId, StoreError> {
    if of(tx, user).count(&tx.session).await? >= PASSKEYS_MAX {
        return Err(StoreError::Full);
    }
    let id = PasskeyId::new(tx.clock());
    let row = ActiveModel {
        id: Set(id.uuid()),
        tenant_id: Set(tx.tenant().uuid()),
        staff_id: Set(user.uuid()),
        lookup: Set(lookup(&new.credential_id).to_vec()),
        credential_id: Set(new.credential_id),
        public_key: Set(new.key),
        sign_count: Set(new.sign_count.into()),
        is_backup_eligible: Set(new.is_backup_eligible),
        is_backed_up: Set(new.is_backed_up),
        label: Set(label.to_owned()),
        created_at: Set(tx.real_now().millis()),
        used_at: Set(None),
    };
    tx.insert(row, record(id, Change::Created, &[])).await?;
    Ok(id)
}

/// Takes one of somebody's passkeys away.
///
/// # Errors
/// [`StoreError::Missing`] when they have no such passkey, or the database fails.
pub async fn remove(tx: &mut TenantTx, user: UserId, id: PasskeyId) -> Result<(), StoreError> {
    let done = Entity::delete_many()
        .filter(Column::TenantId.eq(tx.tenant().uuid()))
        .filter(Column::StaffId.eq(user.uuid()))
        .filter(Column::Id.eq(id.uuid()))
        .exec(&tx.session)
        .await?;
    if done.rows_affected != 1 {
        return Err(StoreError::Missing);
    }
    tx.record(record(id, Change::Deleted, &[]));
    Ok(())
}

pub(crate) async fn remove_all(tx: &mut TenantTx, user: UserId) -> Result<(), StoreError> {
    for passkey in list(tx, user).await? {
        remove(tx, user, passkey.id).await?;
    }
    Ok(())
}

/// Writes a use down: whether the counter went forward, or the authenticator does not count. One
/// statement, so that of two copies at once one wins.
///
/// # Errors
/// When the database fails; then the proof must not be believed.
pub async fn used(tx: &mut TenantTx, id: PasskeyId, used: Used) -> Result<bool, StoreError> {
    let count = i64::from(used.sign_count);
    let is_forward = Expr::col(Column::SignCount).lt(count);
    let counts_nothing = Expr::col(Column::SignCount).eq(0).and(Expr::val(count).eq(0));
    let update = Entity::update_many()
        .col_expr(Column::SignCount, count.into())
        .col_expr(Column::IsBackedUp, used.is_backed_up.into())
        .col_expr(Column::UsedAt, tx.real_now().millis().into())
        .filter(Column::Id.eq(id.uuid()))
        .filter(is_forward.or(counts_nothing));
    tx.update_quietly(update, None).await
}

fn of(view: &TenantView, user: UserId) -> sea_orm::Select<Entity> {
    view.find::<Entity>().filter(Column::StaffId.eq(user.uuid()))
}

fn record(id: PasskeyId, change: Change, fields: &[&str]) -> Record {
    Record {
        resource: "passkey",
        id: id.uuid(),
        printed: id.to_string(),
        version: 1,
        change,
        event: None,
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
    }
}

impl TryFrom<Model> for Passkey {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let odd = |what: &str| StoreError::Inconsistent {
            table: "staff_passkey",
            id: row.id.to_string(),
            what: what.to_owned(),
        };
        Ok(Self {
            id: PasskeyId::from_uuid(row.id),
            user: UserId::from_uuid(row.staff_id),
            sign_count: u32::try_from(row.sign_count).map_err(|_| odd("sign_count"))?,
            is_backup_eligible: row.is_backup_eligible,
            created_at: Timestamp::from_millis(row.created_at),
            used_at: row.used_at.map(Timestamp::from_millis),
            credential_id: row.credential_id,
            label: row.label,
            key: row.public_key,
        })
    }
}

/// The most passkeys that one person has.
pub const PASSKEYS_MAX: u64 = 10;
