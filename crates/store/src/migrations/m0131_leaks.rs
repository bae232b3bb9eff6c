//! How a secret that was found in public is found among those that are kept.
//!
//! Forward only. The wall's new gap is in `m0131_walls.sql`.

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
        both::run(manager, &["create index partner_secret_hash on partner_secret (hash)"]).await?;
        both::wall(manager, include_str!("m0131_walls.sql")).await
    }
}
