//! Token-signing keys, sealed by the keyring. They belong to the installation, not to a tenant.
//!
//! Every node reads all of them. Whoever makes one takes the next number, and of two nodes that
//! make one at once the database lets one have it.

use std::sync::Arc;

use kernel::{EventId, Timestamp};
use oauth::schedule::{KEEP, turn_at_once};
use oauth::{SigningKey, Turn};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use watch::{Actor, ChangeKind, Event};

use crate::dialect::Context;
use crate::entities::audit_entry;
use crate::entities::signing_key::{ActiveModel, Column, Entity, Model};
use crate::journal::{Change, Record};
use crate::revocations::{self, Revocation, Revoked};
use crate::session::Session;
use crate::{Store, StoreError, TenantTx, Witness};

/// A key and its turn.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The key.
    pub key: Arc<SigningKey>,
    /// When it signs.
    pub turn: Turn,
}

/// What took the place of keys that may be stolen.
#[derive(Debug)]
pub struct Replaced {
    /// The key that signs from now on.
    pub new: Kept,
    /// The keys that are denied, as each node will hear.
    pub denied: Vec<Revocation>,
}

/// Every key that is kept, the oldest first.
///
/// # Errors
/// When the database fails or a key cannot be opened.
pub async fn list(store: &Store) -> Result<Vec<Kept>, StoreError> {
    let rows = Entity::find().order_by_asc(Column::Generation).limit(KEYS_MAX);
    let rows = rows.all(&store.db().read).await?;
    rows.iter().map(|row| open(store, row)).collect()
}

/// Keeps a new key: whether it did, for another node may just have made this one.
///
/// # Errors
/// When the database fails.
pub async fn add(
    store: &Store,
    (key, turn): (&SigningKey, &Turn),
    by: (&Witness, &Actor),
) -> Result<bool, StoreError> {
    let session = runner(store).await?;
    if !insert(store, &session, (key, turn)).await? {
        return Ok(false);
    }
    let what = (key.kid(), turn.generation, ChangeKind::Create, "signs_from");
    audit(store, &session, what, by).await?;
    session.commit().await?;
    Ok(true)
}

/// Keeps a new key in the transaction of a tenant's administrator: whether it did.
///
/// # Errors
/// When the database fails.
pub async fn publish(
    store: &Store,
    tx: &mut TenantTx,
    (key, turn): (&SigningKey, &Turn),
) -> Result<bool, StoreError> {
    let is_made = insert(store, &tx.session, (key, turn)).await?;
    if is_made {
        record(tx, (key.kid(), turn.generation), None);
    }
    Ok(is_made)
}

/// Takes every key for stolen and signs with a new one from now on: nothing where another node made
/// one in the same moment.
///
/// # Errors
/// When the database fails.
pub async fn replace(
    store: &Store,
    key: SigningKey,
    (witness, by): (&Witness, &Actor),
) -> Result<Option<Replaced>, StoreError> {
    let now = witness.scene.at;
    let session = runner(store).await?;
    let old = Entity::find().order_by_asc(Column::Generation).all(&session).await?;
    let turns: Vec<Turn> = old.iter().map(turn).collect();
    let turn = turn_at_once(&turns, now);
    if !insert(store, &session, (&key, &turn)).await? {
        return Ok(None);
    }
    let what = (key.kid(), turn.generation, ChangeKind::Create, "signs_from");
    audit(store, &session, what, (witness, by)).await?;
    let mut denied = Vec::new();
    for row in old.iter().filter(|row| row.denied_at.is_none()) {
        denied.push(deny(store, &session, row, (witness, by)).await?);
    }
    session.commit().await?;
    Ok(Some(Replaced { new: Kept { key: Arc::new(key), turn }, denied }))
}

/// Tells a tenant that the keys were replaced: its tokens are no longer good.
pub fn tell(tx: &mut TenantTx, new: &Kept) {
    record(tx, (new.key.kid(), new.turn.generation), Some("signing_key.replaced"));
}

/// Forgets a key of which no token can be good any more.
///
/// # Errors
/// When the database fails.
pub async fn forget(
    store: &Store,
    kept: &Kept,
    by: (&Witness, &Actor),
) -> Result<bool, StoreError> {
    let session = runner(store).await?;
    let gone = Entity::delete_by_id(kept.key.kid()).exec(&session).await?;
    if gone.rows_affected != 1 {
        return Ok(false);
    }
    let what = (kept.key.kid(), kept.turn.generation, ChangeKind::Delete, "signs_from");
    audit(store, &session, what, by).await?;
    session.commit().await?;
    Ok(true)
}

fn record(tx: &mut TenantTx, (kid, generation): (&str, i64), event: Option<&'static str>) {
    let id = EventId::new(tx.clock()).uuid();
    tx.record(Record {
        resource: TABLE,
        id,
        printed: kid.to_owned(),
        version: generation,
        change: Change::Created,
        event,
        fields: vec!["signs_from".to_owned()],
    });
}

async fn insert(
    store: &Store,
    on: &Session,
    (key, turn): (&SigningKey, &Turn),
) -> Result<bool, StoreError> {
    let row = ActiveModel {
        kid: Set(key.kid().to_owned()),
        sealed: Set(store.keyring().wrap(&context(key.kid()), key.pkcs8().expose())),
        generation: Set(turn.generation),
        created_at: Set(turn.published_at.millis()),
        signs_from: Set(turn.signs_from.millis()),
        denied_at: Set(None),
    };
    let taken = OnConflict::column(Column::Generation).do_nothing().to_owned();
    Ok(Entity::insert(row).on_conflict(taken).exec_without_returning(on).await? == 1)
}

/// Denied everywhere: the row for the schedule, the revocation for whoever verifies.
async fn deny(
    store: &Store,
    on: &Session,
    row: &Model,
    (witness, by): (&Witness, &Actor),
) -> Result<Revocation, StoreError> {
    let now = witness.scene.at;
    let update = Entity::update_many()
        .col_expr(Column::DeniedAt, now.millis().into())
        .filter(Column::Kid.eq(&row.kid));
    update.exec(on).await?;
    let one = Revocation {
        kind: Revoked::SigningKey,
        subject: row.kid.clone(),
        at: now,
        until: now.plus(KEEP),
    };
    revocations::add_for_all(store, on, &one).await?;
    let what = (row.kid.as_str(), row.generation, ChangeKind::Update, "denied_at");
    audit(store, on, what, (witness, by)).await?;
    Ok(one)
}

async fn runner(store: &Store) -> Result<Session, StoreError> {
    store.write_as(Context::Runner).await
}

/// Writes down that the pepper is another one from now on. The pepper itself is in no table.
///
/// # Errors
/// When the database fails.
pub async fn pepper_changed(
    store: &Store,
    number: u8,
    (witness, by): (&Witness, &Actor),
) -> Result<(), StoreError> {
    let session = runner(store).await?;
    let change = change("pepper", (&number.to_string(), number.into()), ChangeKind::Create);
    write(store, &session, change, (witness, by)).await?;
    Ok(session.commit().await?)
}

/// The audit entry of what belongs to no tenant.
async fn audit(
    store: &Store,
    on: &impl ConnectionTrait,
    (kid, generation, kind, field): (&str, i64, ChangeKind, &str),
    by: (&Witness, &Actor),
) -> Result<(), StoreError> {
    let change = change("signing_key", (kid, generation), kind);
    write(store, on, watch::Change { fields: vec![field.to_owned()], ..change }, by).await
}

fn change(
    resource_type: &'static str,
    (id, version): (&str, i64),
    kind: ChangeKind,
) -> watch::Change {
    watch::Change {
        operation: String::new(),
        kind,
        resource_type,
        resource_id: id.to_owned(),
        version,
        fields: Vec::new(),
        digests: Vec::new(),
        policies: Vec::new(),
    }
}

async fn write(
    store: &Store,
    on: &impl ConnectionTrait,
    change: watch::Change,
    (witness, by): (&Witness, &Actor),
) -> Result<(), StoreError> {
    let change = watch::Change { operation: witness.operation.clone(), ..change };
    let event = Event::change(EventId::new(store.clock().as_ref()), &witness.scene, by, change);
    audit_entry::Entity::insert(audit_entry::row(&event)).exec_without_returning(on).await?;
    Ok(())
}

fn open(store: &Store, row: &Model) -> Result<Kept, StoreError> {
    let opened = store.keyring().unwrap(&context(&row.kid), &row.sealed)?;
    let key = SigningKey::from_pkcs8(opened.expose()).map_err(|_| StoreError::Inconsistent {
        table: TABLE,
        id: row.kid.clone(),
        what: "not a P-256 key".to_owned(),
    })?;
    Ok(Kept { key: Arc::new(key), turn: turn(row) })
}

fn turn(row: &Model) -> Turn {
    Turn {
        generation: row.generation,
        published_at: Timestamp::from_millis(row.created_at),
        signs_from: Timestamp::from_millis(row.signs_from),
        denied_at: row.denied_at.map(Timestamp::from_millis),
    }
}

fn context(kid: &str) -> [&[u8]; 2] {
    [TABLE.as_bytes(), kid.as_bytes()]
}

const TABLE: &str = "signing_key";
/// Far more than ever are kept at once.
const KEYS_MAX: u64 = 100;
