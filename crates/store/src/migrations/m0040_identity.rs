//! Public keys of clients, ids of signed messages that count once, and what was revoked.
//!
//! Forward only. The walls of the new tables follow in `m0040_walls.sql`.

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
        both::wall(manager, include_str!("m0040_walls.sql")).await
    }
}

const BOTH: [&str; 8] = [
    "alter table partner add column profile text not null default 'baseline'",
    "create table partner_key (
       id uuid not null constraint partner_key_pkey primary key,
       tenant_id uuid not null,
       client_id text not null,
       jwk text not null,
       created_at bigint not null,
       expires_at bigint)",
    "create index partner_key_client on partner_key (client_id)",
    "create table seen_jti (
       hash bytea not null constraint seen_jti_pkey primary key,
       until bigint not null)",
    "create index seen_jti_until on seen_jti (until)",
    "create table revocation (
       id uuid not null constraint revocation_pkey primary key,
       tenant_id uuid not null,
       kind text not null,
       subject text not null,
       at bigint not null,
       until bigint not null)",
    "create index revocation_at on revocation (at)",
    "create index revocation_until on revocation (until)",
];
