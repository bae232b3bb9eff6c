//! What every change leaves behind: audit entries, events, its place in the change log.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};
use store::{candidates, jobs};

use crate::base::{on_both, on_sqlite, reply};
use crate::{idempotency, samples};

#[tokio::test]
async fn a_dropped_change_leaves_nothing() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let kept = jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
        tx.commit(None).await.unwrap();
        let before = (base.raw.counts().await, base.raw.everything().await);

        let mut tx = base.claimed(acme, idempotency::claim(base, 1)).await;
        let draft = samples::candidate("ana@example.org", json!({}));
        candidates::add(&mut tx, &draft, samples::state()).await.unwrap();
        jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
        let (draft, life) = (kept.draft.clone(), samples::open(tx.now()));
        jobs::save(&mut tx, &kept, draft, life, samples::step(&[])).await.unwrap();
        drop(tx);

        assert_eq!((base.raw.counts().await, base.raw.everything().await), before);
        // And nothing stays locked.
        base.company(acme).await;
    })
    .await;
}

#[tokio::test]
async fn a_change_that_was_refused_leaves_nothing_of_the_changes_before_it() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let named = samples::job(company, json!({ "external_ref": "REQ-1" }));
        let before = base.raw.counts().await;

        let mut tx = base.change(acme).await;
        jobs::add(&mut tx, named.clone()).await.unwrap();
        let refused = jobs::add(&mut tx, named).await;
        drop(tx);

        assert!(refused.is_err());
        assert_eq!(base.raw.counts().await, before);
    })
    .await;
}

#[tokio::test]
async fn sixteen_writers_leave_no_gap_and_no_moment_without_order() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let is_done = AtomicBool::new(false);
        let write = async |writer: usize| {
            for _ in 0..4 {
                let mut tx = base.change(acme).await;
                let jobs = 1 + writer % 3;
                for _ in 0..jobs {
                    jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
                }
                tx.commit(None).await.unwrap();
            }
        };
        let writers = async {
            join_all((0..16).map(write)).await;
            is_done.store(true, Ordering::SeqCst);
        };
        // A number that is visible while a smaller one is not would be missed by a reader who goes
        // on from the last number that they saw.
        let reader = async {
            let mut looks = 0;
            while !is_done.load(Ordering::SeqCst) {
                let seen: Vec<i64> =
                    base.raw.column("select seq from change_log order by seq").await;
                let last = i64::try_from(seen.len()).unwrap();
                assert_eq!(seen, (1..=last).collect::<Vec<_>>());
                looks += 1;
            }
            looks
        };

        let ((), looks) = tokio::join!(writers, reader);

        let added: usize = (0..16).map(|writer| 4 * (1 + writer % 3)).sum();
        let last = i64::try_from(added).unwrap() + 2;
        let seen: Vec<i64> = base.raw.column("select seq from change_log order by seq").await;
        assert_eq!(seen, (1..=last).collect::<Vec<_>>());
        assert!(looks > 0);
    })
    .await;
}

#[tokio::test]
async fn each_tenant_counts_for_itself() {
    on_both(async |base| {
        let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);
        base.company(acme).await;
        base.company(zeta).await;
        base.company(acme).await;

        let of = |tenant: kernel::TenantId| {
            format!(
                "select seq from change_log where tenant_id = {} order by seq",
                base.raw.id(tenant.uuid())
            )
        };

        assert_eq!(base.raw.column::<i64>(&of(acme)).await, [1, 2, 3]);
        assert_eq!(base.raw.column::<i64>(&of(zeta)).await, [1, 2]);
    })
    .await;
}

#[tokio::test]
async fn an_event_names_what_changed_and_not_what_it_became() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let draft = samples::job(company, json!({}));
        let job = jobs::add(&mut tx, draft).await.unwrap();
        let draft = samples::job(company, json!({ "title": "A title that nobody knows" }));
        jobs::save(&mut tx, &job, draft, job.life, samples::step(&["title"])).await.unwrap();
        tx.commit(None).await.unwrap();

        let sql = "select payload from outbox where kind = 'job.updated'";
        let payload: Vec<Value> = base.raw.column(sql).await;

        let mut members: Vec<_> = payload[0].as_object().unwrap().keys().collect();
        members.sort();
        let known = [
            "actor",
            "api_version",
            "changed",
            "id",
            "object",
            "occurred_at",
            "request_id",
            "seq",
            "type",
        ];
        assert_eq!(members, known);
        assert_eq!(payload[0]["changed"], json!(["title"]));
        assert_eq!(payload[0]["seq"], json!(4));
        let href = format!("/v1/jobs/{}", job.id);
        let object = json!({ "type": "job", "id": job.id, "version": 2, "href": href });
        assert_eq!(payload[0]["object"], object);
        assert!(!payload[0].to_string().contains("nobody"));
    })
    .await;
}

#[tokio::test]
async fn every_change_has_an_entry_that_hashes_to_its_leaf() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let job = jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
        let draft = job.draft.clone();
        let job = jobs::save(&mut tx, &job, draft, job.life, samples::step(&["title"])).await;
        jobs::delete(&mut tx, &job.unwrap()).await.unwrap();
        tx.commit(None).await.unwrap();

        let order = base.raw.written();
        let bodies: Vec<Vec<u8>> =
            base.raw.column(&format!("select body from audit_entry order by {order}")).await;
        let hashes: Vec<Vec<u8>> =
            base.raw.column(&format!("select leaf_hash from audit_entry order by {order}")).await;

        let changes = base.raw.count("change_log").await;
        assert_eq!(bodies.len(), usize::try_from(changes).unwrap());
        for (body, hash) in bodies.iter().zip(&hashes) {
            assert_eq!(watch::leaf_hash(body).as_slice(), hash);
            let event: watch::Event = serde_json::from_slice(body).unwrap();
            assert_eq!(&event.canonical(), body);
        }
        let last: Value = serde_json::from_slice(bodies.last().unwrap()).unwrap();
        assert_eq!(last["resources"][0]["uid"], json!(job_id(&bodies)));
    })
    .await;
}

/// The id that the entry before the last one names.
fn job_id(bodies: &[Vec<u8>]) -> Value {
    let event: Value = serde_json::from_slice(&bodies[bodies.len() - 2]).unwrap();
    event["resources"][0]["uid"].clone()
}

#[tokio::test]
async fn a_change_of_nothing_leaves_nothing() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let before = base.raw.counts().await;

        base.change(acme).await.commit(Some(&reply("{}"))).await.unwrap();

        assert_eq!(base.raw.counts().await, before);
    })
    .await;
}

#[tokio::test]
async fn a_change_holds_the_file_from_its_first_moment() {
    on_sqlite(async |base| {
        let acme = base.found("acme").await;
        base.raw.run("pragma busy_timeout = 0").await;
        let tx = base.change(acme).await;

        let refused = base.raw.attempt("update tenant set version = 7").await;
        drop(tx);

        assert!(refused.unwrap_err().to_string().contains("locked"));
    })
    .await;
}
