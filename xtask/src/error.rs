//! What goes wrong in a chore.

use std::{error::Error as _, path::PathBuf};

/// What a chore gives back.
pub(crate) type Outcome<T = ()> = Result<T, ChoreError>;

/// Why a chore stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChoreError {
    /// A program ran and said no.
    #[error("`{command}` failed ({status})")]
    Refused { command: String, status: String },
    /// A program could not be started.
    #[error("`{command}` could not be started")]
    Unstarted { command: String, source: std::io::Error },
    /// A file or folder could not be used.
    #[error("`{}` could not be used", path.display())]
    Path { path: PathBuf, source: std::io::Error },
    /// `cargo metadata` failed.
    #[error("cargo could not describe the workspace")]
    Metadata(#[from] cargo_metadata::Error),
    /// Anything that one sentence tells.
    #[error("{0}")]
    Told(String),
}

impl ChoreError {
    /// An error that one sentence tells.
    pub(crate) fn told(sentence: impl Into<String>) -> Self {
        Self::Told(sentence.into())
    }

    /// For `map_err` on whatever touches `path`.
    pub(crate) fn path(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Path { path, source }
    }
}

/// The error and its causes, in one line.
pub(crate) fn with_causes(error: &ChoreError) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        line.push_str(": ");
        line.push_str(&inner.to_string());
        cause = inner.source();
    }
    line
}
