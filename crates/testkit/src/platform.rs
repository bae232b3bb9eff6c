//! The platform: every engine, wired as the binary wires them, on a clock that stands still.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::{Inside, LeakKeys, Remembered, Settings, SignIn, Sso};
use firewall::Mode;
use gate::addresses::Addresses;
use gate::bans::BansPlan;
use gate::limits::LimitsPlan;
use gate::listener::Tally;
use gate::pressure::INTERVAL;
use gate::revocations::HEAR_EVERY;
use gate::signing::Signing;
use gate::tls::ClientCertificates;
use gate::{
    AccessLog, ApiKeys, App, Contract, GateConfig, Parts, Sessions, Sink, Tasks, Tokens,
    TrustedIssuers, Wall,
};
use kernel::{Clock, ManualClock, Slug, TenantId, Timestamp};
use oauth::leaks::ReportKeys;
use oauth::opaque::GrantKey;
use oauth::{MutualTls, Pepper, Schedule, SigningKey};
use policy::{Engine, Environment};
use signin::SignInKey;
use store::chores::Worker;
use store::tenants::{self, Tenant as NewTenant};
use store::{Pools, Recorder, Store, Witness, signing_keys};
use tempfile::TempDir;
use vault::{Keyring, TokenKey};
use watch::{Actor, Scene};

use crate::database::{Database, FILE, Held, Own};
use crate::plan::{PLAN, shield};
use crate::{Caller, Tenant, bans};

/// Scheme and authority that callers reach the platform under.
pub const PUBLIC_URL: &str = "https://localhost:8443";

/// A platform of one's own.
pub struct Platform(pub(crate) Arc<Running>);

/// What a platform is made with.
pub struct Setup {
    /// On which database.
    pub database: Database,
    /// The gate's settings.
    pub gate: GateConfig,
    /// Who may come from where.
    pub addresses: Option<Arc<Addresses>>,
    /// How often somebody may call; nothing for limits that nobody reaches.
    pub limits: Option<LimitsPlan>,
    /// Who is kept out for a while; nothing for nobody.
    pub bans: Option<BansPlan>,
    /// What the firewall does.
    pub firewall: Option<Mode>,
    /// Rules of one's own, which look at the answers.
    pub answer_rules: Option<&'static str>,
    /// What certificates of clients are worth; nothing where none are asked for.
    pub certificates: Option<Arc<ClientCertificates>>,
    /// Whether access lines are written to a file.
    pub access_log: bool,
    /// The environment that it serves.
    pub environment: Environment,
    /// Who vouches for people, made with the platform's clock.
    pub sso: Option<Box<dyn FnOnce(Arc<dyn Clock>) -> Sso + Send>>,
    /// Whose access tokens are believed besides ours, made with the platform's clock.
    pub trusted: Option<Box<dyn FnOnce(Arc<dyn Clock>) -> TrustedIssuers + Send>>,
    /// How tenants want things done.
    pub settings: tenants::Settings,
    /// Whose reports of leaked keys are believed.
    pub leak_keys: Option<ReportKeys>,
}

/// What is left of a platform that was closed: its files.
pub struct Remains {
    directory: Arc<TempDir>,
    _database: Arc<Own>,
}

pub(crate) struct Running {
    // Dropped in this order: whoever uses the database before the database.
    pub(crate) wall: Arc<Wall>,
    pub(crate) app: Arc<App>,
    pub(crate) pools: Arc<Pools>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) pepper: Pepper,
    pub(crate) sign_in_key: SignInKey,
    pub(crate) environment: Environment,
    settings: tenants::Settings,
    keyring: Arc<Keyring>,
    deaf: AtomicBool,
    pub(crate) own: Arc<Own>,
    directory: Arc<TempDir>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            database: Database::Sqlite,
            gate: GateConfig {
                concurrency_max: 256,
                queue_delay_target_ms: 50,
                request_timeout_ms: 30_000,
                header_bytes_max: 16_384,
                trusted_proxies: Vec::new(),
                hosts: vec!["localhost".to_owned()],
                cors_origins: Vec::new(),
            },
            addresses: None,
            limits: None,
            bans: None,
            firewall: Some(Mode::On),
            answer_rules: None,
            certificates: None,
            access_log: false,
            environment: Environment::Production,
            sso: None,
            trusted: None,
            settings: tenants::Settings::default(),
            leak_keys: None,
        }
    }
}

impl Platform {
    /// On SQLite.
    pub async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    /// On one of the databases.
    pub async fn on(database: Database) -> Self {
        Self::with(Setup { database, ..Setup::default() }).await
    }

    /// As it is told.
    pub async fn with(setup: Setup) -> Self {
        let directory = directory();
        let own = Own::make(setup.database, directory.path()).await;
        let clock = Arc::new(ManualClock::new(START));
        let keyring = Arc::new(Keyring::generate());
        let reader: Arc<dyn Clock> = clock.clone();
        let store = Store::open(&own.config(), Arc::clone(&keyring), reader.clone()).await;
        let store = Arc::new(store.expect("the database opens"));
        let plan = &*PLAN;
        let schedule = Schedule::new(crate::days(30));
        let signing = Arc::new(Signing::new(Arc::clone(&store), reader.clone(), schedule));
        let (recorder, work) = Recorder::new(Arc::clone(&store));
        // Ends with the test's runtime, or when the last sender goes.
        Tasks::new().spawn(work);
        let sink = sink(setup.access_log, directory.path());
        let peppers = vec![api_key_pepper(&keyring)];
        let keys = ApiKeys::new(Arc::clone(&store), reader.clone(), peppers, setup.environment);
        let sessions = Sessions::new(Arc::clone(&store), reader.clone(), setup.environment);
        let trusted = setup.trusted.map_or_else(TrustedIssuers::none, |make| make(reader.clone()));
        let engines = (Arc::clone(&store), Arc::clone(&plan.policy), reader.clone());
        let (limits, bans) = bans::raise((setup.limits, setup.bans), &plan.contract, engines);
        let app = App::new(Parts {
            clock: reader.clone(),
            store,
            keys,
            sessions,
            recorder,
            policy: Arc::clone(&plan.policy),
            contract: Arc::clone(&plan.contract),
            tokens: tokens(&signing).trusting(trusted),
            signing,
            access_log: AccessLog::open(&sink).expect("the access log opens"),
            addresses: setup.addresses,
            limits,
            bans,
            firewall: setup
                .firewall
                .map(|mode| shield(mode, reader.clone(), plan, setup.answer_rules)),
            certificates: setup.certificates.clone(),
            config: setup.gate,
            public_url: PUBLIC_URL.to_owned(),
        });
        let app = app.expect("each operation's action is known");
        app.hear().await.expect("the database is heard");
        let pools = Arc::new(Pools::new(2).expect("the match policy parses"));
        let mut settings = Settings {
            leak_keys: setup.leak_keys.clone().map(|keys| Arc::new(LeakKeys::new(keys))),
            ..settings(setup.environment, (&keyring, setup.certificates.is_some()), &pools)
        };
        if let Some(make) = setup.sso {
            settings.sign_in = settings.sign_in.vouched_by(make(reader));
        }
        let wall = closed(&app, settings);
        let (environment, settings) = (setup.environment, setup.settings);
        let (pepper, sign_in_key) = (pepper(&keyring), api::sign_in_key(&keyring));
        Self(Arc::new(Running {
            wall,
            app,
            pools,
            clock,
            pepper,
            sign_in_key,
            environment,
            settings,
            keyring,
            deaf: AtomicBool::new(false),
            own: Arc::new(own),
            directory: Arc::new(directory),
        }))
    }

    /// The same platform after its operators named identity providers.
    #[must_use]
    pub fn vouched_by(&self, sso: impl FnOnce(Arc<dyn Clock>) -> Sso) -> Self {
        let before = &self.0;
        let (app, pools) = (Arc::clone(&before.app), Arc::clone(&before.pools));
        let mut settings = settings(before.environment, (&before.keyring, false), &pools);
        settings.sign_in = settings.sign_in.vouched_by(sso(before.clock.clone()));
        let wall = closed(&app, settings);
        Self(Arc::new(Running {
            wall,
            app,
            pools,
            clock: Arc::clone(&before.clock),
            pepper: pepper(&before.keyring),
            sign_in_key: api::sign_in_key(&before.keyring),
            environment: before.environment,
            settings: before.settings,
            keyring: Arc::clone(&before.keyring),
            deaf: AtomicBool::new(false),
            own: Arc::clone(&before.own),
            directory: Arc::clone(&before.directory),
        }))
    }

    /// The clock of everything in the platform. Each request moves it by a millisecond.
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.0.clock
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The contract that the rings hold callers to.
    #[must_use]
    pub fn contract(&self) -> &Contract {
        &self.0.app.contract
    }

    /// The policies.
    #[must_use]
    pub fn policy(&self) -> &Engine {
        &self.0.app.policy
    }

    /// What an operator's scraper reads.
    #[must_use]
    pub fn metrics(&self) -> String {
        let app = &self.0.app;
        app.metrics.text(&Tally::default(), app.tokens.trusted(), &app.limits)
    }

    /// The rings around the API, for who would serve them on a port.
    #[must_use]
    pub fn wall(&self) -> Arc<Wall> {
        Arc::clone(&self.0.wall)
    }

    /// Where the database is, for its owner.
    #[must_use]
    pub fn database_url(&self) -> &str {
        self.0.own.url()
    }

    /// From now on this node hears of no revocation, as if its database were away.
    pub fn deafen(&self) {
        self.0.deaf.store(true, Ordering::Relaxed);
    }

    /// Takes every signing key for stolen, as an operator or another node would: this one has to
    /// hear of it. The key that signs from now on.
    ///
    /// # Panics
    /// When the store refuses it.
    pub async fn replace_keys(&self) -> Arc<SigningKey> {
        let running = &self.0;
        running.tick();
        let scene = running.scene(None);
        let witness = Witness { scene, operation: "testkit".to_owned(), claim: None };
        let by = Actor::System { reason: "testkit".to_owned() };
        let store = &running.app.store;
        let replaced = signing_keys::replace(store, SigningKey::generate(), (&witness, &by)).await;
        replaced.expect("the keys are replaced").expect("nobody else makes one").new.key
    }

    /// From now on the database is away.
    ///
    /// # Panics
    /// When its connections do not close.
    pub async fn cut_off(&self) {
        self.deafen();
        self.0.app.store.close().await.expect("the connections close");
    }

    /// From now on a table of the database is gone, as after a restore that went wrong.
    ///
    /// # Panics
    /// When there is no such table.
    pub async fn lose(&self, table: &str) {
        self.0.own.lose(table).await;
    }

    /// From now on a table takes no further rows, as on a disk that is full.
    ///
    /// # Panics
    /// When there is no such table.
    pub async fn fill_up(&self, table: &str) {
        self.0.own.fill_up(table).await;
    }

    /// Until this is released, whoever writes to the database waits, as behind a large import. On
    /// SQLite only, which has one writer at a time.
    ///
    /// # Panics
    /// When somebody else writes for long.
    pub async fn hold_writes(&self) -> Held {
        self.0.own.hold_writes().await
    }

    /// How many revocations this node knows.
    #[must_use]
    pub fn revoked(&self) -> usize {
        self.0.app.revocations.len()
    }

    /// Tells what is to be told of the use of plans.
    pub async fn tell_usage(&self) {
        self.0.app.usage.work_off().await;
    }

    /// As if work had waited so long for a thread, for so many tenths of a second.
    pub fn strain(&self, delay: Duration, tenths: u32) {
        let app = &self.0.app;
        let target = Duration::from_millis(app.posture().config.queue_delay_target_ms);
        for _ in 0..tenths {
            self.clock().advance(INTERVAL);
            let now_ms = u64::try_from(self.now().millis()).expect("after 1970");
            app.pressure.observe(delay, target, now_ms);
        }
    }

    /// Scores what was refused, and bans whoever has too many points.
    pub async fn judge(&self) {
        self.0.app.bans.work_off().await;
    }

    /// Does all background work that is due; how many steps that took.
    pub async fn run_jobs(&self) -> usize {
        let app = &self.0.app;
        let (store, policy) = (Arc::clone(&app.store), Arc::clone(&app.policy));
        let worker = Worker::new(store, policy, Arc::clone(&self.0.pools));
        worker.begin().await.expect("recurring work is added");
        worker.run_due(|| false).await.expect("background work is done")
    }

    /// The tenants' candidates in memory, brought up to date as the binary does between rankings.
    pub async fn current_pools(&self) -> &Pools {
        let Running { app, pools, .. } = &*self.0;
        let current = pools.keep_current(&app.store, &app.policy, self.now()).await;
        current.expect("the change log is read");
        pools
    }

    /// A new agency with one client company, in the environment that the platform serves.
    pub async fn tenant(&self, slug: &str) -> Tenant {
        let mut tenant = self.found(slug, self.0.environment).await;
        tenant.furnish().await;
        tenant
    }

    /// A new agency of this id, for who named it before it was.
    pub async fn tenant_of(&self, id: TenantId, slug: &str) -> Tenant {
        let mut tenant = self.found_as(id, slug, self.0.environment).await;
        tenant.furnish().await;
        tenant
    }

    /// A new agency without anything.
    pub async fn found(&self, slug: &str, environment: Environment) -> Tenant {
        let id = TenantId::new(self.0.clock.as_ref());
        self.found_as(id, slug, environment).await
    }

    async fn found_as(&self, id: TenantId, slug: &str, environment: Environment) -> Tenant {
        let running = &self.0;
        running.tick();
        let permit = running.app.policy.system(id, "testkit");
        let tenant = NewTenant {
            id,
            slug: Slug::parse(slug).expect("a slug"),
            name: format!("{slug} Staffing"),
            environment,
            settings: running.settings,
        };
        let founded =
            tenants::found(&running.app.store, &permit, &running.witness(id), tenant).await;
        founded.expect("a tenant of a new name is founded");
        Tenant::new(Arc::clone(running), id, slug)
    }

    /// Somebody without credentials.
    #[must_use]
    pub fn stranger(&self) -> Caller {
        Caller::new(Arc::clone(&self.0), None)
    }

    /// Everything in the files of an SQLite platform: database, write-ahead log, access log.
    #[must_use]
    pub fn files(&self) -> Vec<u8> {
        read_all(self.0.directory.path())
    }

    /// Closes the platform, so that whatever was still in memory is in its files.
    ///
    /// # Panics
    /// When somebody still holds a caller or tenant of it.
    pub async fn close(self) -> Remains {
        let running = Arc::into_inner(self.0).expect("nobody else holds the platform");
        let Running { wall, app, own, directory, .. } = running;
        app.store.close().await.expect("the database closes");
        drop(wall);
        // Writes the last access lines.
        drop(Arc::into_inner(app).expect("nobody else holds the application"));
        Remains { directory, _database: own }
    }
}

impl Remains {
    /// Everything in the files.
    #[must_use]
    pub fn files(&self) -> Vec<u8> {
        read_all(self.directory.path())
    }

    /// The access lines.
    ///
    /// # Panics
    /// When no access log was set up.
    #[must_use]
    pub fn access_log(&self) -> String {
        let path = self.directory.path().join(ACCESS_LOG);
        std::fs::read_to_string(path).expect("an access log was set up")
    }

    /// The database's file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.directory.path().join(FILE)
    }
}

impl Running {
    /// No two things happen in the same millisecond, so that order in time is order in lists.
    pub(crate) fn tick(&self) {
        self.clock.advance(Duration::from_millis(1));
    }

    /// Hears of revocations as often as the binary does, by the platform's clock.
    pub(crate) async fn hear(&self) {
        let is_due = self.app.revocations.heard_ago().is_none_or(|ago| ago >= HEAR_EVERY);
        if is_due && !self.deaf.load(Ordering::Relaxed) {
            self.app.hear().await.expect("the database is heard");
            self.app.keys.write_uses().await.expect("uses of keys are written");
            self.app.sessions.write_uses().await.expect("uses of sessions are written");
            let secrets = self.app.secrets.write_uses(self.clock.now()).await;
            secrets.expect("uses of secrets are written");
        }
    }

    pub(crate) fn witness(&self, tenant: TenantId) -> Witness {
        let scene = self.scene(Some(tenant));
        Witness { scene, operation: "testkit".to_owned(), claim: None }
    }

    fn scene(&self, tenant: Option<TenantId>) -> Scene {
        Scene {
            at: self.clock.now(),
            request: None,
            trace: None,
            tenant,
            source_ip: None,
            user_agent: None,
        }
    }
}

/// Our own, for ourselves.
fn tokens(signing: &Arc<Signing>) -> Tokens {
    Tokens::new(Arc::clone(signing), PUBLIC_URL.to_owned(), PUBLIC_URL.to_owned())
}

/// The rings around the API.
fn closed(app: &Arc<App>, settings: Settings) -> Arc<Wall> {
    let inside = Inside::new(PLAN.routes.clone(), Arc::clone(app), Arc::new(settings));
    Wall::new(Arc::clone(app), gate::rings(app), inside)
}

/// What the handlers are told.
fn settings(
    environment: Environment,
    (keyring, asks): (&Keyring, bool),
    pools: &Arc<Pools>,
) -> Settings {
    Settings {
        issuer: PUBLIC_URL.to_owned(),
        audience: PUBLIC_URL.to_owned(),
        environment,
        mutual_tls: asks.then_some(MutualTls { alias: None }),
        peppers: vec![pepper(keyring)],
        api_key_pepper: api_key_pepper(keyring),
        api_key_peppers: vec![api_key_pepper(keyring)],
        grant_key: GrantKey::new(&keyring.purpose_key("grants/1")),
        asked: TokenKey::new(keyring, "authorization-request/1"),
        leak_keys: None,
        sign_in: SignIn::new(keyring, PUBLIC_URL),
        remembered: Remembered::default(),
        cursors: TokenKey::new(keyring, "cursor/1"),
        pools: Arc::clone(pools),
        documentation: PLAN.documentation.clone(),
    }
}

fn sink(access_log: bool, directory: &Path) -> Sink {
    if access_log { Sink::File(directory.join(ACCESS_LOG)) } else { Sink::Off }
}

/// In memory where there is such a place: nothing here has to survive a power cut.
fn directory() -> TempDir {
    let directory = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new());
    directory.expect("a temporary directory")
}

fn pepper(keyring: &Keyring) -> Pepper {
    Pepper::new(1, &keyring.purpose_key("client-secret-pepper/1"))
}

fn api_key_pepper(keyring: &Keyring) -> Pepper {
    Pepper::new(1, &keyring.purpose_key("api-key-pepper/1"))
}

fn read_all(directory: &std::path::Path) -> Vec<u8> {
    let entries = std::fs::read_dir(directory).expect("the directory is there");
    let paths = entries.map(|entry| entry.expect("the directory can be read").path());
    paths.flat_map(|path| std::fs::read(path).expect("a file can be read")).collect()
}

/// Any moment would do; this one is a Sunday evening in winter, and no special day.
const START: Timestamp = Timestamp::from_millis(1_795_372_200_000);

const ACCESS_LOG: &str = "access.log";
