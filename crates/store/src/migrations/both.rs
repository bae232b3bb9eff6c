//! Statements that both databases run. They are written for PostgreSQL.

use sea_orm_migration::prelude::*;

/// Runs them in their order. SQLite gets its own names for the types of ids and bytes.
pub(super) async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        let statement = match is_postgres(manager) {
            true => (*statement).to_owned(),
            false => statement.replace(" uuid", " uuid_text").replace(" bytea", " blob"),
        };
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// Raises walls where there is row security.
pub(super) async fn wall(manager: &SchemaManager<'_>, walls: &str) -> Result<(), DbErr> {
    if is_postgres(manager) {
        manager.get_connection().execute_unprepared(walls).await?;
    }
    Ok(())
}

pub(super) fn is_postgres(manager: &SchemaManager<'_>) -> bool {
    manager.get_database_backend() == sea_orm::DbBackend::Postgres
}
