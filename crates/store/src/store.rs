//! The front door: opens the database and hands out views and transactions.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use kernel::{Clock, TenantId};
use policy::{Environment, Permit};
use sea_orm::EntityTrait;
use sea_orm_migration::MigratorTrait;
use vault::{Keyring, TenantKeys};

use crate::db::{Db, StoreConfig};
use crate::dialect::{self, Context};
use crate::entities::{tenant, tenant_key};
use crate::migrations::Migrator;
use crate::session::Session;
use crate::{StoreError, TenantTx, TenantView, Witness};

/// What must be remembered.
pub struct Store {
    db: Db,
    keyring: Arc<Keyring>,
    clock: Arc<dyn Clock>,
    keys: RwLock<HashMap<TenantId, Arc<TenantKeys>>>,
    /// Which tenants are sandboxes; that never changes.
    sandboxes: RwLock<HashMap<TenantId, bool>>,
    /// A client that exists, to be read in the place of those that do not.
    stand_in: RwLock<Option<String>>,
}

/// One schema change and whether it was made.
#[derive(Clone, Debug, serde::Serialize)]
pub struct MigrationStatus {
    /// Its name.
    pub name: String,
    /// Was it made?
    pub applied: bool,
}

impl Store {
    /// Opens the database. The schema must be up to date.
    ///
    /// # Errors
    /// When it cannot be reached, or requests would run as a role that row security does not bind.
    pub async fn open(
        config: &StoreConfig,
        keyring: Arc<Keyring>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let db = dialect::connect(config).await?;
        Ok(Self {
            db,
            keyring,
            clock,
            keys: RwLock::default(),
            sandboxes: RwLock::default(),
            stand_in: RwLock::default(),
        })
    }

    /// Brings the schema up to date; how many changes were made.
    ///
    /// # Errors
    /// When a change fails; those before it stay made.
    pub async fn migrate(config: &StoreConfig) -> Result<usize, StoreError> {
        let owner = dialect::connect_owner(config).await?;
        dialect::migrate_alone(&owner).await?;
        let pending = Migrator::get_pending_migrations(&owner).await?.len();
        if pending > 0 {
            Migrator::up(&owner, None).await?;
        }
        owner.close().await?;
        Ok(pending)
    }

    /// Which schema changes were made.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn status(config: &StoreConfig) -> Result<Vec<MigrationStatus>, StoreError> {
        let owner = dialect::connect_owner(config).await?;
        let pending = Migrator::get_pending_migrations(&owner).await?;
        let pending: Vec<_> = pending.iter().map(|migration| migration.name().to_owned()).collect();
        owner.close().await?;
        Ok(Migrator::migrations()
            .iter()
            .map(|migration| migration.name().to_owned())
            .map(|name| MigrationStatus { applied: !pending.contains(&name), name })
            .collect())
    }

    /// A look at the permit's tenant.
    ///
    /// # Errors
    /// When the permit is for no tenant, or the database fails.
    pub async fn view(&self, permit: &Permit) -> Result<TenantView, StoreError> {
        TenantView::open(self, permit).await
    }

    /// A change of the permit's tenant.
    ///
    /// # Errors
    /// When the permit is for no tenant, or the database fails.
    pub async fn tenant(&self, permit: &Permit, witness: &Witness) -> Result<TenantTx, StoreError> {
        TenantTx::open(self, permit, witness).await
    }

    /// Does the database answer?
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.db.read.ping().await.map_err(StoreError::from)
    }

    /// Closes all connections.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.db.read.clone().close().await?;
        self.db.write.clone().close().await.map_err(StoreError::from)
    }

    pub(crate) const fn db(&self) -> &Db {
        &self.db
    }

    pub(crate) const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// A tenant's keys, unwrapped once for the life of the process.
    pub(crate) async fn keys(&self, tenant: TenantId) -> Result<Arc<TenantKeys>, StoreError> {
        let known = self.keys.read().ok().and_then(|keys| keys.get(&tenant).cloned());
        if let Some(keys) = known {
            return Ok(keys);
        }
        let session = self.read_as(Context::Tenant(tenant.uuid())).await?;
        let row = tenant_key::Entity::find_by_id((tenant.uuid(), 1)).one(&session).await?;
        let row = row.ok_or(StoreError::Missing)?;
        let keys = Arc::new(TenantKeys::unwrap(&self.keyring, tenant, &row.wrapped)?);
        self.keep(tenant, &keys);
        Ok(keys)
    }

    /// Does the tenant work with made-up people on a clock of its own? One that is being founded
    /// has no clock yet.
    pub(crate) async fn is_sandbox(&self, tenant: TenantId) -> Result<bool, StoreError> {
        let known = self.sandboxes.read().ok().and_then(|known| known.get(&tenant).copied());
        if let Some(known) = known {
            return Ok(known);
        }
        let row = tenant::Entity::find_by_id(tenant.uuid()).one(&self.db.read).await?;
        let Some(row) = row else { return Ok(false) };
        let is_sandbox = row.environment == Environment::Sandbox.as_str();
        if let Ok(mut known) = self.sandboxes.write() {
            known.insert(tenant, is_sandbox);
        }
        Ok(is_sandbox)
    }

    pub(crate) fn keep(&self, tenant: TenantId, keys: &Arc<TenantKeys>) {
        if let Ok(mut known) = self.keys.write() {
            known.insert(tenant, Arc::clone(keys));
        }
    }

    /// Who is read in the place of a client that does not exist: one that was asked for and did.
    pub(crate) fn stand_in(&self) -> Option<String> {
        self.stand_in.read().ok().and_then(|client_id| client_id.clone())
    }

    /// Whoever exists can stand in for nobody.
    pub(crate) fn may_stand_in(&self, client_id: &str) {
        if let Ok(mut stand_in) = self.stand_in.write()
            && stand_in.is_none()
        {
            *stand_in = Some(client_id.to_owned());
        }
    }

    /// A read outside any permit, for the few questions that come before there can be one.
    pub(crate) async fn read_as(&self, context: Context) -> Result<Session, StoreError> {
        if !dialect::reads_need_transaction(self.db.read.get_database_backend()) {
            return Ok(Session::Pool(self.db.read.clone()));
        }
        dialect::open(&self.db.read, context).await
    }

    /// A change outside any permit: of the platform's own, or a note that leaves no record.
    pub(crate) async fn write_as(&self, context: Context) -> Result<Session, StoreError> {
        dialect::open(&self.db.write, context).await
    }
}
