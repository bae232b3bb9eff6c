//! SQL past the store, as the database's owner.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, TryGetable};
use uuid::Uuid;

/// A connection past all walls.
pub(crate) struct Raw(DatabaseConnection);

impl Raw {
    pub(crate) async fn open(url: &str) -> Self {
        let mode = if url.starts_with("sqlite") { "?mode=rwc" } else { "" };
        let mut options = sea_orm::ConnectOptions::new(format!("{url}{mode}"));
        options.max_connections(1);
        Self(sea_orm::Database::connect(options).await.unwrap())
    }

    pub(crate) async fn run(&self, sql: &str) -> u64 {
        self.attempt(sql).await.unwrap()
    }

    pub(crate) async fn attempt(&self, sql: &str) -> Result<u64, DbErr> {
        Ok(self.0.execute_unprepared(sql).await?.rows_affected())
    }

    /// The first column of all rows.
    pub(crate) async fn column<T: TryGetable>(&self, sql: &str) -> Vec<T> {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        let rows = self.0.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.column::<i64>(&format!("select count(*) from {table}")).await[0]
    }

    /// The number of rows of every table.
    pub(crate) async fn counts(&self) -> Vec<(String, i64)> {
        let mut counts = Vec::new();
        for table in self.tables().await {
            let count = self.count(&table).await;
            counts.push((table, count));
        }
        counts
    }

    pub(crate) async fn tables(&self) -> Vec<String> {
        self.column(if self.is_postgres() {
            "select tablename::text from pg_tables where schemaname = 'public' order by 1"
        } else {
            "select name from sqlite_master where type = 'table' order by 1"
        })
        .await
    }

    /// All rows of all tables as text, bytes in lower-case hexadecimal.
    pub(crate) async fn everything(&self) -> String {
        let mut all = String::new();
        for table in self.tables().await {
            let sql = if self.is_postgres() {
                format!("select t::text from {table} t")
            } else {
                let columns: Vec<String> =
                    self.column(&format!("select name from pragma_table_info('{table}')")).await;
                let texts = columns.iter().map(|column| {
                    let bytes = format!("lower(hex({column}))");
                    format!("case typeof({column}) when 'blob' then {bytes} else {column} end")
                });
                let texts: Vec<_> = texts.map(|text| format!("coalesce({text}, '')")).collect();
                format!("select {} from {table}", texts.join(" || ' ' || "))
            };
            for row in self.column::<String>(&sql).await {
                all.push_str(&row);
                all.push('\n');
            }
        }
        all
    }

    /// An id as SQL.
    pub(crate) fn id(&self, id: Uuid) -> String {
        if self.is_postgres() { format!("'{id}'") } else { format!("x'{}'", id.simple()) }
    }

    /// The column that tells in which order rows were written.
    pub(crate) fn written(&self) -> &'static str {
        if self.is_postgres() { "ctid" } else { "rowid" }
    }

    pub(crate) async fn close(&self) {
        self.0.clone().close().await.unwrap();
    }

    fn is_postgres(&self) -> bool {
        self.0.get_database_backend() == DbBackend::Postgres
    }
}
