//! Who is kept out for a while. Each of them has one row, which is kept after the ban is over: the
//! next one is longer.
//!
//! A caller belongs to a tenant, and so does its ban: placed and lifted in a [`TenantTx`]. An
//! address belongs to nobody's data. Every change leaves an audit entry in its own transaction.

use std::net::IpAddr;
use std::time::Duration;

use kernel::{BanId, EventId, TenantId, Timestamp};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use watch::{Actor, ChangeKind, Event, Scene};

use crate::dialect::Context;
use crate::entities::audit_entry;
use crate::entities::ban::{ActiveModel, Column, Entity, Model};
use crate::journal::{Change, Record};
use crate::page::{Page, PageRequest};
use crate::session::Session;
use crate::{Store, StoreError, TenantTx, TenantView, Witness};

/// What is kept out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BanKind {
    /// An address; IPv6 by its first 64 bits.
    Address,
    /// An OAuth client, by its client id.
    Client,
    /// One API key of a client, by its id.
    ApiKey,
    /// Somebody on a tenant's staff, by their id.
    Person,
}

/// Somebody who is, or was lately, kept out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Its id.
    pub id: BanId,
    /// Whose caller it is; nobody's for an address.
    pub tenant: Option<TenantId>,
    /// What is kept out.
    pub kind: BanKind,
    /// Which one.
    pub subject: String,
    /// How often in a row; 0 where an operator did it.
    pub rung: u32,
    /// What the last of the refused requests was: `not_found`, `rate`, `firewall`.
    pub cause: String,
    /// Who did it.
    pub created_by: String,
    /// When.
    pub placed_at: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// When a human took it back.
    pub lifted_at: Option<Timestamp>,
    /// When nobody remembers any more: until then the next one is longer.
    pub forgotten_at: Timestamp,
    /// Counts its changes from 1.
    pub version: i64,
}

/// A ban to place.
#[derive(Clone, Debug)]
pub struct NewBan {
    /// What to keep out.
    pub kind: BanKind,
    /// Which one.
    pub subject: String,
    /// See [`Ban::rung`].
    pub rung: u32,
    /// See [`Ban::cause`].
    pub cause: String,
    /// Until when.
    pub until: Timestamp,
    /// See [`Ban::forgotten_at`].
    pub forgotten_at: Timestamp,
}

impl BanKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Address, Self::Client, Self::ApiKey, Self::Person];

    /// The stable name, as rows and answers write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Client => "client",
            Self::ApiKey => "api_key",
            Self::Person => "person",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Ban {
    /// Whether it keeps out at a moment.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.lifted_at.is_none() && self.until > now
    }
}

/// Keeps an address out: the ban, or nothing where one holds already. The transaction is its own.
///
/// # Errors
/// When the database fails.
pub async fn place_address(
    store: &Store,
    new: &NewBan,
    (witness, by): (&Witness, &Actor),
) -> Result<Option<Ban>, StoreError> {
    let now = witness.scene.at;
    let session = runner(store).await?;
    let author = author(by);
    if !upsert(&session, new, (None, &author, now), BanId::new(store.clock().as_ref())).await? {
        return Ok(None);
    }
    let ban = find_on(&session, new.kind, &new.subject).await?.ok_or(StoreError::Missing)?;
    let kind = if ban.version == 1 { ChangeKind::Create } else { ChangeKind::Update };
    record_address(store, &session, &ban, (witness, by, kind)).await?;
    session.commit().await?;
    Ok(Some(ban))
}

/// Takes back what keeps an address out: nothing where there was no ban.
///
/// # Errors
/// When the database fails.
pub async fn lift_address(
    store: &Store,
    address: IpAddr,
    (witness, by): (&Witness, &Actor),
) -> Result<Option<Ban>, StoreError> {
    let now = witness.scene.at;
    let session = runner(store).await?;
    let subject = address.to_string();
    let Some(ban) = find_on(&session, BanKind::Address, &subject).await? else { return Ok(None) };
    if !ban.holds(now) {
        return Ok(None);
    }
    let lifted = lifted(&ban, now);
    let done = update(&lifted, &author(by), now).exec(&session).await?;
    if done.rows_affected != 1 {
        return Err(StoreError::Stale { current: lifted.version });
    }
    record_address(store, &session, &lifted, (witness, by, ChangeKind::Update)).await?;
    session.commit().await?;
    Ok(Some(lifted))
}

/// Keeps a caller of the transaction's tenant out: the ban, or nothing where one holds already.
///
/// # Errors
/// When the database fails.
pub async fn place(tx: &mut TenantTx, new: &NewBan) -> Result<Option<Ban>, StoreError> {
    let (tenant, now, author) = (tx.tenant(), tx.real_now(), tx.author().to_owned());
    let id = BanId::new(tx.clock());
    if !upsert(&tx.session, new, (Some(tenant), &author, now), id).await? {
        return Ok(None);
    }
    let ban = find_on(&tx.session, new.kind, &new.subject).await?.ok_or(StoreError::Missing)?;
    let change = if ban.version == 1 { Change::Created } else { Change::Updated };
    tx.record(record(&ban, change, "ban.placed", &["rung", "until"]));
    Ok(Some(ban))
}

/// Takes a ban of the transaction's tenant back.
///
/// # Errors
/// [`StoreError::Stale`] when it changed meanwhile.
pub async fn lift(tx: &mut TenantTx, read: &Ban) -> Result<Ban, StoreError> {
    let next = lifted(read, tx.real_now());
    let update = update(&next, tx.author(), tx.real_now());
    let record = record(&next, Change::Updated, "ban.lifted", &["lifted_at"]);
    if tx.update(update, record).await? {
        Ok(next)
    } else {
        Err(StoreError::Stale { current: read.version + 1 })
    }
}

/// One of the tenant's bans.
///
/// # Errors
/// [`StoreError::Missing`] when there is none of this id.
pub async fn require(view: &TenantView, id: BanId) -> Result<Ban, StoreError> {
    let row = view.find::<Entity>().filter(Column::Id.eq(id.uuid())).one(&view.session).await?;
    row.map(Ban::try_from).transpose()?.ok_or(StoreError::Missing)
}

/// The ban of one of the tenant's callers.
///
/// # Errors
/// When the database fails.
pub async fn find(
    view: &TenantView,
    kind: BanKind,
    subject: &str,
) -> Result<Option<Ban>, StoreError> {
    let row = view
        .find::<Entity>()
        .filter(Column::Kind.eq(kind.name()))
        .filter(Column::Subject.eq(subject))
        .one(&view.session)
        .await?;
    row.map(Ban::try_from).transpose()
}

/// A page of the tenant's bans, those that are over but remembered among them, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn page(
    view: &TenantView,
    page: PageRequest<BanId>,
) -> Result<Page<Ban, BanId>, StoreError> {
    let mut query = view.find::<Entity>();
    if let Some(after) = page.after {
        query = query.filter(Column::Id.lt(after.uuid()));
    }
    let rows = query.order_by_desc(Column::Id).limit(page.limit + 1).all(&view.session).await?;
    let bans = rows.into_iter().map(Ban::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(bans, page.limit, |ban| ban.id))
}

/// What of everybody is remembered at `now` and changed since `since`, or shortly before: a
/// transaction that began then may have ended only now.
///
/// # Errors
/// When the database fails.
pub async fn list(
    store: &Store,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Result<Vec<Ban>, StoreError> {
    let session = store.read_as(Context::Runner).await?;
    let mut query = Entity::find().filter(Column::ForgottenAt.gt(now.millis()));
    if let Some(since) = since {
        query = query.filter(Column::ChangedAt.gte(since.minus(OVERLAP).millis()));
    }
    let rows = query.order_by_asc(Column::Id).limit(LISTED_MAX).all(&session).await?;
    rows.into_iter().map(Ban::try_from).collect()
}

/// Forgets what is over for good.
///
/// # Errors
/// When the database fails.
pub async fn prune(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let session = runner(store).await?;
    let done =
        Entity::delete_many().filter(Column::ForgottenAt.lt(now.millis())).exec(&session).await?;
    session.commit().await?;
    Ok(done.rows_affected)
}

async fn runner(store: &Store) -> Result<Session, StoreError> {
    store.write_as(Context::Runner).await
}

/// One statement, so that of two nodes that place a ban in the same moment one places it.
async fn upsert(
    on: &impl ConnectionTrait,
    new: &NewBan,
    (tenant, author, now): (Option<TenantId>, &str, Timestamp),
    id: BanId,
) -> Result<bool, StoreError> {
    let row = ActiveModel {
        id: Set(id.uuid()),
        tenant_id: Set(tenant.map(TenantId::uuid)),
        kind: Set(new.kind.name().to_owned()),
        subject: Set(new.subject.clone()),
        rung: Set(i32::try_from(new.rung).unwrap_or(i32::MAX)),
        cause: Set(new.cause.clone()),
        created_by: Set(author.to_owned()),
        placed_at: Set(now.millis()),
        until: Set(new.until.millis()),
        lifted_at: Set(None),
        lifted_by: Set(None),
        changed_at: Set(now.millis()),
        forgotten_at: Set(new.forgotten_at.millis()),
        version: Set(1),
    };
    let column = |column| Expr::col((Entity, column));
    let is_over = Condition::any()
        .add(column(Column::Until).lte(now.millis()))
        .add(column(Column::LiftedAt).is_not_null());
    let again = OnConflict::columns([Column::Kind, Column::Subject])
        .update_columns([
            Column::Rung,
            Column::Cause,
            Column::CreatedBy,
            Column::PlacedAt,
            Column::Until,
            Column::LiftedAt,
            Column::LiftedBy,
            Column::ChangedAt,
            Column::ForgottenAt,
        ])
        .value(Column::Version, column(Column::Version).add(1))
        .action_cond_where(is_over)
        .to_owned();
    Ok(Entity::insert(row).on_conflict(again).exec_without_returning(on).await? == 1)
}

async fn find_on(
    on: &impl ConnectionTrait,
    kind: BanKind,
    subject: &str,
) -> Result<Option<Ban>, StoreError> {
    let row = Entity::find()
        .filter(Column::Kind.eq(kind.name()))
        .filter(Column::Subject.eq(subject))
        .one(on)
        .await?;
    row.map(Ban::try_from).transpose()
}

fn lifted(ban: &Ban, now: Timestamp) -> Ban {
    // Remembered long enough that the score has decayed, and not as a rung of the ladder.
    let forgotten_at = now.plus(LIFT_REMEMBERED);
    Ban { lifted_at: Some(now), forgotten_at, version: ban.version + 1, ..ban.clone() }
}

fn update(lifted: &Ban, author: &str, now: Timestamp) -> sea_orm::UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::LiftedAt, lifted.lifted_at.map(Timestamp::millis).into())
        .col_expr(Column::LiftedBy, author.to_owned().into())
        .col_expr(Column::ChangedAt, now.millis().into())
        .col_expr(Column::ForgottenAt, lifted.forgotten_at.millis().into())
        .col_expr(Column::Version, lifted.version.into())
        .filter(Column::Id.eq(lifted.id.uuid()))
        .filter(Column::Version.eq(lifted.version - 1))
}

fn author(by: &Actor) -> String {
    match by {
        Actor::System { reason } => reason.clone(),
        Actor::Client { client_id, .. } => client_id.clone(),
        Actor::Staff { user, .. } => user.clone(),
        Actor::Anonymous => "anonymous".to_owned(),
    }
}

fn record(ban: &Ban, change: Change, event: &'static str, fields: &[&str]) -> Record {
    Record {
        resource: "ban",
        id: ban.id.uuid(),
        printed: ban.id.to_string(),
        version: ban.version,
        change,
        event: Some(event),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
    }
}

/// The audit entry of what belongs to no tenant. The address is where it came from, as in every
/// entry about a request.
async fn record_address(
    store: &Store,
    on: &Session,
    ban: &Ban,
    (witness, by, kind): (&Witness, &Actor, ChangeKind),
) -> Result<(), StoreError> {
    let scene = Scene { source_ip: ban.subject.parse().ok(), ..witness.scene.clone() };
    let field = if ban.lifted_at.is_some() { "lifted_at" } else { "until" };
    let change = watch::Change {
        operation: witness.operation.clone(),
        kind,
        resource_type: "ban",
        resource_id: ban.id.to_string(),
        version: ban.version,
        fields: vec![field.to_owned()],
        digests: Vec::new(),
        policies: Vec::new(),
    };
    let event = Event::change(EventId::new(store.clock().as_ref()), &scene, by, change);
    audit_entry::Entity::insert(audit_entry::row(&event)).exec_without_returning(on).await?;
    Ok(())
}

impl TryFrom<Model> for Ban {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let at = Timestamp::from_millis;
        let id = BanId::from_uuid(row.id);
        Ok(Self {
            id,
            tenant: row.tenant_id.map(TenantId::from_uuid),
            kind: BanKind::find(&row.kind).ok_or_else(|| StoreError::Inconsistent {
                table: "ban",
                id: id.to_string(),
                what: "kind".to_owned(),
            })?,
            subject: row.subject,
            rung: u32::try_from(row.rung).unwrap_or(0),
            cause: row.cause,
            created_by: row.created_by,
            placed_at: at(row.placed_at),
            until: at(row.until),
            lifted_at: row.lifted_at.map(at),
            forgotten_at: at(row.forgotten_at),
            version: row.version,
        })
    }
}

/// For so long nobody whose ban a human lifted is banned again without a human. Longer than a score
/// takes to decay, unless an operator made that longer.
pub const LIFT_REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// Longer than any transaction takes, and than clocks of nodes are apart.
const OVERLAP: Duration = Duration::from_secs(60);
/// More than `bans.bans_max` can be.
const LISTED_MAX: u64 = 200_000;
