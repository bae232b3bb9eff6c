//! Imports, exports and applications from the public.
//!
//! Forward only. What was sent and what is given out is sealed: both hold personal data.

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
        both::run(manager, &TABLES).await?;
        for (table, grants) in WALLS {
            let wall = WALL.replace("TABLE", table).replace("GRANTS", grants);
            both::wall(manager, &wall).await?;
        }
        Ok(())
    }
}

const TABLES: [&str; 8] = [
    "create table import (
       id uuid not null constraint import_pkey primary key,
       tenant_id uuid not null,
       format text not null,
       status text not null,
       parts bigint,
       part_next bigint not null,
       record_next bigint not null,
       lines bigint not null,
       lines_done bigint not null,
       created bigint not null,
       updated bigint not null,
       unchanged bigint not null,
       failed bigint not null,
       created_by text not null,
       created_at bigint not null,
       started_at bigint,
       ended_at bigint,
       version bigint not null)",
    "create index import_list on import (tenant_id, id)",
    "create table import_part (
       tenant_id uuid not null,
       import_id uuid not null,
       number bigint not null,
       records bigint not null,
       sealed bytea not null,
       constraint import_part_pkey primary key (tenant_id, import_id, number))",
    "create table import_result (
       tenant_id uuid not null,
       import_id uuid not null,
       line bigint not null,
       outcome text not null,
       candidate_id uuid,
       errors text,
       constraint import_result_pkey primary key (tenant_id, import_id, line))",
    "create table export (
       id uuid not null constraint export_pkey primary key,
       tenant_id uuid not null,
       format text not null,
       with_personal boolean not null,
       status text not null,
       last_id uuid,
       records bigint not null,
       parts bigint not null,
       created_by text not null,
       created_at bigint not null,
       ended_at bigint,
       expires_at bigint,
       version bigint not null)",
    "create index export_list on export (tenant_id, id)",
    "create table export_part (
       tenant_id uuid not null,
       export_id uuid not null,
       number bigint not null,
       sealed bytea not null,
       constraint export_part_pkey primary key (tenant_id, export_id, number))",
    "create table application (
       tenant_id uuid not null,
       job_id uuid not null,
       candidate_id uuid not null,
       at bigint not null,
       constraint application_pkey primary key (tenant_id, job_id, candidate_id))",
];

const WALLS: [(&str, &str); 6] = [
    ("import", "select, insert, update"),
    ("import_part", "select, insert, update, delete"),
    ("import_result", "select, insert, delete"),
    ("export", "select, insert, update"),
    ("export_part", "select, insert, delete"),
    ("application", "select, insert, delete"),
];
const WALL: &str = "
alter table TABLE enable row level security;
alter table TABLE force row level security;
grant GRANTS on TABLE to ringwall_app;
create policy TABLE_wall on TABLE
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);";
