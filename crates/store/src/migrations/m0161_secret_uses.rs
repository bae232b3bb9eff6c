//! When each secret of a client was last used, to the minute: who replaces one wants to know.
//!
//! Forward only. Of uses from before nothing is known.

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
        let add = "alter table partner_secret add column used_at bigint";
        both::run(manager, &[add]).await
    }
}
