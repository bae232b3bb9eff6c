//! The open database: a pool for reading and one for writing.

use sea_orm::DatabaseConnection;
use serde::{Deserialize, Serialize};

/// How to reach the database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// `sqlite://…` or `postgres://…`.
    pub url: String,
    /// Most connections of a pool.
    pub connections_max: u32,
}

/// The open database. On PostgreSQL both are the same pool.
#[derive(Clone)]
pub struct Db {
    pub(crate) read: DatabaseConnection,
    pub(crate) write: DatabaseConnection,
}
