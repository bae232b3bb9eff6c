//! What only the database knows: the audit trail, the outbox, the change log.
//!
//! The API does not show them yet, so this is the one back door, and it only looks.

use kernel::{EventId, TenantId};
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use serde_json::Value;
use uuid::Uuid;
use watch::{Authentication, Event};

use crate::platform::Running;
use crate::{Platform, Tenant};

/// An event in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// Its place in the tenant's order.
    pub seq: i64,
    /// Its name.
    pub kind: String,
    /// What subscribers are told.
    pub payload: Value,
}

/// A line of the change log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its place in the tenant's order.
    pub seq: i64,
    /// `job`, `candidate`, …
    pub resource: String,
    /// The resource's version after the change.
    pub version: i64,
    /// `created`, `updated` or `deleted`.
    pub op: String,
}

impl Platform {
    /// Every audit entry, oldest first.
    pub async fn audit(&self) -> Vec<Value> {
        self.0.audit(|_| true).await
    }
}

impl Tenant {
    /// The tenant's audit entries, oldest first.
    pub async fn audit(&self) -> Vec<Value> {
        let own = self.id().uuid();
        self.running.audit(move |tenant| tenant == Some(own)).await
    }

    /// The tenant's events in their order.
    pub async fn outbox(&self) -> Vec<Happened> {
        let rows = self.running.rows("select * from outbox order by tenant_id, seq").await;
        let own = rows.iter().filter(|row| self.owns(row));
        own.map(|row| Happened {
            seq: cell(row, "seq"),
            kind: cell(row, "kind"),
            payload: cell(row, "payload"),
        })
        .collect()
    }

    /// The tenant's changes in their order.
    pub async fn changes(&self) -> Vec<Changed> {
        let rows = self.running.rows("select * from change_log order by tenant_id, seq").await;
        let own = rows.iter().filter(|row| self.owns(row));
        own.map(|row| Changed {
            seq: cell(row, "seq"),
            resource: cell(row, "resource_type"),
            version: cell(row, "version"),
            op: cell(row, "op"),
        })
        .collect()
    }

    fn owns(&self, row: &QueryResult) -> bool {
        TenantId::from_uuid(cell(row, "tenant_id")) == self.id()
    }
}

impl Platform {
    /// All rows of all tables as text, as the database's owner sees them.
    pub async fn everything(&self) -> String {
        self.0.everything().await
    }
}

impl Running {
    async fn everything(&self) -> String {
        let is_postgres = self.own.url().starts_with("postgres");
        let tables = if is_postgres { POSTGRES_TABLES } else { SQLITE_TABLES };
        let mut all = String::new();
        for row in self.rows(tables).await {
            let table: String = cell(&row, "name");
            let sql = if is_postgres {
                format!("select t::text as line from {table} t")
            } else {
                let columns = format!("select name from pragma_table_info('{table}')");
                let columns = self.rows(&columns).await;
                let texts = columns.iter().map(|row| {
                    let name: String = cell(row, "name");
                    let text = format!("case typeof({name}) when 'blob' then '' else {name} end");
                    format!("coalesce({text}, '')")
                });
                format!(
                    "select {} as line from {table}",
                    texts.collect::<Vec<_>>().join(" || ' ' || ")
                )
            };
            all.extend(self.rows(&sql).await.iter().map(|row| cell::<String>(row, "line") + "\n"));
        }
        all
    }

    async fn audit(&self, of: impl Fn(Option<Uuid>) -> bool) -> Vec<Value> {
        self.settle().await;
        let rows = self.rows("select tenant_id, body from audit_entry order by at, id").await;
        let own = rows.iter().filter(|row| of(cell(row, "tenant_id")));
        let bodies = own.map(|row| cell::<Vec<u8>>(row, "body"));
        let entries = bodies.map(|body| serde_json::from_slice(&body).expect("an entry is JSON"));
        entries.filter(|entry: &Value| entry["auth_protocol"] != MARK).collect()
    }

    /// Entries about permitted reads are written soon, not at once: an entry that is waited for
    /// comes after all of them.
    async fn settle(&self) {
        let scene = self.witness(TenantId::new(self.clock.as_ref())).scene;
        let mark = Authentication::new(MARK, Ok(()));
        let event = Event::authentication(EventId::new(self.clock.as_ref()), &scene, mark);
        self.app.recorder.witness(event).await.expect("the recorder writes");
    }

    async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        let owner = self.own.owner().await;
        let statement = Statement::from_string(owner.get_database_backend(), sql);
        let rows = owner.query_all_raw(statement).await.expect("the owner may read");
        owner.close().await.expect("the connection closes");
        rows
    }
}

fn cell<T: sea_orm::TryGetable>(row: &QueryResult, column: &str) -> T {
    row.try_get("", column).expect("the column is there")
}

const POSTGRES_TABLES: &str =
    "select tablename::text as name from pg_tables where schemaname = 'public'";
const SQLITE_TABLES: &str = "select name from sqlite_master where type = 'table'";
const MARK: &str = "testkit";
