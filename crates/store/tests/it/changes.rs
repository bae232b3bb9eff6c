//! Reading the change log: no gap, whoever writes, and an end to what is kept.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use kernel::TenantId;
use serde_json::json;
use store::changes::{self, Slice};
use store::resources::{RESOURCES, Resource};
use store::{StoreError, candidates, events, jobs};

use crate::base::{Base, on_both, on_postgres};
use crate::samples;

async fn after(base: &Base, tenant: TenantId, place: Option<i64>, limit: u64) -> Slice {
    let kinds: Vec<&Resource> = RESOURCES.iter().collect();
    changes::after(&base.view(tenant).await, &kinds, place, limit).await.unwrap()
}

#[tokio::test]
async fn a_place_before_the_window_is_refused() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        base.company(acme).await;
        base.raw.run("update tenant_counter set change_floor = 1").await;
        let view = base.view(acme).await;

        let refused = changes::after(&view, &[], Some(0), 10).await;
        let from_floor = changes::after(&view, &[&RESOURCES[1]], None, 10).await.unwrap();

        assert!(matches!(refused, Err(StoreError::WindowOver)));
        assert_eq!(from_floor.entries.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn changes_come_in_order_and_a_deletion_leaves_a_tombstone() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let job = jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
        jobs::delete(&mut tx, &job).await.unwrap();
        tx.commit(None).await.unwrap();

        let all = after(base, acme, None, 10).await;

        let told: Vec<_> = all.entries.iter().map(|e| (e.seq, e.resource, e.op.as_str())).collect();
        let expected = [(2, "client", "created"), (3, "job", "created"), (4, "job", "deleted")];
        assert_eq!(told, expected);
        assert_eq!(all.entries[2].id, job.id.to_string());
        assert_eq!((all.up_to, all.has_more), (4, false));
    })
    .await;
}

#[tokio::test]
async fn slices_join_without_gap_and_go_past_what_was_not_asked_for() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        for _ in 0..3 {
            let mut tx = base.change(acme).await;
            jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
            tx.commit(None).await.unwrap();
        }

        let first = after(base, acme, None, 3).await;
        let second = after(base, acme, Some(first.up_to), 3).await;
        let view = base.view(acme).await;
        let clients = changes::after(&view, &[&RESOURCES[1]], Some(2), 3).await.unwrap();

        assert_eq!((first.entries.len(), first.up_to, first.has_more), (3, 4, true));
        assert_eq!((second.entries.len(), second.up_to, second.has_more), (1, 5, false));
        assert_eq!((clients.entries.len(), clients.up_to), (0, 5));
        assert_eq!(changes::end(&view).await.unwrap(), 5);
    })
    .await;
}

/// Two changes are open at once and commit in the opposite order of their beginning. A sequence
/// of the database would have given the first one the smaller number, and a reader in between
/// would have gone past it.
#[tokio::test]
async fn the_order_is_that_of_the_commits() {
    on_postgres(async |base| {
        let acme = base.found("acme").await;
        base.company(acme).await;
        let mut first = base.change(acme).await;
        let draft = samples::candidate("first@example.org", json!({}));
        let one = candidates::add(&mut first, &draft, samples::state()).await.unwrap();
        let mut second = base.change(acme).await;
        let draft = samples::candidate("second@example.org", json!({}));
        let two = candidates::add(&mut second, &draft, samples::state()).await.unwrap();

        second.commit(None).await.unwrap();
        let between = after(base, acme, Some(2), 10).await;
        first.commit(None).await.unwrap();
        let rest = after(base, acme, Some(between.up_to), 10).await;

        let ids = |slice: &Slice| slice.entries.iter().map(|e| e.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&between), [two.id.to_string()]);
        assert_eq!(ids(&rest), [one.id.to_string()]);
    })
    .await;
}

#[tokio::test]
async fn a_reader_among_writers_misses_nothing() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let is_done = AtomicBool::new(false);
        let write = async |writer: usize| {
            for _ in 0..4 {
                let mut tx = base.change(acme).await;
                for _ in 0..=writer % 3 {
                    jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
                }
                // One in four comes to nothing, and must leave no hole.
                if writer % 4 == 3 {
                    drop(tx);
                } else {
                    tx.commit(None).await.unwrap();
                }
            }
        };
        let writers = async {
            join_all((0..12).map(write)).await;
            is_done.store(true, Ordering::SeqCst);
        };
        let reader = async {
            let (mut place, mut seen) = (0, Vec::new());
            loop {
                let was_done = is_done.load(Ordering::SeqCst);
                let slice = after(base, acme, Some(place), 2).await;
                seen.extend(slice.entries.iter().map(|entry| entry.seq));
                place = slice.up_to;
                if was_done && !slice.has_more {
                    return seen;
                }
            }
        };

        let ((), seen) = tokio::join!(writers, reader);

        let all: Vec<i64> =
            base.raw.column("select seq from change_log where seq > 1 order by seq").await;
        assert_eq!(seen, all);
    })
    .await;
}

#[tokio::test]
async fn events_are_listed_by_name_and_by_what_they_are_about() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let job = jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
        let life = samples::open(tx.now());
        jobs::save(&mut tx, &job, job.draft.clone(), life, samples::step(&["title"]))
            .await
            .unwrap();
        tx.commit(None).await.unwrap();
        let view = base.view(acme).await;
        let list = async |about: &[&str], names: &[&str]| {
            let filter = events::Filter {
                about: about.iter().filter_map(|name| Resource::find(name)).collect(),
                names: names.iter().map(ToString::to_string).collect(),
            };
            let page = store::page::PageRequest { limit: 10, after: None };
            let page = events::list(&view, &filter, page).await.unwrap();
            page.items.iter().map(|e| e["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };

        assert_eq!(list(&[], &[]).await, Vec::<String>::new());
        assert_eq!(list(&["client"], &[]).await, ["client.created"]);
        assert_eq!(list(&["job"], &["job.*"]).await, ["job.updated", "job.created"]);
        assert_eq!(list(&["job", "client"], &["job.created"]).await, ["job.created"]);
        assert_eq!(list(&["client"], &["job.created"]).await, Vec::<String>::new());
    })
    .await;
}
