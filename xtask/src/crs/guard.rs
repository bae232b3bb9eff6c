//! The firewall under test: the proxy of the binary, or the engine's example.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::Options;
use crate::{
    background::Background,
    error::{ChoreError, Outcome},
    run, wait,
    workspace::Workspace,
};

/// Compiling the rules in a debug build takes its time.
const START_WITHIN: Duration = Duration::from_secs(180);

/// A running firewall; killed when it is dropped.
pub(super) struct Guard {
    _program: Background,
    address: SocketAddr,
}

impl Guard {
    pub(super) fn start(
        workspace: &Workspace,
        options: &Options,
        rules: &[PathBuf],
        upstream: SocketAddr,
        log: &Path,
    ) -> Outcome<Self> {
        let mut command = program(workspace, options)?;
        command
            .arg("--rules")
            .args(rules)
            .args(["--listen", "127.0.0.1:0", "--log-only", "--upstream"])
            .arg(format!("http://{upstream}"))
            .arg("--match-log")
            .arg(log);
        let told = log.with_extension("out");
        let mut program = Background::start(&mut command, &told)?;
        let address = wait::until(START_WITHIN, "the firewall's address", || {
            let text = fs::read_to_string(&told).map_err(ChoreError::path(&told))?;
            match address(&text) {
                None if program.has_ended()? => {
                    Err(ChoreError::told(format!("the firewall ended: {text}")))
                }
                found => Ok(found),
            }
        })?;
        Ok(Self { _program: program, address })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

fn program(workspace: &Workspace, options: &Options) -> Outcome<Command> {
    let mut command = if options.engine {
        let mut build = run::cargo(workspace.root());
        run::shown(build.args(["build", "--release", "-p", "firewall", "--example", "proxy"]))?;
        Command::new(workspace.target().join("release/examples/proxy"))
    } else if let Some(binary) = &options.binary {
        Command::new(binary)
    } else {
        run::shown(run::cargo(workspace.root()).args(["build", "-p", "ringwall"]))?;
        Command::new(workspace.target().join("debug/ringwall"))
    };
    if !options.engine {
        command.args(["firewall", "proxy"]);
    }
    Ok(command)
}

/// `guarding http://… at http://127.0.0.1:4711`.
fn address(told: &str) -> Option<SocketAddr> {
    let line = told.lines().find(|line| line.starts_with("guarding "))?;
    line.rsplit_once("://")?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_what_the_firewall_says() {
        assert_eq!(address("compiling\n"), None);
        let told = "warning\nguarding http://127.0.0.1:1 at http://127.0.0.1:4711\n";
        assert_eq!(address(told), "127.0.0.1:4711".parse().ok());
    }
}
