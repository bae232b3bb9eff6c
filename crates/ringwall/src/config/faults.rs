//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::PathBuf;

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// In the compiled-in default.
    Default,
    /// In the configuration file, on a line; line 0 is the file as a whole.
    File(PathBuf, usize),
    /// In an environment variable.
    Environment(String),
    /// In a flag of the command line.
    Flag(&'static str),
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The key, such as `gate.hosts[1]`; empty when a whole file is at fault.
    pub(crate) key: String,
    /// Where it stands.
    pub(crate) source: Source,
    /// What was expected and what was found. Never a secret.
    pub(crate) message: String,
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigError(pub(crate) Vec<Fault>);

impl Fault {
    /// A fault of one key.
    pub(crate) fn new(key: &str, source: Source, message: impl Into<String>) -> Self {
        Self { key: key.to_owned(), source, message: message.into() }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => {
                let path = path.display().to_string();
                write!(f, "{}", path.escape_debug())?;
                if *line > 0 { write!(f, ":{line}") } else { Ok(()) }
            }
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.source)?;
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key.escape_debug())?;
        }
        f.write_str(&self.message)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "the configuration has {} error{plural}", self.0.len())?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl std::error::Error for ConfigError {}
