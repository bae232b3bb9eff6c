//! Scanners that others wrote, against the running binary's edge: TLS by `sslyze` and `testssl.sh`,
//! HTTP/2 by `h2spec`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use clap::{Args, ValueEnum};

use crate::{
    error::{ChoreError, Outcome},
    interop::{self, Stage, Told},
    run,
    server::Server,
    workspace::Workspace,
};

mod h2spec;
pub(crate) mod sslyze;
mod testssl;

/// Which scanners, against what.
#[derive(Args)]
pub(crate) struct Options {
    /// Which scanners; without any: all that are there
    #[arg(value_enum)]
    scanners: Vec<Scanner>,
    /// A binary that is built already; without: the release build, which is what people run
    #[arg(long)]
    binary: Option<PathBuf>,
    /// The program `h2spec`, which no registry packages: build it from github.com/summerwind/h2spec
    #[arg(long)]
    h2spec: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scanner {
    /// Mozilla's guidelines; seconds
    Sslyze,
    /// Nothing graver than `LOW`; minutes
    Testssl,
    /// Every case of HTTP/2 and HPACK; needs `--h2spec`
    H2spec,
}

/// How the edge is set up.
#[derive(Clone, Copy)]
pub(crate) struct Stance {
    pub(crate) tls12: bool,
    /// Which of Mozilla's configurations it must meet.
    pub(crate) mozilla: &'static str,
}

/// As it comes, and as lenient as it can be made.
pub(crate) const STANCES: [Stance; 2] =
    [Stance { tls12: false, mozilla: "modern" }, Stance { tls12: true, mozilla: "intermediate" }];

impl Stance {
    /// A server that is set up so, in a folder of its own.
    pub(crate) fn serve(
        self,
        workspace: &Workspace,
        binary: &Path,
        folder: &str,
    ) -> Outcome<(Server, Stage)> {
        let mut command: Command = interop::serve(binary);
        command.env("RINGWALL__TLS__CLIENT_CERTIFICATES", "off");
        command.env("RINGWALL__TLS__TLS12", self.tls12.to_string());
        let server = Server::start(command, &workspace.target_folder(folder)?.join("demo"))?;
        let stage = Stage::of(workspace, &server, binary.to_owned())?;
        Ok((server, stage))
    }
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome {
    let binary = match &options.binary {
        Some(binary) => binary.canonicalize().map_err(ChoreError::path(binary))?,
        None => run::release(workspace)?,
    };
    let is_wanted = |scanner| options.scanners.is_empty() || options.scanners.contains(&scanner);
    let mut told = Vec::new();
    if is_wanted(Scanner::Sslyze) {
        let venv = sslyze::prepare(workspace)?;
        told.extend(sslyze::run(workspace, &venv, &binary));
    }
    if is_wanted(Scanner::Testssl) {
        told.extend(testssl::run(workspace, &binary)?);
    }
    let is_named = options.scanners.contains(&Scanner::H2spec);
    match &options.h2spec {
        Some(program) if is_wanted(Scanner::H2spec) => {
            told.push(Told::of("h2spec", h2spec::run(workspace, program, &binary)));
        }
        None if is_named => {
            return Err(ChoreError::told("no registry has h2spec: `--h2spec PROGRAM`"));
        }
        _ => {}
    }
    interop::close("scan", &told)
}

/// `host:port` of a URL.
fn authority(url: &str) -> &str {
    url.trim_start_matches("https://").trim_end_matches('/')
}
