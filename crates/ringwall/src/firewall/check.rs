//! `ringwall firewall check`: do the rules compile, and what is doubtful about them?

use std::fmt::Write;

use gate::inspection;

use crate::cli::exit::{Failure, print};
use crate::cli::firewall::CheckArgs;

/// Checks rules.
///
/// # Errors
/// When they cannot be read or do not compile.
pub(super) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let rules =
        inspection::load(Vec::new(), &args.rules).map_err(|error| Failure::because(&error))?;
    let lints = rules.lint();
    let mut text = String::new();
    for lint in &lints {
        // Writing to a string cannot fail.
        let _infallible = writeln!(text, "{lint}");
    }
    let _infallible = writeln!(text, "{} rules, {} doubts", rules.rules(), lints.len());
    print(&text)
}
