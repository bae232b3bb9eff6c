//! The role that requests run under on PostgreSQL, and what the catalogue says of the walls.

use std::sync::Arc;

use kernel::{SystemClock, TenantId};
use store::{Store, StoreConfig, StoreError};
use vault::Keyring;

use crate::base::{Base, on_postgres};

async fn open(config: &StoreConfig) -> Result<Store, StoreError> {
    Store::open(config, Arc::new(Keyring::generate()), Arc::new(SystemClock)).await
}

/// Tables with a tenant that lack row security, its force, or a policy.
async fn unwalled(base: &Base) -> Vec<String> {
    base.raw
        .column(
            "select c.relname::text from pg_class c \
             join pg_attribute a on a.attrelid = c.oid \
             and a.attname = 'tenant_id' and not a.attisdropped \
             where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') \
             and not (c.relrowsecurity and c.relforcerowsecurity \
             and exists (select 1 from pg_policy p where p.polrelid = c.oid)) \
             order by 1",
        )
        .await
}

#[tokio::test]
async fn a_role_that_owns_a_table_may_not_serve_requests() {
    on_postgres(async |base| {
        base.raw.run("alter table job owner to ringwall_app").await;

        let refused = open(&base.ground.config).await.err().unwrap();

        let said = refused.to_string();
        assert!(said.contains("without superuser, bypassrls or ownership"), "{said}");
        assert!(said.contains("grant ringwall_app"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn a_login_role_without_the_grant_is_told_what_to_grant() {
    on_postgres(async |base| {
        let role = format!("ringwall_test_{}", TenantId::new(&SystemClock).uuid().simple());
        base.raw.run(&format!("create role {role} login")).await;
        let url = base.ground.config.url.replace("postgres@", &format!("{role}@"));
        let config = StoreConfig { url, connections_max: 1 };

        let stranger = open(&config).await.err();
        base.raw.run(&format!("grant ringwall_app to {role}")).await;
        let member = open(&config).await;
        if let Ok(store) = &member {
            store.close().await.unwrap();
        }
        base.raw.run(&format!("drop role {role}")).await;

        let said = stranger.unwrap().to_string();
        assert!(said.contains("grant ringwall_app"), "{said}");
        assert!(member.is_ok());
    })
    .await;
}

#[tokio::test]
async fn every_table_with_a_tenant_is_behind_forced_row_security() {
    on_postgres(async |base| {
        assert_eq!(unwalled(base).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_table_without_a_complete_wall_is_found() {
    on_postgres(async |base| {
        for (missing, sql) in [
            ("everything", ""),
            ("force and policy", "alter table note enable row level security;"),
            (
                "a policy",
                "alter table note enable row level security; \
                 alter table note force row level security;",
            ),
            (
                "force",
                "alter table note enable row level security; \
                 create policy wall on note using (false);",
            ),
        ] {
            base.raw.run(&format!("create table note (id uuid, tenant_id uuid); {sql}")).await;

            assert_eq!(unwalled(base).await, ["note"], "{missing} is missing");

            base.raw.run("drop table note").await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_role_of_requests_owns_nothing_and_has_no_power() {
    on_postgres(async |base| {
        let owned: Vec<String> = base
            .raw
            .column(
                "select c.relname::text from pg_class c join pg_roles r on r.oid = c.relowner \
                 where r.rolname = 'ringwall_app'",
            )
            .await;
        let powerful: Vec<bool> = base
            .raw
            .column(
                "select rolsuper or rolbypassrls or rolcanlogin or rolcreaterole or rolcreatedb \
                 from pg_roles where rolname = 'ringwall_app'",
            )
            .await;

        assert_eq!(owned, Vec::<String>::new());
        assert_eq!(powerful, [false]);
    })
    .await;
}

#[tokio::test]
async fn what_is_written_once_can_not_be_changed_by_requests() {
    on_postgres(async |base| {
        for (table, right) in [
            ("audit_entry", "update"),
            ("audit_entry", "delete"),
            ("change_log", "update"),
            ("revocation", "update"),
            ("usage_alert", "update"),
            ("seen_jti", "update"),
            ("candidate", "truncate"),
            ("tenant", "delete"),
            ("tenant_key", "update"),
            ("tenant_key", "delete"),
            ("seaql_migrations", "insert"),
        ] {
            let asked = format!("select has_table_privilege('ringwall_app', '{table}', '{right}')");

            assert_eq!(base.raw.column::<bool>(&asked).await, [false], "{right} {table}");
        }
    })
    .await;
}

#[tokio::test]
async fn rows_of_production_tenants_are_not_removed_by_requests() {
    on_postgres(async |base| {
        let acme = base.found("acme").await;
        base.company(acme).await;
        let mut tx = base.change(acme).await;
        let draft = crate::samples::candidate("ana@example.org", serde_json::json!({}));
        store::candidates::add(&mut tx, &draft, crate::samples::state()).await.unwrap();
        tx.commit(None).await.unwrap();
        let enter = format!(
            "set role ringwall_app; select set_config('app.tenant', '{}', false)",
            acme.uuid()
        );

        base.raw.run(&enter).await;
        let production = (
            base.raw.run("delete from candidate").await,
            base.raw.run("delete from client_company").await,
        );
        base.raw.run("update tenant set environment = 'sandbox'").await;
        let sandbox = base.raw.run("delete from candidate").await;

        assert_eq!(production, (0, 0));
        assert_eq!(sandbox, 1);
    })
    .await;
}

#[tokio::test]
async fn changes_and_events_are_removed_by_background_work_only() {
    on_postgres(async |base| {
        let acme = base.found("acme").await;
        base.company(acme).await;
        let enter = |runner: &str| {
            format!(
                "set role ringwall_app; select set_config('app.tenant', '{}', false), \
                 set_config('app.runner', '{runner}', false)",
                acme.uuid()
            )
        };

        base.raw.run(&enter("")).await;
        let by_request = (
            base.raw.run("delete from change_log").await,
            base.raw.run("delete from outbox").await,
        );
        base.raw.run(&enter("on")).await;
        let by_runner = base.raw.run("delete from change_log").await;

        assert_eq!(by_request, (0, 0));
        assert_eq!(by_runner, 2);
    })
    .await;
}

#[tokio::test]
async fn requests_may_empty_or_reference_no_table() {
    on_postgres(async |base| {
        for table in base.raw.tables().await {
            let asked = format!(
                "select has_table_privilege('ringwall_app', '{table}', 'truncate, references, \
                 trigger')"
            );

            assert_eq!(base.raw.column::<bool>(&asked).await, [false], "{table}");
        }
    })
    .await;
}
