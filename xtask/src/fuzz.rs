//! Fuzzing of the firewall: the targets in `fuzz/`, which stands outside the workspace.
//!
//! The compiler's own coverage passes and the `libfuzzer-sys` crate are enough, so that neither a
//! nightly toolchain nor cargo-fuzz is needed.

use std::{fs, path::PathBuf, process::Command};

use clap::Args;

use crate::{
    error::{ChoreError, Outcome},
    install, run,
    workspace::Workspace,
};

const TARGETS: &[&str] = &["rules", "patterns", "bodies", "transformations", "transaction"];
/// The search for requests that take long.
const SLOW: &str = "slow";

/// What tells libFuzzer which branches ran.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                        -Cllvm-args=-sanitizer-coverage-pc-table -Ccodegen-units=1 --cfg fuzzing";

const COMPILER: install::Need = install::Need {
    name: "a C++ compiler",
    packages: &["g++"],
    is_met: || run::find("c++").is_some(),
};

/// What to fuzz, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// `rules`, `patterns`, `bodies`, `transformations`, `transaction`, `slow`; all but `slow`
    /// where none is named
    target: Option<String>,
    /// How long each runs
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// A checkout of the Core Rule Set for `transaction` and `slow`; a few rules without it
    #[arg(long)]
    crs: Option<PathBuf>,
}

impl Options {
    /// What a submission has to pass.
    pub(crate) fn everything() -> Self {
        Self { target: None, seconds: 20, crs: None }
    }
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome {
    let crs = match &options.crs {
        Some(crs) => Some(fs::canonicalize(crs).map_err(ChoreError::path(crs))?),
        None => None,
    };
    let folder = workspace.root().join("fuzz");
    let target = options.target.as_deref();
    if target == Some(SLOW) {
        return slow(folder, options.seconds, crs);
    }
    let chosen: Vec<&str> =
        TARGETS.iter().copied().filter(|name| target.is_none_or(|only| only == *name)).collect();
    if chosen.is_empty() {
        let known = TARGETS.join("`, `");
        return Err(ChoreError::told(format!("expected `{known}` or `{SLOW}`")));
    }
    install::ensure(&[COMPILER])?;
    let host = host(workspace)?;
    // A target of its own keeps the flags from build scripts.
    let mut build = run::cargo(&folder);
    build.args(["build", "--release", "--locked", "--target", &host]).env("RUSTFLAGS", COVERAGE);
    for name in &chosen {
        build.args(["--bin", name]);
    }
    run::shown(&mut build)?;
    for name in chosen {
        let corpus = folder.join("corpus").join(name);
        fs::create_dir_all(&corpus).map_err(ChoreError::path(&corpus))?;
        let mut command =
            Command::new(folder.join("target").join(&host).join("release").join(name));
        command.current_dir(&folder).arg(&corpus);
        command.arg(format!("-max_total_time={}", options.seconds));
        command.args(["-max_len=2048", "-timeout=20", "-print_final_stats=1", "-verbosity=0"]);
        if let Some(crs) = &crs {
            command.env("RINGWALL_CRS", crs);
        }
        run::shown(&mut command)?;
    }
    Ok(())
}

fn slow(folder: PathBuf, seconds: u32, crs: Option<PathBuf>) -> Outcome {
    let mut command = run::cargo(&folder);
    command.args(["run", "--release", "--locked", "--example", SLOW, "--", &seconds.to_string()]);
    if let Some(crs) = crs {
        command.env("RINGWALL_CRS", crs);
    }
    run::shown(&mut command)
}

/// The triple of this machine.
fn host(workspace: &Workspace) -> Outcome<String> {
    let said = run::output(Command::new("rustc").arg("-vV").current_dir(workspace.root()))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| ChoreError::told("rustc does not name its host"))
}
