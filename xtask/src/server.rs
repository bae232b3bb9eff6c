//! The binary, started as a person would start it, on free ports and in a new folder.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    error::{ChoreError, Outcome},
    run, wait,
};

const START_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// A demo that accepts requests; killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    ready: PathBuf,
    log: PathBuf,
}

impl Server {
    /// Runs the command with `serve --demo` and all it needs, below `folder`, which is emptied
    /// first, and waits for its ready file.
    pub(crate) fn start(command: Command, folder: &Path) -> Outcome<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(ChoreError::path(folder))?;
        }
        Self::resume(command, folder, "127.0.0.1:0")
    }

    /// The same at this address, upon the data of an earlier run, if there is any.
    pub(crate) fn resume(mut command: Command, folder: &Path, listen: &str) -> Outcome<Self> {
        fs::create_dir_all(folder).map_err(ChoreError::path(folder))?;
        let ready = folder.join("ready.json");
        let log = folder.join("serve.log");
        if ready.exists() {
            fs::remove_file(&ready).map_err(ChoreError::path(&ready))?;
        }
        let out = File::create(&log).map_err(ChoreError::path(&log))?;
        let err = out.try_clone().map_err(ChoreError::path(&log))?;
        command
            .args(["serve", "--demo", "--listen", listen, "--admin-listen", "127.0.0.1:0"])
            .arg("--data-dir")
            .arg(folder.join("data"))
            .arg("--ready-file")
            .arg(&ready)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err);
        let line = run::line(&command);
        eprintln!("\n$ {line} &");
        let child =
            command.spawn().map_err(|source| ChoreError::Unstarted { command: line, source })?;
        let mut server = Self { child, ready, log };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> Outcome {
        wait::until(START_WITHIN, "the ready file", || {
            if let Some(status) = self.status()? {
                return Err(ChoreError::told(format!(
                    "the server ended ({status}){}",
                    self.tail()
                )));
            }
            let is_whole = fs::read(&self.ready)
                .is_ok_and(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
            Ok(is_whole.then_some(()))
        })
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where the ready file is.
    pub(crate) fn ready(&self) -> &Path {
        &self.ready
    }

    /// Asks the server to end and holds it to its word: it must still run, drain in time, end well,
    /// and never have panicked.
    pub(crate) fn stop(mut self) -> Outcome {
        if let Some(status) = self.status()? {
            return Err(ChoreError::told(format!(
                "the server had ended ({status}){}",
                self.tail()
            )));
        }
        kill_process(Pid::from_child(&self.child), Signal::TERM)
            .map_err(|error| ChoreError::told(format!("no signal could be sent: {error}")))?;
        let status = wait::until(STOP_WITHIN, "the server's end", || self.status())?;
        let log = fs::read_to_string(&self.log).map_err(ChoreError::path(&self.log))?;
        if !status.success() {
            return Err(ChoreError::told(format!(
                "the server ended badly ({status}){}",
                self.tail()
            )));
        }
        if let Some(line) = log.lines().find(|line| line.contains("panicked at")) {
            return Err(ChoreError::told(format!("the server panicked: {line}")));
        }
        Ok(())
    }

    fn status(&mut self) -> Outcome<Option<ExitStatus>> {
        self.child.try_wait().map_err(ChoreError::path(&self.log))
    }

    /// The last lines it said.
    fn tail(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.iter().skip(lines.len().saturating_sub(20));
        last.fold(String::new(), |told, line| format!("{told}\n  | {line}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nothing left to kill, only to collect.
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("the server could not be stopped: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Starts and stops a stand-in for the binary; `$READY` is its last argument.
    fn start_and_stop(script: &str) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("for READY; do :; done; {script}"), "sh"]);
        Server::start(command, &folder.path().join("run"))?.stop()
    }

    fn fault(script: &str) -> String {
        start_and_stop(script).unwrap_err().to_string()
    }

    #[test]
    fn a_server_that_ends_at_once_is_told_with_its_last_words() {
        let fault = fault("echo no keyring >&2; exit 3");

        assert!(fault.contains("no keyring"), "{fault}");
    }

    #[test]
    fn a_panic_in_the_log_is_not_forgiven() {
        let fault = fault(
            "trap 'exit 0' TERM; echo thread main panicked at x; echo {} > $READY; \
             while :; do :; done",
        );

        assert!(fault.contains("panicked"), "{fault}");
    }

    #[test]
    fn a_server_that_ends_badly_is_not_forgiven() {
        let fault = fault("trap 'exit 4' TERM; echo {} > $READY; while :; do :; done");

        assert!(fault.contains("ended badly"), "{fault}");
    }

    #[test]
    fn a_server_that_drains_is_fine() {
        let outcome = start_and_stop("trap 'exit 0' TERM; echo {} > $READY; while :; do :; done");

        assert!(outcome.is_ok(), "{outcome:?}");
    }
}
