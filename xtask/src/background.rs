//! Programs that run beside a chore, and end with it.

use std::{
    fs::File,
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{
    error::{ChoreError, Outcome},
    run,
};

/// A program that runs; killed when it is dropped.
pub(crate) struct Background {
    child: Child,
    /// The command, as it was said.
    line: String,
}

impl Background {
    /// Says the command and starts it; what it says goes to the file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Outcome<Self> {
        let out = File::create(log).map_err(ChoreError::path(log))?;
        let err = out.try_clone().map_err(ChoreError::path(log))?;
        let line = run::line(command);
        eprintln!("\n$ {line} &");
        match command.stdin(Stdio::null()).stdout(out).stderr(err).spawn() {
            Ok(child) => Ok(Self { child, line }),
            Err(source) => Err(ChoreError::Unstarted { command: line, source }),
        }
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> Outcome<bool> {
        let ended = self.child.try_wait();
        ended.map(|status| status.is_some()).map_err(ChoreError::path(Path::new(&self.line)))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("`{}` could not be stopped: {error}", self.line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait;

    #[test]
    fn what_a_program_says_is_kept_and_its_end_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("said.log");

        let mut said =
            Background::start(Command::new("sh").args(["-c", "echo said"]), &log).unwrap();

        wait::until(std::time::Duration::from_secs(10), "its end", || {
            Ok(said.has_ended()?.then_some(()))
        })
        .unwrap();
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "said\n");
    }

    #[test]
    fn a_program_that_is_missing_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut missing = Command::new("no-such-program-of-ringwall");

        assert!(Background::start(&mut missing, &folder.path().join("log")).is_err());
    }
}
