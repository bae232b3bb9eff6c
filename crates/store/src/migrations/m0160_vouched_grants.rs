//! Which grants rest on an identity provider's word: where there are providers, others are good for
//! the moment only.
//!
//! Forward only. Grants from before rest on nobody's word but ours; they live a day at most.

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
        both::run(manager, &BOTH).await
    }
}

const BOTH: [&str; 2] = [
    "alter table authorization_code add column vouched boolean not null default false",
    "alter table refresh_family add column vouched boolean not null default false",
];
