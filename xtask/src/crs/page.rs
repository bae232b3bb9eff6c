//! The page that tells how many of the tests pass, by family of rules, and which do not.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use super::{Tally, differences::Differences, suite::Test};
use crate::error::{ChoreError, Outcome};

const PAGE: &str = "docs/reference/firewall-crs.md";

/// Writes the page of a whole run.
pub(super) fn write(
    root: &Path,
    version: &str,
    tests: &[Test],
    tally: &Tally,
    differences: &Differences,
) -> Outcome {
    let path = root.join(PAGE);
    fs::write(&path, text(version, tests, tally, differences)).map_err(ChoreError::path(&path))
}

fn text(version: &str, tests: &[Test], tally: &Tally, differences: &Differences) -> String {
    let mut families: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for test in tests {
        let family = families.entry(test.id.get(..3).unwrap_or_default()).or_default();
        family.1 += 1;
        family.0 += usize::from(!tally.failures.contains_key(&test.id));
    }
    let mut text = format!(
        "# The Core Rule Set's own tests\n\nWritten by `cargo xtask crs --write`: the regression \
         tests of version {version} at paranoia level 4, in the log mode of its runner and without \
         any platform's overrides.\n\n**{} of {} pass.**\n\n| rules | pass | of |\n|---|---|---|\n",
        tally.passed, tally.total
    );
    for (family, (passed, total)) in families {
        let _ = writeln!(text, "| {family}xxx | {passed} | {total} |");
    }
    if !tally.failures.is_empty() {
        text.push_str("\n| test | why it fails |\n|---|---|\n");
    }
    for (id, reason) in &tally.failures {
        let _ = writeln!(text, "| {id} | {} |", differences.reason(id).unwrap_or(reason));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_counts_by_family_and_explains() {
        let test = |id: &str| Test { id: id.to_owned(), stages: Vec::new() };
        let tests = [test("920100-1"), test("920100-2"), test("942100-1")];
        let failures = [("920100-2".to_owned(), "why".to_owned())].into();
        let tally = Tally { passed: 2, total: 3, failures };
        let differences = Differences::parse("passed_min = 2").unwrap();

        let text = text("4.1.0", &tests, &tally, &differences);

        assert!(text.contains("**2 of 3 pass.**"), "{text}");
        assert!(text.contains("| 920xxx | 1 | 2 |\n| 942xxx | 1 | 1 |"), "{text}");
        assert!(text.contains("| 920100-2 | why |"), "{text}");
    }
}
