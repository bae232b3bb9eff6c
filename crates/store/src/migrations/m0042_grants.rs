//! Authorization codes, and families of refresh tokens.
//!
//! Forward only. The walls of the new tables follow in `m0042_walls.sql`.

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
        both::wall(manager, include_str!("m0042_walls.sql")).await
    }
}

const BOTH: [&str; 4] = [
    "create table authorization_code (
       hash bytea not null constraint authorization_code_pkey primary key,
       tenant_id uuid not null,
       client_id text not null,
       subject text not null,
       scopes text not null,
       redirect_uri text not null,
       challenge text not null,
       family text not null,
       expires_at bigint not null,
       taken_at bigint)",
    "create index authorization_code_expires on authorization_code (expires_at)",
    "create table refresh_family (
       id text not null constraint refresh_family_pkey primary key,
       tenant_id uuid not null,
       client_id text not null,
       subject text not null,
       scopes text not null,
       bound_to text,
       generation bigint not null,
       current bytea not null,
       previous bytea,
       salt bytea,
       rotated_at bigint not null,
       expires_at bigint not null,
       ended_at bigint)",
    "create index refresh_family_expires on refresh_family (expires_at)",
];
