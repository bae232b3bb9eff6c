//! What clients may ask people for, where people are sent back to, requests that clients push, and
//! how people had signed in when they granted something.
//!
//! Forward only. The walls of the new table follow in `m0070_walls.sql`.

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
        both::wall(manager, include_str!("m0070_walls.sql")).await
    }
}

const BOTH: [&str; 13] = [
    "alter table partner add column grants text not null default 'client_credentials'",
    "alter table partner add column redirect_uris text not null default ''",
    "alter table partner add column par_required boolean not null default false",
    "alter table authorization_code add column bound_to text",
    "alter table authorization_code add column auth_time bigint not null default 0",
    "alter table authorization_code add column phishing_resistant boolean not null default false",
    "alter table authorization_code add column reused_at bigint",
    "create index authorization_code_family on authorization_code (family)",
    "alter table refresh_family add column auth_time bigint not null default 0",
    "alter table refresh_family add column phishing_resistant boolean not null default false",
    "create index refresh_family_subject on refresh_family (tenant_id, subject)",
    "create table pushed_request (
       hash bytea not null constraint pushed_request_pkey primary key,
       tenant_id uuid not null,
       client_id text not null,
       request text not null,
       expires_at bigint not null,
       taken_at bigint)",
    "create index pushed_request_expires on pushed_request (expires_at)",
];
