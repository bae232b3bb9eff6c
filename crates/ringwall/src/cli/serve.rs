//! Arguments of `ringwall serve`.

use std::path::PathBuf;

use clap::Args;

use super::{ConfigArgs, push_flag};
use crate::config::Layers;

/// How to serve.
#[derive(Clone, Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct ServeArgs {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Fill an empty database with two tenants and made-up data, and show their secrets once
    #[arg(long)]
    pub(crate) demo: bool,
    /// Address and port for the API over TLS; port 0 takes a free one [default: 127.0.0.1:8443]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Address and port for metrics and health [default: 127.0.0.1:8444]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) admin_listen: Option<String>,
    /// Address and port of plain HTTP that only redirects to https [default: none]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) plain_listen: Option<String>,
    /// Write this file once requests are accepted: JSON with URLs and, with --demo, secrets
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

impl ServeArgs {
    /// The layers that these arguments and this process's environment make.
    #[must_use]
    pub(crate) fn layers(&self) -> Layers {
        let mut layers = self.config.layers();
        push_flag(&mut layers, "--listen", "server.listen", self.listen.as_ref());
        push_flag(&mut layers, "--admin-listen", "server.admin_listen", self.admin_listen.as_ref());
        push_flag(&mut layers, "--plain-listen", "server.plain_listen", self.plain_listen.as_ref());
        layers
    }
}

const HELP: &str = "\
The first start makes the data directory, a local certificate authority, a sealed keyring and an
SQLite database, and says where they are. SIGTERM or Ctrl-C stops it when the requests in flight
are done.

Examples:
  Try it:
    ringwall serve --demo
  On all addresses, from a configuration file:
    ringwall serve --config ringwall.toml --listen 0.0.0.0:443
  In a test, on free ports:
    ringwall serve --demo --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --ready-file ready.json

Exit codes:
  0  stopped when asked to
  1  could not start for another reason, or failed
  2  the configuration or the command line is wrong";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use crate::config::Loaded;

    #[test]
    fn the_help_tells_the_defaults_of_the_configuration() {
        let server = Loaded::read(&Default::default()).unwrap().config.server;
        let mut cli = Cli::command();
        let help = cli.find_subcommand_mut("serve").unwrap().render_help().to_string();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");

        assert!(help.contains(&format!("[default: {}]", server.listen)), "{help}");
        assert!(help.contains(&format!("[default: {}]", server.admin_listen)), "{help}");
        assert!(help.contains(&format!("[default: {}]", server.data_dir.display())), "{help}");
    }
}
