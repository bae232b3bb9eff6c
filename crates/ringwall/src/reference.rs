//! `ringwall reference`: writes the pages of `docs/reference` that are made from the code.

use std::fmt::Write;
use std::path::Path;

use policy::Engine;

use crate::cli::exit::Failure;
use crate::cli::reference::ReferenceArgs;
use crate::config;

/// Writes them all.
///
/// # Errors
/// When a page cannot be made or written.
pub(crate) fn run(args: &ReferenceArgs) -> Result<(), Failure> {
    let policy = Engine::load().map_err(|error| Failure::because(&error))?;
    let document = api::document(&policy, "https://api.example.com");
    let document = document.map_err(|error| Failure::because(&error))?;
    std::fs::create_dir_all(&args.write).map_err(|error| Failure::because(&error))?;
    write(&args.write, "openapi.json", &format!("{document:#}\n"))?;
    write(&args.write, "problems.md", &problems())?;
    write(&args.write, "configuration.toml", config::DEFAULT)
}

fn problems() -> String {
    let mut out = String::from(
        "# Problems\n\nWritten by `cargo xtask bless`.\n\n\
         | code | status | meaning | what to do |\n|---|---|---|---|\n",
    );
    for code in api::problems() {
        let (name, status, title, mend) = (code.name, code.status, code.title, code.mend);
        // Writing to a string cannot fail.
        let _infallible = writeln!(out, "| `{name}` | {status} | {title} | {mend} |");
    }
    out
}

fn write(directory: &Path, name: &str, text: &str) -> Result<(), Failure> {
    std::fs::write(directory.join(name), text).map_err(|error| Failure::because(&error))
}
