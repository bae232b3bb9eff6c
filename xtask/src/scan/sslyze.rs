//! `sslyze` of PyPI: protocols, suites, curves and known holes, by Mozilla's guidelines.

use std::path::Path;

use super::{STANCES, Stance, authority};
use crate::{
    error::{ChoreError, Outcome},
    install,
    interop::{self, Told},
    run,
    venv::Venv,
    workspace::Workspace,
};

/// What it says of a whole scan without a finding.
const COMPLIANT: &str = ": OK - Compliant.";

/// An environment with the scanner.
pub(crate) fn prepare(workspace: &Workspace) -> Outcome<Venv> {
    install::ensure(&[install::PYTHON])?;
    let requirements = interop::scripts(workspace).join("sslyze/requirements.txt");
    Venv::prepare(workspace, "sslyze-venv", &[requirements])
}

/// One result for each stance.
pub(crate) fn run(workspace: &Workspace, venv: &Venv, binary: &Path) -> Vec<Told> {
    let scan = |stance: Stance| Told::of(name(stance), scan(workspace, venv, binary, stance));
    STANCES.into_iter().map(scan).collect()
}

fn name(stance: Stance) -> &'static str {
    if stance.tls12 { "sslyze, TLS 1.2 too" } else { "sslyze, TLS 1.3" }
}

fn scan(workspace: &Workspace, venv: &Venv, binary: &Path, stance: Stance) -> Outcome {
    let (server, stage) = stance.serve(workspace, binary, "scan")?;
    let mut command = venv.program("python");
    command.args(["-W", "ignore", "-m", "sslyze", "--mozilla_config", stance.mozilla]).args([
        "--certinfo_ca_file",
        &stage.ca_file,
        authority(&stage.url),
    ]);
    let said = run::said(&mut command);
    let told = said.and_then(|said| judge(&said));
    told.and(server.stop())
}

/// A scan that broke off says neither.
fn judge(said: &str) -> Outcome {
    if said.lines().any(|line| line.ends_with(COMPLIANT)) {
        return Ok(());
    }
    let start = said.find(" COMPLIANCE").unwrap_or(0);
    Err(ChoreError::told(said.get(start..).unwrap_or(said).trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_scan_without_a_finding_is_fine() {
        assert!(judge("").is_err());
        assert!(judge(" COMPLIANCE\n    localhost:1: FAILED - Not compliant.\n").is_err());
        assert!(judge(" COMPLIANCE\n    localhost:1: OK - Compliant.\n").is_ok());
    }
}
