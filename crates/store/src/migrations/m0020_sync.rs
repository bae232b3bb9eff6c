//! Reading the change log and the outbox: where the kept part begins, and an index for each list.
//!
//! Forward only. What is older than the window is removed: by background work, which says so to the
//! database in its transaction. Requests never do, and so they remove nothing.

use sea_orm_migration::prelude::*;

/// See the file's comment.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[expect(elided_lifetimes_in_paths, reason = "the trait's signature, which async_trait must match")]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let on = manager.get_connection();
        for statement in BOTH {
            on.execute_unprepared(statement).await?;
        }
        if manager.get_database_backend() == sea_orm::DbBackend::Postgres {
            on.execute_unprepared(GRANTS).await?;
        }
        Ok(())
    }
}

const BOTH: [&str; 4] = [
    "alter table tenant_counter add column change_floor bigint not null default 0",
    "create index outbox_list on outbox (tenant_id, seq)",
    "create index outbox_age on outbox (tenant_id, at)",
    "create index change_log_age on change_log (tenant_id, at)",
];
const GRANTS: &str = "
grant delete on change_log, outbox to ringwall_app;
create policy change_log_prune on change_log as restrictive
  for delete
  using (current_setting('app.runner', true) = 'on');
create policy outbox_prune on outbox as restrictive
  for delete
  using (current_setting('app.runner', true) = 'on');";
