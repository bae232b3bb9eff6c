//! `ringwall serve`: from a command line to a server that drains when it is told to stop.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gate::listener::{Listener, Redirect, RedirectConfig, Site};
use gate::tls::{ClientCertificates, ServerCertificate, ShownBy};
use gate::{Admin, App, Tasks, Wall};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::banner::Banner;
use crate::cli::exit::{Failure, print};
use crate::cli::serve::ServeArgs;
use crate::config::derived::PublicUrls;
use crate::config::{Config, Loaded};
use crate::home::Home;
use crate::plans::Drawing;
use crate::ready::{self, Ready, ReadyTenant};
use crate::reload::{self, Reloader};
use crate::wire::{self, Base};
use crate::{addresses, certificates, check, demo, keys, logs, memory, shield, sso, work};

/// Serves until it is told to stop.
///
/// # Errors
/// When it cannot start: with everything that is wrong with its configuration, if that is why.
pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    start(args).map_err(|stopped| check::told_whole(stopped, &args.layers()))
}

fn start(args: &ServeArgs) -> Result<(), Failure> {
    let loaded = Loaded::read(&args.layers())?;
    let log = logs::start(&loaded.config.telemetry);
    let home = Home::prepare(&loaded.config.server.data_dir).map_err(|e| Failure::because(&e))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::because(&error))?;
    runtime.block_on(serve(args, (loaded, log), &home))
}

async fn serve(
    args: &ServeArgs,
    (loaded, log): (Loaded, logs::Filter),
    home: &Home,
) -> Result<(), Failure> {
    heap::give_back_at_once();
    // Told before anything is bound, and before the lock says who we are: who stops us while we
    // start is heard.
    let mut signals = Signals::hear()?;
    let hangups = signal(SignalKind::hangup()).map_err(|error| Failure::because(&error))?;
    let _lock = home.lock().map_err(|error| Failure::because(&error))?;
    let config = loaded.config.clone();
    let keyring = Arc::new(keys::keyring(home, config.vault.key_file.as_ref())?);
    let certificates = certificates::prepare(&config, home, &keyring)?;
    let base = wire::base(&config, home, keyring).await?;
    let doors = Doors::bind(&config)?;
    let mtls = doors.mtls.as_ref().map(Listener::local_addr);
    let urls = config.public_urls(doors.api.local_addr()).with_mtls(&config, mtls);
    let (policy, clock) = (Arc::clone(&base.policy), Arc::clone(&base.clock));
    let drawing = Drawing::begin(&config, policy, clock, &urls.public_url);
    let made = match args.demo {
        true => demo::apart::fill(&base, &args.config).await?,
        false => Vec::new(),
    };
    let background = Tasks::new();
    let plans = drawing.plans().await?;
    let (wall, app) = wire::wall(&config, &base, plans, &urls, &background).await?;
    sso::count_break_glass(&config, &base).await?;
    work::start(&base, &background);
    memory::give_back(&background);
    let redirect = redirect(&config, &urls)?;
    let parts = reload::Parts {
        app: Arc::clone(&app),
        redirect: redirect.clone(),
        certificate: Arc::clone(&certificates.server),
        log,
        urls: urls.clone(),
        home: home.clone(),
    };
    let again = args.clone();
    let reloader = Reloader::new(move || again.layers(), loaded, parts);
    Arc::clone(&reloader).listen(hangups, &background);
    shield::keep_fresh(Arc::clone(&reloader), &background);
    addresses::keep_fresh(Arc::clone(&reloader), &background);
    let scene = Scene { config: &config, home, urls: &urls, ca_file: certificates.ca_file.clone() };
    let tls_s = config.tls.reload_s.into();
    let certificate = Arc::clone(&certificates.server);
    certificates.keep_fresh(Arc::clone(&reloader), tls_s, &background);
    let gates = Gates::default();
    let addresses =
        doors.open(&config, (certificate, redirect), (wall, Arc::clone(&app)), &gates)?;
    announce(args, &scene, &base, made, &addresses).await?;
    heap::give_back_later();
    signals.stop().await;
    let drain_max = reloader.holds().config.gate.drain_timeout_ms.into();
    drop(reloader);
    leave(&mut signals, (&app, &gates), drain_max).await;
    drop(app);
    // The recorder's work ends when nobody can give it entries any more, and has written all.
    drain(&background, RECORD_MAX).await;
    base.store.close().await.map_err(|error| Failure::because(&error))
}

/// The tasks of the listeners: the operators' stay until the callers' are gone.
#[derive(Default)]
struct Gates {
    facing: Tasks,
    operators: Tasks,
}

/// Finishes the requests in flight; whoever tells us twice to stop does not wait for them.
async fn leave(signals: &mut Signals, (app, gates): (&App, &Gates), drain_max: Duration) {
    tracing::info!(requests = app.pressure.at_work(), "stopping: finishing the requests in flight");
    tokio::select! {
        () = drain(&gates.facing, drain_max) => {}
        () = signals.stop() => {
            tracing::warn!(requests = app.pressure.at_work(), "told again to stop: now");
            drain(&gates.facing, Duration::ZERO).await;
        }
    }
    drain(&gates.operators, OPERATORS_MAX).await;
}

/// What is announced once the doors are open.
struct Scene<'a> {
    config: &'a Config,
    home: &'a Home,
    urls: &'a PublicUrls,
    ca_file: Option<std::path::PathBuf>,
}

async fn announce(
    args: &ServeArgs,
    scene: &Scene<'_>,
    base: &Base,
    made: Vec<ReadyTenant>,
    addresses: &Addresses,
) -> Result<(), Failure> {
    let banner = Banner {
        url: &scene.urls.public_url,
        admin_url: &addresses.admin_url,
        data_dir: scene.home.root(),
        database: match scene.config.store.url {
            crate::config::store_url::StoreUrl::Embedded => "SQLite in the data directory",
            _ => "PostgreSQL",
        },
        ca_file: scene.ca_file.as_deref(),
        made: &made,
    };
    print(&banner.text())?;
    if let Some(path) = &args.ready_file {
        write_ready(path, scene, base, made, addresses).await?;
    }
    Ok(())
}

async fn write_ready(
    path: &Path,
    scene: &Scene<'_>,
    base: &Base,
    made: Vec<ReadyTenant>,
    addresses: &Addresses,
) -> Result<(), Failure> {
    let tenants = ready::tenants(base, made).await.map_err(|error| Failure::because(&error))?;
    let ready = Ready {
        url: &scene.urls.public_url,
        admin_url: &addresses.admin_url,
        ca_file: scene.ca_file.as_ref(),
        tenants: &tenants,
    };
    ready.write(path)
}

/// The bound sockets. Connections queue up from here on.
struct Doors {
    api: Listener,
    mtls: Option<Listener>,
    admin: Listener,
    plain: Option<Listener>,
}

/// Where the doors turned out to be.
struct Addresses {
    admin_url: String,
}

impl Doors {
    fn bind(config: &Config) -> Result<Self, Failure> {
        let bind = |address: SocketAddr| {
            Listener::bind(wire::listener_config(config, address))
                .map_err(|error| Failure::Failed(format!("cannot listen on {address}: {error}")))
        };
        Ok(Self {
            api: bind(config.server.listen)?,
            mtls: config.server.mtls_listen.map(bind).transpose()?,
            admin: bind(config.server.admin_listen)?,
            plain: config.server.plain_listen.map(bind).transpose()?,
        })
    }

    /// Starts serving on all of them.
    fn open(
        self,
        config: &Config,
        (certificate, redirect): (Arc<ServerCertificate>, Redirect),
        (wall, app): (Arc<Wall>, Arc<App>),
        gates: &Gates,
    ) -> Result<Addresses, Failure> {
        let tls = |clients: Option<Arc<ClientCertificates>>| {
            let shown = Arc::clone(&certificate);
            gate::tls::server_config(shown, config.tls.tls12, clients)
                .map_err(|error| Failure::because(&error))
        };
        let asked = app.certificates.clone().filter(|asked| asked.by() == ShownBy::Handshake);
        let (asking, plain_tls) = (tls(asked)?, tls(None)?);
        let Gates { facing, operators } = gates;
        let site = Site::new(Arc::new(wall), facing.clone(), config.gate.connections_max.into())
            .crowded_by(wire::crowd(config))
            .balanced_by(wire::balancers(config));
        let admin = Admin::new(app, Arc::clone(&site.tally), facing.clone());
        let admin_site = Site::new(admin, operators.clone(), ADMIN_CONNECTIONS_MAX);
        let address = self.admin.local_addr();
        // Beyond this machine operators, too, are served over TLS only.
        let scheme = if address.ip().is_loopback() { "http" } else { "https" };
        if let Some(plain) = self.plain {
            facing.spawn(plain.serve_redirect(redirect.clone(), site.clone()));
        }
        if address.ip().is_loopback() {
            operators.spawn(self.admin.serve_raw(admin_site));
        } else {
            let tls = Arc::clone(&plain_tls);
            operators.spawn(self.admin.serve_tls(tls, redirect.clone(), admin_site));
        }
        // RFC 8705 §5: where certificates have a listener of their own, nobody else is asked.
        let api_tls = match self.mtls {
            Some(mtls) => {
                facing.spawn(mtls.serve_tls(asking, redirect.clone(), site.clone()));
                plain_tls
            }
            None => asking,
        };
        facing.spawn(self.api.serve_tls(api_tls, redirect, site));
        Ok(Addresses { admin_url: format!("{scheme}://{address}") })
    }
}

/// What plain HTTP is told.
///
/// # Errors
/// When a name of the configuration is none.
pub(crate) fn redirect(config: &Config, urls: &PublicUrls) -> Result<Redirect, Failure> {
    let public = urls.public_url.trim_start_matches("https://").to_owned();
    let hosts = redirected(&wire::hosts(config, urls));
    let redirect = RedirectConfig { hosts, public_authority: Some(public), https_port: None };
    Redirect::new(&redirect).map_err(|error| Failure::because(&error))
}

/// The host names that are sent to themselves; an address is by what it was opened to.
pub(crate) fn redirected(hosts: &[String]) -> Vec<String> {
    hosts.iter().filter(|host| !host.starts_with('[')).cloned().collect()
}

/// Waits for what is under way.
pub(crate) async fn drain(tasks: &Tasks, timeout: Duration) {
    let drained = tasks.drain(timeout).await;
    if drained.aborted > 0 {
        tracing::warn!(aborted = drained.aborted, "some work did not end in time");
    }
}

/// SIGTERM and Ctrl-C.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Hears them from now on.
    ///
    /// # Errors
    /// When the process may not listen for signals.
    pub(crate) fn hear() -> Result<Self, Failure> {
        let hear = |kind| signal(kind).map_err(|error| Failure::because(&error));
        Ok(Self {
            terminate: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Metrics and health have nothing that takes long.
const OPERATORS_MAX: Duration = Duration::from_secs(2);
const ADMIN_CONNECTIONS_MAX: usize = 64;
const RECORD_MAX: Duration = Duration::from_secs(10);
