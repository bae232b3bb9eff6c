//! A tenant's rows, behind a permit.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, TenantId, Timestamp};
use policy::Permit;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Select};
use vault::TenantKeys;

use crate::dialect::Context;
use crate::idempotency::StoredReply;
use crate::journal::{Digests, Journal, Record};
use crate::session::Session;
use crate::{Store, StoreError, Witness, tenants};

/// A table whose rows belong to tenants.
pub(crate) trait TenantOwned: EntityTrait {
    /// The column that says whose.
    fn tenant_column() -> Self::Column;
}

/// A consistent look at one tenant's rows.
pub struct TenantView {
    tenant: TenantId,
    keys: Arc<TenantKeys>,
    pub(crate) session: Session,
}

/// A change of one tenant's rows: all of it, with its audit entries and events, or nothing.
///
/// Dropped without [`TenantTx::commit`], it changes nothing.
pub struct TenantTx {
    view: TenantView,
    permit: Permit,
    witness: Witness,
    clock: Arc<dyn Clock>,
    journal: Journal,
    /// How far the tenant's clock runs ahead; zero outside the sandbox.
    ahead: Duration,
}

impl TenantView {
    pub(crate) async fn open(store: &Store, permit: &Permit) -> Result<Self, StoreError> {
        let tenant = permit.tenant().ok_or(StoreError::NoTenant)?;
        let keys = store.keys(tenant).await?;
        let session = store.read_as(Context::Tenant(tenant.uuid())).await?;
        Ok(Self { tenant, keys, session })
    }

    /// Whose rows.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    pub(crate) fn keys(&self) -> &TenantKeys {
        &self.keys
    }

    /// Every query of a tenant table starts here: the tenant's filter is in it already.
    pub(crate) fn find<E: TenantOwned>(&self) -> Select<E> {
        E::find().filter(E::tenant_column().eq(self.tenant.uuid()))
    }
}

impl TenantTx {
    pub(crate) async fn open(
        store: &Store,
        permit: &Permit,
        witness: &Witness,
    ) -> Result<Self, StoreError> {
        let tenant = permit.tenant().ok_or(StoreError::NoTenant)?;
        let keys = store.keys(tenant).await?;
        Self::begin(store, tenant, keys, permit.clone(), witness.clone()).await
    }

    pub(crate) async fn begin(
        store: &Store,
        tenant: TenantId,
        keys: Arc<TenantKeys>,
        permit: Permit,
        witness: Witness,
    ) -> Result<Self, StoreError> {
        let session = store.write_as(Context::Tenant(tenant.uuid())).await?;
        let view = TenantView { tenant, keys, session };
        let clock = Arc::clone(store.clock());
        let ahead = match store.is_sandbox(tenant).await? {
            true => tenants::ahead(&view).await?,
            false => Duration::ZERO,
        };
        Ok(Self { view, permit, witness, clock, journal: Journal::default(), ahead })
    }

    /// The moment that this change happens at, by the tenant's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.witness.scene.at.plus(self.ahead)
    }

    /// The same moment by the platform's clock.
    #[must_use]
    pub fn real_now(&self) -> Timestamp {
        self.witness.scene.at
    }

    /// Who changes, as `created_by` columns and events name them.
    #[must_use]
    pub fn author(&self) -> &str {
        self.permit.caller().id()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Records what was done by other means than [`TenantTx::insert`] and [`TenantTx::update`].
    pub(crate) fn record(&mut self, record: Record) {
        self.journal.push(record);
    }

    /// Records the same, with digests for the audit trail.
    pub(crate) fn prove(&mut self, record: Record, digests: Digests) {
        self.journal.prove(record, digests);
    }

    /// Writes a new row. What is recorded with it is not optional.
    pub(crate) async fn insert<A>(&mut self, row: A, record: Record) -> Result<(), StoreError>
    where
        A: sea_orm::ActiveModelTrait + Send,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
        A::Entity: TenantOwned,
    {
        A::Entity::insert(row)
            .exec_without_returning(&self.view.session)
            .await
            .map_err(StoreError::from_write)?;
        self.journal.push(record);
        Ok(())
    }

    /// Changes the row that `update` selects, if it is still at the version it was read at: whether
    /// it was. If not, another change came first, and nothing is recorded.
    pub(crate) async fn update<E: TenantOwned>(
        &mut self,
        update: sea_orm::UpdateMany<E>,
        record: Record,
    ) -> Result<bool, StoreError> {
        let done = update
            .filter(E::tenant_column().eq(self.view.tenant.uuid()))
            .exec(&self.view.session)
            .await
            .map_err(StoreError::from_write)?;
        if done.rows_affected != 1 {
            return Ok(false);
        }
        self.journal.push(record);
        Ok(true)
    }

    /// Changes the row that `update` selects, if it is there: whether it was. Without a record it
    /// is a step within something that was recorded before and will be at its end.
    pub(crate) async fn update_quietly<E: TenantOwned>(
        &mut self,
        update: sea_orm::UpdateMany<E>,
        record: Option<Record>,
    ) -> Result<bool, StoreError> {
        let update = update.filter(E::tenant_column().eq(self.view.tenant.uuid()));
        let done = update.exec(&self.view.session).await.map_err(StoreError::from_write)?;
        if done.rows_affected == 1
            && let Some(record) = record
        {
            self.journal.push(record);
        }
        Ok(done.rows_affected == 1)
    }

    /// Makes the change permanent, together with its audit entries, events, place in the change
    /// log and, for a request with an idempotency key, the reply to repeat.
    ///
    /// # Errors
    /// When the database refuses; then nothing has changed.
    pub async fn commit(self, reply: Option<&StoredReply>) -> Result<(), StoreError> {
        let Self { view, permit, witness, clock, journal, ahead } = self;
        let subject = journal.subject();
        let at = witness.scene.at.plus(ahead);
        journal.write(&view, &permit, (&witness, at), clock.as_ref()).await?;
        if let (Some(claim), Some(reply)) = (&witness.claim, reply) {
            let now = witness.scene.at;
            crate::idempotency::remember(&view, *claim, reply, subject, now).await?;
        }
        view.session.commit().await.map_err(StoreError::from_write)
    }
}

impl Deref for TenantTx {
    type Target = TenantView;

    fn deref(&self) -> &TenantView {
        &self.view
    }
}
