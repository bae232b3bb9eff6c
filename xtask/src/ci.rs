//! Everything that a submission must pass, in the order in which failing is cheapest.

use crate::{
    check,
    error::Outcome,
    run, smoke,
    test::{self, Options},
    workspace::Workspace,
};

pub(crate) fn run(workspace: &Workspace) -> Outcome {
    check::run(workspace)?;
    run::shown(
        run::cargo(workspace.root())
            .args(["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    test::run(workspace, &Options::everything())?;
    smoke::run(workspace)
}
