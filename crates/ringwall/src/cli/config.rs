//! `ringwall config`: check and show the configuration.

use clap::{Args, Subcommand};

use super::ConfigArgs;
use super::exit::{Failure, print};
use crate::check;
use crate::config::{DEFAULT, Loaded};

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say that the configuration is in order, or list everything that is wrong
    #[command(after_help = CHECK_HELP)]
    Check(ConfigArgs),
    /// Print the configuration that holds, each key with where it comes from
    #[command(after_help = SHOW_HELP)]
    Show(ShowArgs),
}

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Print the annotated default instead: every key, its meaning, unit and range
    #[arg(long, conflicts_with_all = ["config", "data_dir"])]
    pub(crate) default: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Runs the command.
///
/// # Errors
/// When the configuration is wrong.
pub(crate) fn run(command: &ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check(args) => {
            let loaded = check::examine(&args.layers())?;
            let waiting = loaded.set_until_restart();
            let reloaded = match waiting.as_slice() {
                [] => "`ringwall reload` puts all of it in force\n".to_owned(),
                keys => format!("these keys need a restart to change: {}\n", keys.join(", ")),
            };
            print(&format!("the configuration is in order\n{reloaded}"))
        }
        ConfigCommand::Show(args) if args.default => print(DEFAULT),
        ConfigCommand::Show(args) => print(&Loaded::read(&args.config.layers())?.show()),
    }
}

const CHECK_HELP: &str = "\
Checks every key of every layer, that references to secrets lead to one, the files that are named,
and rules, lists and exclusions against the API's contract. Connects nowhere. Names the keys that
are set and that `ringwall reload` does not put in force.

Examples:
  ringwall config check
  ringwall config check --config ringwall.toml

Exit codes:
  0  in order
  2  wrong; all errors are listed, each with its key and where it stands";

const SHOW_HELP: &str = "\
Secrets are shown as the references that they are configured by. The output is a configuration
file itself.

Examples:
  ringwall config show --config ringwall.toml
  ringwall config show --default > ringwall.toml";
