//! The same people in a plain table, inserted as fast as it is done: many rows a statement, a
//! commit for each, and the indexes that ours has too.

use std::str::FromStr;
use std::time::{Duration, Instant};

use sea_orm::sea_query::Index;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseConnection, EntityTrait, Schema,
    SqlxPostgresConnector, SqlxSqliteConnector,
};
use serde_json::Value;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use uuid::Uuid;

/// How long inserting them takes.
pub(super) async fn insert(url: &str, people: &[Value]) -> Duration {
    let database = connect(url).await;
    furnish(&database).await;
    let tenant = Uuid::from_bytes(kernel::random::bytes());
    let began = Instant::now();
    for part in people.chunks(ROWS) {
        let rows = part.iter().map(|person| row(tenant, person));
        let insert = person::Entity::insert_many(rows);
        insert.exec_without_returning(&database).await.unwrap();
    }
    let took = began.elapsed();
    database.close().await.unwrap();
    took
}

fn row(tenant: Uuid, person: &Value) -> person::ActiveModel {
    let text = |name: &str| person.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    person::ActiveModel {
        id: Set(Uuid::from_bytes(kernel::random::bytes())),
        tenant_id: Set(tenant),
        external_ref: Set(text("external_ref")),
        given_name: Set(text("given_name")),
        family_name: Set(text("family_name")),
        email: Set(text("email")),
        phone: Set(text("phone")),
        document: Set(person.clone()),
        created_at: Set(0),
        version: Set(1),
    }
}

async fn furnish(database: &DatabaseConnection) {
    let schema = Schema::new(database.get_database_backend());
    let table = schema.create_table_from_entity(person::Entity);
    database.execute(&table).await.unwrap();
    for (name, column, is_unique) in [
        ("plain_ref", person::Column::ExternalRef, true),
        ("plain_email", person::Column::Email, true),
        ("plain_phone", person::Column::Phone, false),
    ] {
        let mut index = Index::create();
        index.name(name).table(person::Entity).col(person::Column::TenantId).col(column);
        if is_unique {
            index.unique();
        }
        database.execute(&index).await.unwrap();
    }
}

/// With the options that the store's own writer has.
async fn connect(url: &str) -> DatabaseConnection {
    if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url)
            .unwrap()
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options);
        return SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.await.unwrap());
    }
    let options = PgConnectOptions::from_str(url).unwrap();
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options);
    SqlxPostgresConnector::from_sqlx_postgres_pool(pool.await.unwrap())
}

/// As many lines as a step of an import has.
const ROWS: usize = 500;

mod person {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "plain_person")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) tenant_id: Uuid,
        pub(crate) external_ref: Option<String>,
        pub(crate) given_name: Option<String>,
        pub(crate) family_name: Option<String>,
        pub(crate) email: Option<String>,
        pub(crate) phone: Option<String>,
        pub(crate) document: Json,
        pub(crate) created_at: i64,
        pub(crate) version: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
