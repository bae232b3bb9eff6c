//! Proofs of what the policies say: `prover/`, which stands outside the workspace.
//!
//! The symbolic compiler turns policies into formulas, and cvc5 looks for a request that breaks a
//! claim. PyPI has cvc5 for every platform, as a library; `prover/solver.py` makes a program of it.

use crate::{error::Outcome, install, run, venv::Venv, workspace::Workspace};

pub(crate) fn run(workspace: &Workspace) -> Outcome {
    install::ensure(&[install::PYTHON])?;
    let folder = workspace.root().join("prover");
    let venv = Venv::prepare(workspace, "prover-venv", &[folder.join("requirements.txt")])?;
    let mut command = run::cargo(&folder);
    command.args(["run", "--quiet", "--locked", "--"]).arg(venv.path("python"));
    run::shown(command.env("PYTHONDONTWRITEBYTECODE", "1"))
}
