//! The first tables: tenants, partners, clients, jobs, candidates, and what every change leaves.
//!
//! Forward only. On PostgreSQL the walls between tenants follow from `m0001_walls.sql`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, blob_null, integer, json, text, text_null, uuid, uuid_null,
};

/// See the file's comment.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[expect(elided_lifetimes_in_paths, reason = "the trait's signature, which async_trait must match")]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// All or nothing on SQLite too: a start that was killed must not wedge the next one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        if manager.get_database_backend() == sea_orm::DbBackend::Postgres {
            manager.get_connection().execute_unprepared(WALLS).await?;
        }
        Ok(())
    }
}

const WALLS: &str = include_str!("m0001_walls.sql");

fn tables() -> Vec<TableCreateStatement> {
    vec![
        tenant(),
        tenant_key(),
        tenant_counter(),
        partner(),
        partner_secret(),
        signing_key(),
        client_company(),
        job(),
        public_job(),
        candidate(),
        change_log(),
        outbox(),
        audit_entry(),
        idempotency(),
    ]
}

fn tenant() -> TableCreateStatement {
    Table::create()
        .table("tenant")
        .col(uuid("id"))
        .col(text("slug"))
        .col(text("name"))
        .col(text("environment"))
        .col(text("status"))
        .col(json("settings"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(big_integer("version"))
        .primary_key(Index::create().name("tenant_pkey").col("id"))
        .take()
}

fn tenant_key() -> TableCreateStatement {
    Table::create()
        .table("tenant_key")
        .col(uuid("tenant_id"))
        .col(integer("version"))
        .col(blob("wrapped"))
        .primary_key(Index::create().name("tenant_key_pkey").col("tenant_id").col("version"))
        .take()
}

fn tenant_counter() -> TableCreateStatement {
    Table::create()
        .table("tenant_counter")
        .col(uuid("tenant_id"))
        .col(big_integer("seq"))
        .primary_key(Index::create().name("tenant_counter_pkey").col("tenant_id"))
        .take()
}

fn partner() -> TableCreateStatement {
    Table::create()
        .table("partner")
        .col(uuid("id"))
        .col(uuid("tenant_id"))
        .col(text("client_id"))
        .col(text("name"))
        .col(text("role"))
        .col(text("scopes"))
        .col(text("status"))
        .col(big_integer("created_at"))
        .col(big_integer("version"))
        .primary_key(Index::create().name("partner_pkey").col("id"))
        .take()
}

fn partner_secret() -> TableCreateStatement {
    Table::create()
        .table("partner_secret")
        .col(uuid("id"))
        .col(uuid("tenant_id"))
        .col(text("client_id"))
        .col(blob("hash"))
        .col(big_integer("created_at"))
        .col(big_integer_null("expires_at"))
        .primary_key(Index::create().name("partner_secret_pkey").col("id"))
        .take()
}

fn signing_key() -> TableCreateStatement {
    Table::create()
        .table("signing_key")
        .col(text("kid"))
        .col(blob("sealed"))
        .col(text("state"))
        .col(big_integer("created_at"))
        .primary_key(Index::create().name("signing_key_pkey").col("kid"))
        .take()
}

fn client_company() -> TableCreateStatement {
    Table::create()
        .table("client_company")
        .col(uuid("id"))
        .col(uuid("tenant_id"))
        .col(text_null("external_ref"))
        .col(text("status"))
        .col(json("profile"))
        .col(blob_null("billing_email"))
        .col(blob_null("billing_contact_name"))
        .col(blob_null("phone"))
        .col(blob_null("tax_id"))
        .col(text("created_by"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(big_integer("version"))
        .primary_key(Index::create().name("client_company_pkey").col("id"))
        .take()
}

fn job() -> TableCreateStatement {
    Table::create()
        .table("job")
        .col(uuid("id"))
        .col(uuid("tenant_id"))
        .col(uuid("client_id"))
        .col(text_null("external_ref"))
        .col(text("status"))
        .col(text("visibility"))
        .col(text("remote_kind"))
        .col(text("employment_type"))
        .col(text("search_text"))
        .col(text("skills"))
        .col(text("countries"))
        .col(json("life"))
        .col(json("document"))
        .col(text("created_by"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(big_integer("version"))
        .primary_key(Index::create().name("job_pkey").col("id"))
        .take()
}

fn public_job() -> TableCreateStatement {
    Table::create()
        .table("public_job")
        .col(uuid("id"))
        .col(uuid("tenant_id"))
        .col(text("tenant_slug"))
        .col(text("remote_kind"))
        .col(text("employment_type"))
        .col(text("search_text"))
        .col(text("skills"))
        .col(text("countries"))
        .col(big_integer("posted_at"))
        .col(json("document"))
        .col(big_integer("version"))
        .primary_key(Index::create().name("public_job_pkey").col("id"))
        .take()
}

fn candidate() -> TableCreateStatement {
    Table::create()
        .table("candidate")
        .col(uuid("id"))
        .col(uuid("tenant_id"))
        .col(text_null("external_ref"))
        .col(text("status"))
        .col(json("consent"))
        .col(text("skills"))
        .col(json("profile"))
        .col(blob_null("given_name"))
        .col(blob_null("family_name"))
        .col(blob_null("preferred_name"))
        .col(blob_null("email"))
        .col(blob_null("phone"))
        .col(blob_null("address"))
        .col(blob_null("summary"))
        .col(blob_null("employments_history"))
        .col(blob_null("education"))
        .col(blob_null("email_index"))
        .col(blob_null("phone_index"))
        .col(big_integer_null("retain_until"))
        .col(text("created_by"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(big_integer("version"))
        .primary_key(Index::create().name("candidate_pkey").col("id"))
        .take()
}

fn change_log() -> TableCreateStatement {
    Table::create()
        .table("change_log")
        .col(uuid("tenant_id"))
        .col(big_integer("seq"))
        .col(text("resource_type"))
        .col(uuid("resource_id"))
        .col(big_integer("version"))
        .col(text("op"))
        .col(big_integer("at"))
        .primary_key(Index::create().name("change_log_pkey").col("tenant_id").col("seq"))
        .take()
}

fn outbox() -> TableCreateStatement {
    Table::create()
        .table("outbox")
        .col(uuid("id"))
        .col(uuid("tenant_id"))
        .col(big_integer("seq"))
        .col(text("kind"))
        .col(json("payload"))
        .col(big_integer("at"))
        .col(big_integer_null("delivered_at"))
        .primary_key(Index::create().name("outbox_pkey").col("id"))
        .take()
}

fn audit_entry() -> TableCreateStatement {
    Table::create()
        .table("audit_entry")
        .col(uuid("id"))
        .col(uuid_null("tenant_id"))
        .col(big_integer("at"))
        .col(integer("class_uid"))
        .col(blob("body"))
        .col(blob("leaf_hash"))
        .primary_key(Index::create().name("audit_entry_pkey").col("id"))
        .take()
}

fn idempotency() -> TableCreateStatement {
    Table::create()
        .table("idempotency")
        .col(uuid("tenant_id"))
        .col(blob("key_hash"))
        .col(blob("body_hash"))
        .col(uuid("row_id"))
        .col(blob("reply"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .primary_key(Index::create().name("idempotency_pkey").col("tenant_id").col("key_hash"))
        .take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let mut all = Vec::new();
    for (name, table, columns) in UNIQUE {
        all.push(index(name, table, columns).unique().take());
    }
    for (name, table, columns) in PLAIN {
        all.push(index(name, table, columns).take());
    }
    all
}

fn index(name: &str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(table).take();
    for column in columns {
        index.col(*column);
    }
    index
}

type Spec = (&'static str, &'static str, &'static [&'static str]);

const UNIQUE: &[Spec] = &[
    ("tenant_slug", "tenant", &["slug"]),
    ("partner_client_id", "partner", &["client_id"]),
    ("client_company_external_ref", "client_company", &["tenant_id", "external_ref"]),
    ("job_external_ref", "job", &["tenant_id", "external_ref"]),
    ("candidate_external_ref", "candidate", &["tenant_id", "external_ref"]),
    ("candidate_email_index", "candidate", &["tenant_id", "email_index"]),
];

const PLAIN: &[Spec] = &[
    ("partner_secret_client", "partner_secret", &["client_id"]),
    ("client_company_list", "client_company", &["tenant_id", "id"]),
    ("job_list", "job", &["tenant_id", "id"]),
    ("job_by_client", "job", &["tenant_id", "client_id"]),
    ("candidate_list", "candidate", &["tenant_id", "id"]),
    ("candidate_by_phone", "candidate", &["tenant_id", "phone_index"]),
    ("public_job_list", "public_job", &["posted_at", "id"]),
    ("outbox_pending", "outbox", &["delivered_at", "tenant_id", "seq"]),
    ("audit_entry_tenant", "audit_entry", &["tenant_id", "at"]),
];
