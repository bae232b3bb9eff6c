//! A transaction of PostgreSQL that begins and says whose rows it may see in one message.
//!
//! Row security costs a round trip to begin and another to name the tenant, before each query of
//! each request. Both fit into one, as text: the only protocol of PostgreSQL that takes two
//! statements at once takes no values. So only what cannot be anything but digits goes that way.

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::sea_query::Values;
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement,
};
use sea_query_sqlx::SqlxValues;
use sqlx::postgres::PgPool;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Executor as _, Postgres, Transaction};
use tokio::sync::Mutex;
use uuid::Uuid;

/// A transaction that sees one tenant's rows. Dropped without [`Walled::commit`], it changes
/// nothing.
pub(crate) struct Walled(Mutex<Transaction<'static, Postgres>>);

impl Walled {
    pub(super) async fn begin(pool: &PgPool, tenant: Uuid) -> Result<Self, DbErr> {
        // No text of a caller is in it: a `Uuid` prints as hexadecimal digits and hyphens.
        let begin = format!("begin; select set_config('app.tenant', '{tenant}', true)");
        let transaction = pool.begin_with(AssertSqlSafe(begin)).await.map_err(unreached)?;
        Ok(Self(Mutex::new(transaction)))
    }

    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.0.into_inner().commit().await.map_err(failed(DbErr::Query))
    }
}

#[async_trait]
impl ConnectionTrait for Walled {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut on = self.0.lock().await;
        let done = on.execute(bound(statement)).await;
        done.map(ExecResult::from).map_err(failed(DbErr::Exec))
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut on = self.0.lock().await;
        let done = on.execute(AssertSqlSafe(sql)).await;
        done.map(ExecResult::from).map_err(failed(DbErr::Exec))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut on = self.0.lock().await;
        let row = on.fetch_optional(bound(statement)).await;
        row.map(|row| row.map(QueryResult::from)).map_err(failed(DbErr::Query))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut on = self.0.lock().await;
        let rows = on.fetch_all(bound(statement)).await.map_err(failed(DbErr::Query))?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }
}

/// What the ORM built, prepared once a connection and with its values apart.
fn bound(statement: Statement) -> Query<'static, Postgres, SqlxValues> {
    let values = statement.values.unwrap_or(Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}

/// As SeaORM tells a pool without connections from one that failed.
fn unreached(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        other => failed(DbErr::Conn)(other),
    }
}

/// As SeaORM tells a failure of sqlx.
pub(super) fn failed(kind: fn(RuntimeErr) -> DbErr) -> impl FnOnce(sqlx::Error) -> DbErr {
    move |error| kind(RuntimeErr::SqlxError(error.into()))
}
