//! Arguments of `ringwall db`.

use clap::Subcommand;

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
}

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
