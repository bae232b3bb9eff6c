//! `ringwall firewall`: the rule engine without the API.

mod bench;
mod check;
mod explain;
mod proxy;
mod replay;

use std::path::Path;
use std::sync::Arc;

use firewall::{Mode, Ruleset};
use gate::Contract;
use gate::inspection::{self, Inspector, Recorded, Text};
use kernel::SystemClock;

use crate::cli::exit::Failure;
use crate::cli::firewall::{FirewallCommand, RuleArgs};

/// Runs the command.
///
/// # Errors
/// When rules do not compile, or what the command needs is not there.
pub(crate) fn run(command: &FirewallCommand) -> Result<(), Failure> {
    match command {
        FirewallCommand::Proxy(args) => proxy::run(args),
        FirewallCommand::Check(args) => check::run(args),
        FirewallCommand::Explain(args) => explain::run(args),
        FirewallCommand::Bench(args) => bench::run(args),
        FirewallCommand::Replay(args) => replay::run(args),
    }
}

/// The rules that the arguments name; ours where they name none.
fn rules(args: &RuleArgs) -> Result<Ruleset, Failure> {
    let ours = args.baseline || args.rules.is_empty();
    let before = if ours { inspection::baseline_alone() } else { Vec::new() };
    inspection::load(before, &args.rules).map_err(|error| Failure::because(&error))
}

/// Who judges running text: our rules alone, where they are among the rules.
fn text(args: &RuleArgs) -> Text {
    let ours = args.baseline || args.rules.is_empty();
    if ours { Text::ByOurRules } else { Text::ByAllRules }
}

fn contract(path: Option<&Path>) -> Result<Option<Arc<Contract>>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let read = Contract::from_file(path).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::Failed(lines.join("\n"))
    });
    read.map(|contract| Some(Arc::new(contract)))
}

/// An inspector that refuses, and knows the contract where there is one.
fn inspector(
    rules: Ruleset,
    contract: Option<&Arc<Contract>>,
    text: Text,
) -> Result<Inspector, Failure> {
    let inspector = Inspector::new(rules, Arc::new(SystemClock), Some(Mode::On));
    match contract {
        None => Ok(inspector),
        Some(contract) => {
            let knowing = inspector.with_contract(Arc::clone(contract), Some(text), Vec::new());
            knowing.map_err(|error| Failure::because(&error))
        }
    }
}

fn requests(text: &[u8]) -> Result<Vec<Recorded>, Failure> {
    Recorded::read_all(text).map_err(|error| Failure::because(&error))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::Failed(format!("cannot read `{}`: {error}", path.display())))
}
