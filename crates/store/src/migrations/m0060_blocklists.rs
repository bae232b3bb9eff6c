//! Whom client companies do not want, and which companies candidates do not want.
//!
//! Forward only. The walls of the new table follow in `m0060_walls.sql`.

use sea_orm_migration::prelude::*;

use super::both;

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
        both::run(manager, &BOTH).await?;
        both::wall(manager, include_str!("m0060_walls.sql")).await
    }
}

const BOTH: [&str; 2] = [
    "create table blocklist (
       tenant_id uuid not null,
       candidate_id uuid not null,
       client_id uuid not null,
       side text not null,
       created_by text not null,
       created_at bigint not null,
       constraint blocklist_pkey primary key (tenant_id, candidate_id, client_id, side))",
    "create index blocklist_client on blocklist (tenant_id, client_id, side, candidate_id)",
];
