//! Full text of jobs: an index of words that both databases keep by themselves.
//!
//! Forward only. SQLite keeps an FTS5 table in step by triggers, under a number of its own for each
//! row (`search_id`), because a row's hidden number may change. PostgreSQL computes a column.
//! `search_text` held folded text and now holds words; rows from before are cut as they are, and
//! properly with their next change.

use sea_orm_migration::prelude::*;

/// See the file's comment.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[expect(elided_lifetimes_in_paths, reason = "the trait's signature, which async_trait must match")]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let on = manager.get_connection();
        for table in ["job", "public_job"] {
            for column in COLUMNS {
                on.execute_unprepared(&column.replace("TABLE", table)).await?;
            }
        }
        let statements: &[&str] = match manager.get_database_backend() {
            sea_orm::DbBackend::Postgres => &POSTGRES,
            _ => &SQLITE,
        };
        for table in ["job", "public_job"] {
            for statement in statements {
                on.execute_unprepared(&statement.replace("TABLE", table)).await?;
            }
        }
        Ok(())
    }
}

const COLUMNS: [&str; 3] = [
    "alter table TABLE add column search_id bigint not null default 0",
    "alter table TABLE add column search_title text not null default ''",
    "alter table TABLE add column search_skills text not null default ''",
];

const POSTGRES: [&str; 2] = [
    "alter table TABLE add column search_words tsvector generated always as (
       setweight(to_tsvector('simple', search_title), 'A')
       || setweight(to_tsvector('simple', search_skills), 'B')
       || setweight(to_tsvector('simple', search_text), 'C')) stored",
    "create index TABLE_words on TABLE using gin (search_words)",
];

const SQLITE: [&str; 7] = [
    "update TABLE set search_id = rowid",
    "create unique index TABLE_search_id on TABLE (search_id)",
    "create virtual table TABLE_words using fts5(search_title, search_skills, search_text,
       content = 'TABLE', content_rowid = 'search_id', tokenize = 'ascii')",
    "insert into TABLE_words (TABLE_words) values ('rebuild')",
    "create trigger TABLE_words_insert after insert on TABLE begin
       insert into TABLE_words (rowid, search_title, search_skills, search_text)
       values (new.search_id, new.search_title, new.search_skills, new.search_text);
     end",
    "create trigger TABLE_words_delete after delete on TABLE begin
       insert into TABLE_words (TABLE_words, rowid, search_title, search_skills, search_text)
       values ('delete', old.search_id, old.search_title, old.search_skills, old.search_text);
     end",
    "create trigger TABLE_words_update
     after update of search_id, search_title, search_skills, search_text on TABLE begin
       insert into TABLE_words (TABLE_words, rowid, search_title, search_skills, search_text)
       values ('delete', old.search_id, old.search_title, old.search_skills, old.search_text);
       insert into TABLE_words (rowid, search_title, search_skills, search_text)
       values (new.search_id, new.search_title, new.search_skills, new.search_text);
     end",
];
