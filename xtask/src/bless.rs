//! Accepts what the code says now: snapshots and the generated reference pages.

use crate::{error::Outcome, run, services::Services, statements, workspace::Workspace};

pub(crate) fn run(workspace: &Workspace) -> Outcome {
    let services = Services::ensure(workspace)?;
    let mut tests = run::cargo(workspace.root());
    tests.args(["test", "--workspace", "--no-fail-fast"]).env("INSTA_UPDATE", "always");
    // A test that fails for another reason than its snapshot must not keep the pages from being
    // written; it is told at the end.
    let tested = run::shown(services.tell(&mut tests));
    let mut reference = run::cargo(workspace.root());
    run::shown(reference.args(["run", "-p", "ringwall", "--"]).args([
        "reference",
        "--write",
        "docs/reference",
    ]))?;
    statements::write(workspace)?;
    eprintln!("\nblessed; now read the difference: `git diff`");
    tested
}
