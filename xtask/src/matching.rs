//! Measures the matcher on public collections, which are not in the repository.

use std::path::PathBuf;

use clap::Args;

use crate::{error::Outcome, run, workspace::Workspace};

/// On what.
#[derive(Args)]
pub(crate) struct Options {
    /// A folder with TalentCLEF task A sets and the skill-extraction benchmark anywhere below
    #[arg(long)]
    data: PathBuf,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome {
    let data = std::path::absolute(&options.data);
    let data = data.map_err(crate::error::ChoreError::path(&options.data))?;
    let mut command = run::cargo(workspace.root());
    command.args(["run", "--release", "-p", "matching", "--example", "evaluate", "--"]).arg(data);
    run::shown(&mut command)
}
