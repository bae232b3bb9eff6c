//! Background work, and what it needs: when consent runs out, who must not be written down again,
//! whom a stored reply is about, how far a sandbox's clock runs ahead.
//!
//! Forward only. The walls of the new tables follow in `m0022_walls.sql`.

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
        let consent = match both::is_postgres(manager) {
            true => CONSENT_POSTGRES,
            false => CONSENT_SQLITE,
        };
        manager.get_connection().execute_unprepared(consent).await?;
        both::wall(manager, include_str!("m0022_walls.sql")).await
    }
}

const BOTH: [&str; 9] = [
    "create table chore (
       id uuid not null constraint chore_pkey primary key,
       tenant_id uuid not null,
       kind text not null,
       subject uuid not null,
       state text not null,
       due_at bigint not null,
       held_until bigint,
       attempts bigint not null,
       created_at bigint not null)",
    "create unique index chore_subject on chore (kind, subject)",
    "create index chore_due on chore (state, due_at)",
    "create table suppression (
       tenant_id uuid not null,
       email_index bytea not null,
       erased_at bigint not null,
       constraint suppression_pkey primary key (tenant_id, email_index))",
    "alter table candidate add column consent_until bigint",
    "create index candidate_consent_until on candidate (tenant_id, consent_until)",
    "create index candidate_retain_until on candidate (tenant_id, retain_until)",
    "alter table idempotency add column subject uuid",
    "alter table tenant add column clock_offset_ms bigint not null default 0",
];
const CONSENT_POSTGRES: &str = "update candidate set consent_until =
    (extract(epoch from cast(consent ->> 'expires_at' as timestamptz)) * 1000)::bigint
    where consent ->> 'status' = 'granted' and consent ->> 'expires_at' is not null";
const CONSENT_SQLITE: &str = "update candidate set consent_until =
    cast(strftime('%s', json_extract(consent, '$.expires_at')) as integer) * 1000
    where json_extract(consent, '$.status') = 'granted'
    and json_extract(consent, '$.expires_at') is not null";
