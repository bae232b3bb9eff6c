//! A bar on standard error, where somebody looks at it.

use std::io::{self, IsTerminal, Write};

/// How far something has come.
pub(crate) struct Progress {
    is_shown: bool,
    last: String,
}

impl Progress {
    /// A bar, unless it is not wanted or nobody looks.
    #[must_use]
    pub(crate) fn new(quiet: bool) -> Self {
        Self { is_shown: !quiet && io::stderr().is_terminal(), last: String::new() }
    }

    /// Shows so many of so many.
    pub(crate) fn show(&mut self, what: &str, done: i64, all: i64) {
        let line = bar(what, done, all);
        if !self.is_shown || line == self.last {
            return;
        }
        // Nobody is left to see it when standard error is closed.
        let _shown = write!(io::stderr(), "\r{line}");
        self.last = line;
    }

    /// Leaves the line.
    pub(crate) fn end(self) {
        if self.is_shown && !self.last.is_empty() {
            let _shown = writeln!(io::stderr());
        }
    }
}

fn bar(what: &str, done: i64, all: i64) -> String {
    let all = all.max(done).max(1);
    let filled = usize::try_from(done.saturating_mul(WIDTH) / all).unwrap_or(0);
    let empty = usize::try_from(WIDTH).unwrap_or(0).saturating_sub(filled);
    let percent = done.saturating_mul(100) / all;
    format!("{what:9} [{}{}] {percent:3} %  {done}/{all}", "#".repeat(filled), ".".repeat(empty))
}

const WIDTH: i64 = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_the_work_is_done() {
        assert!(bar("sending", 0, 0).contains("[.....") && bar("sending", 0, 0).contains("  0 %"));
        assert!(
            bar("sending", 1, 2).contains("####....") && bar("sending", 1, 2).contains(" 50 %")
        );
        assert!(bar("sending", 7, 5).contains("100 %"));
    }
}
