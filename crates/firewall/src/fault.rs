//! What is wrong with a rule text, and where.

use std::fmt;

/// Why a rule text does not compile: the place, what is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileError {
    /// Name of the [`Source`](crate::Source) or of the included file.
    pub file: String,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in bytes, counted from 1.
    pub column: u32,
    /// What was expected and what was found.
    pub message: String,
    /// What probably was meant.
    pub hint: Option<String>,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CompileError {}

/// A rule that compiles and cannot do what it seems to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// Name of the file the rule stands in.
    pub file: String,
    /// Line, counted from 1.
    pub line: u32,
    /// The rule's id; 0 for a directive without one.
    pub id: u32,
    /// What is doubtful.
    pub message: String,
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: rule {}: {}", self.file, self.line, self.id, self.message)
    }
}
