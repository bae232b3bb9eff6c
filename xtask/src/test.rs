//! Every test, with what it needs: databases, a runner, third-party clients.

use std::process::Command;

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::{
    error::{ChoreError, Outcome},
    install, interop, run,
    services::Services,
    workspace::Workspace,
};

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
    if run::find("cargo-nextest").is_some() {
        run::shown(told(&services, &mut api_tests(workspace)?))?;
        tests.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
        tests.args(["-E", &format!("not binary_id({API_TESTS})")]);
    } else {
        tests.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
    }
    run::shown(told(&services, &mut tests))?;
    if options.skip.contains(&Part::Interop) {
        return Ok(());
    }
    interop::run(workspace, &interop::Options::everything())
}

/// With what tests ask for. The API's own tests are its ordinary traffic: the packaged rules shall
/// refuse none of it.
fn told<'c>(services: &Services, tests: &'c mut Command) -> &'c mut Command {
    tests.env("RINGWALL_TEST_RULES", install::RULE_FILES.join(":"));
    services.tell(tests)
}

/// The API's own tests, all in one process: each needs the compiled contract, which costs a process
/// twice the time of an average test.
fn api_tests(workspace: &Workspace) -> Outcome<Command> {
    let mut list = run::cargo(workspace.root());
    list.args(["nextest", "list", "--workspace", "--list-type", "binaries-only"]);
    let listed = run::output(list.args(["--message-format", "json"]))?;
    let listed: Value =
        serde_json::from_str(&listed).map_err(|error| ChoreError::told(error.to_string()))?;
    let path = listed.pointer(&format!("/rust-binaries/{API_TESTS}/binary-path"));
    let path = path.and_then(Value::as_str);
    let path = path.ok_or_else(|| ChoreError::told(format!("there is no binary {API_TESTS}")))?;
    let mut tests = Command::new(path);
    tests.current_dir(workspace.root().join("crates/api"));
    Ok(tests)
}

/// As cargo-nextest calls them.
const API_TESTS: &str = "api::it";
