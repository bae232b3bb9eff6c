//! Running other programs, and finding them.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    error::{ChoreError, Outcome},
    workspace::Workspace,
};

/// A `cargo` that is the one running us.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Builds the binary as people run it.
pub(crate) fn release(workspace: &Workspace) -> Outcome<PathBuf> {
    shown(cargo(workspace.root()).args(["build", "--release", "-p", "ringwall"]))?;
    Ok(workspace.target().join("release/ringwall"))
}

/// Says the command, runs it with our own output, and fails if it fails.
pub(crate) fn shown(command: &mut Command) -> Outcome {
    let line = line(command);
    eprintln!("\n$ {line}");
    let status = command.status().map_err(|source| unstarted(&line, source))?;
    if status.success() {
        return Ok(());
    }
    Err(ChoreError::Refused { command: line, status: status.to_string() })
}

/// Runs the command quietly and gives its standard output; its errors go to ours.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let line = line(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| unstarted(&line, source))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(ChoreError::Refused { command: line, status: output.status.to_string() })
}

/// Says the command, and gives its standard output however it ends: for programs whose exit code
/// is an opinion.
pub(crate) fn said(command: &mut Command) -> Outcome<String> {
    eprintln!("\n$ {}", line(command));
    said_quietly(command)
}

/// The same, without saying the command: for what is asked again and again.
pub(crate) fn said_quietly(command: &mut Command) -> Outcome<String> {
    let line = line(command);
    command.stderr(Stdio::null());
    let output =
        command.stdin(Stdio::null()).output().map_err(|source| unstarted(&line, source))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether the command runs and succeeds; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The program's path, if it is on `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// The command as a person would type it, without its environment.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    std::iter::once(program)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

fn unstarted(line: &str, source: std::io::Error) -> ChoreError {
    ChoreError::Unstarted { command: line.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_an_error() {
        let error = shown(&mut Command::new("false")).unwrap_err();

        assert!(matches!(error, ChoreError::Refused { .. }), "{error}");
    }

    #[test]
    fn a_missing_program_is_an_error() {
        let error = output(&mut Command::new("/nowhere/at/all")).unwrap_err();

        assert!(matches!(error, ChoreError::Unstarted { .. }), "{error}");
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(find("sh").is_some());
        assert!(find("no-such-program-anywhere").is_none());
    }
}
