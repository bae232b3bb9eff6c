//! How a command ends.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::config::ConfigError;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The configuration is wrong: exit code 2.
    Configuration(ConfigError),
    /// Something failed: exit code 1. The message reads alone.
    Failed(String),
}

impl Failure {
    /// A failure with its whole chain of causes.
    #[must_use]
    pub(crate) fn because(error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(&format!(": {error}"));
            cause = error.source();
        }
        Self::Failed(message)
    }

    /// A fault of a section of the configuration.
    #[must_use]
    pub(crate) fn section(name: &str, error: &dyn Error) -> Self {
        Self::Failed(format!("`{name}`: {error}"))
    }

    /// Tells the operator, and returns the exit code.
    #[must_use]
    pub(crate) fn tell(&self) -> ExitCode {
        let code = match self {
            Self::Configuration(_) => 2,
            Self::Failed(_) => 1,
        };
        // Nobody is left to tell when standard error is closed.
        drop(writeln!(io::stderr(), "ringwall: {self}"));
        ExitCode::from(code)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Configuration(error) => error.fmt(f),
            Self::Failed(message) => f.write_str(message),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Configuration(error)
    }
}

/// Prints to standard output. A reader that has seen enough (`| head`) is no failure.
///
/// # Errors
/// When standard output does not take the text.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::because(&error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::home::HomeError;

    #[test]
    fn a_failure_tells_its_causes() {
        let cause = io::Error::other("disk on fire");
        let error = HomeError::Unusable { path: PathBuf::from("d"), cause };

        let Failure::Failed(message) = Failure::because(&error) else { panic!("it failed") };

        assert_eq!(message, "cannot use the data directory `d`: disk on fire");
    }
}
