//! A sandbox can be emptied; a production tenant's rows cannot be removed by a request.
//!
//! Forward only. On PostgreSQL the right to delete comes with a restriction that no permissive
//! policy lifts: the row's tenant must be a sandbox.

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
        if manager.get_database_backend() != sea_orm::DbBackend::Postgres {
            return Ok(());
        }
        for table in ["candidate", "client_company", "employment", "import", "export"] {
            let sql = SANDBOX_ONLY.replace("TABLE", table);
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }
}

const SANDBOX_ONLY: &str = "
grant delete on TABLE to ringwall_app;
create policy TABLE_sandbox on TABLE as restrictive
  for delete
  using (exists (select 1 from tenant t
    where t.id = tenant_id and t.environment = 'sandbox'));";
