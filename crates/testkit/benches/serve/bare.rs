//! What a job costs without us: axum, hyper, rustls, one SeaORM query, the same JSON. On PostgreSQL
//! also with the query behind row security, as whoever wants that wall has to ask.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use gate::Tasks;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use kernel::{JobId, Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, QueryFilter,
    Statement, TransactionTrait,
};
use sea_orm::{SqlxPostgresConnector, SqlxSqliteConnector};
use serde_json::{Map, Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::servers::Tls;

#[derive(Clone)]
struct Shared {
    database: DatabaseConnection,
    tenant: uuid::Uuid,
    wall: Wall,
}

/// Whether the database is told whose rows may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wall {
    None,
    RowSecurity,
}

/// Serves the only tenant's jobs.
pub(super) async fn serve(url: &str, tls: &Tls, wall: Wall) -> SocketAddr {
    let database = connect(url).await;
    let row = job::Entity::find().one(&database).await.unwrap().unwrap();
    let shared = Shared { database, tenant: row.tenant_id, wall };
    let router = Router::new().route("/v1/jobs/{id}", get(read)).with_state(shared);
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let at = socket.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::clone(&tls.server));
    let tasks = Tasks::new();
    tasks.clone().spawn(async move {
        loop {
            let (stream, _) = socket.accept().await.unwrap();
            tasks.spawn_part(connection(stream, acceptor.clone(), router.clone()));
        }
    });
    at
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, router: Router) {
    stream.set_nodelay(true).unwrap();
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let (io, service) = (TokioIo::new(stream), TowerToHyperService::new(router));
    // How the client leaves is no concern of ours.
    if is_h2 {
        let mut http = http2::Builder::new(TokioExecutor::new());
        let _left = http.timer(TokioTimer::new()).serve_connection(io, service).await;
    } else {
        let mut http = http1::Builder::new();
        let _left = http.timer(TokioTimer::new()).serve_connection(io, service).await;
    }
}

async fn read(State(shared): State<Shared>, Path(id): Path<String>) -> Json<Value> {
    let id = JobId::from_str(&id).unwrap();
    let row = match shared.wall {
        Wall::None => found(&shared, id, &shared.database).await,
        Wall::RowSecurity => found_behind_the_wall(&shared, id).await,
    };
    let row = row.unwrap().unwrap();
    let (Value::Object(mut members), Value::Object(life)) = (row.document, row.life) else {
        return Json(Value::Null);
    };
    members.remove("bill_rate");
    members.extend(facts(id, &life));
    members.insert("created_by".to_owned(), row.created_by.into());
    members.insert("created_at".to_owned(), time(row.created_at));
    members.insert("updated_at".to_owned(), time(row.updated_at));
    members.insert("version".to_owned(), row.version.into());
    Json(Value::Object(members))
}

async fn found(
    shared: &Shared,
    id: JobId,
    on: &impl ConnectionTrait,
) -> Result<Option<job::Model>, DbErr> {
    let job = job::Entity::find().filter(job::Column::TenantId.eq(shared.tenant));
    job.filter(job::Column::Id.eq(id.uuid())).one(on).await
}

async fn found_behind_the_wall(shared: &Shared, id: JobId) -> Result<Option<job::Model>, DbErr> {
    let tx = shared.database.begin().await?;
    let tell = "select set_config('app.tenant', $1, true)";
    let tenant = [shared.tenant.to_string().into()];
    tx.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, tell, tenant)).await?;
    let row = found(shared, id, &tx).await?;
    tx.commit().await?;
    Ok(row)
}

fn facts(id: JobId, life: &Map<String, Value>) -> Map<String, Value> {
    let names = ["status", "opened_at", "closed_at", "close_reason", "filled_count"];
    let of = |name: &str| life.get(name).cloned().unwrap_or(Value::Null);
    let facts = names.map(|name| (name.to_owned(), of(name)));
    facts.into_iter().chain([("id".to_owned(), json!(id))]).collect()
}

fn time(millis: i64) -> Value {
    json!(Timestamp::from_millis(millis))
}

/// With the options that the store's own pools have.
async fn connect(url: &str) -> DatabaseConnection {
    if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url)
            .unwrap()
            .read_only(true)
            .journal_mode(SqliteJournalMode::Wal)
            .foreign_keys(true)
            .statement_cache_capacity(256)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .min_connections(1)
            .test_before_acquire(false)
            .connect_with(options);
        return SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.await.unwrap());
    }
    let options = PgConnectOptions::from_str(url).unwrap().statement_cache_capacity(256);
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .test_before_acquire(false)
        .connect_with(options);
    SqlxPostgresConnector::from_sqlx_postgres_pool(pool.await.unwrap())
}

/// As the testkit's platform has.
const CONNECTIONS_MAX: u32 = 4;

/// The table as the store has it.
mod job {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "job")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) tenant_id: Uuid,
        pub(crate) client_id: Uuid,
        pub(crate) external_ref: Option<String>,
        pub(crate) status: String,
        pub(crate) visibility: String,
        pub(crate) remote_kind: String,
        pub(crate) employment_type: String,
        pub(crate) search_text: String,
        pub(crate) skills: String,
        pub(crate) countries: String,
        pub(crate) life: Json,
        pub(crate) document: Json,
        pub(crate) created_by: String,
        pub(crate) created_at: i64,
        pub(crate) updated_at: i64,
        pub(crate) version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
