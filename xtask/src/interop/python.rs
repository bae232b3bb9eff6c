//! The Python clients' environment, with `authlib` and an authenticator in it.

use std::{fs, path::PathBuf, process::Command};

use super::{Stage, is_fresh, scripts};
use crate::{
    error::{ChoreError, Outcome},
    run,
    workspace::Workspace,
};

const REQUIREMENTS: &[&str] = &["python/requirements.txt", "schemathesis/requirements.txt"];

/// A virtual environment with every Python client.
pub(super) struct Venv {
    folder: PathBuf,
}

/// Makes the environment anew whenever a pin has changed.
pub(super) fn prepare(workspace: &Workspace) -> Outcome<Venv> {
    let folder = workspace.target().join("interop-venv");
    let mut wanted = run::output(Command::new("python3").arg("--version"))?;
    let mut pip = Command::new(folder.join("bin/pip"));
    // Every dependency is pinned. `fido2` asks for an older `cryptography` than it needs.
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    for name in REQUIREMENTS {
        let path = scripts(workspace).join(name);
        wanted.push_str(&fs::read_to_string(&path).map_err(ChoreError::path(&path))?);
        pip.arg("--requirement").arg(path);
    }
    let stamp = folder.join("installed");
    if !is_fresh(&stamp, &wanted) {
        run::shown(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        run::shown(&mut pip)?;
        fs::write(&stamp, wanted).map_err(ChoreError::path(&stamp))?;
    }
    Ok(Venv { folder })
}

impl Venv {
    /// One of the environment's programs, told not to litter the source tree.
    pub(super) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join("bin").join(name));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    pub(super) fn run(&self, stage: &Stage) -> Outcome {
        for script in ["python/authlib_client.py", "python/passkeys.py"] {
            let mut command = self.program("python");
            command.arg(stage.scripts.join(script)).arg("-v");
            run::shown(stage.tell(command.current_dir(&stage.reports)))?;
        }
        Ok(())
    }
}
