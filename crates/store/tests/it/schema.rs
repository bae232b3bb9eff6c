//! Migrations.

use futures_util::future::join_all;
use kernel::SystemClock;
use std::sync::Arc;
use store::Store;
use vault::Keyring;

use crate::base::{Database, Ground, on_both};
use crate::raw::Raw;

const BOTH: [Database; 2] = [Database::Sqlite, Database::Postgres];

#[tokio::test]
async fn an_empty_database_says_what_is_missing() {
    for database in BOTH {
        let ground = Ground::make(database).await;

        let status = Store::status(&ground.config).await.unwrap();

        assert!(!status.is_empty(), "{database:?}");
        assert!(status.iter().all(|migration| !migration.applied), "{database:?}: {status:?}");
    }
}

#[tokio::test]
async fn migrating_twice_changes_nothing_the_second_time() {
    for database in BOTH {
        let ground = Ground::make(database).await;
        let first = Store::migrate(&ground.config).await.unwrap();

        let second = Store::migrate(&ground.config).await.unwrap();

        let status = Store::status(&ground.config).await.unwrap();
        assert_eq!((first, second), (status.len(), 0), "{database:?}");
        assert!(status.iter().all(|migration| migration.applied), "{database:?}: {status:?}");
    }
}

#[tokio::test]
async fn nodes_that_start_together_migrate_one_after_another() {
    let ground = Ground::make(Database::Postgres).await;

    let all = join_all((0..4).map(|_node| Store::migrate(&ground.config))).await;

    let made: Vec<usize> = all.into_iter().map(Result::unwrap).collect();
    let status = Store::status(&ground.config).await.unwrap();
    assert_eq!(made.iter().filter(|made| **made == status.len()).count(), 1, "{made:?}");
    assert_eq!(made.iter().filter(|made| **made == 0).count(), 3, "{made:?}");
}

#[tokio::test]
async fn a_migration_that_fails_half_way_leaves_nothing_behind() {
    for database in BOTH {
        let ground = Ground::make(database).await;
        let raw = Raw::open(&ground.config.url).await;
        raw.run("create table candidate (id int)").await;

        let failed = Store::migrate(&ground.config).await;

        assert!(failed.is_err(), "{database:?}");
        let ours = raw.tables().await.into_iter().filter(|table| table != "seaql_migrations");
        assert_eq!(ours.collect::<Vec<_>>(), ["candidate"], "{database:?}");
        raw.run("drop table candidate").await;
        Store::migrate(&ground.config).await.unwrap();
        raw.close().await;
    }
}

#[tokio::test]
async fn an_unreadable_url_is_refused_without_its_password() {
    for url in ["sqlite://?mode=loud", "postgres://app:hunter2@[bad/x"] {
        let config = store::StoreConfig { url: url.to_owned(), connections_max: 1 };

        let refused = Store::open(&config, Arc::new(Keyring::generate()), Arc::new(SystemClock));

        let refused = refused.await.err().unwrap().to_string();
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}

#[tokio::test]
async fn a_store_answers_until_it_is_closed() {
    on_both(async |base| {
        base.store.ping().await.unwrap();

        base.store.close().await.unwrap();

        assert!(base.store.ping().await.is_err());
    })
    .await;
}
