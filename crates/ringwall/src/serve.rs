//! `ringwall serve`: from a command line to a server that drains when it is told to stop.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gate::listener::{Listener, Redirect, RedirectConfig, Site};
use gate::tls::{ClientCertificates, ShownBy};
use gate::{Admin, App, Tasks, Wall};
use tokio::signal::unix::{SignalKind, signal};

use crate::banner::Banner;
use crate::certificates::{self, Certificates};
use crate::cli::exit::{Failure, print};
use crate::cli::serve::ServeArgs;
use crate::config::derived::PublicUrls;
use crate::config::{Config, Loaded};
use crate::home::Home;
use crate::plans::Drawing;
use crate::ready::{self, Ready, ReadyTenant};
use crate::wire::{self, Base};
use crate::{demo, keys, logs, memory, work};

/// Serves until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let config = Loaded::read(&args.layers())?.config;
    logs::start(&config.telemetry);
    let home = Home::prepare(&config.server.data_dir).map_err(|e| Failure::because(&e))?;
    let _lock = home.lock().map_err(|error| Failure::because(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::because(&error))?;
    runtime.block_on(serve(args, &config, &home))
}

async fn serve(args: &ServeArgs, config: &Config, home: &Home) -> Result<(), Failure> {
    heap::give_back_at_once();
    // Told before anything is bound: who stops us while we start is heard.
    let stop = stop_signal()?;
    let keyring = Arc::new(keys::keyring(home, config.vault.key_file.as_ref())?);
    let certificates = certificates::prepare(config, home, &keyring)?;
    let base = wire::base(config, home, keyring).await?;
    let doors = Doors::bind(config)?;
    let mtls = doors.mtls.as_ref().map(Listener::local_addr);
    let urls = config.public_urls(doors.api.local_addr()).with_mtls(config, mtls);
    let (policy, clock) = (Arc::clone(&base.policy), Arc::clone(&base.clock));
    let drawing = Drawing::begin(config, policy, clock, &urls.public_url);
    let made = match args.demo {
        true => {
            demo::fill(&base, wire::environment(config)).await.map_err(|e| Failure::because(&e))?
        }
        false => Vec::new(),
    };
    let background = Tasks::new();
    let plans = drawing.plans().await?;
    let (wall, app) = wire::wall(config, &base, plans, &urls, &background).await?;
    work::start(&base, &background);
    memory::give_back(&background);
    let facing = Tasks::new();
    let scene = Scene { config, home, urls: &urls, ca_file: certificates.ca_file.clone() };
    let addresses = doors.open(config, &urls, certificates, (wall, app), &facing)?;
    announce(args, &scene, &base, made, &addresses).await?;
    heap::give_back_later();
    stop.await;
    tracing::info!("stopping: finishing the requests in flight");
    drain(&facing, config.gate.drain_timeout_ms.into()).await;
    // The recorder's work ends when nobody can give it entries any more, and has written all.
    drain(&background, RECORD_MAX).await;
    base.store.close().await.map_err(|error| Failure::because(&error))
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
        urls: &PublicUrls,
        certificates: Certificates,
        (wall, app): (Arc<Wall>, Arc<App>),
        tasks: &Tasks,
    ) -> Result<Addresses, Failure> {
        let tls = |clients: Option<Arc<ClientCertificates>>| {
            let shown = Arc::clone(&certificates.server);
            gate::tls::server_config(shown, config.tls.tls12, clients)
                .map_err(|error| Failure::because(&error))
        };
        let asked = app.certificates.clone().filter(|asked| asked.by() == ShownBy::Handshake);
        let (asking, plain_tls) = (tls(asked)?, tls(None)?);
        certificates.keep_fresh(config.tls.reload_s.into(), tasks);
        let redirect = redirect(config, urls)?;
        let site = Site::new(Arc::new(wall), tasks.clone(), config.gate.connections_max.into())
            .crowded_by(wire::crowd(config))
            .balanced_by(wire::balancers(config));
        let admin = Admin::new(app, Arc::clone(&site.tally));
        let admin_site = Site::new(admin, tasks.clone(), ADMIN_CONNECTIONS_MAX);
        let address = self.admin.local_addr();
        // Beyond this machine operators, too, are served over TLS only.
        let scheme = if address.ip().is_loopback() { "http" } else { "https" };
        if let Some(plain) = self.plain {
            tasks.spawn(plain.serve_redirect(redirect.clone(), site.clone()));
        }
        if address.ip().is_loopback() {
            tasks.spawn(self.admin.serve_raw(admin_site));
        } else {
            tasks.spawn(self.admin.serve_tls(Arc::clone(&plain_tls), redirect.clone(), admin_site));
        }
        // RFC 8705 §5: where certificates have a listener of their own, nobody else is asked.
        let api_tls = match self.mtls {
            Some(mtls) => {
                tasks.spawn(mtls.serve_tls(asking, redirect.clone(), site.clone()));
                plain_tls
            }
            None => asking,
        };
        tasks.spawn(self.api.serve_tls(api_tls, redirect, site));
        Ok(Addresses { admin_url: format!("{scheme}://{address}") })
    }
}

fn redirect(config: &Config, urls: &PublicUrls) -> Result<Redirect, Failure> {
    let hosts = wire::hosts(config, urls);
    let names = hosts.into_iter().filter(|host| !host.starts_with('['));
    let public = urls.public_url.trim_start_matches("https://").to_owned();
    let redirect =
        RedirectConfig { hosts: names.collect(), public_authority: Some(public), https_port: None };
    Redirect::new(&redirect).map_err(|error| Failure::because(&error))
}

/// Waits for what is under way.
pub(crate) async fn drain(tasks: &Tasks, timeout: Duration) {
    let drained = tasks.drain(timeout).await;
    if drained.aborted > 0 {
        tracing::warn!(aborted = drained.aborted, "some work did not end in time");
    }
}

/// SIGTERM or Ctrl-C.
///
/// # Errors
/// When the process may not listen for signals.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate =
        signal(SignalKind::terminate()).map_err(|error| Failure::because(&error))?;
    let mut interrupt =
        signal(SignalKind::interrupt()).map_err(|error| Failure::because(&error))?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

const ADMIN_CONNECTIONS_MAX: usize = 64;
const RECORD_MAX: Duration = Duration::from_secs(10);
