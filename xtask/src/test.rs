//! Every test, with what it needs: databases, a runner, third-party clients.

use clap::{Args, ValueEnum};

use crate::{error::Outcome, install, interop, run, services::Services, workspace::Workspace};

/// What to leave out.
#[derive(Args)]
pub(crate) struct Options {
    /// Leaves a part out, for a quicker loop
    #[arg(long, value_enum)]
    skip: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Third-party clients against the running binary
    Interop,
    /// Examples in the documentation
    Doc,
}

impl Options {
    /// Nothing is left out.
    pub(crate) fn everything() -> Self {
        Self { skip: Vec::new() }
    }
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome {
    install::ensure(&[install::RULES])?;
    let services = Services::ensure(workspace)?;
    // First, so that the last line of the run is the count of the tests and not of the examples.
    if !options.skip.contains(&Part::Doc) {
        let mut examples = run::cargo(workspace.root());
        run::shown(services.tell(examples.args(["test", "--doc", "--workspace"])))?;
    }
    let mut tests = run::cargo(workspace.root());
    // The API's own tests are its ordinary traffic: the packaged rules shall refuse none of it.
    tests.env("RINGWALL_TEST_RULES", install::RULE_FILES.join(":"));
    if run::find("cargo-nextest").is_some() {
        tests.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        tests.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
    }
    run::shown(services.tell(&mut tests))?;
    if options.skip.contains(&Part::Interop) {
        return Ok(());
    }
    interop::run(workspace, &interop::Options::everything())
}
