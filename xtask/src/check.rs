//! What can be said about the source without running it.

use crate::{
    deny,
    error::{ChoreError, Outcome},
    run, tidy,
    workspace::Workspace,
};

/// Runs every check, also after one has failed, so that one round shows everything.
pub(crate) fn run(workspace: &Workspace) -> Outcome {
    let root = workspace.root();
    let outcomes = [
        run::shown(run::cargo(root).args(["fmt", "--all", "--check"])),
        tidy::run(workspace),
        deny::check(workspace),
        run::shown(run::cargo(root).args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ])),
        run::shown(
            run::cargo(root)
                .args(["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        ),
    ];
    let failures: Vec<ChoreError> = outcomes.into_iter().filter_map(Result::err).collect();
    if failures.is_empty() {
        eprintln!("\ncheck: clean");
        return Ok(());
    }
    let lines: Vec<String> = failures.iter().map(|failure| format!("  {failure}")).collect();
    Err(ChoreError::told(format!("check found faults:\n{}", lines.join("\n"))))
}
