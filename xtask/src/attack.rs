//! Attacks on the edge of the running binary, and a well-behaved client beside each: its p99 must
//! stay below a bound, and no request of it fail.
//!
//! Attackers and the client come from addresses of their own by the PROXY protocol: those of this
//! machine are exempt from the limits that are to be shown.

use std::path::PathBuf;

use clap::Args;

use crate::{
    error::{ChoreError, Outcome},
    install,
    interop::{self, Stage},
    run,
    server::Server,
    workspace::Workspace,
};

/// Which attacks, and what the client must not feel.
#[derive(Args)]
pub(crate) struct Options {
    /// Which attacks, by their names in the table; without any: all
    attacks: Vec<String>,
    /// A binary that is built already; without: the release build, which is what people run
    #[arg(long)]
    binary: Option<PathBuf>,
    /// In so many milliseconds 99 of 100 requests of the client must be answered
    #[arg(long, default_value_t = 50)]
    p99_ms: u32,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome {
    install::ensure(&[install::PYTHON])?;
    let binary = match &options.binary {
        Some(binary) => binary.canonicalize().map_err(ChoreError::path(binary))?,
        None => run::release(workspace)?,
    };
    let folder = workspace.target_folder("attack")?.join("demo");
    let mut serve = std::process::Command::new(&binary);
    serve
        .env("RINGWALL__GATE__PROXY_PROTOCOL_FROM", r#"["127.0.0.1"]"#)
        .env("RINGWALL__TELEMETRY__ACCESS_LOG", "off");
    let server = Server::start(serve, &folder)?;
    let stage = Stage::of(workspace, &server, binary)?;
    let mut attack = std::process::Command::new("python3");
    attack
        .arg(interop::scripts(workspace).join("attack/edge.py"))
        .args(&options.attacks)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("P99_MS", options.p99_ms.to_string())
        .env("RINGWALL_PID", server.pid().to_string());
    run::shown(stage.tell(&mut attack)).and(server.stop())
}
