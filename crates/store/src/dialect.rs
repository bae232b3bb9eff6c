//! The only room that knows which database it is.

pub(crate) mod audit;
mod by_id;
#[cfg(target_os = "linux")]
mod promptly;
mod walled;

use std::str::FromStr;
use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use sea_orm::{SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::StoreError;
use crate::db::{Db, StoreConfig};
use crate::session::Session;
use crate::words::Phrase;

pub(crate) use by_id::ById;
pub(crate) use walled::Walled;

/// The role that requests run under on PostgreSQL: no owner, no superuser, no way past the walls.
pub(crate) const ROLE: &str = "ringwall_app";

/// Opens the database that the configuration names, ready for requests.
pub(crate) async fn connect(config: &StoreConfig) -> Result<Db, StoreError> {
    if is_postgres(&config.url) {
        let pool = postgres(config, Some(ROLE)).await?;
        refuse_powerful_role(&pool).await?;
        refuse_without_matcher(&pool).await?;
        return Ok(Db { read: pool.clone(), write: pool });
    }
    // One writer: SQLite has one, and waiting in our queue beats `SQLITE_BUSY`.
    let write = sqlite(config, 1, false).await?;
    let read = sqlite(config, config.connections_max, true).await?;
    Ok(Db { read, write })
}

/// Opens the database as its owner, for migrations.
pub(crate) async fn connect_owner(config: &StoreConfig) -> Result<DatabaseConnection, StoreError> {
    if is_postgres(&config.url) {
        return postgres(&StoreConfig { connections_max: 1, ..config.clone() }, None).await;
    }
    sqlite(config, 1, false).await
}

/// Waits until no other process migrates the same database, and keeps others out until `owner`,
/// which has one connection, is closed. SQLite needs none of it: its data directory has one user.
pub(crate) async fn migrate_alone(owner: &DatabaseConnection) -> Result<(), StoreError> {
    if owner.get_database_backend() == DbBackend::Postgres {
        let values = [MIGRATION_LOCK.into()];
        let lock = Statement::from_sql_and_values(DbBackend::Postgres, LOCK, values);
        owner.execute_raw(lock).await?;
    }
    Ok(())
}

/// Starts a transaction that sees these rows. SQLite takes its write lock at once: taken later,
/// after a read, it could not wait for another process's change but would fail.
pub(crate) async fn open(
    pool: &DatabaseConnection,
    context: Context,
) -> Result<Session, StoreError> {
    let is_walled = pool.get_database_backend() == DbBackend::Postgres;
    if let (true, Context::Tenant(tenant)) = (is_walled, &context) {
        let postgres = pool.get_postgres_connection_pool();
        return Ok(Session::Walled(Walled::begin(postgres, *tenant).await?));
    }
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let session = Session::Transaction(pool.begin_with_options(options).await?);
    enter(&session, context).await?;
    Ok(session)
}

/// Tells the database whose rows this transaction may see. SQLite has no row security: there the
/// type system is the only wall, which is why it serves one process and one data directory.
pub(crate) async fn enter(
    session: &impl ConnectionTrait,
    context: Context,
) -> Result<(), StoreError> {
    if session.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let (setting, value) = match context {
        Context::Tenant(tenant) => (SET_TENANT, tenant.to_string()),
        Context::Client(client_id) => (SET_CLIENT, client_id),
        Context::ApiKey(key_id) => (SET_API_KEY, key_id),
        Context::Presented(hash) => (SET_PRESENTED, hash),
        Context::Runner => (SET_RUNNER, "on".to_owned()),
        Context::Nobody => return Ok(()),
    };
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, setting, [value.into()]);
    session.query_one_raw(statement).await?;
    Ok(())
}

/// Steps down to the role of the matcher, until the transaction ends: from here on the database
/// shows projections and nothing else. SQLite has no roles: there the type of what is read is the
/// only wall.
pub(crate) async fn step_down(session: &impl ConnectionTrait) -> Result<(), StoreError> {
    if session.get_database_backend() == DbBackend::Postgres {
        session.execute_unprepared(STEP_DOWN).await?;
    }
    Ok(())
}

/// The rows of a table in which a phrase stands, in one of these fields or anywhere. The only text
/// in the statement is ours: the words are bound.
pub(crate) fn has_phrase(
    backend: DbBackend,
    index: WordIndex,
    phrase: &Phrase,
    field: WordField,
) -> Expr {
    if backend == DbBackend::Postgres {
        return Expr::cust_with_values(PG_PHRASE, [ts_query(phrase, field)]);
    }
    let sql = match index {
        WordIndex::Job => LITE_JOB,
        WordIndex::PublicJob => LITE_PUBLIC_JOB,
    };
    Expr::cust_with_values(sql, [fts5_query(phrase, field)])
}

/// Which index of words.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WordIndex {
    /// Of an agency's own jobs.
    Job,
    /// Of public ones.
    PublicJob,
}

/// Where words stand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WordField {
    /// In the title.
    Title,
    /// In the names of the skills.
    Skills,
    /// Anywhere.
    Any,
}

/// Words are letters and digits only ([`crate::words`]), so quotes hold them.
fn fts5_query(phrase: &Phrase, field: WordField) -> String {
    let words = phrase.words.join(" ");
    let star = if phrase.is_open { " *" } else { "" };
    match field {
        WordField::Title => format!("search_title : \"{words}\"{star}"),
        WordField::Skills => format!("search_skills : \"{words}\"{star}"),
        WordField::Any => format!("\"{words}\"{star}"),
    }
}

/// One alternative a field: the words of a phrase stand in the same one.
fn ts_query(phrase: &Phrase, field: WordField) -> String {
    let fields = match field {
        WordField::Title => "A",
        WordField::Skills => "B",
        WordField::Any => "ABC",
    };
    let last = phrase.words.len().saturating_sub(1);
    let in_field = |weight: char| {
        let words = phrase.words.iter().enumerate().map(|(number, word)| {
            let star = if phrase.is_open && number == last { "*" } else { "" };
            format!("'{word}':{star}{weight}")
        });
        format!("({})", words.collect::<Vec<_>>().join(" <-> "))
    };
    fields.chars().map(in_field).collect::<Vec<_>>().join(" | ")
}

const PG_PHRASE: &str = "search_words @@ cast(cast($1 as text) as tsquery)";
const LITE_JOB: &str = "search_id in (select rowid from job_words where job_words match ?)";
const LITE_PUBLIC_JOB: &str =
    "search_id in (select rowid from public_job_words where public_job_words match ?)";

/// What time it is by the clock that all nodes share, in milliseconds; nothing where the database
/// is a file and has no clock but ours.
pub(crate) fn now_ms(backend: DbBackend) -> Option<Expr> {
    (backend == DbBackend::Postgres).then(|| Expr::cust(PG_NOW_MS))
}

/// The clock, not the time at which the transaction began; rounded down.
const PG_NOW_MS: &str = "cast(floor(extract(epoch from clock_timestamp()) * 1000) as bigint)";

/// Does a read need a transaction? On PostgreSQL yes, because the tenant is set for one.
pub(crate) fn reads_need_transaction(backend: DbBackend) -> bool {
    backend == DbBackend::Postgres
}

/// Whose rows.
pub(crate) enum Context {
    /// A tenant's.
    Tenant(uuid::Uuid),
    /// One client's registration, before its tenant is known.
    Client(String),
    /// One API key, before its tenant is known.
    ApiKey(String),
    /// The one row that a hash of what was presented names, before its tenant is known.
    Presented(String),
    /// The background work of all tenants, and nothing else.
    Runner,
    /// Nobody's: only what is public.
    Nobody,
}

/// A connection of SQLite keeps 1 MiB of pages; the system keeps the file for all of them.
const PAGES: &str = "-1024";
const LOCK: &str = "select pg_advisory_lock($1)";
/// Advisory locks have numbers, not names: "ringwall" in ASCII.
const MIGRATION_LOCK: i64 = i64::from_be_bytes(*b"ringwall");
const SET_TENANT: &str = "select set_config('app.tenant', $1, true)";
const SET_RUNNER: &str = "select set_config('app.runner', $1, true)";
const SET_API_KEY: &str = "select set_config('app.api_key', $1, true)";
const SET_PRESENTED: &str = "select set_config('app.presented', $1, true)";
const STEP_DOWN: &str = "set local role ringwall_matcher";
const SET_CLIENT: &str = "select set_config('app.client', $1, true)";
/// Powerful is who is, or may become, a superuser, a role past row security or an owner of tables.
const WHO_AM_I: &str = "select exists (select 1 from pg_roles p \
     where (p.rolsuper or p.rolbypassrls or exists (select 1 from pg_class c \
       where c.relowner = p.oid and c.relnamespace = current_schema()::regnamespace)) \
     and pg_has_role(r.oid, p.oid, 'member')) as powerful \
     from pg_roles r where r.rolname = current_user";

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

async fn sqlite(
    config: &StoreConfig,
    connections: u32,
    read_only: bool,
) -> Result<DatabaseConnection, StoreError> {
    let options = SqliteConnectOptions::from_str(&config.url)
        .map_err(|error| StoreError::Setup(format!("store.url: {error}")))?
        .create_if_missing(!read_only)
        .read_only(read_only)
        .journal_mode(SqliteJournalMode::Wal)
        // An acknowledged write survives a power cut, not only a crash of the process.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .statement_cache_capacity(256)
        .pragma("cache_size", PAGES)
        .busy_timeout(Duration::from_secs(5));
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE)
        // There is no line to break: a test would be one more walk to the connection's thread.
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(|error| StoreError::Setup(format!("cannot open the database: {error}")))?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

async fn postgres(
    config: &StoreConfig,
    role: Option<&str>,
) -> Result<DatabaseConnection, StoreError> {
    let mut options = PgConnectOptions::from_str(&config.url)
        .map_err(|_| StoreError::Setup("store.url is not a PostgreSQL URL".to_owned()))?
        .application_name("ringwall")
        .statement_cache_capacity(256);
    // control: TLS-4. A remote database must prove its name; nothing turns that off.
    if !is_local(options.get_host()) {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    if let Some(role) = role {
        options = options.options([("role", role)]);
    }
    let port = options.get_port();
    let pool = PgPoolOptions::new()
        .max_connections(config.connections_max)
        .acquire_timeout(ACQUIRE)
        .after_connect(move |_, _| {
            Box::pin(async move {
                send_at_once(port);
                Ok(())
            })
        })
        // A round trip before every request is dear; a connection that was used just now is alive.
        .test_before_acquire(false)
        .before_acquire(|connection, seen| {
            Box::pin(async move {
                if seen.idle_for > IDLE_TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await
        .map_err(|error| unreachable(&error))?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}

/// Slower is better than not at all: where it is not allowed, large messages wait.
fn send_at_once(port: u16) {
    #[cfg(target_os = "linux")]
    if let Err(error) = promptly::send_at_once(port) {
        tracing::warn!(%error, "large messages to PostgreSQL may wait 40 ms");
    }
    #[cfg(not(target_os = "linux"))]
    let _not_found_there = port;
}

fn unreachable(error: &sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    StoreError::Setup(match code.as_deref() {
        Some(NO_SUCH_ROLE | MAY_NOT_SET_ROLE) => format!("{error}; {MEND}"),
        _ => format!("cannot reach PostgreSQL: {error}"),
    })
}

fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1" | "[::1]") || host.starts_with('/')
}

/// A role that row security does not bind would make the second wall a decoration.
async fn refuse_powerful_role(pool: &DatabaseConnection) -> Result<(), StoreError> {
    let statement = Statement::from_string(DbBackend::Postgres, WHO_AM_I);
    let row = pool.query_one_raw(statement).await?;
    let powerful = row.map(|row| row.try_get::<bool>("", "powerful")).transpose()?;
    if powerful == Some(false) {
        return Ok(());
    }
    Err(StoreError::Setup(format!(
        "requests must run as a role without superuser, bypassrls or ownership; {MEND}"
    )))
}

/// Migrating grants the matcher's role, unless the owner may not: then every ranking would fail.
/// Where there is no such role the schema is behind, which is told elsewhere.
async fn refuse_without_matcher(pool: &DatabaseConnection) -> Result<(), StoreError> {
    let statement = Statement::from_string(DbBackend::Postgres, MAY_MATCH);
    let row = pool.query_one_raw(statement).await?;
    if row.map(|row| row.try_get::<bool>("", "fits")).transpose()? != Some(false) {
        return Ok(());
    }
    Err(StoreError::Setup(format!("the matcher cannot take its role; {MEND_MATCHER}")))
}

const MAY_MATCH: &str = "select pg_has_role(session_user, oid, 'member') as fits \
    from pg_roles where rolname = 'ringwall_matcher'";
const MEND_MATCHER: &str = "as an administrator, `grant ringwall_matcher to ringwall_app`";
const MEND: &str =
    "run `ringwall db migrate` as the owner, then `grant ringwall_app` to the login role";
/// SQLSTATE `invalid_parameter_value`: the role does not exist.
const NO_SUCH_ROLE: &str = "22023";
/// SQLSTATE `insufficient_privilege`: the login role is not its member.
const MAY_NOT_SET_ROLE: &str = "42501";
const ACQUIRE: Duration = Duration::from_secs(5);
const IDLE_TRUSTED: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_superuser_may_not_serve_requests() {
        let url = std::env::var("RINGWALL_TEST_POSTGRES");
        let url = url.unwrap_or("postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        let owner = connect_owner(&StoreConfig { url, connections_max: 1 }).await.unwrap();

        let refused = refuse_powerful_role(&owner).await.unwrap_err();

        assert!(refused.to_string().contains("role without superuser"), "{refused}");
    }

    #[tokio::test]
    async fn a_login_that_cannot_become_the_matcher_is_told_at_start() {
        let url = std::env::var("RINGWALL_TEST_POSTGRES");
        let url = url.unwrap_or("postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        let owner = connect_owner(&StoreConfig { url: url.clone(), connections_max: 1 }).await;
        let owner = owner.unwrap();
        let name = format!("ringwall_test_{}", uuid::Uuid::from_bytes(kernel::random::bytes()));
        let name = name.replace('-', "");
        owner.execute_unprepared(&format!("create role {name} login")).await.unwrap();
        // Another test's migration may have made it already, at the same moment even.
        let made = owner.execute_unprepared("create role ringwall_matcher nologin").await;
        let url = url.replace("postgres@", &format!("{name}@"));
        let stranger = postgres(&StoreConfig { url, connections_max: 1 }, None).await.unwrap();

        let refused = refuse_without_matcher(&stranger).await;
        let fits = refuse_without_matcher(&owner).await;

        stranger.close().await.unwrap();
        owner.execute_unprepared(&format!("drop role {name}")).await.unwrap();
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("`grant ringwall_matcher to ringwall_app`"), "{refused}");
        assert!(fits.is_ok(), "{made:?} {fits:?}");
    }
}
