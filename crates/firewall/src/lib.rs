//! A SecLang engine that runs the OWASP Core Rule Set unmodified.
//!
//! [`Ruleset::compile`] turns rule texts into an immutable program that all connections share;
//! [`Ruleset::transaction`] runs one request (and response) through its five phases. The crate does
//! no I/O, reads no clock and knows no server: rule files come through [`Files`] at compile time,
//! the time and the addresses through [`Options`] and [`Transaction::connection`].

pub mod address;
pub mod bit_set;
pub mod body;
mod byte_set;
pub mod cookies;
mod fault;
pub mod injection;
mod options;
pub mod pattern;
pub mod phrases;
pub mod prefilter;
mod program;
mod request;
mod ruleset;
mod seclang;
mod source;
mod transaction;
pub mod transform;
pub mod uri;
pub mod validate;
mod verdict;

pub use fault::{CompileError, Lint};
pub use options::{Exclusion, Limits, Mode, Options, Selection};
pub use request::RequestView;
pub use ruleset::{Exclusions, Ruleset};
pub use source::{Files, NoFiles, Source};
pub use transaction::Transaction;
pub use verdict::{Disruption, Event, Interruption, Match, Phase, Severity, Step, Verdict};

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
