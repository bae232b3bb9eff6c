//! Every chore, in Rust: one file a chore, so that nobody keeps a drawer of scripts.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod attack;
mod background;
mod bench;
mod bless;
mod check;
mod ci;
mod crs;
mod deny;
mod dev;
mod error;
mod fuzz;
mod install;
mod interop;
mod matching;
mod peers;
mod prove;
mod readme;
mod reloads;
mod run;
mod scan;
mod server;
mod services;
mod smoke;
mod statements;
mod test;
mod tidy;
mod venv;
mod vocabulary;
mod wait;
mod workspace;

use error::Outcome;
use workspace::Workspace;

/// Every chore of the project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Formatting, lints, tidy and (where installed) cargo-deny
    Check,
    /// The rules that no other tool holds: floors, lengths, names, links, evidence
    Tidy,
    /// Every test, with the databases it needs, and the third-party clients
    Test(test::Options),
    /// Third-party clients against the running binary
    Interop(interop::Options),
    /// Lints and tests of the crates you changed, then (with `--serve`) the demo
    Dev(dev::Options),
    /// Accept new snapshots and write the reference pages anew
    Bless,
    /// Benchmarks, and a table of their ratios
    Bench(bench::Options),
    /// The firewall beside libmodsecurity: the same values and requests, and what differs
    Peers(peers::Options),
    /// The Core Rule Set's own regression tests, against `ringwall firewall proxy`
    Crs(crs::Options),
    /// The firewall's fuzz targets, and the search for requests that take long
    Fuzz(fuzz::Options),
    /// What the policies say, for every request there can be: proofs, and what must break them
    Prove,
    /// Reloads and certificates that change under load: no request lost, memory flat
    Reloads(reloads::Options),
    /// Release build, started as the README says, and its marked blocks run
    Smoke,
    /// Attacks on the edge, and what a well-behaved client feels of them
    Attack(attack::Options),
    /// Scanners of TLS and HTTP/2 against the running binary
    Scan(scan::Options),
    /// Everything that a submission must pass: check, test, smoke, documentation
    Ci,
    /// Measures ranking and linking on public collections in a folder
    Matching(matching::Options),
    /// The matcher's files of skills and occupations, from ESCO's labels
    Vocabulary(vocabulary::Options),
    /// Installs the Debian packages that the chores use
    Install,
}

fn main() -> ExitCode {
    match start(&Cli::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {}", error::with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

fn start(chore: &Chore) -> Outcome {
    let workspace = Workspace::load()?;
    match chore {
        Chore::Check => check::run(&workspace),
        Chore::Tidy => tidy::run(&workspace),
        Chore::Test(options) => test::run(&workspace, options),
        Chore::Interop(options) => interop::run(&workspace, options),
        Chore::Dev(options) => dev::run(&workspace, options),
        Chore::Bless => bless::run(&workspace),
        Chore::Bench(options) => bench::run(&workspace, options),
        Chore::Peers(options) => peers::run(&workspace, options),
        Chore::Crs(options) => crs::run(&workspace, options),
        Chore::Fuzz(options) => fuzz::run(&workspace, options),
        Chore::Prove => prove::run(&workspace),
        Chore::Reloads(options) => reloads::run(&workspace, options),
        Chore::Smoke => smoke::run(&workspace),
        Chore::Attack(options) => attack::run(&workspace, options),
        Chore::Scan(options) => scan::run(&workspace, options),
        Chore::Ci => ci::run(&workspace),
        Chore::Matching(options) => matching::run(&workspace, options),
        Chore::Vocabulary(options) => vocabulary::run(&workspace, options),
        Chore::Install => install::run(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
