//! `ringwall db`: the schema, and what a demonstration puts into it.

use store::Store;

use crate::cli::ConfigArgs;
use crate::cli::db::{DbCommand, DemoArgs};
use crate::cli::exit::{Failure, print};
use crate::config::Loaded;
use crate::home::Home;
use crate::{demo, keys, wire};

/// Looks after the schema.
///
/// # Errors
/// When the database cannot be reached, a migration fails, or one is missing.
pub(crate) fn run(command: &DbCommand) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::because(&error))?;
    match command {
        DbCommand::Migrate(args) => runtime.block_on(migrate(args)),
        DbCommand::Status(args) => runtime.block_on(status(args)),
        DbCommand::Demo(args) => runtime.block_on(fill(args)),
    }
}

async fn fill(args: &DemoArgs) -> Result<(), Failure> {
    if args.tied {
        demo::apart::end_with_whoever_waits();
    }
    let config = Loaded::read(&args.config.layers())?.config;
    let home = Home::prepare(&config.server.data_dir).map_err(|error| Failure::because(&error))?;
    let keyring = keys::keyring(&home, config.vault.key_file.as_ref())?;
    let base = wire::base(&config, &home, keyring).await?;
    let made = demo::fill(&base, wire::environment(&config)).await;
    let made = made.map_err(|error| Failure::because(&error))?;
    print(&format!("{}\n", demo::apart::told(&made)?))
}

async fn migrate(args: &ConfigArgs) -> Result<(), Failure> {
    let made = Store::migrate(&address(args)?).await.map_err(|error| Failure::because(&error))?;
    print(&format!("{made} migration(s) applied; the schema is up to date\n"))
}

async fn status(args: &ConfigArgs) -> Result<(), Failure> {
    let all = Store::status(&address(args)?).await.map_err(|error| Failure::because(&error))?;
    for migration in &all {
        let state = if migration.applied { "applied" } else { "missing" };
        print(&format!("{state}  {}\n", migration.name))?;
    }
    if all.iter().all(|migration| migration.applied) {
        return Ok(());
    }
    Err(Failure::Failed("the schema is behind; run `ringwall db migrate`".to_owned()))
}

fn address(args: &ConfigArgs) -> Result<store::StoreConfig, Failure> {
    let config = Loaded::read(&args.layers())?.config;
    let home = Home::prepare(&config.server.data_dir).map_err(|error| Failure::because(&error))?;
    wire::store_config(&config, &home)
}
