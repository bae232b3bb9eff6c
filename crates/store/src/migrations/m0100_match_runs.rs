//! Runs of the matcher that wait for background work: what was asked for, when, and why one
//! failed.
//!
//! Forward only. What requests may change of a run, and which matches may go, is in
//! `m0100_walls.sql`. A run from before was made within its request: it was asked for when it
//! began.

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
        both::wall(manager, include_str!("m0100_walls.sql")).await
    }
}

const BOTH: [&str; 4] = [
    "alter table match_run add column asked text",
    "alter table match_run add column failure text",
    "alter table match_run add column created_at bigint not null default 0",
    "update match_run set created_at = started_at",
];
