//! The binary: reads the command line and the configuration, and runs one command.

mod banner;
mod bootstrap;
mod certificates;
mod cli;
mod config;
mod db;
mod demo;
mod home;
mod keys;
mod logs;
mod ready;
mod reference;
mod registration;
mod serve;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use cli::admin::AdminCommand;
use cli::exit::Failure;
use cli::{Cli, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => serve::run(args),
        Command::Config(command) => cli::config::run(command),
        Command::Admin(AdminCommand::Bootstrap(args)) => bootstrap::run(args),
        Command::Db(command) => db::run(command),
        Command::Completions(args) => cli::completions::run(args),
        Command::Reference(args) => reference::run(args),
    }
}
