//! The binary: reads the command line and the configuration, and runs one command.

#[cfg_attr(not(test), expect(dead_code, reason = "arguments of commands that are not wired in"))]
mod cli;
#[cfg_attr(not(test), expect(dead_code, reason = "read by commands that are not wired in"))]
mod config;
#[cfg_attr(not(test), expect(dead_code, reason = "used by commands that are not wired in"))]
mod home;

use std::process::ExitCode;

use clap::Parser;

use cli::exit::Failure;
use cli::{Cli, Command};

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Config(command) => cli::config::run(command),
        Command::Completions(args) => cli::completions::run(args),
        _ => Err(Failure::Failed("this build cannot do that".to_owned())),
    }
}
