//! What nodes have leased of quotas: so a restart forgets none, and no node asks for each request.
//!
//! Forward only. The rights to the new table follow in `m0155_walls.sql`.

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
        both::wall(manager, include_str!("m0155_walls.sql")).await
    }
}

const BOTH: [&str; 2] = [
    // A row for each period: nodes whose clocks differ lease of two of them at once. `granted` is
    // what the last lease brought, for whoever made it.
    "create table quota_use (
       key bytea not null,
       starts_at bigint not null,
       used bigint not null,
       granted bigint not null,
       ends_at bigint not null,
       constraint quota_use_pkey primary key (key, starts_at))",
    "create index quota_use_ended on quota_use (ends_at)",
];
