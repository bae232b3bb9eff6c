//! Background work: rows in the same database, taken one at a time, stepped by hand in tests.
//!
//! A step is one transaction, and what it has done stands in the database with it. So a step that
//! was killed is simply taken again, and nothing is done twice. On PostgreSQL several processes
//! share the work (`for update skip locked`); SQLite has one process.

mod consent;
mod employment;
mod export;
mod import;
mod prune;

use std::sync::Arc;
use std::time::Duration;

use kernel::{ExportId, ImportId, MatchRunId, TenantId, Timestamp};
use policy::{Engine, Permit};
use sea_orm::sea_query::{LockBehavior, LockType, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;
use watch::Scene;

use crate::dialect::Context;
use crate::entities::chore::{ActiveModel, Column, Entity, Model};
use crate::match_runs::RunFailure;
use crate::match_runs::waiting::{self, Place};
use crate::session::Session;
use crate::{Pools, Store, StoreError, TenantTx, Witness, exports, imports, projections, tenants};

/// Something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Consent that ran out, candidates that went quiet or whose time is up, erasures.
    Consent,
    /// Rows that are no longer kept.
    Prune,
    /// Employments whose day has come.
    Employment,
    /// The lines of an import.
    Import,
    /// The parts of an export.
    Export,
    /// A run of the matcher.
    MatchRun,
}

/// Whoever does the work.
pub struct Worker {
    store: Arc<Store>,
    policy: Arc<Engine>,
    pools: Arc<Pools>,
}

/// A piece of work that nobody else has.
pub(crate) struct Taken {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) tenant: TenantId,
    /// What it is about.
    pub(crate) subject: Uuid,
    attempts: i64,
}

/// How far a step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is more to do at once.
    More,
    /// All is done until this moment.
    Until(Timestamp),
    /// All is done.
    Done,
}

impl Kind {
    /// What is done for every tenant, again and again.
    const RECURRING: [Self; 3] = [Self::Consent, Self::Prune, Self::Employment];

    const fn name(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Prune => "prune",
            Self::Employment => "employment",
            Self::Import => "import",
            Self::Export => "export",
            Self::MatchRun => "match_run",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let once = [Self::Import, Self::Export, Self::MatchRun];
        Self::RECURRING.into_iter().chain(once).find(|kind| kind.name() == name)
    }
}

impl Worker {
    /// A worker on a store, who ranks by these pools.
    #[must_use]
    pub const fn new(store: Arc<Store>, policy: Arc<Engine>, pools: Arc<Pools>) -> Self {
        Self { store, policy, pools }
    }

    /// Makes ready: every tenant has its recurring work, and on SQLite, where there is one process,
    /// nobody holds any.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(&self) -> Result<(), StoreError> {
        for tenant in tenants::list(&self.store).await? {
            let permit = self.permit(tenant.id, Kind::Prune);
            let tx = self.store.tenant(&permit, &self.witness(Kind::Prune)).await?;
            recur(&tx, tx.now()).await?;
            tx.commit(None).await?;
            self.complete(&permit).await?;
        }
        if self.store.db().write.get_database_backend() == DbBackend::Postgres {
            return Ok(());
        }
        let nobody = Entity::update_many().col_expr(Column::HeldUntil, Option::<i64>::None.into());
        nobody.exec(&self.store.db().write).await?;
        Ok(())
    }

    /// Every candidate of a tenant can be matched: also those from before there was a matcher.
    async fn complete(&self, permit: &Permit) -> Result<(), StoreError> {
        loop {
            let tx = self.store.tenant(permit, &self.witness(Kind::Prune)).await?;
            let completed = projections::complete(&tx).await?;
            tx.commit(None).await?;
            if completed == 0 {
                return Ok(());
            }
        }
    }

    /// Does everything that is due, until `is_over` says that it is time to stop; how many steps
    /// were made.
    ///
    /// # Errors
    /// When the database fails. Work that fails by itself is tried again later.
    pub async fn run_due(&self, is_over: impl Fn() -> bool) -> Result<usize, StoreError> {
        let mut steps = 0;
        while !is_over() {
            let Some(taken) = self.take().await? else { break };
            steps += self.run(&taken, &is_over).await?;
        }
        Ok(steps)
    }

    async fn run(&self, taken: &Taken, is_over: &impl Fn() -> bool) -> Result<usize, StoreError> {
        let mut steps = 0;
        loop {
            steps += 1;
            let left = match self.step(taken).await {
                Ok(Progress::More) if !is_over() => {
                    self.hold(taken).await?;
                    continue;
                }
                Ok(Progress::More) => Left { due_at: self.now(), attempts: 0 },
                Ok(Progress::Until(at)) => Left { due_at: at, attempts: 0 },
                Ok(Progress::Done) => {
                    self.finish(taken).await?;
                    return Ok(steps);
                }
                Err(error) if self.gives_up(taken, &error).await? => return Ok(steps),
                Err(error) => {
                    warn(taken.kind, &error);
                    Left { due_at: self.now().plus(pause(taken.attempts)), ..taken.left() }
                }
            };
            self.leave(taken, left).await?;
            return Ok(steps);
        }
    }

    async fn step(&self, taken: &Taken) -> Result<Progress, StoreError> {
        let permit = self.permit(taken.tenant, taken.kind);
        let witness = self.witness(taken.kind);
        if taken.kind == Kind::MatchRun {
            // It ranks between its transactions and not within one.
            let (store, pools) = (&self.store, &self.pools);
            let place = Place { store, pools, permit: &permit, witness: &witness };
            let is_over = waiting::step(place, MatchRunId::from_uuid(taken.subject)).await?;
            return Ok(if is_over { Progress::Done } else { Progress::More });
        }
        let tx = self.store.tenant(&permit, &witness).await?;
        match taken.kind {
            Kind::MatchRun => Ok(Progress::Done),
            Kind::Consent => consent::step(tx).await,
            Kind::Prune => {
                let progress = prune::step(tx).await?;
                // By itself: where it fails, all else was pruned.
                prune::forget_failed(self.store.tenant(&permit, &witness).await?).await?;
                Ok(progress)
            }
            Kind::Employment => employment::step(tx).await,
            Kind::Import => import::step(tx, ImportId::from_uuid(taken.subject)).await,
            Kind::Export => export::step(tx, ExportId::from_uuid(taken.subject)).await,
        }
    }

    /// Takes the work that has waited longest.
    async fn take(&self) -> Result<Option<Taken>, StoreError> {
        let session = self.session().await?;
        let now = self.now().millis();
        let free =
            Condition::any().add(Column::HeldUntil.is_null()).add(Column::HeldUntil.lte(now));
        let row = Entity::find()
            .filter(Column::State.eq(WAITING))
            .filter(Column::DueAt.lte(now))
            .filter(free)
            .order_by_asc(Column::DueAt)
            .limit(1)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .one(&session)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let held = Entity::update_many()
            .col_expr(Column::HeldUntil, self.held_until().into())
            .filter(Column::Id.eq(row.id));
        held.exec(&session).await?;
        session.commit().await?;
        Taken::try_from(row).map(Some)
    }

    async fn hold(&self, taken: &Taken) -> Result<(), StoreError> {
        let session = self.session().await?;
        let held = Entity::update_many()
            .col_expr(Column::HeldUntil, self.held_until().into())
            .filter(Column::Id.eq(taken.id));
        held.exec(&session).await?;
        Ok(session.commit().await?)
    }

    async fn leave(&self, taken: &Taken, left: Left) -> Result<(), StoreError> {
        let session = self.session().await?;
        let update = Entity::update_many()
            .col_expr(Column::HeldUntil, Option::<i64>::None.into())
            .col_expr(Column::DueAt, left.due_at.millis().into())
            .col_expr(Column::Attempts, left.attempts.into())
            .filter(Column::Id.eq(taken.id));
        update.exec(&session).await?;
        Ok(session.commit().await?)
    }

    async fn finish(&self, taken: &Taken) -> Result<(), StoreError> {
        let session = self.session().await?;
        Entity::delete_many().filter(Column::Id.eq(taken.id)).exec(&session).await?;
        Ok(session.commit().await?)
    }

    /// What somebody waits for does not fail for ever: after some attempts they are told. Where not
    /// even that can be done, it is tried again later like the work itself, and other work goes on.
    async fn gives_up(&self, taken: &Taken, error: &StoreError) -> Result<bool, StoreError> {
        if taken.attempts < ATTEMPTS_MAX || Kind::RECURRING.contains(&taken.kind) {
            return Ok(false);
        }
        tell(taken.kind, error);
        if let Err(error) = self.give_up(taken).await {
            tell(taken.kind, &error);
            return Ok(false);
        }
        self.finish(taken).await?;
        Ok(true)
    }

    async fn give_up(&self, taken: &Taken) -> Result<(), StoreError> {
        let permit = self.permit(taken.tenant, taken.kind);
        let mut tx = self.store.tenant(&permit, &self.witness(taken.kind)).await?;
        match taken.kind {
            Kind::Import => imports::fail(&mut tx, ImportId::from_uuid(taken.subject)).await?,
            Kind::Export => exports::fail(&mut tx, ExportId::from_uuid(taken.subject)).await?,
            Kind::MatchRun => {
                let id = MatchRunId::from_uuid(taken.subject);
                waiting::fail(&mut tx, id, RunFailure::Internal).await?;
            }
            Kind::Consent | Kind::Prune | Kind::Employment => {}
        }
        tx.commit(None).await
    }

    /// Sees the work of every tenant, and nothing else.
    async fn session(&self) -> Result<Session, StoreError> {
        self.store.write_as(Context::Runner).await
    }

    fn now(&self) -> Timestamp {
        self.store.clock().now()
    }

    fn held_until(&self) -> i64 {
        self.now().plus(HOLD).millis()
    }

    fn permit(&self, tenant: TenantId, kind: Kind) -> Permit {
        self.policy.system(tenant, kind.name())
    }

    fn witness(&self, kind: Kind) -> Witness {
        let scene = Scene {
            at: self.now(),
            request: None,
            trace: None,
            tenant: None,
            source_ip: None,
            user_agent: None,
        };
        Witness { scene, operation: format!("chore {}", kind.name()), claim: None }
    }
}

fn warn(kind: Kind, error: &StoreError) {
    let (kind, error) = (kind.name(), error as &dyn std::error::Error);
    tracing::warn!(kind, error, "background work failed; it is tried again later");
}

fn tell(kind: Kind, error: &StoreError) {
    let (kind, error) = (kind.name(), error as &dyn std::error::Error);
    tracing::error!(kind, error, "background work failed for good");
}

/// How work is left.
struct Left {
    due_at: Timestamp,
    attempts: i64,
}

impl Taken {
    fn left(&self) -> Left {
        Left { due_at: Timestamp::default(), attempts: self.attempts.saturating_add(1) }
    }
}

impl TryFrom<Model> for Taken {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let kind = Kind::parse(&row.kind).ok_or_else(|| StoreError::Inconsistent {
            table: "chore",
            id: row.id.to_string(),
            what: "kind".to_owned(),
        })?;
        let tenant = TenantId::from_uuid(row.tenant_id);
        Ok(Self { id: row.id, kind, tenant, subject: row.subject, attempts: row.attempts })
    }
}

/// Gives the transaction's tenant its recurring work, where it has none.
pub(crate) async fn recur(tx: &TenantTx, now: Timestamp) -> Result<(), StoreError> {
    for kind in Kind::RECURRING {
        add(tx, kind, tx.tenant().uuid(), now).await?;
    }
    Ok(())
}

/// Adds work about something, once.
pub(crate) async fn add(
    tx: &TenantTx,
    kind: Kind,
    subject: Uuid,
    due_at: Timestamp,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(Uuid::from_bytes(kernel::random::bytes())),
        tenant_id: Set(tx.tenant().uuid()),
        kind: Set(kind.name().to_owned()),
        subject: Set(subject),
        state: Set(WAITING.to_owned()),
        due_at: Set(due_at.millis()),
        held_until: Set(None),
        attempts: Set(0),
        created_at: Set(due_at.millis()),
    };
    let once = OnConflict::columns([Column::Kind, Column::Subject]).do_nothing().to_owned();
    Entity::insert(row).on_conflict(once).exec_without_returning(&tx.session).await?;
    Ok(())
}

/// Longer after each failure.
fn pause(attempts: i64) -> Duration {
    let doubled = u32::try_from(attempts.clamp(0, 10)).map_or(u32::MAX, |times| 1 << times);
    PAUSE_FIRST.saturating_mul(doubled)
}

const WAITING: &str = "waiting";
/// Who is silent for so long is gone, and somebody else takes the work.
const HOLD: Duration = Duration::from_secs(15);
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const ATTEMPTS_MAX: i64 = 8;
