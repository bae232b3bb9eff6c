//! One JSON line a transaction, written at once: what an outside conformance runner judges.
//!
//! It holds what callers sent (`data`). It is for tests and for tuning, and off by default.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use firewall::{Match, Verdict};
use serde::Serialize;

/// The file that lines are appended to.
pub struct MatchLog {
    file: Mutex<File>,
}

#[derive(Serialize)]
struct Line<'a> {
    marker: Option<String>,
    matched_rule_ids: Vec<u32>,
    messages: Vec<Message<'a>>,
}

#[derive(Serialize)]
struct Message<'a> {
    id: u32,
    msg: &'a str,
    data: &'a str,
}

impl MatchLog {
    /// Opens the log.
    ///
    /// # Errors
    /// When the file cannot be opened for appending.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// Writes a line, also when nothing matched.
    pub fn line(&self, marker: Option<&[u8]>, verdict: &Verdict) {
        let logged: Vec<&Match> = verdict.matched.iter().filter(|found| found.logged).collect();
        let messages =
            logged.iter().map(|m| Message { id: m.id, msg: &m.message, data: &m.data }).collect();
        let line = Line {
            marker: marker.map(|marker| String::from_utf8_lossy(marker).into_owned()),
            matched_rule_ids: logged.iter().map(|found| found.id).collect(),
            messages,
        };
        let Ok(mut text) = serde_json::to_vec(&line) else { return };
        text.push(b'\n');
        let Ok(mut file) = self.file.lock() else { return };
        if let Err(error) = file.write_all(&text) {
            tracing::error!(%error, "cannot write the match log");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_without_a_match_has_its_line_too() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("matches.log");
        let log = MatchLog::open(&path).unwrap();

        log.line(Some(b"920100-1"), &Verdict::default());
        log.line(None, &Verdict::default());

        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], r#"{"marker":"920100-1","matched_rule_ids":[],"messages":[]}"#);
        assert_eq!(lines[1], r#"{"marker":null,"matched_rule_ids":[],"messages":[]}"#);
    }
}
