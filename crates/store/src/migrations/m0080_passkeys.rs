//! Passkeys of people, and how a session's owner proved who they are.
//!
//! Forward only. The walls of the new table follow in `m0080_walls.sql`. Sessions from before were
//! all begun with a password and a code.

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
        both::wall(manager, include_str!("m0080_walls.sql")).await
    }
}

const BOTH: [&str; 4] = [
    "create table staff_passkey (
       id uuid not null constraint staff_passkey_pkey primary key,
       tenant_id uuid not null,
       staff_id uuid not null,
       lookup bytea not null,
       credential_id bytea not null,
       public_key bytea not null,
       sign_count bigint not null,
       is_backup_eligible boolean not null,
       is_backed_up boolean not null,
       label text not null,
       created_at bigint not null,
       used_at bigint)",
    "create unique index staff_passkey_lookup on staff_passkey (lookup)",
    "create index staff_passkey_staff on staff_passkey (tenant_id, staff_id, id)",
    "alter table staff_session add column amr text not null default 'pwd otp mfa'",
];
