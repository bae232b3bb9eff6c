//! A database of one's own for each test, with a store on it.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use kernel::{ClientCompanyId, Clock, EventId, ManualClock, Slug, TenantId, Timestamp};
use policy::{Engine, Environment, Permit};
use store::idempotency::StoredReply;
use store::tenants::{Settings, Tenant};
use store::{Claim, Store, StoreConfig, TenantTx, TenantView, Witness, clients, tenants};
use tempfile::TempDir;
use vault::Keyring;
use watch::Scene;

use crate::raw::Raw;
use crate::samples;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// An empty database, dropped with this.
pub(crate) struct Ground {
    pub(crate) database: Database,
    pub(crate) config: StoreConfig,
    pub(crate) directory: TempDir,
    name: Option<String>,
}

/// A migrated database, and a store on it.
pub(crate) struct Base {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) engine: &'static Engine,
    /// Past the store and past all walls.
    pub(crate) raw: Raw,
    // Last, because fields are dropped in order.
    pub(crate) ground: Ground,
}

/// Tries a claim on both databases.
pub(crate) async fn on_both(claim: impl AsyncFn(&Base)) {
    on(Database::Sqlite, &claim).await;
    on(Database::Postgres, &claim).await;
}

/// Tries a claim that only PostgreSQL can keep.
pub(crate) async fn on_postgres(claim: impl AsyncFn(&Base)) {
    on(Database::Postgres, &claim).await;
}

/// Tries a claim that only SQLite can keep.
pub(crate) async fn on_sqlite(claim: impl AsyncFn(&Base)) {
    on(Database::Sqlite, &claim).await;
}

async fn on(database: Database, claim: &impl AsyncFn(&Base)) {
    // Shown when the claim fails.
    println!("on {database:?}");
    let base = Base::make(database).await;
    claim(&base).await;
    base.store.close().await.unwrap();
    base.raw.close().await;
}

impl Ground {
    pub(crate) async fn make(database: Database) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (url, name) = match database {
            Database::Sqlite => {
                (format!("sqlite://{}", directory.path().join("test.db").display()), None)
            }
            Database::Postgres => {
                let name = format!(
                    "ringwall_test_{}",
                    TenantId::new(&kernel::SystemClock).uuid().simple()
                );
                on_server(&format!("create database {name}")).await;
                let server = server();
                let (base, _) = server.rsplit_once('/').unwrap();
                (format!("{base}/{name}"), Some(name))
            }
        };
        let config = StoreConfig { url, connections_max: 8 };
        Self { database, config, directory, name }
    }
}

impl Drop for Ground {
    /// On a thread of its own, because there is no waiting in `drop`.
    fn drop(&mut self) {
        let Some(name) = self.name.take() else { return };
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let drop = format!("drop database if exists {name} with (force)");
            runtime.unwrap().block_on(on_server(&drop));
        });
        // A database that stays is a nuisance, and no reason to fail twice.
        let _dropped = dropping.join();
    }
}

impl Base {
    pub(crate) async fn make(database: Database) -> Self {
        let ground = Ground::make(database).await;
        Store::migrate(&ground.config).await.unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(NOW)));
        let keyring = Arc::new(Keyring::generate());
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let store = Store::open(&ground.config, keyring, shared).await.unwrap();
        let raw = Raw::open(&ground.config.url).await;
        Self { store: Arc::new(store), clock, engine: &ENGINE, raw, ground }
    }

    /// A new tenant.
    pub(crate) async fn found(&self, slug: &str) -> TenantId {
        let id = TenantId::new(self.clock.as_ref());
        let new = Tenant {
            id,
            slug: Slug::parse(slug).unwrap(),
            name: format!("{slug} staffing"),
            environment: Environment::Production,
            settings: Settings::default(),
        };
        tenants::found(&self.store, &self.permit(id), &self.witness(), new).await.unwrap();
        id
    }

    /// A client company of a tenant.
    pub(crate) async fn company(&self, tenant: TenantId) -> ClientCompanyId {
        let mut tx = self.change(tenant).await;
        let client = clients::add(&mut tx, &samples::client(serde_json::json!({}))).await.unwrap();
        tx.commit(None).await.unwrap();
        client.id
    }

    /// What Ringwall itself may do in a tenant.
    pub(crate) fn permit(&self, tenant: TenantId) -> Permit {
        self.engine.system(tenant, "test")
    }

    pub(crate) fn witness(&self) -> Witness {
        Witness { scene: self.scene(), operation: "POST /v1/test".to_owned(), claim: None }
    }

    pub(crate) fn scene(&self) -> Scene {
        Scene {
            at: self.clock.now(),
            request: None,
            trace: None,
            tenant: None,
            source_ip: None,
            user_agent: None,
        }
    }

    pub(crate) async fn view(&self, tenant: TenantId) -> TenantView {
        self.store.view(&self.permit(tenant)).await.unwrap()
    }

    pub(crate) async fn change(&self, tenant: TenantId) -> TenantTx {
        self.store.tenant(&self.permit(tenant), &self.witness()).await.unwrap()
    }

    /// A change that answers to an idempotency key.
    pub(crate) async fn claimed(&self, tenant: TenantId, claim: Claim) -> TenantTx {
        let witness = Witness { claim: Some(claim), ..self.witness() };
        self.store.tenant(&self.permit(tenant), &witness).await.unwrap()
    }

    /// Ids made after this sort after those made before.
    pub(crate) fn tick(&self) {
        self.clock.advance(Duration::from_millis(1));
    }

    /// A refused attempt to log in: something that changes nothing and must be recorded.
    pub(crate) fn attempt(&self) -> watch::Event {
        let attempt = watch::Authentication {
            client_id: Some("pc_nobody".to_owned()),
            ..watch::Authentication::new("client_secret_basic", Err("client_unknown"))
        };
        watch::Event::authentication(EventId::new(self.clock.as_ref()), &self.scene(), attempt)
    }
}

pub(crate) fn reply(body: &str) -> StoredReply {
    StoredReply { status: 201, headers: Vec::new(), body: body.to_owned() }
}

async fn on_server(sql: &str) {
    let server = Raw::open(&server()).await;
    server.run(sql).await;
    server.close().await;
}

pub(crate) fn server() -> String {
    std::env::var("RINGWALL_TEST_POSTGRES")
        .unwrap_or("postgres://postgres@127.0.0.1:5432/postgres".to_owned())
}

/// Proving the policies takes long; they are the same for all.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::load().unwrap());
/// 2026-11-22T18:30:00Z.
const NOW: i64 = 1_795_372_200_000;
