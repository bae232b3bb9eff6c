//! The Python clients: `authlib` and an authenticator.

use super::{Stage, scripts};
use crate::{error::Outcome, run, venv::Venv, workspace::Workspace};

const REQUIREMENTS: &[&str] = &["python/requirements.txt", "schemathesis/requirements.txt"];

/// An environment with every Python client.
pub(super) fn prepare(workspace: &Workspace) -> Outcome<Venv> {
    let requirements: Vec<_> =
        REQUIREMENTS.iter().map(|name| scripts(workspace).join(name)).collect();
    Venv::prepare(workspace, "interop-venv", &requirements)
}

pub(super) fn run(venv: &Venv, stage: &Stage) -> Outcome {
    for script in ["python/authlib_client.py", "python/passkeys.py"] {
        let mut command = venv.program("python");
        command.arg(stage.scripts.join(script)).arg("-v");
        run::shown(stage.tell(command.current_dir(&stage.reports)))?;
    }
    Ok(())
}
