//! The match log: one JSON line a transaction, and the markers that divide the stages.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use crate::{
    error::{ChoreError, Outcome},
    wait,
};

const LINE_WITHIN: Duration = Duration::from_secs(10);

/// The file that the firewall writes.
pub(super) struct MatchLog {
    path: PathBuf,
}

/// What one transaction left.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    marker: Option<String>,
    pub(super) matched_rule_ids: Vec<u32>,
    messages: Vec<Message>,
}

#[derive(Debug, Deserialize)]
struct Message {
    id: u32,
    msg: String,
    data: String,
}

impl Line {
    /// Its messages in the words of an error log, which the tests' patterns expect.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> + '_ {
        self.messages.iter().map(|message| {
            let Message { id, msg, data } = message;
            format!("[id \"{id}\"] [msg \"{}\"] [data \"{}\"]", visible(msg), visible(data))
        })
    }
}

/// An error log is one line: control characters are escaped.
fn visible(text: &str) -> String {
    let mut line = String::new();
    for character in text.chars() {
        if character.is_control() {
            line.push_str(&format!("\\x{:02x}", u32::from(character)));
        } else {
            line.push(character);
        }
    }
    line
}

impl MatchLog {
    /// Empties the file.
    pub(super) fn create(path: PathBuf) -> Outcome<Self> {
        File::create(&path).map_err(ChoreError::path(&path))?;
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the log stands once it holds the marker as its last line.
    pub(super) fn after_marker(&self, name: &str) -> Outcome<u64> {
        wait::until(LINE_WITHIN, &format!("the marker `{name}`"), || {
            let length = std::fs::metadata(&self.path).map_err(ChoreError::path(&self.path))?.len();
            let tail = self.read(length.saturating_sub(TAIL_BYTES), length)?;
            let last = tail.lines().next_back().unwrap_or_default();
            let is_there = tail.ends_with('\n')
                && serde_json::from_str::<Line>(last)
                    .is_ok_and(|line| line.marker.as_deref() == Some(name));
            Ok(is_there.then_some(length))
        })
    }

    /// The lines between two places, without the marker that ends them.
    pub(super) fn between(&self, start: u64, end: u64, marker: &str) -> Outcome<Vec<Line>> {
        let text = self.read(start, end)?;
        let lines = text.lines().map(|line| {
            serde_json::from_str::<Line>(line)
                .map_err(|error| ChoreError::told(format!("the match log: {error} in `{line}`")))
        });
        let mut lines = lines.collect::<Outcome<Vec<_>>>()?;
        lines.retain(|line| line.marker.as_deref() != Some(marker));
        Ok(lines)
    }

    fn read(&self, start: u64, end: u64) -> Outcome<String> {
        let mut text = Vec::new();
        File::open(&self.path)
            .and_then(|mut file| {
                file.seek(SeekFrom::Start(start))?;
                file.take(end - start).read_to_end(&mut text)
            })
            .map_err(ChoreError::path(&self.path))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// A marker's line is shorter.
const TAIL_BYTES: u64 = 4096;

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn lines_stand_between_markers() {
        let folder = tempfile::tempdir().unwrap();
        let log = MatchLog::create(folder.path().join("log")).unwrap();
        let mut file = File::options().append(true).open(log.path()).unwrap();
        let marker = |name: &str| {
            format!("{{\"marker\":\"{name}\",\"matched_rule_ids\":[],\"messages\":[]}}\n")
        };
        file.write_all(marker("a").as_bytes()).unwrap();
        let start = log.after_marker("a").unwrap();
        let message = r#"{"id":7,"msg":"m","data":"\r\nd"}"#;
        let line = format!(r#"{{"marker":null,"matched_rule_ids":[7],"messages":[{message}]}}"#);
        writeln!(file, "{line}").unwrap();
        file.write_all(marker("b").as_bytes()).unwrap();

        let end = log.after_marker("b").unwrap();
        let lines = log.between(start, end, "b").unwrap();

        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].matched_rule_ids, [7]);
        let texts: Vec<_> = lines[0].texts().collect();
        assert_eq!(texts, [r#"[id "7"] [msg "m"] [data "\x0d\x0ad"]"#]);
    }
}
