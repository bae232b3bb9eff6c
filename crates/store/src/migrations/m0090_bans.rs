//! Who is kept out for a while, because what they sent was refused again and again.
//!
//! Forward only. The walls of the new table follow in `m0090_walls.sql`.

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
        both::wall(manager, include_str!("m0090_walls.sql")).await
    }
}

const BOTH: [&str; 4] = [
    // An address belongs to no tenant. One row for each of them, so that two nodes that place the
    // same ban in the same moment place one.
    "create table ban (
       id uuid not null constraint ban_pkey primary key,
       tenant_id uuid,
       kind text not null,
       subject text not null,
       rung integer not null,
       cause text not null,
       created_by text not null,
       placed_at bigint not null,
       until bigint not null,
       lifted_at bigint,
       lifted_by text,
       changed_at bigint not null,
       forgotten_at bigint not null,
       version bigint not null,
       constraint ban_subject unique (kind, subject))",
    "create index ban_tenant on ban (tenant_id, id)",
    "create index ban_changed on ban (changed_at)",
    "create index ban_forgotten on ban (forgotten_at)",
];
