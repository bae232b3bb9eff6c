//! Background work: taken by one, done once, and gone on with after a death.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kernel::{Purpose, TenantId};
use policy::Engine;
use serde_json::json;
use staffing::bulk::Format;
use staffing::candidate::consent::{Basis, Consent, ConsentStatus};
use staffing::candidate::life::CandidateStatus;
use store::candidates::{self, Candidate, State};
use store::chores::Worker;
use store::imports::{self, ImportStatus};
use store::resources::RESOURCES;
use store::{StoreError, changes};

use crate::base::{Base, on_both, on_postgres, reply};
use crate::{idempotency, samples};

fn worker(base: &Base) -> Worker {
    let pools = Arc::new(store::Pools::new(1).unwrap());
    Worker::new(Arc::clone(&base.store), Arc::new(Engine::load().unwrap()), pools)
}

async fn run(base: &Base) {
    let worker = worker(base);
    worker.begin().await.unwrap();
    worker.run_due(|| false).await.unwrap();
}

async fn add(base: &Base, tenant: TenantId, email: &str, state: State) -> Candidate {
    let mut tx = base.change(tenant).await;
    let draft = samples::candidate(email, json!({ "external_ref": email }));
    let candidate = candidates::add(&mut tx, &draft, state).await.unwrap();
    tx.commit(None).await.unwrap();
    candidate
}

async fn read(base: &Base, tenant: TenantId, candidate: &Candidate) -> Candidate {
    candidates::require(&base.view(tenant).await, candidate.id).await.unwrap()
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn what_is_older_than_the_window_goes_and_is_refused() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        base.company(acme).await;
        let claim = idempotency::claim(base, 1);
        let mut tx = base.claimed(acme, claim).await;
        let draft = samples::candidate("ana@example.org", json!({}));
        candidates::add(&mut tx, &draft, samples::state()).await.unwrap();
        tx.commit(Some(&reply("{}"))).await.unwrap();
        run(base).await;
        assert_eq!(base.raw.count("change_log").await, 3);

        base.clock.advance(DAY * 29);
        base.company(acme).await;
        base.clock.advance(DAY * 2);
        run(base).await;

        assert_eq!(base.raw.count("change_log").await, 1);
        assert_eq!(base.raw.count("outbox").await, 1);
        assert_eq!(base.raw.count("idempotency").await, 0);
        let view = base.view(acme).await;
        let old = changes::after(&view, &[&RESOURCES[1]], Some(2), 10).await;
        assert!(matches!(old, Err(StoreError::WindowOver)));
        let kept = changes::after(&view, &[&RESOURCES[1]], Some(3), 10).await.unwrap();
        assert_eq!(kept.entries.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn consent_runs_out_and_the_quiet_become_dormant() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let now = kernel::Clock::now(base.clock.as_ref());
        let consent = Consent {
            status: ConsentStatus::Granted,
            granted_at: Some(now),
            expires_at: Some(now.plus(DAY)),
            ..Consent::pending(Basis::Consent)
        };
        let state = State { consent, status: CandidateStatus::Active, retain_until: None };
        let ana = add(base, acme, "ana@example.org", state).await;
        run(base).await;
        assert_eq!(read(base, acme, &ana).await.version, 1);

        base.clock.advance(DAY);
        run(base).await;
        let expired = read(base, acme, &ana).await;
        base.clock.advance(DAY * 366);
        run(base).await;
        let quiet = read(base, acme, &ana).await;

        assert_eq!(expired.consent.status, ConsentStatus::Expired);
        assert_eq!(expired.status, CandidateStatus::Active);
        assert_eq!(quiet.status, CandidateStatus::Dormant);
    })
    .await;
}

#[tokio::test]
async fn whose_time_is_up_is_erased_and_leaves_a_keyed_hash() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let now = kernel::Clock::now(base.clock.as_ref());
        let kept = add(base, acme, "kept@example.org", samples::state()).await;
        let claim = idempotency::claim(base, 1);
        let mut tx = base.claimed(acme, claim).await;
        let draft = samples::candidate("ana@example.org", json!({
            "phone": "+447700900001", "summary": "Likes ledgers", "headline": "Crab",
            "external_ref": "REF-7", "tags": ["x"], "address": { "country": "PT", "city": "Porto" },
        }));
        let state = State { retain_until: Some(now.plus(DAY)), ..samples::state() };
        let ana = candidates::add(&mut tx, &draft, state).await.unwrap();
        tx.commit(Some(&reply("{\"given_name\":\"Ana\"}"))).await.unwrap();
        run(base).await;
        assert_eq!(read(base, acme, &ana).await.status, CandidateStatus::New);

        base.clock.advance(DAY);
        run(base).await;

        let erased = read(base, acme, &ana).await;
        assert_eq!(erased.status, CandidateStatus::Erased);
        assert_eq!(erased.professional, json!({}));
        assert_eq!(erased.personal.present().count(), 0);
        assert!(erased.retain_until.is_none());
        assert_eq!(base.raw.count("suppression").await, 1);
        assert_eq!(base.raw.count("idempotency").await, 0);
        let everything = base.raw.everything().await;
        assert!(!everything.contains("REF-7") && !everything.contains("Crab"));
        assert_eq!(read(base, acme, &kept).await.version, 1);
        // The address is free again, for who comes back by themselves.
        add(base, acme, "ana@example.org", samples::state()).await;
    })
    .await;
}

/// An import of so many lines, started.
async fn import(base: &Base, tenant: TenantId, lines: &[String]) -> imports::Import {
    let mut tx = base.change(tenant).await;
    let import = imports::add(&mut tx, Format::Ndjson).await.unwrap();
    let parts: Vec<_> = lines.chunks(700).collect();
    for (part, number) in parts.iter().zip(1..) {
        let text = part.join("\n");
        let counted = i64::try_from(part.len()).unwrap();
        let part = (counted, text.as_bytes());
        imports::put_part(&mut tx, &import, number, part).await.unwrap();
    }
    let parts = i64::try_from(parts.len()).unwrap();
    let import = imports::start(&mut tx, &import, parts).await.unwrap();
    tx.commit(None).await.unwrap();
    import
}

fn person(number: usize) -> String {
    json!({
        "given_name": "Ana", "family_name": "Sousa", "time_zone": "Europe/Lisbon",
        "email": format!("ana.{number}@example.org"), "external_ref": format!("R-{number}"),
    })
    .to_string()
}

#[tokio::test]
async fn an_import_goes_on_where_it_was_stopped_and_twice_is_once() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let mut lines: Vec<_> = (0..1500).map(person).collect();
        lines[3] = "{".to_owned();
        lines.push(person(5).replace("Sousa", "Silva"));
        let first = import(base, acme, &lines).await;
        let seen = std::cell::Cell::new(0);
        // Stopped after each step, as often as there are steps.
        let stop = || {
            seen.set(seen.get() + 1);
            seen.get() % 2 == 0
        };
        for _ in 0..20 {
            worker(base).run_due(stop).await.unwrap();
        }

        let done = imports::require(&base.view(acme).await, first.id).await.unwrap();
        let again = import(base, acme, &lines).await;
        run(base).await;
        let again = imports::require(&base.view(acme).await, again.id).await.unwrap();

        assert_eq!(done.status, ImportStatus::Completed);
        let tally = done.tally;
        assert_eq!((tally.done, tally.created, tally.updated, tally.failed), (1501, 1499, 1, 1));
        assert_eq!(base.raw.count("candidate").await, 1499);
        assert_eq!(base.raw.count("import_part").await, 0);
        // The last line and the line that it changes are undone and done again.
        let tally = again.tally;
        assert_eq!((tally.created, tally.updated, tally.unchanged), (0, 2, 1498));
        let events = "select count(*) from outbox where kind = 'candidate.created'";
        assert_eq!(base.raw.column::<i64>(events).await, [1499]);
        let lines: Vec<i64> =
            base.raw.column("select line from import_result order by import_id, line").await;
        assert_eq!(lines, (1..=1501).chain(1..=1501).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn who_asked_to_be_forgotten_is_not_imported_again() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let now = kernel::Clock::now(base.clock.as_ref());
        let state = State { retain_until: Some(now), ..samples::state() };
        add(base, acme, "ana.1@example.org", state).await;
        run(base).await;
        let import = import(base, acme, &[person(1), person(2)]).await;

        run(base).await;

        let view = base.view(acme).await;
        let done = imports::require(&view, import.id).await.unwrap();
        assert_eq!((done.tally.created, done.tally.failed), (1, 1));
        let page = store::page::PageRequest { limit: 10, after: None };
        let failed = Some(imports::Outcome::Failed);
        let results = imports::results(&view, import.id, failed, page).await.unwrap();
        assert_eq!(results.items[0].line, 1);
        assert_eq!(results.items[0].errors[0]["code"], "suppressed");
        assert!(!results.items[0].errors.to_string().contains("ana"));
        let (filter, page) =
            (candidates::Filter::default(), store::page::PageRequest { limit: 10, after: None });
        let all = candidates::list(&view, &filter, page).await.unwrap();
        let is_there = |one: &&Candidate| one.status != CandidateStatus::Erased;
        let two = all.items.iter().find(is_there).unwrap().clone();
        let draft = two.draft(&view, Purpose::Answer).unwrap();
        assert_eq!(draft.email.open(Purpose::Answer).as_str(), "ana.2@example.org");
    })
    .await;
}

#[tokio::test]
async fn many_workers_do_each_piece_once() {
    on_postgres(async |base| {
        let mut imports = Vec::new();
        for slug in ["acme", "zeta", "kilo", "lima"] {
            let tenant = base.found(slug).await;
            imports.push((tenant, import(base, tenant, &[person(1), person(2)]).await));
        }
        let workers: Vec<_> = (0..4).map(|_| worker(base)).collect();

        let runs = join_all(workers.iter().map(|worker| worker.run_due(|| false))).await;

        assert!(runs.iter().all(Result::is_ok));
        for (tenant, import) in imports {
            let done = imports::require(&base.view(tenant).await, import.id).await.unwrap();
            assert_eq!((done.status, done.tally.created), (ImportStatus::Completed, 2));
        }
        assert_eq!(base.raw.count("candidate").await, 8);
    })
    .await;
}
