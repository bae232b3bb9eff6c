//! What `deny.toml` says of the dependency tree, as far as cargo can tell: names, licences and
//! sources. Advisories need `cargo-deny`, which is asked besides where it is installed.

use std::collections::BTreeSet;
use std::iter::Peekable;

use serde::Deserialize;

use crate::{
    error::{ChoreError, Outcome},
    run,
    workspace::Workspace,
};

/// The parts of `deny.toml` that are held here.
#[derive(Deserialize)]
struct Rules {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

/// Holds the tree that this machine builds, tests included.
pub(crate) fn check(workspace: &Workspace) -> Outcome {
    let read = |name: &str| {
        let path = workspace.root().join(name);
        std::fs::read_to_string(&path).map_err(ChoreError::path(path))
    };
    let rules: Rules = toml::from_str(&read("deny.toml")?)
        .map_err(|error| ChoreError::told(format!("deny.toml: {error}")))?;
    let tree = run::output(run::cargo(workspace.root()).args(TREE))?;
    let mut faults: BTreeSet<String> =
        tree.lines().filter_map(|line| fault(line, &rules)).collect();
    faults.extend(read("Cargo.lock")?.lines().filter_map(foreign));
    if faults.is_empty() {
        return match run::find("cargo-deny") {
            Some(_) => {
                run::shown(run::cargo(workspace.root()).args(["deny", "--workspace", "check"]))
            }
            None => {
                eprintln!("\ncargo deny: advisories skipped, `cargo-deny` is not installed");
                Ok(())
            }
        };
    }
    let faults: Vec<String> = faults.into_iter().collect();
    Err(ChoreError::told(format!("deny.toml is broken:\n{}", faults.join("\n"))))
}

/// A line of the tree: `name v1.2.3|MIT OR Apache-2.0`.
fn fault(line: &str, rules: &Rules) -> Option<String> {
    let (package, licence) = line.split_once('|')?;
    let name = package.split(' ').next()?;
    if let Some(ban) = rules.bans.deny.iter().find(|ban| ban.name == name) {
        return Some(format!("  `{name}` is in the tree: {}", ban.reason));
    }
    let is_allowed = |id: &str| rules.licenses.allow.iter().any(|allowed| allowed == id);
    // Where there is no licence, `cargo tree` says nothing, and nothing is no licence.
    let fits = any(&mut words(licence).into_iter().peekable(), &is_allowed);
    (!fits).then(|| format!("  `{name}` has the licence `{licence}`"))
}

/// A line of `Cargo.lock` that names another source than the one registry.
fn foreign(line: &str) -> Option<String> {
    let source = line.strip_prefix("source = ")?.trim_matches('"');
    (source != REGISTRY).then(|| format!("  a crate comes from `{source}`"))
}

/// Of an SPDX expression; a slash is how `OR` was written before.
fn words(licence: &str) -> Vec<String> {
    let spaced = licence.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// One of several.
fn any<I: Iterator<Item = String>>(
    words: &mut Peekable<I>,
    is_allowed: &impl Fn(&str) -> bool,
) -> bool {
    let mut fits = all(words, is_allowed);
    while words.next_if(|word| word == "OR").is_some() {
        fits |= all(words, is_allowed);
    }
    fits
}

/// All of several; `AND` binds closer than `OR`.
fn all<I: Iterator<Item = String>>(
    words: &mut Peekable<I>,
    is_allowed: &impl Fn(&str) -> bool,
) -> bool {
    let mut fits = one(words, is_allowed);
    while words.next_if(|word| word == "AND").is_some() {
        fits &= one(words, is_allowed);
    }
    fits
}

fn one<I: Iterator<Item = String>>(
    words: &mut Peekable<I>,
    is_allowed: &impl Fn(&str) -> bool,
) -> bool {
    if words.next_if(|word| word == "(").is_some() {
        let fits = any(words, is_allowed);
        return words.next_if(|word| word == ")").is_some() && fits;
    }
    let Some(id) = words.next() else { return false };
    match words.next_if(|word| word == "WITH") {
        Some(_) => words.next().is_some_and(|with| is_allowed(&format!("{id} WITH {with}"))),
        None => is_allowed(&id),
    }
}

const TREE: [&str; 9] = [
    "tree",
    "--locked",
    "--workspace",
    "--all-features",
    "--edges=normal,build,dev",
    "--prefix=none",
    "--no-dedupe",
    "--format={p}|{l}",
    "--quiet",
];
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        toml::from_str(
            "[licenses]\nallow = ['MIT', 'Apache-2.0', 'Apache-2.0 WITH LLVM-exception']\n\
             [bans]\ndeny = [{ crate = 'ring', reason = 'one module' }]",
        )
        .unwrap()
    }

    #[test]
    fn a_crate_that_is_denied_is_found() {
        let told = "  `ring` is in the tree: one module";
        assert_eq!(fault("ring v0.17.14|MIT", &rules()).as_deref(), Some(told));
        assert_eq!(fault("ringbuffer v1.0.0|MIT", &rules()), None);
    }

    #[test]
    fn a_licence_must_be_allowed_in_one_of_its_ways() {
        for allowed in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "MIT AND Apache-2.0",
            "GPL-3.0 AND ISC OR MIT",
            "(GPL-3.0 OR MIT) AND Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert_eq!(fault(&format!("a v1.0.0|{allowed}"), &rules()), None, "{allowed}");
        }
        for refused in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(GPL-3.0 OR ISC) AND MIT",
            "MIT WITH GPL-3.0",
            "(MIT",
        ] {
            assert!(fault(&format!("a v1.0.0|{refused}"), &rules()).is_some(), "{refused}");
        }
    }

    #[test]
    fn a_crate_from_elsewhere_is_found() {
        assert_eq!(foreign(&format!("source = \"{REGISTRY}\"")), None);
        assert!(foreign("source = \"git+https://example.org/x#1\"").is_some());
        assert_eq!(foreign("name = \"x\""), None);
    }
}
