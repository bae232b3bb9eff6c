//! The second wall: PostgreSQL refuses where the tenant's filter was left out on purpose.

use std::str::FromStr;

use kernel::TenantId;
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};
use store::{candidates, employments, jobs};

use crate::base::{Base, on_both, on_postgres};
use crate::samples;

/// A connection under the role of requests, around the store.
async fn around(base: &Base) -> PgConnection {
    let options = PgConnectOptions::from_str(&base.ground.config.url).unwrap();
    options.options([("role", "ringwall_app")]).connect().await.unwrap()
}

async fn set(on: &mut PgConnection, setting: &str, value: &str) {
    let sql = "select set_config($1, $2, false)";
    sqlx::query(sql).bind(setting).bind(value).execute(on).await.unwrap();
}

async fn tenants_seen(on: &mut PgConnection, table: &str) -> Vec<String> {
    let sql = format!("select distinct tenant_id::text from {table} where tenant_id is not null");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(on).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The message of a refusal; none when the database did it.
async fn refusal(on: &mut PgConnection, sql: String) -> Option<String> {
    sqlx::query(AssertSqlSafe(sql)).execute(on).await.err().map(|error| error.to_string())
}

/// Two tenants with a row in each table that a request can fill.
async fn two_tenants(base: &Base) -> (TenantId, TenantId) {
    let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);
    for tenant in [acme, zeta] {
        let company = base.company(tenant).await;
        crate::partners::register(base, tenant).await;
        let claim = crate::idempotency::claim(base, 1);
        let mut tx = base.claimed(tenant, claim).await;
        let draft = samples::job(company, json!({}));
        let job = jobs::add(&mut tx, draft.clone()).await.unwrap();
        let life = samples::open(tx.now());
        jobs::save(&mut tx, &job, draft, life, samples::step(&[])).await.unwrap();
        let draft = samples::candidate("ana@example.org", json!({}));
        let ana = candidates::add(&mut tx, &draft, samples::state()).await.unwrap();
        let draft = samples::employment(ana.id, company, json!({}));
        employments::add(&mut tx, &draft).await.unwrap();
        tx.commit(Some(&crate::base::reply("{}"))).await.unwrap();
        fill_bulk(base, tenant).await;
    }
    (acme, zeta)
}

/// A row in each table of imports, exports, applications and suppressions.
async fn fill_bulk(base: &Base, tenant: TenantId) {
    let id = base.raw.id(tenant.uuid());
    for sql in [
        format!(
            "insert into api_key values ({id}, {id}, 'pc', '{tenant}', 'live', 'x', 'abcd', 'n', \
             's', '', 'me', 0, 1, null, null, null, 1)"
        ),
        format!(
            "insert into authorization_code values ('{tenant}', {id}, 'pc', 'u', \
             's', 'r', 'c', 'f', 0, null, null, 0, false, null)"
        ),
        format!(
            "insert into refresh_family values ('{tenant}', {id}, 'pc', 'u', 's', null, 1, 'x', \
             null, null, 0, 0, null, 0, false)"
        ),
        format!("insert into pushed_request values ('{tenant}', {id}, 'pc', '{{}}', 0, null)"),
        format!("insert into partner_key values ({id}, {id}, 'pc', '{{}}', 0, null)"),
        format!("insert into partner_certificate values ({id}, {id}, 'pc', 'san_dns', 'a', 0)"),
        format!("insert into revocation values ({id}, {id}, 'token', 'x', 0, 1)"),
        format!(
            "insert into staff values ({id}, {id}, '{tenant}', 'x', 'x', '', 'invited', null, \
             null, 0, null, 0, 0, 1)"
        ),
        format!("insert into staff_recovery_code values ('{tenant}', {id}, {id}, null)"),
        format!("insert into staff_enrolment values ('{tenant}', {id}, {id}, 0, 1, null)"),
        format!(
            "insert into staff_session values ({id}, {id}, '{tenant}', {id}, 'production', '', \
             'x', false, 0, 0, 0, 1, 1, null)"
        ),
        format!(
            "insert into ban values ({id}, {id}, 'client', '{tenant}', 1, 'rate', 'x', 0, 1, null, \
             null, 0, 1, 1)"
        ),
        format!("insert into usage_plan values ({id}, {id}, 'n', '[]', 'x', 0, 0, null, 1)"),
        format!("insert into usage_assignment values ({id}, 'client', 'pc', {id}, 'x', 0)"),
        format!("insert into usage_alert values ({id}, {id}, {id}, 'pc', 'r', 80, 1, 0)"),
        format!(
            "insert into staff_passkey values ({id}, {id}, {id}, '{tenant}', 'x', 'x', 0, false, \
             false, 'x', 0, null)"
        ),
        format!(
            "insert into staff_proposal values ({id}, {id}, {id}, 'roles', '', {id}, 0, 1, null, \
             null, null)"
        ),
        format!("insert into suppression values ({id}, 'x', 0)"),
        format!("insert into blocklist values ({id}, {id}, {id}, 'client', 'x', 0)"),
        format!("insert into application values ({id}, {id}, {id}, 0)"),
        format!("insert into import_part values ({id}, {id}, 1, 0, 'x')"),
        format!("insert into import_result values ({id}, {id}, 1, 'failed', null, null)"),
        format!("insert into export_part values ({id}, {id}, 1, 'x')"),
        format!(
            "insert into import values ({id}, {id}, 'csv', 'receiving', null, 1, 0, 0, 0, 0, 0, 0, \
             0, 'x', 0, null, null, 1)"
        ),
        format!(
            "insert into match_run values ({id}, {id}, {id}, 1, 'all', 'succeeded', 'x', 'x', \
             '{{}}', '{{}}', '[]', 'x', 0, 0, 1)"
        ),
        format!(
            "insert into job_match values ({id}, {id}, {id}, {id}, {id}, 0, false, 0, 'x', null, \
             'scored', null, null, null, null, null, 'x', 0, 0, 0, 1)"
        ),
        format!(
            "insert into export values ({id}, {id}, 'csv', false, 'running', null, 0, 0, 'x', 0, \
             null, null, 1)"
        ),
    ] {
        base.raw.run(&sql).await;
    }
}

async fn tables_with_tenants(base: &Base) -> Vec<String> {
    let sql = "select table_name::text from information_schema.columns \
         where table_schema = 'public' and column_name = 'tenant_id' order by 1";
    base.raw.column(sql).await
}

#[tokio::test]
async fn another_tenants_row_is_missing_whatever_is_done_to_it() {
    on_both(async |base| {
        let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let job = jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
        let draft = samples::candidate("ana@example.org", json!({}));
        let ana = candidates::add(&mut tx, &draft, samples::state()).await.unwrap();
        tx.commit(None).await.unwrap();
        let missing = |result: Option<store::StoreError>| {
            assert!(matches!(result, Some(store::StoreError::Missing)), "{result:?}");
        };

        let view = base.view(zeta).await;
        missing(jobs::require(&view, job.id).await.err());
        missing(candidates::require(&view, ana.id).await.err());
        missing(store::clients::require(&view, company).await.err());
        drop(view);
        let mut tx = base.change(zeta).await;
        let save = jobs::save(&mut tx, &job, job.draft.clone(), job.life, samples::step(&[]));
        missing(save.await.err());
        missing(jobs::delete(&mut tx, &job).await.err());
        let step = candidates::Step { event: "candidate.updated", fields: Vec::new() };
        missing(candidates::save(&mut tx, &ana, None, ana.state(), step).await.err());
    })
    .await;
}

#[tokio::test]
async fn a_permit_for_no_tenant_opens_nothing() {
    on_both(async |base| {
        let anyone = std::sync::Arc::new(policy::Caller::anonymous());
        let action = base.engine.action("job.list").unwrap();
        let permit = base.engine.judge(&anyone, &action).unwrap();

        let view = base.store.view(&permit).await.err();
        let tx = base.store.tenant(&permit, &base.witness()).await.err();

        assert!(matches!(view, Some(store::StoreError::NoTenant)), "{view:?}");
        assert!(matches!(tx, Some(store::StoreError::NoTenant)), "{tx:?}");
    })
    .await;
}

#[tokio::test]
async fn a_query_without_the_filter_sees_the_set_tenants_rows_only() {
    on_postgres(async |base| {
        let (acme, _) = two_tenants(base).await;
        let mut on = around(base).await;
        set(&mut on, "app.tenant", &acme.uuid().to_string()).await;

        for table in tables_with_tenants(base).await {
            let seen = tenants_seen(&mut on, &table).await;
            if table == "public_job" {
                // What is public is everybody's to read.
                assert_eq!(seen.len(), 2);
            } else {
                assert_eq!(seen, [acme.uuid().to_string()], "{table}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_without_a_tenant_sees_no_rows() {
    on_postgres(async |base| {
        two_tenants(base).await;
        let mut on = around(base).await;

        for _ in ["unset", "empty"] {
            for table in tables_with_tenants(base).await {
                if table != "public_job" {
                    assert!(tenants_seen(&mut on, &table).await.is_empty(), "{table}");
                }
            }
            set(&mut on, "app.tenant", "").await;
        }
    })
    .await;
}

#[tokio::test]
async fn writing_into_another_tenant_is_refused() {
    on_postgres(async |base| {
        let (acme, zeta) = two_tenants(base).await;
        let mut on = around(base).await;
        set(&mut on, "app.tenant", &acme.uuid().to_string()).await;
        let zeta = zeta.uuid();

        for sql in [
            format!("insert into change_log values ('{zeta}', 99, 'job', '{zeta}', 1, 'x', 0)"),
            format!("insert into tenant_key values ('{zeta}', 2, '')"),
            format!("insert into revocation values ('{zeta}', '{zeta}', 'token', 'x', 0, 1)"),
            format!("insert into revocation values ('{zeta}', null, 'signing_key', 'x', 0, 1)"),
            format!(
                "insert into ban values ('{zeta}', '{zeta}', 'client', 'x', 1, 'rate', 'x', 0, 1, \
                 null, null, 0, 1, 1)"
            ),
            format!("update ban set tenant_id = '{zeta}'"),
            format!("update usage_plan set tenant_id = '{zeta}'"),
            format!("update usage_assignment set tenant_id = '{zeta}'"),
            format!(
                "insert into usage_alert values ('{zeta}', '{zeta}', '{zeta}', 'p', 'r', 80, 1, 0)"
            ),
            format!("update candidate set tenant_id = '{zeta}'"),
            format!("update employment set tenant_id = '{zeta}'"),
            format!("update projection set tenant_id = '{zeta}'"),
            format!("update job_match set tenant_id = '{zeta}'"),
            format!("update job set tenant_id = '{zeta}'"),
            format!("update public_job set tenant_id = '{zeta}'"),
            format!("insert into tenant select '{zeta}', 'x', 'x', 'x', 'x', '{{}}', 0, 0, 1"),
        ] {
            let refused = refusal(&mut on, sql.clone()).await.unwrap_or_default();

            assert!(refused.contains("row-level security"), "{sql}: {refused:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn changing_without_the_filter_touches_the_set_tenants_rows_only() {
    on_postgres(async |base| {
        let (acme, _) = two_tenants(base).await;
        let mut on = around(base).await;
        set(&mut on, "app.tenant", &acme.uuid().to_string()).await;

        for sql in [
            "update candidate set version = 7",
            "update employment set version = 7",
            "update projection set version = 7",
            "update job_match set version = 7",
            "update tenant set version = 7",
            "update tenant_counter set seq = seq",
            "delete from public_job",
            "delete from job",
            "delete from idempotency",
        ] {
            let done = sqlx::query(sql).execute(&mut on).await.unwrap();

            assert_eq!(done.rows_affected(), 1, "{sql}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_audit_entry_can_not_be_changed_or_removed() {
    on_postgres(async |base| {
        let (acme, _) = two_tenants(base).await;
        let mut on = around(base).await;
        set(&mut on, "app.tenant", &acme.uuid().to_string()).await;

        for sql in ["update audit_entry set at = 0", "delete from audit_entry"] {
            let refused = refusal(&mut on, sql.to_owned()).await.unwrap_or_default();

            assert!(refused.contains("permission denied"), "{sql}: {refused:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_api_key_that_proved_nothing_shows_its_own_row_only() {
    on_postgres(async |base| {
        let (acme, _) = two_tenants(base).await;
        let mut on = around(base).await;
        set(&mut on, "app.api_key", &acme.to_string()).await;

        assert_eq!(tenants_seen(&mut on, "api_key").await, [acme.uuid().to_string()]);
        let done = sqlx::query("update api_key set used_at = 0").execute(&mut on).await.unwrap();
        assert_eq!(done.rows_affected(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_person_who_proved_nothing_shows_the_row_that_they_name_only() {
    on_postgres(async |base| {
        let (acme, _) = two_tenants(base).await;
        let mut on = around(base).await;
        let hash = data_encoding::HEXLOWER.encode(acme.to_string().as_bytes());
        set(&mut on, "app.presented", &hash).await;

        for table in ["staff", "staff_enrolment", "staff_session"] {
            assert_eq!(tenants_seen(&mut on, table).await, [acme.uuid().to_string()], "{table}");
            let sql = format!("update {table} set created_at = 0");
            let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut on).await.unwrap();
            assert_eq!(done.rows_affected(), 0, "{table}");
        }
        assert!(tenants_seen(&mut on, "staff_recovery_code").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_client_that_proved_nothing_sees_its_own_registration_only() {
    on_postgres(async |base| {
        let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);
        let client_id = crate::partners::register(base, acme).await;
        crate::partners::register(base, zeta).await;
        for tenant in [acme, zeta] {
            let id = base.raw.id(tenant.uuid());
            let owner = if tenant == acme { client_id.as_str() } else { "pc_other" };
            let key = format!("insert into partner_key values ({id}, {id}, '{owner}', '{{}}', 0)");
            base.raw.run(&key).await;
        }
        let mut on = around(base).await;
        set(&mut on, "app.client", &client_id).await;

        for table in ["partner", "partner_secret", "partner_key"] {
            assert_eq!(tenants_seen(&mut on, table).await, [acme.uuid().to_string()], "{table}");
            let sql = format!("update {table} set created_at = 0");
            let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut on).await.unwrap();
            assert_eq!(done.rows_affected(), 0, "{table}");
        }
    })
    .await;
}
