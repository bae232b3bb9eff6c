//! Everything that a submission must pass, in the order in which failing is cheapest.

use crate::{
    check,
    error::Outcome,
    fuzz, prove, smoke,
    test::{self, Options},
    workspace::Workspace,
};

pub(crate) fn run(workspace: &Workspace) -> Outcome {
    check::run(workspace)?;
    prove::run(workspace)?;
    test::run(workspace, &Options::everything())?;
    fuzz::run(workspace, &fuzz::Options::everything())?;
    smoke::run(workspace)
}
