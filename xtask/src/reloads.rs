//! Many reloads and certificates under load: none may lose a request, and memory must stay what it
//! was. The same test runs with five of them in every run of the tests.

use clap::Args;

use crate::{error::Outcome, run, workspace::Workspace};

/// How many.
#[derive(Args)]
pub(crate) struct Options {
    /// Reloads, each with another certificate
    #[arg(long, default_value_t = 200)]
    count: u32,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome {
    let mut test = run::cargo(workspace.root());
    test.env("RINGWALL_TEST_RELOADS", options.count.to_string());
    test.args(["test", "--workspace", "--test", "it", "reload_load::", "--", "--nocapture"]);
    run::shown(&mut test)?;
    Ok(())
}
