//! `sqlmap` against an endpoint that is open on purpose, with the firewall's proxy in front: it
//! finds the hole while the firewall only watches, and not when it refuses.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::Told;
use crate::{
    background::Background,
    error::{ChoreError, Outcome},
    install, run, wait,
    workspace::Workspace,
};

const NEEDS: &[install::Need] = &[install::SQLMAP, install::PYTHON, install::RULES];
/// It compiles the Core Rule Set before it listens.
const START_WITHIN: Duration = Duration::from_secs(60);
/// One hole in a number, one in a text.
const HOLES: &[&str] = &["id=1", "name=lamp"];
/// What `sqlmap` says at the end of a search.
const FOUND: &str = "sqlmap identified the following injection point";
const NOT_FOUND: &str = "all tested parameters do not appear to be injectable";
/// `sqlmap`'s own name is refused by the Core Rule Set, which would prove nothing.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const PACKAGED: [&str; 3] = ["--rules", install::RULE_FILES[0], install::RULE_FILES[1]];

/// How the firewall stands in front.
const STANCES: &[Stance] = &[
    Stance { suite: "sqlmap, only watched", arguments: &["--log-only"], expected: FOUND },
    Stance { suite: "sqlmap, our rules", arguments: &[], expected: NOT_FOUND },
    Stance { suite: "sqlmap, Core Rule Set", arguments: &PACKAGED, expected: NOT_FOUND },
];

struct Stance {
    suite: &'static str,
    arguments: &'static [&'static str],
    expected: &'static str,
}

pub(super) fn prepare() -> Outcome {
    install::ensure(NEEDS)
}

/// One result for each stance.
pub(super) fn run(workspace: &Workspace, binary: &Path) -> Vec<Told> {
    STANCES.iter().map(|stance| Told::of(stance.suite, stand(workspace, binary, stance))).collect()
}

fn stand(workspace: &Workspace, binary: &Path, stance: &Stance) -> Outcome {
    let folder = workspace.target_folder("interop")?.join("sqlmap");
    fs::create_dir_all(&folder).map_err(ChoreError::path(&folder))?;
    let mut fixture = Command::new("python3");
    fixture.arg(super::scripts(workspace).join("sqlmap/vulnerable.py"));
    let fixture = Listener::start(fixture, &folder.join("fixture.log"), "listening on ")?;
    let mut guard = Command::new(binary);
    guard
        .args(["firewall", "proxy", "--listen", "127.0.0.1:0", "--upstream"])
        .arg(format!("http://{}", fixture.address))
        .args(stance.arguments);
    let guard = Listener::start(guard, &folder.join("guard.log"), "guarding ")?;
    for hole in HOLES {
        judge(&search(&guard.address, hole, &folder)?, stance.expected, hole)?;
    }
    Ok(())
}

/// Lets `sqlmap` look for a hole, without its slow techniques, and returns what it says.
fn search(address: &str, hole: &str, folder: &Path) -> Outcome<String> {
    let mut command = Command::new("sqlmap");
    command
        .args(["-u", &format!("http://{address}/?{hole}"), "--user-agent", BROWSER])
        .args(["--batch", "--flush-session", "--disable-coloring", "--dbms", "SQLite"])
        .args(["--level", "1", "--risk", "1", "--technique", "BEU"])
        .args(["--timeout", "10", "--retries", "0", "--output-dir"])
        .arg(folder);
    run::said(&mut command)
}

/// A search that said neither has proved nothing.
fn judge(said: &str, expected: &str, hole: &str) -> Outcome {
    if said.contains(expected) && said.contains(FOUND) == (expected == FOUND) {
        return Ok(());
    }
    let last: Vec<&str> = said.lines().rev().take(5).collect();
    let last = last.into_iter().rev().collect::<Vec<_>>().join("\n  | ");
    Err(ChoreError::told(format!("`{hole}`: expected `{expected}`:\n  | {last}")))
}

/// A server that says its address on its first line; killed when it is dropped.
pub(super) struct Listener {
    _program: Background,
    pub(super) address: String,
}

impl Listener {
    pub(super) fn start(mut command: Command, log: &PathBuf, sign: &str) -> Outcome<Self> {
        let mut program = Background::start(&mut command, log)?;
        let address = wait::until(START_WITHIN, "a server's address", || {
            let told = fs::read_to_string(log).map_err(ChoreError::path(log))?;
            match address(&told, sign) {
                None if program.has_ended()? => Err(ChoreError::told(format!("it ended: {told}"))),
                found => Ok(found),
            }
        })?;
        Ok(Self { _program: program, address })
    }
}

/// The last address of the whole line that begins with the sign.
fn address(told: &str, sign: &str) -> Option<String> {
    let line = told.split_inclusive('\n').find(|line| line.starts_with(sign))?;
    let words = line.strip_suffix('\n')?;
    let last = words.rsplit(' ').next()?;
    Some(last.trim_start_matches("http://").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_said_neither_is_a_fault() {
        for (said, expected) in
            [("", FOUND), ("", NOT_FOUND), (NOT_FOUND, FOUND), (FOUND, NOT_FOUND)]
        {
            assert!(judge(said, expected, "id=1").is_err(), "{said}");
        }
        let both = format!("{FOUND}\n{NOT_FOUND}");
        assert!(judge(&both, NOT_FOUND, "id=1").is_err());

        assert!(judge(FOUND, FOUND, "id=1").is_ok());
        assert!(judge(NOT_FOUND, NOT_FOUND, "id=1").is_ok());
    }

    #[test]
    fn an_address_counts_once_its_line_is_whole() {
        assert_eq!(address("listening on 127.0.0.1:4", "listening on "), None);
        assert_eq!(address("a fault\n", "listening on "), None);
        let told = "guarding http://127.0.0.1:1 at http://127.0.0.1:4711\n";
        assert_eq!(address(told, "guarding ").as_deref(), Some("127.0.0.1:4711"));
    }
}
