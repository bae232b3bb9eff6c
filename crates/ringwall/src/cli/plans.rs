//! Arguments of `ringwall plans`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ConfigArgs;

/// What to do about usage plans.
#[derive(Debug, Subcommand)]
pub(crate) enum PlansCommand {
    /// List the usage plans of all agencies, or of one
    List(ListArgs),
    /// Show a usage plan: its rules, and who has it
    Show(ShowArgs),
    /// Write a usage plan down
    Create(CreateArgs),
    /// Replace a usage plan's name or rules
    Update(UpdateArgs),
    /// Delete a usage plan that nobody has
    Delete(DeleteArgs),
    /// Give a client or an API key a usage plan, in place of the one that it had
    Assign(AssignArgs),
    /// Take a usage plan from a client or an API key
    Unassign(AssignArgs),
}

/// Whose plans.
#[derive(Debug, Args)]
#[command(after_help = LIST_HELP)]
pub(crate) struct ListArgs {
    /// Of this agency only
    #[arg(long, value_name = "SLUG")]
    pub(crate) tenant: Option<String>,
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Which plan.
#[derive(Debug, Args)]
#[command(after_help = SHOW_HELP)]
pub(crate) struct ShowArgs {
    /// Its id, `plan_` and 26 characters
    #[arg(value_name = "PLAN")]
    pub(crate) plan: String,
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// A plan to write down.
#[derive(Debug, Args)]
#[command(after_help = CREATE_HELP)]
pub(crate) struct CreateArgs {
    /// The agency
    #[arg(long, value_name = "SLUG")]
    pub(crate) tenant: String,
    /// What its administrators call it; once in an agency
    #[arg(long)]
    pub(crate) name: String,
    /// File with its rules, the JSON list that `POST /v1/usage-plans` takes; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: PathBuf,
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// A plan to change.
#[derive(Debug, Args)]
#[command(after_help = UPDATE_HELP)]
#[group(required = true, multiple = true, args = ["name", "rules"])]
pub(crate) struct UpdateArgs {
    /// Its id, `plan_` and 26 characters
    #[arg(value_name = "PLAN")]
    pub(crate) plan: String,
    /// Another name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// File with other rules, all of them; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// A plan to delete.
#[derive(Debug, Args)]
#[command(after_help = DELETE_HELP)]
pub(crate) struct DeleteArgs {
    /// Its id, `plan_` and 26 characters
    #[arg(value_name = "PLAN")]
    pub(crate) plan: String,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

/// Who gets or loses a plan.
#[derive(Debug, Args)]
#[command(after_help = ASSIGN_HELP)]
pub(crate) struct AssignArgs {
    /// Its id, `plan_` and 26 characters
    #[arg(value_name = "PLAN")]
    pub(crate) plan: String,
    /// The id of a client or an API key
    #[arg(value_name = "WHO", value_parser = subject)]
    pub(crate) subject: String,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

fn subject(text: &str) -> Result<String, String> {
    match ["pc_", "key_"].iter().any(|prefix| text.starts_with(prefix)) {
        true => Ok(text.to_owned()),
        false => Err("expected an id that begins with `pc_` or `key_`".to_owned()),
    }
}

const LIST_HELP: &str = "\
Works beside a running server.

Examples:
  ringwall plans list
  ringwall plans list --tenant acme --json";

const SHOW_HELP: &str = "\
Examples:
  ringwall plans show plan_01kas8w25wfq0a9b9rdv8y7k5m
  ringwall plans show plan_01kas8w25wfq0a9b9rdv8y7k5m --json";

const CREATE_HELP: &str = "\
A rule is one of four: `max` in any `window_s` seconds; `max` for each `per`, a day, week or month
in `zone`; `per_second` with `burst`; or `at_once`, on each node. What cannot be meant is not taken,
with every fault.

Examples:
  echo '[{\"name\": \"daily\", \"max\": 10000, \"per\": \"day\"}]' > basic.json
  ringwall plans create --tenant acme --name Basic --rules basic.json";

const UPDATE_HELP: &str = "\
Every node follows within two seconds; what was counted stays counted.

Examples:
  ringwall plans update plan_01kas8w25wfq0a9b9rdv8y7k5m --rules basic.json
  ringwall plans update plan_01kas8w25wfq0a9b9rdv8y7k5m --name Premium --json";

const DELETE_HELP: &str = "\
Take it from its assignees first: `ringwall plans show` names them.

Examples:
  ringwall plans delete plan_01kas8w25wfq0a9b9rdv8y7k5m";

const ASSIGN_HELP: &str = "\
Every node follows within two seconds. A key without a plan of its own has that of its client.

Examples:
  ringwall plans assign plan_01kas8w25wfq0a9b9rdv8y7k5m pc_8f3kq2m1zdy2y2ye
  ringwall plans unassign plan_01kas8w25wfq0a9b9rdv8y7k5m pc_8f3kq2m1zdy2y2ye";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_id_of_a_caller_is_refused() {
        for text in ["", "everybody", "usr_x", "203.0.113.9"] {
            assert!(subject(text).is_err(), "{text}");
        }
        assert_eq!(subject("pc_x"), Ok("pc_x".to_owned()));
    }
}
