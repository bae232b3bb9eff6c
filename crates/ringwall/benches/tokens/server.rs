//! The binary with a data directory and a database of its own, and what it costs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use rustix::process::{Pid, Signal, kill_process};
use sea_orm::ConnectionTrait as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto, version};

use crate::load::{Asked, Door};

/// On which database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// A server that runs.
pub(super) struct Server {
    process: Child,
    files: TempDir,
    /// Where the database is.
    pub(super) database_url: String,
    pub(super) door: Door,
    /// As tokens name it.
    pub(super) url: String,
    /// The demonstration's first agency.
    pub(super) tenant: String,
    /// Its application.
    pub(super) client_id: String,
    client_secret: String,
}

impl Server {
    /// Starts one with the demonstration's data; in memory where no disk is to be waited for.
    pub(super) fn start(runtime: &Runtime, database: Database, in_memory: bool) -> Self {
        let files = if in_memory { TempDir::new_in("/dev/shm") } else { TempDir::new() };
        let files = files.or_else(|_| TempDir::new()).unwrap();
        let url = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(runtime.block_on(made())),
        };
        let data = files.path().join("data");
        let ready = files.path().join("ready.json");
        let process = serve(&data, &ready, url.as_deref());
        let said = wait_for(&ready);
        let text = |place: &str| said.pointer(place).unwrap().as_str().unwrap().to_owned();
        let sqlite = || format!("sqlite://{}", data.join("ringwall.sqlite").display());
        Self {
            database_url: url.unwrap_or_else(sqlite),
            door: Door {
                authority: text("/url").trim_start_matches("https://").to_owned(),
                tls: trusting(CertificateDer::from_pem_file(text("/ca_file")).unwrap()),
            },
            url: text("/url"),
            tenant: text("/tenants/0/id"),
            client_id: text("/tenants/0/partners/0/client_id"),
            client_secret: text("/tenants/0/partners/0/client_secret"),
            process,
            files,
        }
    }

    /// Its data directory.
    pub(super) fn data(&self) -> PathBuf {
        self.files.path().join("data")
    }

    /// A form of the demonstration's application.
    pub(super) fn ask(&self, path: &str, form: &str) -> Asked {
        self.ask_as((&self.client_id, &self.client_secret), (path, form))
    }

    /// A form of whoever that is.
    pub(super) fn ask_as(&self, (id, secret): (&str, &str), (path, form): (&str, &str)) -> Asked {
        let basic = BASE64.encode(format!("{id}:{secret}").as_bytes());
        Asked::post(path, &basic, form)
    }

    /// Processor time so far, the system's share too.
    pub(super) fn cpu_seconds(&self) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        // The name in parentheses may hold anything; `utime` and `stime` are 14th and 15th.
        let (_, fields) = text.rsplit_once(')').unwrap();
        let ticks = fields.split_whitespace().skip(11).take(2);
        ticks.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / TICKS_PER_SECOND
    }

    /// The same, after what was left behind is written, too.
    pub(super) fn settled_cpu_seconds(&self) -> f64 {
        sleep(Duration::from_millis(100));
        self.cpu_seconds()
    }

    /// Ends it, and its database.
    pub(super) fn stop(mut self) {
        let pid = Pid::from_raw(i32::try_from(self.process.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        assert!(self.process.wait().unwrap().success(), "the server drains and ends well");
        if let Some((base, name)) = self.database_url.rsplit_once('/')
            && base.starts_with("postgres")
        {
            let drop = format!("drop database {name} with (force)");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(administer(&drop));
        }
    }
}

fn serve(data: &Path, ready: &Path, url: Option<&str>) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringwall"));
    command
        .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .arg("--data-dir")
        .arg(data)
        .arg("--ready-file")
        .arg(ready)
        .envs(UNREACHED.iter().map(|(key, value)| (format!("RINGWALL__{key}"), value)))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(url) = url {
        command.env("RINGWALL__STORE__URL", url);
    }
    command.spawn().unwrap()
}

fn wait_for(ready: &Path) -> Value {
    let begin = Instant::now();
    while !ready.exists() {
        assert!(begin.elapsed() < Duration::from_secs(300), "the server does not start");
        sleep(Duration::from_millis(5));
    }
    serde_json::from_str(&fs::read_to_string(ready).unwrap()).unwrap()
}

pub(super) fn trusting(authority: CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority).unwrap();
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// A new PostgreSQL database.
async fn made() -> String {
    let name = format!("ringwall_bench_{:016x}", u64::from_le_bytes(kernel::random::bytes()));
    administer(&format!("create database {name}")).await;
    let server = postgres();
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

async fn administer(statement: &str) {
    let admin = sea_orm::Database::connect(postgres()).await.unwrap();
    admin.execute_unprepared(statement).await.unwrap();
    admin.close().await.unwrap();
}

fn postgres() -> String {
    let local = || "postgres://postgres@127.0.0.1:5432/postgres".to_owned();
    std::env::var("RINGWALL_TEST_POSTGRES").unwrap_or_else(|_| local())
}

/// All requests come from one address and one client.
const UNREACHED: &[(&str, &str)] = &[
    ("LIMITS__EXEMPT", r#"["127.0.0.0/8", "::1"]"#),
    ("LIMITS__CLIENT_PER_SECOND", "1000000"),
    ("LIMITS__CLIENT_BURST", "1000000000"),
    ("LIMITS__TENANT_PER_SECOND", "1000000"),
    ("LIMITS__TENANT_BURST", "1000000000"),
    ("LIMITS__TENANT_CONCURRENCY_MAX", "100000"),
];
/// `USER_HZ`, which is the same on every Linux that this is built for.
const TICKS_PER_SECOND: f64 = 100.0;
