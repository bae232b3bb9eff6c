//! An installation: a data directory, a database, settings; commands run on it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::database::{self, Database, Own};
use crate::server::Server;

/// Where a server is started again and again.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    own: Option<Own>,
    settings: Vec<(String, String)>,
}

/// A partner of a tenant, with its secret.
pub(crate) struct Partner {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Site {
    pub(crate) async fn new(database: Database) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let own = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(Own::make().await),
        };
        let url = own.as_ref().map(|own| own.url().to_owned());
        let site = Self { folder, own, settings: Vec::new() }.unhurried();
        match url {
            // By reference, because it may hold a password.
            Some(url) => site.with("STORE__URL", "env:E2E_DATABASE").variable("E2E_DATABASE", url),
            None => site,
        }
    }

    /// Tests hurry, all from one address.
    fn unhurried(self) -> Self {
        self.with("LIMITS__EXEMPT", r#"["127.0.0.0/8", "::1"]"#)
            .with("LIMITS__CLIENT_PER_SECOND", "1000000")
            .with("LIMITS__CLIENT_BURST", "1000000000")
            .with("LIMITS__TENANT_PER_SECOND", "1000000")
            .with("LIMITS__TENANT_BURST", "1000000000")
            .with("BANS__CALLER_POINTS", "1000000")
            // Without optimisation, and beside other tests, work waits for reasons of its own.
            .with("GATE__QUEUE_DELAY_TARGET_MS", "0")
    }

    /// With this setting: `GATE__HOSTS`.
    pub(crate) fn with(self, key: &str, value: impl Into<String>) -> Self {
        self.variable(&format!("RINGWALL__{key}"), value)
    }

    pub(crate) fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.into()));
        self
    }

    /// Connects to the same PostgreSQL database as this role from now on.
    pub(crate) fn log_in_as(self, role: &str) -> Self {
        let url = self.own().url_as(role);
        self.variable("E2E_DATABASE", url)
    }

    /// The site's own PostgreSQL database.
    pub(crate) fn own(&self) -> &Own {
        self.own.as_ref().expect("it is PostgreSQL")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// The database, for its owner to look at.
    pub(crate) fn database_url(&self) -> String {
        match &self.own {
            Some(own) => own.url().to_owned(),
            None => database::sqlite_url(&self.data_dir()),
        }
    }

    /// The binary, in the site's folder and with nothing but the site's settings.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringwall"));
        command
            .args(words)
            .current_dir(self.folder())
            .env_clear()
            .env("RINGWALL__SERVER__DATA_DIR", self.data_dir())
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Said {
        let output = self.command(words).output().expect("the binary runs");
        Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Founds a tenant with one partner who may do everything that partners may.
    pub(crate) fn found(&self, slug: &str) -> Partner {
        let words = ["admin", "bootstrap", "--tenant-name", "A", "--partner-name", "B", "--json"];
        let said = self.run(&[&words[..], &["--tenant-slug", slug, "--scopes", SCOPES]].concat());
        assert_eq!(said.code, Some(0), "{said:?}");
        let shown: Value = serde_json::from_str(&said.out).expect("JSON");
        Partner::parse(&shown)
    }

    /// Starts a server on free ports and waits until it serves.
    pub(crate) async fn start(&self) -> Server {
        self.start_with(&[]).await
    }

    /// As [`Site::start`], with these flags.
    pub(crate) async fn start_with(&self, flags: &[&str]) -> Server {
        let started = Server::attempt(self, flags).await;
        started.unwrap_or_else(|said| panic!("it did not start: {said:?}"))
    }

    /// Starts a server that must refuse to; what it says.
    pub(crate) async fn refuses_to_start(&self) -> Said {
        match Server::attempt(self, &[]).await {
            Err(said) => said,
            Ok(server) => panic!("it started:\n{}", server.said()),
        }
    }
}

impl Partner {
    /// From a ready file or from `admin bootstrap --json`.
    pub(crate) fn parse(shown: &Value) -> Self {
        let text = |name: &str| shown[name].as_str().expect("text").to_owned();
        Self { client_id: text("client_id"), client_secret: text("client_secret") }
    }
}

/// A file's or directory's permission bits.
pub(crate) fn mode(path: &Path) -> u32 {
    let facts = std::fs::metadata(path).expect("it is there");
    facts.permissions().mode() & 0o7777
}

/// Every file below a directory.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

const SCOPES: &str = "read:jobs write:jobs read:clients write:clients read:candidates \
                      read:candidates.pii write:candidates erase:candidates \
                      run:imports run:exports manage:keys";
