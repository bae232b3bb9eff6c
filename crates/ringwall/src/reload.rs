//! Reloading: configuration, rules, lists and certificates, read again and put in force as one
//! (control: EDG-8). With SIGHUP, which `ringwall reload` sends.
//!
//! Everything is read, checked and compiled first, beside the requests. One error, and nothing
//! changes. Then it is written down who changed what, and then a pointer is swapped: no request
//! waits, and none sees two configurations.

mod ask;
mod report;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gate::limits::LimitsPlan;
use gate::listener::Redirect;
use gate::tls::{NextCertificate, ServerCertificate};
use gate::{App, Posture, PostureParts, Reloaded, Tasks};
use kernel::EventId;
use tokio::signal::unix::Signal;
use watch::{Actor, Change, ChangeKind, Event, Scene};

use crate::check::{self, Compiled};
use crate::cli::exit::Failure;
use crate::config::derived::PublicUrls;
use crate::config::reload::Changes;
use crate::config::{Config, Layers, Loaded};
use crate::home::Home;
use crate::{logs, serve, wire};

pub(crate) use ask::run;
use report::{Outcome, Report};

/// Puts configurations in force while requests are served.
pub(crate) struct Reloader {
    layers: Box<dyn Fn() -> Layers + Send + Sync>,
    holds: Mutex<Arc<Loaded>>,
    parts: Parts,
}

/// What a reload reaches.
pub(crate) struct Parts {
    /// The gate.
    pub(crate) app: Arc<App>,
    /// What plain HTTP is told.
    pub(crate) redirect: Redirect,
    /// What handshakes are shown.
    pub(crate) certificate: Arc<ServerCertificate>,
    /// Which diagnostics are printed.
    pub(crate) log: logs::Filter,
    /// By which names the server is known.
    pub(crate) urls: PublicUrls,
    /// Where the report lies.
    pub(crate) home: Home,
}

/// What is ready to be put in force.
struct Prepared {
    holds: Loaded,
    changes: Changes,
    posture: Arc<Posture>,
    certificate: Option<NextCertificate>,
}

impl Reloader {
    /// For a server that serves with `holds`; `layers` says where to read the next.
    pub(crate) fn new(
        layers: impl Fn() -> Layers + Send + Sync + 'static,
        holds: Loaded,
        parts: Parts,
    ) -> Arc<Self> {
        parts.app.metrics.loaded(parts.app.clock.now());
        Arc::new(Self { layers: Box::new(layers), holds: Mutex::new(Arc::new(holds)), parts })
    }

    /// What holds now.
    pub(crate) fn holds(&self) -> Arc<Loaded> {
        Arc::clone(&self.holds.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The application.
    pub(crate) const fn app(&self) -> &Arc<App> {
        &self.parts.app
    }

    /// Reloads with every signal, one after the other, for as long as the process runs.
    pub(crate) fn listen(self: Arc<Self>, mut hangups: Signal, tasks: &Tasks) {
        let stopping = tasks.stopping();
        tasks.spawn(async move {
            let mut stopping = std::pin::pin!(stopping);
            for number in 1_u64.. {
                tokio::select! {
                    () = &mut stopping => return,
                    heard = hangups.recv() => if heard.is_none() { return },
                }
                self.reload(number).await;
            }
        });
    }

    async fn reload(self: &Arc<Self>, number: u64) {
        let outcome = match self.prepared().await {
            Ok(prepared) => self.put_in_force(prepared, number).await,
            Err(errors) => Err(errors),
        };
        let at = self.parts.app.clock.now();
        let outcome = match outcome {
            Ok(changes) => {
                self.parts.app.metrics.reloaded(Reloaded::Applied, at);
                tracing::info!(number, changed = ?changes.applied, "reloaded");
                if !changes.waiting.is_empty() {
                    let keys = &changes.waiting;
                    tracing::warn!(?keys, "these keys changed and need a restart");
                }
                Outcome::Applied(changes)
            }
            Err(errors) => {
                self.parts.app.metrics.reloaded(Reloaded::Refused, at);
                for error in &errors {
                    tracing::error!(number, error, "kept the configuration: the new one is wrong");
                }
                Outcome::Refused(errors)
            }
        };
        let report = Report { process: std::process::id(), number, at, outcome };
        if let Err(Failure::Failed(cause)) = report.write(&self.parts.home) {
            tracing::warn!(cause, "cannot write what came of the reload");
        }
    }

    /// Everything read, checked and compiled; or everything that is wrong.
    async fn prepared(self: &Arc<Self>) -> Result<Prepared, Vec<String>> {
        let own = Arc::clone(self);
        // Compiling a rule set keeps a processor busy for a while.
        let prepared = tokio::task::spawn_blocking(move || own.prepare()).await;
        prepared.unwrap_or_else(|error| Err(vec![format!("a fault of ringwall: {error}")]))
    }

    fn prepare(&self) -> Result<Prepared, Vec<String>> {
        let wrong = |error: &dyn std::error::Error| vec![error.to_string()];
        let loaded = Loaded::read(&(self.layers)()).map_err(|error| wrong(&error))?;
        let (holds, changes) = loaded.following(&self.holds()).map_err(|error| wrong(&error))?;
        let certificate = self.parts.certificate.read_if_changed();
        let certificate = certificate.map_err(|error| Failure::because(&error));
        let posture = posture(&holds.config, &self.parts.app, &self.parts.urls);
        match (posture, certificate) {
            (Ok(posture), Ok(certificate)) => Ok(Prepared { holds, changes, posture, certificate }),
            (posture, certificate) => {
                let of_certificate = certificate.err().as_ref().map(Failure::to_string);
                Err(posture.err().into_iter().flatten().chain(of_certificate).collect())
            }
        }
    }

    /// INVARIANT: nothing changes that is not written down before.
    async fn put_in_force(&self, prepared: Prepared, number: u64) -> Result<Changes, Vec<String>> {
        let Prepared { holds, changes, posture, certificate } = prepared;
        let mut fields = changes.applied.clone();
        fields.extend(certificate.as_ref().map(|_| CERTIFICATE.to_owned()));
        let version = i64::try_from(number).unwrap_or(i64::MAX);
        let written = tell(&self.parts.app, ("SIGHUP", "operator"), version, fields).await;
        written.map_err(|error| vec![format!("the audit trail takes no entry: {error}")])?;
        let hosts = serve::redirected(&posture.config.hosts);
        if let Err(error) = self.parts.redirect.rename(&hosts) {
            // Such a configuration was refused above.
            tracing::error!(%error, "plain HTTP is told the host names before");
        }
        self.parts.log.set(&holds.config.telemetry);
        *self.holds.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(holds);
        self.parts.app.adopt(posture).await;
        if let Some(next) = certificate {
            self.parts.certificate.show(next);
        }
        Ok(changes)
    }

    /// Writes down that a watched file was read again. It is in force already: a certificate that
    /// is renewed must not wait for a database.
    pub(crate) async fn tell_of_files(&self, what: &str) {
        let fields = vec![what.to_owned()];
        if let Err(error) = tell(&self.parts.app, ("file watch", "file changed"), 0, fields).await {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, what, "cannot write down that files were read again");
        }
    }

    /// Waits for the next look at watched files, as long as is configured now; nothing when the
    /// process stops.
    pub(crate) async fn pause(
        &self,
        stopping: &mut gate::tasks::Stopping,
        of: impl Fn(&Config) -> Duration,
    ) -> Option<()> {
        let until = tokio::time::Instant::now() + of(&self.holds().config);
        tokio::select! {
            () = stopping => None,
            () = tokio::time::sleep_until(until) => Some(()),
        }
    }
}

/// The gate's posture as a configuration has it, compiled; or everything that is wrong with it.
/// Reads files: call it where blocking is allowed.
fn posture(config: &Config, app: &App, urls: &PublicUrls) -> Result<Arc<Posture>, Vec<String>> {
    let limited = |plan: &LimitsPlan| app.limits.compiled(plan);
    let compiled = check::compile(config, (&app.contract, &app.clock), urls, limited);
    let told = |wrong: Vec<check::Wrong>| -> Vec<String> {
        wrong.into_iter().map(|(_, text)| text).collect()
    };
    let Compiled { limits, bans, addresses, firewall } = compiled.map_err(told)?;
    let config = wire::gate_config(config, urls);
    Ok(Posture::new(PostureParts { config, addresses, limits, bans, firewall }))
}

/// Writes an entry about the configuration: which keys changed, never to what.
async fn tell(
    app: &App,
    (operation, reason): (&str, &str),
    version: i64,
    fields: Vec<String>,
) -> Result<(), store::StoreError> {
    let scene = Scene {
        at: app.clock.now(),
        request: None,
        trace: None,
        tenant: None,
        source_ip: None,
        user_agent: None,
    };
    let change = Change {
        operation: operation.to_owned(),
        kind: ChangeKind::Update,
        resource_type: "configuration",
        resource_id: "configuration".to_owned(),
        version,
        fields,
        digests: Vec::new(),
        policies: Vec::new(),
    };
    let by = Actor::System { reason: reason.to_owned() };
    let event = Event::change(EventId::new(app.clock.as_ref()), &scene, &by, change);
    app.recorder.witness(event).await
}

/// What the audit trail calls the server's certificate.
pub(crate) const CERTIFICATE: &str = "tls.certificate";
