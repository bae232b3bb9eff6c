//! People whom an identity provider vouches for: whose word an account and a session rest on, the
//! provider's own session, and who may come past the provider in an emergency.
//!
//! Forward only. Accounts and sessions from before rest on our own sign-in.

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

const BOTH: [&str; 5] = [
    "alter table staff add column provider text",
    "alter table staff add column is_break_glass boolean not null default false",
    "alter table staff_session add column provider text",
    "alter table staff_session add column provider_session bytea",
    "create index staff_session_provider on staff_session (tenant_id, provider_session)",
];
