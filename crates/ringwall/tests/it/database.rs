//! A database of one's own for each test, gone with it; and a look at it past all walls.

use std::path::Path;

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DbBackend, IsolationLevel, Statement,
    TransactionTrait,
};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    /// The embedded default, in the data directory.
    Sqlite,
    /// The server that `RINGWALL_TEST_POSTGRES` names, or the one on this machine.
    Postgres,
}

/// A new, empty PostgreSQL database, dropped with this.
pub(crate) struct Own {
    name: String,
    url: String,
}

impl Own {
    pub(crate) async fn make() -> Self {
        let server = server();
        let (base, _) = server.rsplit_once('/').expect("a URL with a database");
        let name = unique("ringwall_e2e");
        let own = Self { url: format!("{base}/{name}"), name };
        let admin = open(&server).await;
        run(&admin, &format!("create database {}", own.name)).await;
        admin.close().await.expect("the connection closes");
        own
    }

    /// As its owner.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// As somebody else, whom the server trusts without a password.
    pub(crate) fn url_as(&self, role: &str) -> String {
        let (_, place) = self.url.rsplit_once('@').expect("a URL with a user");
        format!("postgres://{role}@{place}")
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        administer(vec![format!("drop database if exists {} with (force)", self.name)]);
    }
}

/// A role of the whole server that may log in and has nothing, dropped with this.
pub(crate) struct Login(pub(crate) String);

impl Login {
    pub(crate) async fn make() -> Self {
        let login = Self(unique("ringwall_e2e_login"));
        let admin = open(&server()).await;
        run(&admin, &format!("create role {} login", login.0)).await;
        admin.close().await.expect("the connection closes");
        login
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        administer(vec![format!("drop role if exists {}", self.0)]);
    }
}

/// On a thread of its own, because there is no waiting in `drop`.
fn administer(statements: Vec<String>) {
    let working = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime starts").block_on(async {
            let admin = open(&server()).await;
            for statement in statements {
                run(&admin, &statement).await;
            }
        });
    });
    // A database that stays is a nuisance, and no reason to fail twice.
    let _done = working.join();
}

/// Statements for the server's administrator or the database's owner.
pub(crate) async fn run(on: &DatabaseConnection, sql: &str) {
    let statement = Statement::from_string(on.get_database_backend(), sql);
    on.execute_raw(statement).await.expect("the administrator may");
}

pub(crate) async fn open(url: &str) -> DatabaseConnection {
    sea_orm::Database::connect(url).await.expect("the database answers")
}

/// The SQLite database of a data directory, to look at only.
pub(crate) fn sqlite_url(data_dir: &Path) -> String {
    format!("sqlite://{}?mode=ro", data_dir.join("ringwall.sqlite").display())
}

/// One consistent look at all that these queries ask for, one list of rows each.
pub(crate) async fn look<const N: usize>(
    url: &str,
    queries: [&str; N],
) -> [Vec<sea_orm::QueryResult>; N] {
    let database = open(url).await;
    let backend = database.get_database_backend();
    // SQLite knows one level only, which is this one.
    let level = (backend == DbBackend::Postgres).then_some(IsolationLevel::RepeatableRead);
    let mode = level.is_some().then_some(AccessMode::ReadOnly);
    let tx = database.begin_with_config(level, mode).await.expect("a transaction begins");
    let mut answers = [const { Vec::new() }; N];
    for (answer, query) in answers.iter_mut().zip(queries) {
        let statement = Statement::from_string(backend, query);
        *answer = tx.query_all_raw(statement).await.expect("the owner may read");
    }
    tx.rollback().await.expect("nothing was changed");
    database.close().await.expect("the connection closes");
    answers
}

pub(crate) fn cell<T: sea_orm::TryGetable>(row: &sea_orm::QueryResult, column: &str) -> T {
    row.try_get("", column).expect("the column is there")
}

fn server() -> String {
    std::env::var("RINGWALL_TEST_POSTGRES").unwrap_or_else(|_| SERVER.to_owned())
}

fn unique(prefix: &str) -> String {
    format!("{prefix}_{:016x}", u64::from_ne_bytes(kernel::random::bytes()))
}

const SERVER: &str = "postgres://postgres@127.0.0.1:5432/postgres";
