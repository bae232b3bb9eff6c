//! When keys sign, and revocations of what belongs to no tenant.
//!
//! Forward only. Keys that are kept already get their numbers by age, and sign since they were
//! made. SQLite lets no column become nullable, so there the table of revocations is made anew. The
//! walls follow in `m0110_walls.sql`.

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
        if both::is_postgres(manager) {
            both::run(manager, &["alter table revocation alter column tenant_id drop not null"])
                .await?;
        } else {
            both::run(manager, &SQLITE).await?;
        }
        both::wall(manager, include_str!("m0110_walls.sql")).await
    }
}

const BOTH: [&str; 6] = [
    "alter table signing_key add column generation bigint not null default 0",
    "alter table signing_key add column signs_from bigint not null default 0",
    "alter table signing_key add column denied_at bigint",
    "update signing_key set
       signs_from = created_at,
       generation = (
         select count(*) from signing_key as older
         where older.created_at < signing_key.created_at
           or (older.created_at = signing_key.created_at and older.kid <= signing_key.kid))",
    "create unique index signing_key_generation on signing_key (generation)",
    "alter table signing_key drop column state",
];

const SQLITE: [&str; 6] = [
    "create table revocation_of_any (
       id uuid not null constraint revocation_pkey primary key,
       tenant_id uuid,
       kind text not null,
       subject text not null,
       at bigint not null,
       until bigint not null)",
    "insert into revocation_of_any (id, tenant_id, kind, subject, at, until)
       select id, tenant_id, kind, subject, at, until from revocation",
    "drop table revocation",
    "alter table revocation_of_any rename to revocation",
    "create index revocation_at on revocation (at)",
    "create index revocation_until on revocation (until)",
];
