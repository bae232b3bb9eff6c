//! Schema changes, oldest first. Forward only: widen, move, narrow.

mod m0001_first;

use sea_orm_migration::prelude::*;

/// All of them.
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_first::Migration)]
    }
}
