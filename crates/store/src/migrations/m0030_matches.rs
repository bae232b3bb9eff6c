//! Matches, runs of the matcher, and projections: what the matcher may read of candidates.
//!
//! Forward only. Candidates that were written down before get their projection when background work
//! begins. The matcher's own role is in `m0030_walls.sql`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, blob, blob_null, boolean, json, json_null, text, uuid, uuid_null,
};

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
        manager.create_table(projection()).await?;
        manager.create_table(match_run()).await?;
        manager.create_table(job_match()).await?;
        let connection = manager.get_connection();
        connection.execute_unprepared(INDEXES).await?;
        if manager.get_database_backend() == sea_orm::DbBackend::Postgres {
            connection.execute_unprepared(WALLS).await?;
        }
        Ok(())
    }
}

const INDEXES: &str = "
create index match_run_list on match_run (tenant_id, id);
create unique index job_match_pair on job_match (tenant_id, job_id, candidate_id);
create index job_match_best on job_match (tenant_id, job_id, place, id);
create index job_match_list on job_match (tenant_id, place, id);
create index job_match_by_candidate on job_match (tenant_id, candidate_id);";
const WALLS: &str = include_str!("m0030_walls.sql");

fn projection() -> TableCreateStatement {
    Table::create()
        .table("projection")
        .col(uuid("tenant_id"))
        .col(uuid("candidate_id"))
        .col(blob("projection"))
        .col(big_integer("version"))
        .primary_key(Index::create().name("projection_pkey").col("tenant_id").col("candidate_id"))
        .take()
}

fn match_run() -> TableCreateStatement {
    Table::create()
        .table("match_run")
        .col(uuid("id"))
        .col(uuid("tenant_id"))
        .col(uuid("job_id"))
        .col(big_integer("job_version"))
        .col(text("scope"))
        .col(text("status"))
        .col(text("policy_version"))
        .col(text("exchange_version"))
        .col(json("counts"))
        .col(json("digests"))
        .col(json("scores"))
        .col(text("created_by"))
        .col(big_integer("started_at"))
        .col(big_integer("ended_at"))
        .col(big_integer("version"))
        .primary_key(Index::create().name("match_run_pkey").col("id"))
        .take()
}

fn job_match() -> TableCreateStatement {
    Table::create()
        .table("job_match")
        .col(uuid("id"))
        .col(uuid("tenant_id"))
        .col(uuid("job_id"))
        .col(uuid("candidate_id"))
        .col(uuid("run_id"))
        .col(big_integer("place"))
        .col(boolean("eligible"))
        .col(big_integer("score"))
        .col(text("inputs_hash"))
        .col(json_null("assessment"))
        .col(text("stage"))
        .col(big_integer_null("moved_at"))
        .col(big_integer_null("presented_at"))
        .col(json_null("decision"))
        .col(blob_null("decision_note"))
        .col(uuid_null("employment_id"))
        .col(text("created_by"))
        .col(big_integer("created_at"))
        .col(big_integer("scored_at"))
        .col(big_integer("updated_at"))
        .col(big_integer("version"))
        .primary_key(Index::create().name("job_match_pkey").col("id"))
        .take()
}
