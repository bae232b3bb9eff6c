//! Certificates that clients prove themselves with.
//!
//! Forward only. The walls of the new table follow in `m0111_walls.sql`. No client had one before,
//! and no client's tokens were bound to one.

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
        both::wall(manager, include_str!("m0111_walls.sql")).await
    }
}

const BOTH: [&str; 3] = [
    "create table partner_certificate (
       id uuid not null constraint partner_certificate_pkey primary key,
       tenant_id uuid not null,
       client_id text not null,
       kind text not null,
       value text not null,
       created_at bigint not null)",
    "create index partner_certificate_client on partner_certificate (client_id)",
    "alter table partner add column certificate_bound boolean not null default false",
];
