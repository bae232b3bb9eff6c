//! The composition root: from a configuration to engines that know each other.

use std::sync::Arc;

use api::{Documentation, Inside, Remembered, Settings, SignIn};
use gate::listener::{Crowd, ListenerConfig};
use gate::signing::Signing;
use gate::{AccessLog, ApiKeys, App, Cidr, GateConfig, Parts, Sessions, Sink, Tasks, Tokens, Wall};
use kernel::{Clock, SystemClock};
use oauth::opaque::GrantKey;
use oauth::{MutualTls, Schedule};
use policy::Engine;
use store::{Pools, Recorder, Store, StoreConfig};
use vault::{Keyring, TokenKey};

use crate::cli::exit::Failure;
use crate::config::Config;
use crate::config::derived::PublicUrls;
use crate::config::names::{AccessLog as LogTo, Network};
use crate::config::sections::{Environment, Gate};
use crate::home::Home;
use crate::plans::Plans;
use crate::{acme, addresses, bans, certificates, keys, leaks, limits, sso, trusted, work};

/// What every command that touches data needs.
#[derive(Clone)]
pub(crate) struct Base {
    /// The keys.
    pub(crate) keyring: Arc<Keyring>,
    /// The database.
    pub(crate) store: Arc<Store>,
    /// The policies.
    pub(crate) policy: Arc<Engine>,
    /// The tenants' candidates in memory.
    pub(crate) pools: Arc<Pools>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

/// The address of the database.
///
/// # Errors
/// When the configuration's reference leads to no secret.
pub(crate) fn store_config(config: &Config, home: &Home) -> Result<StoreConfig, Failure> {
    let url = config.store.url.resolve().map_err(|error| Failure::because(&error))?;
    let url = match url {
        Some(url) => url.expose().clone(),
        None => format!("sqlite://{}", home.database().display()),
    };
    Ok(StoreConfig { url, connections_max: config.store.connections_max.into() })
}

/// Opens keys, database and policies.
///
/// # Errors
/// When one of them cannot be opened.
pub(crate) async fn base(
    config: &Config,
    home: &Home,
    keyring: impl Into<Arc<Keyring>>,
) -> Result<Base, Failure> {
    let address = store_config(config, home)?;
    // Validating the policies keeps a processor busy, migrating the database keeps a disk busy.
    let policy = tokio::task::spawn_blocking(Engine::load);
    if config.store.migrate_on_start {
        Store::migrate(&address).await.map_err(|error| Failure::because(&error))?;
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let keyring = keyring.into();
    let store = Store::open(&address, Arc::clone(&keyring), Arc::clone(&clock)).await;
    let store = Arc::new(store.map_err(|error| Failure::because(&error))?);
    let policy = policy.await.map_err(|error| Failure::because(&error))?;
    let policy = Arc::new(policy.map_err(|error| Failure::because(&error))?);
    let pools = Arc::new(Pools::new(POOLS_MAX).map_err(|error| Failure::because(&error))?);
    Ok(Base { keyring, store, policy, pools, clock })
}

/// Closes the rings around our own API.
///
/// # Errors
/// When the signing keys cannot be read, or the access log cannot be opened.
pub(crate) async fn wall(
    config: &Config,
    base: &Base,
    plans: Plans,
    urls: &PublicUrls,
    background: &Tasks,
) -> Result<(Arc<Wall>, Arc<App>), Failure> {
    let signing = Arc::new(signing(config, base));
    let certificates = certificates::of_clients(config)?;
    let (recorder, work) = Recorder::new(Arc::clone(&base.store));
    background.spawn(work);
    let mutual_tls = certificates.as_ref().map(|_| MutualTls { alias: urls.mtls_url.clone() });
    let told = (mutual_tls, plans.documentation);
    let settings = settings((config, base), urls, told, background)?;
    let lists = addresses::raise(config, &plans.contract)?;
    let trusted = trusted::raise(config, base, urls, background).await?;
    let limits = limits::raise(&config.limits, &plans.contract, (base, background)).await?;
    let every = config.limits.exchange_ms.into();
    limits::keep_exchanged(Arc::clone(&limits), every, base, background);
    limits::keep_settled(Arc::clone(&limits), background);
    let bans = bans::raise(&config.bans, Arc::clone(&limits), base, background)?;
    let app = App::new(Parts {
        clock: Arc::clone(&base.clock),
        store: Arc::clone(&base.store),
        recorder,
        policy: Arc::clone(&base.policy),
        contract: plans.contract,
        tokens: Tokens::new(Arc::clone(&signing), urls.issuer.clone(), urls.audience.clone())
            .trusting(trusted),
        signing,
        keys: ApiKeys::new(
            Arc::clone(&base.store),
            Arc::clone(&base.clock),
            keys::api_key_peppers(&base.keyring),
            environment(config),
        ),
        sessions: Sessions::new(
            Arc::clone(&base.store),
            Arc::clone(&base.clock),
            environment(config),
        ),
        access_log: access_log(&config.telemetry.access_log)?,
        addresses: lists,
        limits,
        bans,
        firewall: plans.shield,
        certificates,
        config: gate_config(config, urls),
        public_url: urls.public_url.clone(),
    });
    let app = app.map_err(|error| Failure::because(&error))?;
    app.hear().await.map_err(|error| Failure::because(&error))?;
    work::hear(Arc::clone(&app), background);
    let inside = Inside::new(plans.routes, Arc::clone(&app), Arc::new(settings));
    Ok((Wall::new(Arc::clone(&app), gate::rings(&app), inside), app))
}

fn settings(
    (config, base): (&Config, &Base),
    urls: &PublicUrls,
    (mutual_tls, documentation): (Option<MutualTls>, Documentation),
    background: &Tasks,
) -> Result<Settings, Failure> {
    let vouching = sso::raise(config, &base.clock, background)?;
    Ok(Settings {
        issuer: urls.issuer.clone(),
        audience: urls.audience.clone(),
        environment: environment(config),
        mutual_tls,
        peppers: keys::peppers(&base.keyring),
        api_key_pepper: keys::api_key_pepper(&base.keyring),
        api_key_peppers: keys::api_key_peppers(&base.keyring),
        grant_key: GrantKey::new(&base.keyring.purpose_key("grants/1")),
        asked: TokenKey::new(&base.keyring, "authorization-request/1"),
        leak_keys: leaks::raise(config, background)?,
        sign_in: SignIn::new(&base.keyring, &urls.public_url).vouched_by(vouching),
        remembered: Remembered::default(),
        cursors: TokenKey::new(&base.keyring, "cursor/1"),
        pools: Arc::clone(&base.pools),
        documentation,
    })
}

/// The keys that sign access tokens, not heard of yet.
pub(crate) fn signing(config: &Config, base: &Base) -> Signing {
    let schedule = Schedule::new(config.identity.signing_key_life_s.into());
    Signing::new(Arc::clone(&base.store), Arc::clone(&base.clock), schedule)
}

/// The listener's limits.
pub(crate) fn listener_config(config: &Config, address: std::net::SocketAddr) -> ListenerConfig {
    let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let gate = &config.gate;
    ListenerConfig {
        address,
        handshake_timeout_ms: millis(gate.handshake_timeout_ms.into()),
        header_timeout_ms: millis(gate.header_timeout_ms.into()),
        idle_timeout_ms: millis(gate.idle_timeout_ms.into()),
        body_idle_timeout_ms: millis(gate.body_idle_timeout_ms.into()),
        body_grace_ms: millis(gate.body_grace_ms.into()),
        body_bytes_per_second_min: u32::from(gate.body_bytes_per_second_min).into(),
        header_bytes_max: gate.header_bytes_max.into(),
        headers_max: gate.headers_max.into(),
        ..ListenerConfig::default()
    }
}

/// How many connections an address may have. Whoever is on this machine could do worse.
pub(crate) fn crowd(config: &Config) -> Crowd {
    let networks = proxies(&config.gate).into_iter().chain(OWN.map(str::to_owned));
    let exempt = networks.filter_map(|network| network.parse().ok()).chain(balancers(config));
    Crowd::new(config.gate.connections_per_address_max.into(), exempt.collect())
}

/// Who begins connections with a header of the PROXY protocol.
pub(crate) fn balancers(config: &Config) -> Vec<Cidr> {
    let networks = config.gate.proxy_protocol_from.iter();
    networks.map(|network| Cidr::new(network.address, network.prefix)).collect()
}

fn proxies(gate: &Gate) -> Vec<String> {
    let text = |network: &Network| format!("{}/{}", network.address, network.prefix);
    gate.trusted_proxies.iter().map(text).collect()
}

/// The gate's settings.
pub(crate) fn gate_config(config: &Config, urls: &PublicUrls) -> GateConfig {
    let gate = &config.gate;
    let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    GateConfig {
        concurrency_max: gate.concurrency_max.into(),
        queue_delay_target_ms: millis(gate.queue_delay_target_ms.into()),
        request_timeout_ms: millis(gate.request_timeout_ms.into()),
        header_bytes_max: gate.header_bytes_max.into(),
        trusted_proxies: proxies(gate),
        hosts: hosts(config, urls),
        cors_origins: gate.cors_origins.iter().map(|o| o.as_str().to_owned()).collect(),
    }
}

/// The names that we answer to: our public one, those configured, those of the local certificate,
/// and this machine's.
pub(crate) fn hosts(config: &Config, urls: &PublicUrls) -> Vec<String> {
    let public = host_of(&urls.public_url);
    let mtls = config.server.mtls_url.as_ref().map(|url| host_of(url.as_str()));
    let named = config.gate.hosts.iter().chain(&config.tls.names).map(|host| {
        let host = host.to_string();
        if host.contains(':') { format!("[{host}]") } else { host }
    });
    let local = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
    let vouched = acme::names(&config.acme);
    named.chain(local).chain([public]).chain(mtls).chain(vouched).collect()
}

fn host_of(url: &str) -> String {
    let authority = url.trim_start_matches("https://");
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    host.to_owned()
}

/// The environment that this server serves.
pub(crate) fn environment(config: &Config) -> policy::Environment {
    match config.server.environment {
        Environment::Production => policy::Environment::Production,
        Environment::Sandbox => policy::Environment::Sandbox,
    }
}

fn access_log(to: &LogTo) -> Result<AccessLog, Failure> {
    let sink = match to {
        LogTo::Off => Sink::Off,
        LogTo::Stdout => Sink::Stdout,
        LogTo::Stderr => Sink::Stderr,
        LogTo::File(path) => Sink::File(path.clone()),
    };
    AccessLog::open(&sink).map_err(|error| Failure::because(&error))
}

/// Of so many agencies the candidates are kept in memory, ready to be ranked: about 100 MB for
/// 100,000 of them.
const POOLS_MAX: usize = 64;

/// Addresses of this machine.
const OWN: [&str; 2] = ["127.0.0.0/8", "::1/128"];
