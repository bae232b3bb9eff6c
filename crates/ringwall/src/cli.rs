//! The command line.

pub(crate) mod admin;
pub(crate) mod bans;
pub(crate) mod bulk;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod db;
pub(crate) mod exit;
pub(crate) mod firewall;
pub(crate) mod keys;
pub(crate) mod plans;
pub(crate) mod reference;
pub(crate) mod reload;
pub(crate) mod serve;

use std::path::PathBuf;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{Args, Parser, Subcommand};

use crate::config::{Flag, Layers};

/// Remote Staffing API inside its rings of defence
#[derive(Debug, Parser)]
#[command(name = "ringwall", version, styles = STYLES, after_help = HELP, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API over HTTPS
    Serve(serve::ServeArgs),
    /// Put the configuration in force in a running server
    Reload(reload::ReloadArgs),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Administer tenants and partners
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// See, place and lift bans
    #[command(subcommand)]
    Bans(bans::BansCommand),
    /// See, write and assign usage plans
    #[command(subcommand)]
    Plans(plans::PlansCommand),
    /// See and rotate the keys that sign access tokens
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Look after the database schema
    #[command(subcommand)]
    Db(db::DbCommand),
    /// Run, check and time firewall rules
    #[command(subcommand)]
    Firewall(firewall::FirewallCommand),
    /// Import candidates from a file through a running server
    Import(bulk::ImportArgs),
    /// Export candidates to a file through a running server
    Export(bulk::ExportArgs),
    /// Print completions for a shell
    Completions(completions::CompletionsArgs),
    /// Write the reference pages
    #[command(hide = true)]
    Reference(reference::ReferenceArgs),
}

/// Where the configuration comes from; the same for all commands that need one.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ConfigArgs {
    /// Configuration file; `ringwall config show --default` prints one to start from
    #[arg(long, value_name = "FILE", env = "RINGWALL_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Directory for database, keys and certificates [default: ./ringwall-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<String>,
}

impl ConfigArgs {
    /// The layers that these arguments and this process's environment make.
    #[must_use]
    pub(crate) fn layers(&self) -> Layers {
        let mut layers = Layers {
            file: self.config.clone(),
            environment: std::env::vars_os().collect(),
            flags: Vec::new(),
        };
        push_flag(&mut layers, "--data-dir", "server.data_dir", self.data_dir.as_ref());
        layers
    }
}

fn push_flag(layers: &mut Layers, name: &'static str, key: &'static str, value: Option<&String>) {
    layers.flags.extend(value.map(|value| Flag { name, key, value: value.clone() }));
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const HELP: &str = "\
Examples:
  Try it with two tenants, made-up data and a certificate of its own:
    ringwall serve --demo
  Start from an annotated configuration:
    ringwall config show --default > ringwall.toml
    ringwall config check --config ringwall.toml
    ringwall serve --config ringwall.toml

Every key of the configuration can be set in the environment:
  RINGWALL__GATE__HEADER_TIMEOUT_MS=5000 ringwall serve

Exit codes:
  0  it worked
  1  it failed; the reason is on standard error
  2  the configuration or the command line is wrong";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// All commands, the outermost first.
    fn all(command: &clap::Command) -> Vec<clap::Command> {
        let mut commands = vec![command.clone()];
        commands.extend(command.get_subcommands().flat_map(all));
        commands
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_example_of_the_help_is_understood() {
        let commands = all(&Cli::command());
        let texts = commands.iter().filter_map(clap::Command::get_after_help);
        let texts: Vec<String> = texts.map(ToString::to_string).collect();
        let examples: Vec<&str> = texts
            .iter()
            .flat_map(|text| text.lines())
            .filter_map(|line| line.trim().strip_prefix("ringwall "))
            .collect();

        assert!(examples.len() >= 8, "{examples:?}");
        for example in examples {
            let words = words(example.split(" >").next().unwrap());
            let parsed = Cli::try_parse_from(std::iter::once("ringwall".to_owned()).chain(words));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
        }
    }

    /// Splits at spaces outside of quotes, as a shell does.
    fn words(line: &str) -> Vec<String> {
        let parts = line.split('"').enumerate();
        parts
            .flat_map(|(at, part)| match at % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect()
    }

    #[test]
    fn every_command_that_is_run_has_examples_or_stands_with_others() {
        for command in all(&Cli::command()) {
            let is_leaf = command.get_subcommands().next().is_none();
            let is_plain = !is_leaf || command.is_hide_set() || command.get_name() == "help";
            assert!(is_plain || command.get_after_help().is_some(), "{}", command.get_name());
        }
    }

    #[test]
    fn flags_reach_the_configuration_under_their_names() {
        let cli = Cli::try_parse_from(["ringwall", "serve", "--listen", "x", "--data-dir", "d"]);
        let Command::Serve(serve) = cli.unwrap().command else { panic!("it is serve") };

        let flags = serve.layers().flags;

        let told: Vec<_> = flags.iter().map(|flag| (flag.name, flag.key)).collect();
        assert_eq!(told, [("--data-dir", "server.data_dir"), ("--listen", "server.listen")]);
    }
}
