//! Schemathesis walks every operation of our OpenAPI document, with all its checks.

use std::{env, fs::File, io, thread};

use super::{Stage, Told};
use crate::{
    error::{ChoreError, Outcome},
    run,
    venv::Venv,
};

/// Raises the number of examples for an operation; the default keeps the whole walk to minutes.
const EXAMPLES: &str = "RINGWALL_INTEROP_EXAMPLES";
const EXAMPLES_DEFAULT: &str = "8";

/// As a partner, and as somebody without any credentials: both at once, because either waits for
/// the server half of the time.
pub(super) fn run(stage: &Stage, venv: &Venv) -> Vec<Told> {
    let [partner, stranger] = thread::scope(|scope| {
        let walks = ["partner", "stranger"].map(|role| scope.spawn(|| walk(stage, venv, role)));
        walks.map(|walk| walk.join().unwrap_or_else(|_| Err(ChoreError::told("the walk panicked"))))
    });
    vec![
        Told::of("schemathesis as partner", partner),
        Told::of("schemathesis as stranger", stranger),
    ]
}

fn walk(stage: &Stage, venv: &Venv, role: &str) -> Outcome {
    let folder = stage.scripts.join("schemathesis");
    let examples = env::var(EXAMPLES).unwrap_or_else(|_| EXAMPLES_DEFAULT.to_owned());
    let said = stage.reports.join(format!("schemathesis-{role}.log"));
    let out = File::create(&said).map_err(ChoreError::path(&said))?;
    let err = out.try_clone().map_err(ChoreError::path(&said))?;
    let mut command = venv.program("schemathesis");
    command
        .current_dir(&stage.reports)
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", &format!("{}/openapi.json", stage.url), "--max-examples", &examples])
        .args(["--report", "junit", "--report-junit-path", &format!("schemathesis-{role}.xml")])
        .env("RINGWALL_HOOKS", folder.join("hooks.py"))
        .env("RINGWALL_ROLE", role)
        .stdout(out)
        .stderr(err);
    let outcome = run::shown(stage.tell(&mut command));
    // Whole, and not between the other's lines.
    let mut said = File::open(&said).map_err(ChoreError::path(&said))?;
    io::copy(&mut said, &mut io::stderr().lock()).map_err(ChoreError::path("standard error"))?;
    outcome
}
