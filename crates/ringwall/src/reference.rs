//! `ringwall reference`: writes the pages of `docs/reference` that are made from the code.

use std::fmt::Write;

use policy::Engine;
use staffing::event::published::{PUBLISHED, Published};

use crate::cli::exit::Failure;
use crate::cli::reference::ReferenceArgs;
use crate::config;

/// Writes them all.
///
/// # Errors
/// When a page cannot be made or written.
pub(crate) fn run(args: &ReferenceArgs) -> Result<(), Failure> {
    std::fs::create_dir_all(&args.write).map_err(|error| Failure::because(&error))?;
    for (name, text) in pages()? {
        let written = std::fs::write(args.write.join(name), text);
        written.map_err(|error| Failure::because(&error))?;
    }
    Ok(())
}

/// Every page by its name.
fn pages() -> Result<[(&'static str, String); 4], Failure> {
    let policy = Engine::load().map_err(|error| Failure::because(&error))?;
    let document = api::document(&policy, "https://api.example.com");
    let document = document.map_err(|error| Failure::because(&error))?;
    Ok([
        ("openapi.json", format!("{document:#}\n")),
        ("problems.md", problems()),
        ("events.md", events()),
        ("configuration.toml", config::DEFAULT.to_owned()),
    ])
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

fn events() -> String {
    let mut out = String::from(
        "# Events\n\nWritten by `cargo xtask bless`. `GET /v1/events` lists what happened, \
         `type=job.*` all of jobs.\n\n| name | what happened |\n|---|---|\n",
    );
    for Published { name, meaning } in PUBLISHED {
        // Writing to a string cannot fail.
        let _infallible = writeln!(out, "| `{name}` | {meaning} |");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The API's surface is reviewed as a file: a change of it is a visible diff.
    #[test]
    fn the_reference_is_what_the_code_says() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference");
        for (name, text) in pages().unwrap() {
            let written = std::fs::read_to_string(format!("{directory}/{name}")).unwrap();
            assert!(written == text, "`{name}` is out of date: run `cargo xtask bless`");
        }
    }
}
