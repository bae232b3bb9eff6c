//! The page that tells what differs and why.

use std::{fmt::Write as _, fs};

use super::report::Report;
use crate::{
    error::{ChoreError, Outcome},
    workspace::Workspace,
};

const PAGE: &str = "docs/reference/firewall-peers.md";
const HEAD: &str = "# The firewall beside its peers\n\nWritten by `cargo xtask peers --write`: the \
                    same input to our engine and to libmodsecurity, or to Coraza with \
                    libmodsecurity as arbiter.\n\n\
                    | what | asked | hits there | the same | differs | remarks |\n\
                    |---|---|---|---|---|---|\n";
const DIFFERENCES: &str = "\n## Differences\n\n\
                           | what | why | how many | for example |\n|---|---|---|---|\n";

/// What a run found: rows of both tables.
pub(super) struct Page {
    asked: Vec<String>,
    differences: Vec<String>,
}

impl Page {
    /// From the reports of one run.
    pub(super) fn new(peer: &str, seed: u64, reports: &[Report]) -> Self {
        let asked = reports.iter().map(|report| asked_row(peer, seed, report)).collect();
        let differences = reports.iter().flat_map(difference_rows).collect();
        Self { asked, differences }
    }

    /// The page with these rows, and the old rows of what was not asked now.
    pub(super) fn text(&self, old: &str) -> String {
        let (old_asked, old_differences) = old.split_once(DIFFERENCES).unwrap_or_default();
        let old_asked = old_asked.strip_prefix(HEAD).unwrap_or_default();
        let mut text = HEAD.to_owned();
        self.push_rows(&mut text, old_asked, &self.asked);
        text.push_str(DIFFERENCES);
        self.push_rows(&mut text, old_differences, &self.differences);
        text
    }

    fn push_rows(&self, text: &mut String, old: &str, new: &[String]) {
        let is_asked = |row: &str| self.asked.iter().any(|asked| what(asked) == what(row));
        let kept = old.lines().filter(|row| !is_asked(row));
        for row in kept.chain(new.iter().map(String::as_str)) {
            text.push_str(row);
            text.push('\n');
        }
    }

    /// Keeps it.
    pub(super) fn write(&self, workspace: &Workspace) -> Outcome {
        let path = workspace.root().join(PAGE);
        let old = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, self.text(&old)).map_err(ChoreError::path(&path))
    }
}

/// A row's first cell.
fn what(row: &str) -> &str {
    row.split('|').nth(1).unwrap_or_default()
}

fn asked_row(peer: &str, seed: u64, report: &Report) -> String {
    let Report { what, asked, differing, note, .. } = report;
    let same = asked - differing;
    let hits = if report.hits == 0 { "–".to_owned() } else { report.hits.to_string() };
    let mut row =
        format!("| {what} | {asked} | {hits} | {same} | {differing} | {peer}, seed {seed}");
    if !note.is_empty() {
        let _ = write!(row, "; {note}");
    }
    row + " |"
}

fn difference_rows(report: &Report) -> Vec<String> {
    let row = |(why, class): (&String, &super::report::Class)| {
        let examples = class.examples.join("<br>").replace('|', "\\|");
        format!("| {} | {why} | {} | {examples} |", report.what, class.count)
    };
    report.differences.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_were_not_asked_stay() {
        let mut first = Report::new("one");
        first.differs(&["a reason"], true, "`x`".to_owned());
        let old = Page::new("peer 1", 1, &[first, Report::new("two")]).text("");
        let mut again = Report::new("two");
        again.differs(&["another | reason"], true, "`a|b`".to_owned());

        let text = Page::new("peer 2", 2, &[again]).text(&old);

        assert!(text.contains("| one | 1 | 1 | 0 | 1 | peer 1, seed 1 |\n| two | 1 |"), "{text}");
        assert!(text.contains("| one | a reason | 1 | `x` |\n"), "{text}");
        assert!(text.contains("`a\\|b`"), "{text}");
        assert_eq!(text.matches("| two |").count(), 2, "{text}");
    }
}
