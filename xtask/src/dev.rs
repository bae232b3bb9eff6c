//! The quick loop: only the crates that changed.

use std::process::Command;

use clap::Args;

use crate::{
    error::{ChoreError, Outcome},
    run,
    services::Services,
    workspace::{Member, Workspace},
};

/// What to look at.
#[derive(Args)]
pub(crate) struct Options {
    /// Crates to check and test; without any: those with uncommitted changes
    crates: Vec<String>,
    /// Starts the demo afterwards
    #[arg(long)]
    serve: bool,
}

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome {
    let members = workspace.members();
    let chosen = if options.crates.is_empty() {
        changed(&members, &changes(workspace)?)
    } else {
        options.crates.clone()
    };
    if let Some(stranger) = chosen.iter().find(|name| members.iter().all(|m| m.name != **name)) {
        return Err(ChoreError::told(format!("there is no crate `{stranger}`")));
    }
    if !chosen.is_empty() {
        check_and_test(workspace, &chosen)?;
    }
    if options.serve {
        let mut demo = run::cargo(workspace.root());
        run::shown(demo.args(["run", "-p", "ringwall", "--", "serve", "--demo"]))?;
    }
    Ok(())
}

fn check_and_test(workspace: &Workspace, crates: &[String]) -> Outcome {
    let packages: Vec<&str> = crates.iter().flat_map(|name| ["-p", name]).collect();
    let cargo = || run::cargo(workspace.root());
    run::shown(cargo().args(["fmt"]).args(&packages))?;
    run::shown(
        cargo().args(["clippy", "--all-targets"]).args(&packages).args(["--", "-D", "warnings"]),
    )?;
    let services = Services::ensure(workspace)?;
    run::shown(services.tell(cargo().arg("test").args(&packages)))
}

/// Paths that differ from the last commit, also new ones.
fn changes(workspace: &Workspace) -> Outcome<Vec<String>> {
    let arguments = ["status", "--porcelain", "--no-renames", "--untracked-files=all", "-z"];
    let listed = run::output(Command::new("git").current_dir(workspace.root()).args(arguments))?;
    Ok(listed.split('\0').filter_map(|entry| entry.get(3..)).map(str::to_owned).collect())
}

fn changed(members: &[Member], changes: &[String]) -> Vec<String> {
    let is_changed = |member: &&Member| {
        let folder = format!("{}/", member.folder);
        changes.iter().any(|path| path.starts_with(&folder))
    };
    members.iter().filter(is_changed).map(|member| member.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crates_with_changed_files_are_chosen() {
        let member = |name: &str| Member {
            name: name.into(),
            folder: format!("crates/{name}"),
            roots: Vec::new(),
            imports: Vec::new(),
            benches: Vec::new(),
        };
        let changes = ["crates/api/src/lib.rs".to_owned(), "crates/vaults".to_owned()];

        let chosen = changed(&[member("api"), member("vault")], &changes);

        assert_eq!(chosen, ["api"]);
    }
}
