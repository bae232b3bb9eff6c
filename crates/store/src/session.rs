//! What queries run on: a pool, or a transaction.

use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, Statement,
};

use crate::dialect::Walled;

/// A pool or a transaction, with one face for queries.
pub(crate) enum Session {
    /// Each query by itself: SQLite reads.
    Pool(DatabaseConnection),
    /// All queries together.
    Transaction(DatabaseTransaction),
    /// All queries together, of one tenant on PostgreSQL.
    Walled(Walled),
}

impl Session {
    /// Makes what was written permanent.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Pool(_) => Ok(()),
            Self::Transaction(transaction) => transaction.commit().await,
            Self::Walled(transaction) => transaction.commit().await,
        }
    }
}

#[async_trait]
impl ConnectionTrait for Session {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Pool(on) => on.get_database_backend(),
            Self::Transaction(on) => on.get_database_backend(),
            Self::Walled(on) => on.get_database_backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(on) => on.execute_raw(statement).await,
            Self::Transaction(on) => on.execute_raw(statement).await,
            Self::Walled(on) => on.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(on) => on.execute_unprepared(sql).await,
            Self::Transaction(on) => on.execute_unprepared(sql).await,
            Self::Walled(on) => on.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Pool(on) => on.query_one_raw(statement).await,
            Self::Transaction(on) => on.query_one_raw(statement).await,
            Self::Walled(on) => on.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Pool(on) => on.query_all_raw(statement).await,
            Self::Transaction(on) => on.query_all_raw(statement).await,
            Self::Walled(on) => on.query_all_raw(statement).await,
        }
    }
}
