//! A file is named after what it holds, and says so in its first line.

use super::{Finding, Tree};

const RULE: &str = "names";
/// Names that say nothing, so that everything ends up there.
const EMPTY_NAMES: &[&str] =
    &["common", "commons", "helper", "helpers", "misc", "shared", "util", "utils"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        if file.stem() == "mod" {
            let message = "`mod.rs` is named after nothing: use `name.rs` beside `name/`";
            findings.push(Finding::new(file.path(), 1, RULE, message));
        }
        if EMPTY_NAMES.contains(&file.stem()) {
            let message = format!("`{}` says nothing about what is inside", file.stem());
            findings.push(Finding::new(file.path(), 1, RULE, message));
        }
        if !file.text().starts_with("//!") {
            let message = "the first line is not a `//!` that tells what the file is";
            findings.push(Finding::new(file.path(), 1, RULE, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_found() {
        let tree = Tree::sample(&[("a/mod.rs", "//! A."), ("a/utils.rs", "//! B.")]);

        assert_eq!(check(&tree).len(), 2);
    }

    #[test]
    fn a_file_without_an_introduction_is_found() {
        let tree = Tree::sample(&[("a.rs", "fn a() {}\n//! Too late.")]);

        assert_eq!(check(&tree).len(), 1);
    }

    #[test]
    fn a_named_and_introduced_file_is_silent() {
        let tree = Tree::sample(&[("model.rs", "//! The model."), ("utils.md", "")]);

        assert_eq!(check(&tree), []);
    }
}
