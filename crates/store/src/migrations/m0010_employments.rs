//! Employments: engagements of workers, with personal and sensitive columns sealed apart.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob_null, boolean, json, text, text_null, uuid};

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
        manager.create_table(employment()).await?;
        let connection = manager.get_connection();
        connection.execute_unprepared(INDEXES).await?;
        if manager.get_database_backend() == sea_orm::DbBackend::Postgres {
            connection.execute_unprepared(WALLS).await?;
        }
        Ok(())
    }
}

const INDEXES: &str = include_str!("m0010_indexes.sql");
const WALLS: &str = include_str!("m0010_walls.sql");

fn employment() -> TableCreateStatement {
    Table::create()
        .table("employment")
        .col(uuid("id"))
        .col(uuid("tenant_id"))
        .col(uuid("candidate_id"))
        .col(uuid("client_id"))
        .col(text_null("external_ref"))
        .col(text("status"))
        .col(text("country"))
        .col(boolean("concurrent_ok"))
        .col(text_null("due_on"))
        .col(json("life"))
        .col(json("terms"))
        .col(json("amendments"))
        .col(blob_null("legal_given_name"))
        .col(blob_null("legal_family_name"))
        .col(blob_null("personal_email"))
        .col(blob_null("work_email"))
        .col(blob_null("phone"))
        .col(blob_null("address"))
        .col(blob_null("date_of_birth"))
        .col(blob_null("national_id"))
        .col(blob_null("tax_id"))
        .col(blob_null("bank_account"))
        .col(blob_null("country_data"))
        .col(blob_null("personal_email_index"))
        .col(blob_null("work_email_index"))
        .col(blob_null("phone_index"))
        .col(text("created_by"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(big_integer("version"))
        .primary_key(Index::create().name("employment_pkey").col("id"))
        .take()
}
