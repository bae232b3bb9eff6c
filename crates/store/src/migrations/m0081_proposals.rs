//! What one administrator asks for and another one decides.
//!
//! Forward only. The walls of the new table follow in `m0081_walls.sql`. Of each kind there is one
//! open proposal about somebody; an older one is closed by the next.

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
        both::wall(manager, include_str!("m0081_walls.sql")).await
    }
}

const BOTH: [&str; 3] = [
    "create table staff_proposal (
       id uuid not null constraint staff_proposal_pkey primary key,
       tenant_id uuid not null,
       staff_id uuid not null,
       kind text not null,
       roles text not null,
       requested_by uuid not null,
       requested_at bigint not null,
       expires_at bigint not null,
       decided_by uuid,
       decided_at bigint,
       outcome text)",
    "create unique index staff_proposal_open on staff_proposal (staff_id, kind)
       where outcome is null",
    "create index staff_proposal_tenant on staff_proposal (tenant_id, id)",
];
