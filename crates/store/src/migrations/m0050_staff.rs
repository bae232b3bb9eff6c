//! People who sign in: accounts with their credentials, enrolment links, sessions, and how long
//! who failed has to wait.
//!
//! Forward only. The walls of the new tables follow in `m0050_walls.sql`.

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
        both::wall(manager, include_str!("m0050_walls.sql")).await
    }
}

const BOTH: [&str; 12] = [
    "create table staff (
       id uuid not null constraint staff_pkey primary key,
       tenant_id uuid not null,
       sign_in_index bytea not null,
       email bytea not null,
       display_name bytea not null,
       roles text not null,
       status text not null,
       password text,
       totp_secret bytea,
       totp_step bigint not null,
       enrolled_at bigint,
       created_at bigint not null,
       updated_at bigint not null,
       version bigint not null)",
    "create unique index staff_sign_in_index on staff (sign_in_index)",
    "create index staff_tenant on staff (tenant_id, id)",
    "create table staff_recovery_code (
       hash bytea not null constraint staff_recovery_code_pkey primary key,
       tenant_id uuid not null,
       staff_id uuid not null,
       used_at bigint)",
    "create index staff_recovery_code_staff on staff_recovery_code (staff_id)",
    "create table staff_enrolment (
       hash bytea not null constraint staff_enrolment_pkey primary key,
       tenant_id uuid not null,
       staff_id uuid not null,
       created_at bigint not null,
       expires_at bigint not null,
       taken_at bigint)",
    "create index staff_enrolment_staff on staff_enrolment (staff_id)",
    "create table staff_session (
       id uuid not null constraint staff_session_pkey primary key,
       tenant_id uuid not null,
       hash bytea not null,
       staff_id uuid not null,
       environment text not null,
       roles text not null,
       agent text not null,
       phishing_resistant boolean not null,
       proven_at bigint not null,
       created_at bigint not null,
       seen_at bigint not null,
       idle_ms bigint not null,
       expires_at bigint not null,
       ended_at bigint)",
    "create unique index staff_session_hash on staff_session (hash)",
    "create index staff_session_staff on staff_session (tenant_id, staff_id, created_at)",
    "create table sign_in_delay (
       subject bytea not null constraint sign_in_delay_pkey primary key,
       failures bigint not null,
       failed_at bigint not null,
       until bigint not null)",
    "create index sign_in_delay_failed on sign_in_delay (failed_at)",
];
