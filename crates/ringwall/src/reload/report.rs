//! What came of a reload, for whoever asked for it: a file in the data directory.

use std::path::PathBuf;

use kernel::Timestamp;
use serde_json::{Value, json};

use crate::cli::exit::Failure;
use crate::config::reload::Changes;
use crate::home::{Home, private};

/// What came of a reload.
pub(super) struct Report {
    /// The server's process.
    pub(super) process: u32,
    /// Counts its reloads from 1.
    pub(super) number: u64,
    /// When.
    pub(super) at: Timestamp,
    /// What.
    pub(super) outcome: Outcome,
}

/// What it is.
pub(super) enum Outcome {
    /// It is in force.
    Applied(Changes),
    /// Nothing changed, for these reasons.
    Refused(Vec<String>),
}

/// A report, as whoever asked reads it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Which one: the process and its number.
    pub(super) which: (u64, u64),
    /// Keys that were put in force.
    pub(super) changed: Vec<String>,
    /// Keys that wait for a restart.
    pub(super) needs_restart: Vec<String>,
    /// What was wrong; empty when it was put in force.
    pub(super) errors: Vec<String>,
    /// The report itself.
    pub(super) written: Value,
}

impl Report {
    /// Writes it in place of the one before, whole, for the directory's owner only.
    pub(super) fn write(&self, home: &Home) -> Result<(), Failure> {
        let (outcome, changes, errors) = match &self.outcome {
            Outcome::Applied(changes) => ("applied", changes.clone(), &Vec::new()),
            Outcome::Refused(errors) => ("refused", Changes::default(), errors),
        };
        let written = json!({
            "process": self.process,
            "number": self.number,
            "at": self.at,
            "outcome": outcome,
            "changed": changes.applied,
            "needs_restart": changes.waiting,
            "errors": errors,
        });
        let text = format!("{written:#}\n");
        private::write(&path(home), text.as_bytes()).map_err(|error| Failure::because(&error))
    }
}

impl Told {
    /// The last report; nothing where there is none that can be read.
    pub(super) fn read(home: &Home) -> Option<Self> {
        let bytes = private::read(&path(home), BYTES_MAX).ok()?;
        let written: Value = serde_json::from_slice(bytes.expose()).ok()?;
        let texts = |name: &str| {
            let texts = written.get(name).and_then(Value::as_array).into_iter().flatten();
            texts.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let number = |name: &str| written.get(name).and_then(Value::as_u64);
        Some(Self {
            which: (number("process")?, number("number")?),
            changed: texts("changed"),
            needs_restart: texts("needs_restart"),
            errors: texts("errors"),
            written,
        })
    }
}

fn path(home: &Home) -> PathBuf {
    home.root().join("reload.json")
}

const BYTES_MAX: u64 = 1024 * 1024;
