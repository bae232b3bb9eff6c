//! The only file that knows which database it is.

use std::str::FromStr;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use sea_orm::{SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::StoreError;
use crate::db::{Db, StoreConfig};

/// The role that requests run under on PostgreSQL: no owner, no superuser, no way past row security.
pub(crate) const ROLE: &str = "ringwall_app";

/// Opens the database that the configuration names, ready for requests.
pub(crate) async fn connect(config: &StoreConfig) -> Result<Db, StoreError> {
    if is_postgres(&config.url) {
        let pool = postgres(config, Some(ROLE)).await?;
        refuse_powerful_role(&pool).await?;
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
        Context::Nobody => return Ok(()),
    };
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, setting, [value.into()]);
    session.query_one_raw(statement).await?;
    Ok(())
}

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
    /// Nobody's: only what is public.
    Nobody,
}

const SET_TENANT: &str = "select set_config('app.tenant', $1, true)";
const SET_CLIENT: &str = "select set_config('app.client', $1, true)";
const WHO_AM_I: &str = "select (r.rolsuper or r.rolbypassrls \
     or exists (select 1 from pg_class c where c.relowner = r.oid and c.relname = 'job')) as powerful \
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
        .busy_timeout(Duration::from_secs(5));
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE)
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
    let pool = PgPoolOptions::new()
        .max_connections(config.connections_max)
        .acquire_timeout(ACQUIRE)
        .connect_with(options)
        .await
        .map_err(|error| StoreError::Setup(format!("cannot reach PostgreSQL: {error}")))?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
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
        "requests must run as a role without superuser, bypassrls or ownership; run `ringwall db \
         migrate` as the owner, then `grant {ROLE}` to the login role"
    )))
}

const ACQUIRE: Duration = Duration::from_secs(5);
