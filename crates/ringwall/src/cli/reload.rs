//! Arguments of `ringwall reload`.

use clap::Args;

use super::ConfigArgs;

/// Which server.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct ReloadArgs {
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

const HELP: &str = "\
Sends SIGHUP to the server of the data directory and waits for what comes of it. The server reads
the layers that it was started with. Firewall rules, address lists and the certificate are read
again too. Nothing changes if anything is wrong, and no request is lost.

Examples:
  ringwall reload
  ringwall reload --config /etc/ringwall.toml --json

Exit codes:
  0  in force; keys that changed and need a restart are named
  1  the server refused, and serves as before; or no server serves from the data directory
  2  the configuration is wrong; the server was not asked";
