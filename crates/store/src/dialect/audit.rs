//! Many audit entries in one statement, the same one however many there are.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, IntoActiveModel,
};
use sqlx::postgres::PgPool;

use super::walled::failed;
use crate::entities::audit_entry::{Entity, Model};

/// Writes entries; those that are there already stay as they are.
///
/// One statement, which is a transaction by itself.
pub(crate) async fn insert(on: &DatabaseConnection, entries: Vec<Model>) -> Result<(), DbErr> {
    if on.get_database_backend() == DbBackend::Postgres {
        return insert_columns(on.get_postgres_connection_pool(), entries).await;
    }
    let rows = entries.into_iter().map(|entry| entry.into_active_model().reset_all());
    Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(on)
        .await?;
    Ok(())
}

/// A column is one value. With a value for each field there would be as many statements as there
/// are sizes of a batch, and PostgreSQL would plan hundreds of values anew each time.
async fn insert_columns(pool: &PgPool, entries: Vec<Model>) -> Result<(), DbErr> {
    let mut columns = Columns::default();
    for entry in entries {
        columns.id.push(entry.id);
        columns.tenant_id.push(entry.tenant_id);
        columns.at.push(entry.at);
        columns.class_uid.push(entry.class_uid);
        columns.body.push(entry.body);
        columns.leaf_hash.push(entry.leaf_hash);
    }
    let Columns { id, tenant_id, at, class_uid, body, leaf_hash } = columns;
    let insert = sqlx::query(INSERT).bind(id).bind(tenant_id).bind(at);
    let insert = insert.bind(class_uid).bind(body).bind(leaf_hash);
    insert.execute(pool).await.map_err(failed(DbErr::Exec))?;
    Ok(())
}

#[derive(Default)]
struct Columns {
    id: Vec<uuid::Uuid>,
    tenant_id: Vec<Option<uuid::Uuid>>,
    at: Vec<i64>,
    class_uid: Vec<i32>,
    body: Vec<Vec<u8>>,
    leaf_hash: Vec<Vec<u8>>,
}

const INSERT: &str = "insert into audit_entry (id, tenant_id, at, class_uid, body, leaf_hash) \
    select * from unnest(\
    $1::uuid[], $2::uuid[], $3::bigint[], $4::int[], $5::bytea[], $6::bytea[]) \
    on conflict do nothing";
