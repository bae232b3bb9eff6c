//! What strangers see of jobs.

use kernel::{Clock, Slug, TenantId};
use serde_json::{Value, json};
use staffing::job::life::{JobLife, JobStatus};
use store::jobs::{self, Job};
use store::page::PageRequest;
use store::public_jobs::{self, Filter};
use store::{StoreError, clients};

use crate::base::{Base, on_both};
use crate::samples;

/// A job that was just opened.
async fn opened(base: &Base, tenant: TenantId, changes: Value) -> Job {
    base.tick();
    let mut tx = base.change(tenant).await;
    let client = samples::client(json!({ "name": "Secret Client" }));
    let client = clients::add(&mut tx, &client).await.unwrap();
    let draft = samples::job(client.id, changes);
    let job = jobs::add(&mut tx, draft.clone()).await.unwrap();
    let life = samples::open(tx.now());
    let job = jobs::save(&mut tx, &job, draft, life, samples::step(&[])).await.unwrap();
    tx.commit(None).await.unwrap();
    job
}

async fn titles(base: &Base, filter: &Filter) -> Vec<String> {
    let (mut titles, mut after) = (Vec::new(), None);
    loop {
        let page = public_jobs::list(&base.store, filter, PageRequest { limit: 2, after });
        let page = page.await.unwrap();
        titles.extend(
            page.items.iter().map(|job| job.document["job"]["title"].as_str().unwrap().to_owned()),
        );
        after = page.next;
        if after.is_none() {
            return titles;
        }
    }
}

#[tokio::test]
async fn a_draft_and_an_internal_job_are_not_shown() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        let draft = jobs::add(&mut tx, samples::job(company, json!({}))).await.unwrap();
        tx.commit(None).await.unwrap();
        let internal = opened(base, acme, json!({ "visibility": "internal" })).await;

        for id in [draft.id, internal.id] {
            let shown = public_jobs::require(&base.store, id).await.err();
            assert!(matches!(shown, Some(StoreError::Missing)), "{shown:?}");
        }
        assert!(titles(base, &Filter::default()).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_confidential_job_hides_its_client() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let changes = json!({ "visibility": "confidential", "description": "For Secret Client." });
        let job = opened(base, acme, changes).await;

        let shown = public_jobs::require(&base.store, job.id).await.unwrap();

        assert!(!shown.document.to_string().contains("Secret Client"), "{}", shown.document);
        assert_eq!((shown.agency.as_str(), shown.version), ("acme", 2));
        let row: Vec<String> = base.raw.column("select search_text from public_job").await;
        assert!(!row[0].contains("secret client"), "{row:?}");
    })
    .await;
}

#[tokio::test]
async fn a_job_is_shown_while_it_is_open() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let job = opened(base, acme, json!({})).await;
        public_jobs::require(&base.store, job.id).await.unwrap();
        let mut tx = base.change(acme).await;
        let closed = JobLife { status: JobStatus::Closed, ..job.life };
        let draft = job.draft.clone();
        let job = jobs::save(&mut tx, &job, draft, closed, samples::step(&[])).await.unwrap();

        let before = public_jobs::require(&base.store, job.id).await;
        tx.commit(None).await.unwrap();
        let after = public_jobs::require(&base.store, job.id).await.err();

        assert!(before.is_ok());
        assert!(matches!(after, Some(StoreError::Missing)), "{after:?}");
    })
    .await;
}

#[tokio::test]
async fn all_agencies_jobs_are_listed_newest_posting_first() {
    on_both(async |base| {
        let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);
        let middle = base.clock.now();
        for (tenant, title) in
            [(acme, "Job A"), (zeta, "Job B"), (acme, "Job C"), (zeta, "Job D"), (acme, "Job E")]
        {
            opened(base, tenant, json!({ "title": title })).await;
        }
        let agency = Filter { agency: Some(Slug::parse("zeta").unwrap()), ..Filter::default() };
        let mut recent = Filter::default();
        recent.facets.posted_after = Some(kernel::Timestamp::from_millis(middle.millis() + 4));

        let all = titles(base, &Filter::default()).await;

        assert_eq!(all, ["Job E", "Job D", "Job C", "Job B", "Job A"]);
        assert_eq!(titles(base, &agency).await, ["Job D", "Job B"]);
        assert_eq!(titles(base, &recent).await, ["Job E", "Job D"]);
    })
    .await;
}

#[tokio::test]
async fn postings_of_one_millisecond_are_paged_without_gaps_or_doubles() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let company = base.company(acme).await;
        let mut tx = base.change(acme).await;
        for number in 0..7 {
            let draft = samples::job(company, json!({ "title": format!("Job {number}") }));
            let job = jobs::add(&mut tx, draft.clone()).await.unwrap();
            let life = samples::open(tx.now());
            jobs::save(&mut tx, &job, draft, life, samples::step(&[])).await.unwrap();
        }
        tx.commit(None).await.unwrap();

        let mut all = titles(base, &Filter::default()).await;

        all.sort();
        assert_eq!(all, (0..7).map(|number| format!("Job {number}")).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn a_renamed_client_is_shown_under_its_new_name() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let job = opened(base, acme, json!({ "visibility": "public" })).await;
        let mut tx = base.change(acme).await;
        let client = clients::require(&tx, job.draft.client_id).await.unwrap();
        let draft = samples::client(json!({ "name": "New Name" }));

        clients::save(&mut tx, &client, &draft, client.status, Vec::new()).await.unwrap();
        tx.commit(None).await.unwrap();

        let shown = public_jobs::require(&base.store, job.id).await.unwrap();
        assert_eq!(shown.document["job"]["hiring_organization"], "New Name");
    })
    .await;
}
