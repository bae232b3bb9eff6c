//! Arguments of `ringwall db`.

use clap::{Args, Subcommand};

use super::ConfigArgs;

/// What to do with the database schema.
#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Bring the schema up to date
    #[command(after_help = MIGRATE_HELP)]
    Migrate(ConfigArgs),
    /// Say which migrations were applied and which are missing
    #[command(after_help = STATUS_HELP)]
    Status(ConfigArgs),
    /// Fill the database with two tenants and made-up data, and show their secrets once, in JSON
    #[command(after_help = DEMO_HELP)]
    Demo(DemoArgs),
}

/// What to fill.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Give up when standard input ends
    #[arg(long, hide = true)]
    pub(crate) tied: bool,
}

const DEMO_HELP: &str = "\
`ringwall serve --demo` does so by itself. What is there already stays as it is, and shows no
secret again.

Examples:
  ringwall db demo --config ringwall.toml

Exit codes:
  0  both tenants are there
  1  the database failed; a tenant is there whole or not at all
  2  the configuration or the command line is wrong";

const MIGRATE_HELP: &str = "\
On PostgreSQL this needs the owner of the schema, not the role that requests run under.

Examples:
  ringwall db migrate --config ringwall.toml

Exit codes:
  0  up to date
  1  a migration failed
  2  the configuration or the command line is wrong";

const STATUS_HELP: &str = "\
Examples:
  ringwall db status --config ringwall.toml

Exit codes:
  0  up to date
  1  migrations are missing, or the database cannot be reached
  2  the configuration or the command line is wrong";
