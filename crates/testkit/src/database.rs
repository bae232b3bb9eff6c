//! A database of one's own for each platform, gone with it.

use std::path::Path;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait,
};
use store::StoreConfig;
use uuid::Uuid;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// The embedded default, in a temporary directory.
    Sqlite,
    /// The server that `RINGWALL_TEST_POSTGRES` names, or the one on this machine.
    Postgres,
}

impl Database {
    /// Both, for tests that touch what the store does.
    pub const BOTH: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// An empty, migrated database that is dropped with this.
pub(crate) struct Own {
    url: String,
    name: Option<String>,
}

impl Own {
    pub(crate) async fn make(database: Database, directory: &Path) -> Self {
        match database {
            Database::Sqlite => {
                let own = Self {
                    url: format!("sqlite://{}", directory.join(FILE).display()),
                    name: None,
                };
                store::Store::migrate(&own.config()).await.expect("an empty database migrates");
                own
            }
            Database::Postgres => postgres().await,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn config(&self) -> StoreConfig {
        StoreConfig { url: self.url.clone(), connections_max: 4 }
    }

    /// As the database's owner, past all walls: for looking at what only the database knows.
    pub(crate) async fn owner(&self) -> DatabaseConnection {
        sea_orm::Database::connect(&self.url).await.expect("the database answers")
    }
}

/// While this lives, nothing is written: whoever writes waits.
#[must_use = "what is dropped holds nobody"]
pub struct Held {
    writing: DatabaseTransaction,
    owner: DatabaseConnection,
}

impl Held {
    /// Lets the others write.
    ///
    /// # Panics
    /// When the connection does not close.
    pub async fn release(self) {
        self.writing.rollback().await.expect("nothing was written");
        self.owner.close().await.expect("the connection closes");
    }
}

impl Own {
    pub(crate) async fn lose(&self, table: &str) {
        self.change(&format!("alter table {table} rename to lost_{table}")).await;
    }

    pub(crate) async fn fill_up(&self, table: &str) {
        let sql = match self.name {
            Some(_) => {
                format!("alter table {table} add constraint is_full check (false) not valid")
            }
            None => format!(
                "create trigger {table}_is_full before insert on {table} \
                 begin select raise(abort, 'full'); end"
            ),
        };
        self.change(&sql).await;
    }

    pub(crate) async fn hold_writes(&self) -> Held {
        assert!(self.name.is_none(), "PostgreSQL has no lock on all that is written");
        let owner = self.owner().await;
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let writing = owner.begin_with_options(options).await.expect("nobody else writes for long");
        Held { writing, owner }
    }

    async fn change(&self, sql: &str) {
        let owner = self.owner().await;
        let statement = Statement::from_string(owner.get_database_backend(), sql);
        owner.execute_raw(statement).await.expect("there is such a table");
        owner.close().await.expect("the connection closes");
    }
}

/// Making databases and their shared role is not safe side by side, so an advisory lock queues it.
async fn postgres() -> Own {
    let server = server();
    let admin = sea_orm::Database::connect(&server).await.expect("PostgreSQL answers");
    let name = format!("ringwall_test_{}", Uuid::from_bytes(kernel::random::bytes()).simple());
    let (base, _) = server.rsplit_once('/').expect("a URL with a database");
    let own = Own { url: format!("{base}/{name}"), name: Some(name.clone()) };
    run(&admin, "select pg_advisory_lock(7316)").await;
    run(&admin, &format!("create database {name}")).await;
    // Nothing here has to survive a power cut.
    run(&admin, &format!("alter database {name} set synchronous_commit to off")).await;
    let migrated = store::Store::migrate(&own.config()).await;
    run(&admin, "select pg_advisory_unlock(7316)").await;
    migrated.expect("an empty database migrates");
    admin.close().await.expect("the connection closes");
    own
}

async fn run(on: &DatabaseConnection, sql: &str) {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    on.execute_raw(statement).await.expect("the administrator may");
}

fn server() -> String {
    std::env::var("RINGWALL_TEST_POSTGRES").unwrap_or_else(|_| SERVER.to_owned())
}

impl Drop for Own {
    /// On a thread of its own, because there is no waiting in `drop`.
    fn drop(&mut self) {
        let Some(name) = self.name.take() else { return };
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(async {
                let Ok(admin) = sea_orm::Database::connect(server()).await else { return };
                run(&admin, &format!("drop database if exists {name} with (force)")).await;
            });
        });
        // A database that stays is a nuisance, and no reason to fail twice.
        let _dropped = dropping.join();
    }
}

/// The SQLite database's file.
pub(crate) const FILE: &str = "ringwall.db";
const SERVER: &str = "postgres://postgres@127.0.0.1:5432/postgres";
