//! The binary: reads the command line and the configuration, and runs one command.

mod acme;
mod addresses;
mod banner;
mod bans;
mod bootstrap;
mod bulk;
mod certificates;
mod check;
mod cli;
mod config;
mod db;
mod demo;
mod firewall;
mod home;
mod keys;
mod leaks;
mod limits;
mod logs;
mod memory;
mod operations;
mod partner;
mod people;
mod plans;
mod ready;
mod reference;
mod registration;
mod reload;
mod secrets;
mod serve;
mod shield;
mod shown;
mod signing;
mod sso;
mod trusted;
mod usage_plans;
mod wire;
mod work;

use std::process::ExitCode;

use clap::Parser;

use cli::admin::AdminCommand;
use cli::exit::Failure;
use cli::{Cli, Command};

#[global_allocator]
static ALLOCATOR: heap::Allocator = heap::Allocator;

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => serve::run(args),
        Command::Reload(args) => reload::run(args),
        Command::Config(command) => cli::config::run(command),
        Command::Admin(AdminCommand::Bootstrap(args)) => bootstrap::run(args),
        Command::Admin(AdminCommand::Invite(args)) => people::invite(args),
        Command::Admin(AdminCommand::Deactivate(args)) => people::deactivate(args),
        Command::Admin(AdminCommand::BreakGlass(args)) => people::break_glass(args),
        Command::Admin(AdminCommand::Keys(args)) => partner::set_keys(args),
        Command::Admin(AdminCommand::Certificates(args)) => shown::register(args),
        Command::Admin(AdminCommand::Redirects(args)) => partner::set_redirects(args),
        Command::Admin(AdminCommand::Secret(args)) => secrets::run(args),
        Command::Admin(AdminCommand::FirstParty(args)) => partner::set_first_party(args),
        Command::Admin(AdminCommand::Revoke(args)) => partner::revoke(args),
        Command::Bans(command) => bans::run(command),
        Command::Plans(command) => usage_plans::run(command),
        Command::Keys(command) => signing::run(command),
        Command::Db(command) => db::run(command),
        Command::Firewall(command) => firewall::run(command),
        Command::Import(args) => bulk::import::run(args),
        Command::Export(args) => bulk::export::run(args),
        Command::Completions(args) => cli::completions::run(args),
        Command::Reference(args) => reference::run(args),
    }
}
