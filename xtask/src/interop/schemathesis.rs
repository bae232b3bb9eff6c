//! Schemathesis walks every operation of our OpenAPI document, with all its checks.

use std::env;

use super::{Stage, Told, python::Venv};
use crate::{error::Outcome, run};

/// Raises the number of examples for an operation; the default keeps the whole walk to minutes.
const EXAMPLES: &str = "RINGWALL_INTEROP_EXAMPLES";
const EXAMPLES_DEFAULT: &str = "8";

/// As a partner, and as somebody without any credentials.
pub(super) fn run(stage: &Stage, venv: &Venv) -> Vec<Told> {
    vec![
        Told::of("schemathesis as partner", walk(stage, venv, "partner")),
        Told::of("schemathesis as stranger", walk(stage, venv, "stranger")),
    ]
}

fn walk(stage: &Stage, venv: &Venv, role: &str) -> Outcome {
    let folder = stage.scripts.join("schemathesis");
    let examples = env::var(EXAMPLES).unwrap_or_else(|_| EXAMPLES_DEFAULT.to_owned());
    let mut command = venv.program("schemathesis");
    command
        .current_dir(&stage.reports)
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", &format!("{}/openapi.json", stage.url), "--max-examples", &examples])
        .args(["--report", "junit", "--report-junit-path", &format!("schemathesis-{role}.xml")])
        .env("RINGWALL_HOOKS", folder.join("hooks.py"))
        .env("RINGWALL_ROLE", role);
    run::shown(stage.tell(&mut command))
}
