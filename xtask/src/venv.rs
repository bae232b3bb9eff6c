//! Virtual environments of Python, made anew whenever a pin has changed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    error::{ChoreError, Outcome},
    run,
    workspace::Workspace,
};

/// A virtual environment with what its requirements name.
pub(crate) struct Venv {
    folder: PathBuf,
}

impl Venv {
    /// The environment of this name below the target folder, with everything in these files.
    pub(crate) fn prepare(
        workspace: &Workspace,
        name: &str,
        requirements: &[PathBuf],
    ) -> Outcome<Self> {
        let folder = workspace.target().join(name);
        let mut wanted = run::output(Command::new("python3").arg("--version"))?;
        let mut pip = Command::new(folder.join("bin/pip"));
        // Every dependency is pinned. `fido2` asks for an older `cryptography` than it needs.
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        for path in requirements {
            wanted.push_str(&fs::read_to_string(path).map_err(ChoreError::path(path))?);
            pip.arg("--requirement").arg(path);
        }
        let stamp = folder.join("installed");
        if !is_fresh(&stamp, &wanted) {
            run::shown(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
            run::shown(&mut pip)?;
            fs::write(&stamp, wanted).map_err(ChoreError::path(&stamp))?;
        }
        Ok(Self { folder })
    }

    /// Where a program of the environment is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// One of the environment's programs, told not to litter the source tree.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.path(name));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// Whether what was prepared was made from these very files; `stamp` remembers their text.
pub(crate) fn is_fresh(stamp: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|found| found == wanted)
}
