//! API keys.
//!
//! Forward only. The walls of the new table follow in `m0041_walls.sql`.

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
        both::wall(manager, include_str!("m0041_walls.sql")).await
    }
}

const BOTH: [&str; 3] = [
    "create table api_key (
       id uuid not null constraint api_key_pkey primary key,
       tenant_id uuid not null,
       client_id text not null,
       key_id text not null,
       environment text not null,
       hash bytea not null,
       last_four text not null,
       name text not null,
       scopes text not null,
       networks text not null,
       created_by text not null,
       created_at bigint not null,
       expires_at bigint not null,
       revoked_at bigint,
       used_at bigint,
       used_from text,
       version bigint not null)",
    "create unique index api_key_key_id on api_key (key_id)",
    "create index api_key_client on api_key (tenant_id, client_id, created_at)",
];
