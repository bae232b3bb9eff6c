//! The release build does what the README says.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::{
    error::{ChoreError, Outcome},
    install, readme, run,
    server::Server,
    workspace::Workspace,
};

const README: &str = "README.md";
/// Stops at the first command that fails, and says each before it runs.
const PREAMBLE: &str = "set -euo pipefail\nset -x\n";

pub(crate) fn run(workspace: &Workspace) -> Outcome {
    let path = workspace.root().join(README);
    let page = fs::read_to_string(&path).map_err(ChoreError::path(&path))?;
    let script = readme::script(&page).ok_or_else(|| {
        ChoreError::told(format!("{README} has no `sh` block under `{}`", readme::MARK))
    })?;
    install::ensure(&[install::README])?;
    let binary = Command::new(run::release(workspace)?);
    let folder = workspace.target_folder("smoke")?;
    let server = Server::start(binary, &folder.join("demo"))?;
    let followed = follow(&script, &server, workspace);
    let stopped = server.stop();
    followed.and(stopped)?;
    eprintln!("\nsmoke: the README's blocks ran against the release build");
    Ok(())
}

/// Runs the blocks in one shell at the root. `RINGWALL_READY` names the ready file, because the
/// port is another one each time.
fn follow(script: &str, server: &Server, workspace: &Workspace) -> Outcome {
    let command = "bash -c \"the README's marked blocks\"";
    eprintln!("\n$ {command}");
    let status = Command::new("bash")
        .args(["-c", &format!("{PREAMBLE}{script}")])
        .current_dir(workspace.root())
        .env("RINGWALL_READY", server.ready())
        .stdin(Stdio::null())
        .status()
        .map_err(|source| ChoreError::Unstarted { command: command.to_owned(), source })?;
    if status.success() {
        return Ok(());
    }
    Err(ChoreError::Refused { command: command.to_owned(), status: status.to_string() })
}
