//! Jobs: what is written is read, in order, once.

use kernel::{ClientCompanyId, JobId};
use serde_json::json;
use staffing::job::Visibility;
use staffing::job::life::JobStatus;
use store::jobs::{self, Filter};
use store::page::PageRequest;
use store::{StoreError, TenantView};

use crate::base::on_both;
use crate::samples;

async fn pages(view: &TenantView, filter: &Filter, limit: u64) -> Vec<Vec<JobId>> {
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = jobs::list(view, filter, PageRequest { limit, after }).await.unwrap();
        pages.push(page.items.iter().map(|job| job.id).collect());
        after = page.next;
        if after.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn a_job_of_an_unknown_client_is_refused() {
    on_both(async |base| {
        let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);
        let foreign = base.company(zeta).await;

        for client in [ClientCompanyId::new(base.clock.as_ref()), foreign] {
            let mut tx = base.change(acme).await;
            let refused = jobs::add(&mut tx, samples::job(client, json!({}))).await.err();

            assert!(matches!(refused, Some(StoreError::Dangling("client_id"))), "{refused:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_job_does_not_move_to_an_unknown_client() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let job = jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();

        let away = samples::job(ClientCompanyId::new(base.clock.as_ref()), json!({}));
        let refused = jobs::save(&mut tx, &job, away, job.life, samples::step(&[])).await.err();

        assert!(matches!(refused, Some(StoreError::Dangling("client_id"))), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn a_reference_is_taken_once_in_a_tenant_and_free_in_another() {
    on_both(async |base| {
        let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);
        let (here, there) = (base.company(acme).await, base.company(zeta).await);
        let named = json!({ "external_ref": "REQ-1" });
        let mut tx = base.change(acme).await;
        jobs::add(&mut tx, samples::job(here, named.clone())).await.unwrap();
        tx.commit(None).await.unwrap();

        let mut tx = base.change(acme).await;
        let twice = jobs::add(&mut tx, samples::job(here, named.clone())).await.err();
        drop(tx);
        let mut tx = base.change(zeta).await;
        let elsewhere = jobs::add(&mut tx, samples::job(there, named)).await;

        assert!(matches!(twice, Some(StoreError::Taken("external_ref"))), "{twice:?}");
        assert!(elsewhere.is_ok());
    })
    .await;
}

#[tokio::test]
async fn jobs_without_a_reference_are_not_alike() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;

        for _ in 0..2 {
            jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
        }

        tx.commit(None).await.unwrap();
        assert_eq!(base.raw.count("job").await, 2);
    })
    .await;
}

#[tokio::test]
async fn what_is_written_is_read() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let draft = samples::job(company, json!({ "title": "Γιατρός 医師", "tags": ["a", "%"] }));
        let mut tx = base.change(acme).await;
        let added = jobs::add(&mut tx, draft.clone()).await.unwrap();
        tx.commit(None).await.unwrap();
        base.tick();
        let mut tx = base.change(acme).await;
        let life = samples::open(tx.now());
        let saved = jobs::save(&mut tx, &added, draft.clone(), life, samples::step(&["status"]));
        let saved = saved.await.unwrap();
        tx.commit(None).await.unwrap();

        let read = jobs::require(&base.view(acme).await, added.id).await.unwrap();

        assert_eq!((&read.draft, read.life, read.version), (&draft, life, 2));
        assert_eq!((read.created_at, read.updated_at), (added.created_at, saved.updated_at));
        assert_eq!(read.created_by, added.created_by);
        assert!(read.updated_at > read.created_at);
    })
    .await;
}

#[tokio::test]
async fn of_two_changes_of_one_version_one_wins_and_one_is_stale() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let read = jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
        tx.commit(None).await.unwrap();
        let change = async |title: &str| {
            let draft = samples::job(company, json!({ "title": title }));
            let mut tx = base.change(acme).await;
            jobs::save(&mut tx, &read, draft, read.life, samples::step(&["title"])).await?;
            tx.commit(None).await
        };

        let (one, two) = tokio::join!(change("First"), change("Second"));

        let (won, lost) = if one.is_ok() { ("First", two) } else { ("Second", one) };
        assert!(matches!(lost, Err(StoreError::Stale { current: 2 })), "{lost:?}");
        let kept = jobs::require(&base.view(acme).await, read.id).await.unwrap();
        assert_eq!((kept.draft.title.as_str(), kept.version), (won, 2));
    })
    .await;
}

#[tokio::test]
async fn a_stale_change_learns_the_present_version() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let first = jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
        let mut job = first.clone();
        for _ in 0..3 {
            let draft = job.draft.clone();
            job = jobs::save(&mut tx, &job, draft, job.life, samples::step(&[])).await.unwrap();
        }

        let draft = first.draft.clone();
        let saved = jobs::save(&mut tx, &first, draft, first.life, samples::step(&[])).await.err();
        let deleted = jobs::delete(&mut tx, &first).await.err();

        assert!(matches!(saved, Some(StoreError::Stale { current: 4 })), "{saved:?}");
        assert!(matches!(deleted, Some(StoreError::Stale { current: 4 })), "{deleted:?}");
    })
    .await;
}

#[tokio::test]
async fn a_deleted_job_is_gone_and_stays_in_the_change_log() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let job = jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
        tx.commit(None).await.unwrap();

        let mut tx = base.change(acme).await;
        jobs::delete(&mut tx, &job).await.unwrap();
        tx.commit(None).await.unwrap();

        let read = jobs::require(&base.view(acme).await, job.id).await.err();
        assert!(matches!(read, Some(StoreError::Missing)), "{read:?}");
        let sql = "select op || version from change_log where resource_type = 'job' order by seq";
        assert_eq!(base.raw.column::<String>(sql).await, ["created1", "deleted2"]);
        let mut tx = base.change(acme).await;
        let again = jobs::delete(&mut tx, &job).await.err();
        assert!(matches!(again, Some(StoreError::Missing)), "{again:?}");
    })
    .await;
}

#[tokio::test]
async fn pages_have_neither_gaps_nor_doubles() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let mut ids = Vec::new();
        // All in one millisecond, so that only the keys order them.
        for _ in 0..23 {
            ids.push(jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap().id);
        }
        tx.commit(None).await.unwrap();
        ids.sort_by_key(|id| std::cmp::Reverse(id.uuid()));
        let view = base.view(acme).await;

        for limit in [1, 7, 22, 23, 24, 100] {
            let pages = pages(&view, &Filter::default(), limit).await;

            assert_eq!(pages.concat(), ids, "{limit}");
            assert!(pages.iter().all(|page| !page.is_empty()), "{limit}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_is_not_moved_by_what_is_added_before_it() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut ids = Vec::new();
        let add = async || {
            base.tick();
            let mut tx = base.change(acme).await;
            let job = jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
            tx.commit(None).await.unwrap();
            job.id
        };
        for _ in 0..4 {
            ids.push(add().await);
        }
        let first = PageRequest { limit: 2, after: None };
        let first = jobs::list(&base.view(acme).await, &Filter::default(), first).await.unwrap();
        add().await;

        let second = PageRequest { limit: 2, after: first.next };
        let second = jobs::list(&base.view(acme).await, &Filter::default(), second).await.unwrap();

        let seen = first.items.iter().chain(&second.items).map(|job| job.id);
        assert_eq!(seen.collect::<Vec<_>>(), [ids[3], ids[2], ids[1], ids[0]]);
        assert!(second.next.is_none());
    })
    .await;
}

#[tokio::test]
async fn filters_narrow_a_list() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let (company, other) = (base.company(acme).await, base.company(acme).await);
        let mut tx = base.change(acme).await;
        let draft = samples::job(company, json!({ "visibility": "internal" }));
        let draft_job = jobs::add(&mut tx, draft).await.unwrap();
        let theirs = jobs::add(&mut tx, samples::job(other, json!({}))).await.unwrap();
        let read = jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
        let (draft, life) = (read.draft.clone(), samples::open(tx.now()));
        let open = jobs::save(&mut tx, &read, draft, life, samples::step(&[])).await.unwrap();
        tx.commit(None).await.unwrap();
        let view = base.view(acme).await;

        for (filter, expected) in [
            (Filter { client_id: Some(other), ..Filter::default() }, theirs.id),
            (Filter { status: Some(JobStatus::Open), ..Filter::default() }, open.id),
            (Filter { visibility: Some(Visibility::Internal), ..Filter::default() }, draft_job.id),
        ] {
            assert_eq!(pages(&view, &filter, 10).await, [[expected]], "{filter:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_odd_document_is_named_without_its_value() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let job = jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
        tx.commit(None).await.unwrap();
        base.raw.run(r#"update job set document = '{"title": "hunter2"}'"#).await;

        let odd = jobs::require(&base.view(acme).await, job.id).await.err().unwrap();

        let said = format!("{odd} {odd:?}");
        assert!(said.contains("document") && !said.contains("hunter2"), "{said}");
    })
    .await;
}
