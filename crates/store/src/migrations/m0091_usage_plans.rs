//! What partners may use: plans, to whom they are assigned, and what was told of their use.
//!
//! Forward only. The walls of the new tables follow in `m0091_walls.sql`.

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
        both::wall(manager, include_str!("m0091_walls.sql")).await
    }
}

const BOTH: [&str; 7] = [
    // A plan that is deleted stays until every node has heard of it.
    "create table usage_plan (
       id uuid not null constraint usage_plan_pkey primary key,
       tenant_id uuid not null,
       name text not null,
       rules text not null,
       created_by text not null,
       created_at bigint not null,
       updated_at bigint not null,
       deleted_at bigint,
       version bigint not null)",
    "create unique index usage_plan_name on usage_plan (tenant_id, name) where deleted_at is null",
    "create index usage_plan_updated on usage_plan (updated_at)",
    // Somebody without a plan any more keeps a row without one, for the same reason.
    "create table usage_assignment (
       tenant_id uuid not null,
       kind text not null,
       subject text not null,
       plan_id uuid,
       changed_by text not null,
       changed_at bigint not null,
       constraint usage_assignment_pkey primary key (tenant_id, kind, subject))",
    "create index usage_assignment_changed on usage_assignment (changed_at)",
    "create table usage_alert (
       id uuid not null constraint usage_alert_pkey primary key,
       tenant_id uuid not null,
       plan_id uuid not null,
       subject text not null,
       rule text not null,
       percent integer not null,
       ends_at bigint not null,
       at bigint not null,
       constraint usage_alert_once unique (tenant_id, subject, rule, percent, ends_at))",
    "create index usage_alert_at on usage_alert (at)",
];
