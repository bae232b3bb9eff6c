//! Candidates: unique addresses, exact search, states.

use kernel::{CandidateId, Email, Phone, Pii, Purpose, TenantId};
use serde_json::{Value, json};
use staffing::candidate::life::CandidateStatus;
use store::candidates::{self, Candidate, Contact, Filter, State, Step};
use store::page::PageRequest;
use store::{StoreError, TenantView};

use crate::base::{Base, on_both};
use crate::samples;

async fn add(base: &Base, tenant: TenantId, email: &str, changes: Value) -> Candidate {
    let mut tx = base.change(tenant).await;
    let draft = samples::candidate(email, changes);
    let added = candidates::add(&mut tx, &draft, samples::state()).await.unwrap();
    tx.commit(None).await.unwrap();
    added
}

async fn refused(base: &Base, tenant: TenantId, email: &str, changes: Value) -> StoreError {
    let mut tx = base.change(tenant).await;
    let draft = samples::candidate(email, changes);
    candidates::add(&mut tx, &draft, samples::state()).await.err().unwrap()
}

async fn with_email(view: &TenantView, email: &str) -> Vec<CandidateId> {
    let contact = Contact::Email(Pii::new(Email::parse(email).unwrap()));
    ids(&candidates::search(view, &contact).await.unwrap())
}

fn ids(found: &[Candidate]) -> Vec<CandidateId> {
    found.iter().map(|candidate| candidate.id).collect()
}

fn step() -> Step {
    Step { event: "candidate.updated", fields: Vec::new() }
}

#[tokio::test]
async fn an_address_that_differs_in_case_only_is_taken() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        add(base, acme, "ana.sousa@example.org", json!({})).await;

        for email in ["ana.sousa@example.org", "Ana.SOUSA@Example.ORG"] {
            let refused = refused(base, acme, email, json!({})).await;

            assert!(matches!(refused, StoreError::Taken("email")), "{refused:?}");
            assert!(!format!("{refused} {refused:?}").contains("sousa"));
        }
    })
    .await;
}

#[tokio::test]
async fn an_address_is_free_in_another_tenant() {
    on_both(async |base| {
        let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);

        let here = add(base, acme, "ana@example.org", json!({})).await;
        let there = add(base, zeta, "ana@example.org", json!({})).await;

        assert_eq!(with_email(&base.view(acme).await, "ana@example.org").await, [here.id]);
        assert_eq!(with_email(&base.view(zeta).await, "ana@example.org").await, [there.id]);
        let indexes: Vec<Vec<u8>> = base.raw.column("select email_index from candidate").await;
        assert_ne!(indexes[0], indexes[1]);
    })
    .await;
}

#[tokio::test]
async fn a_reference_is_taken_once() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        add(base, acme, "a@example.org", json!({ "external_ref": "P-1" })).await;

        let refused = refused(base, acme, "b@example.org", json!({ "external_ref": "P-1" })).await;

        assert!(matches!(refused, StoreError::Taken("external_ref")), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn an_exact_address_finds_its_owner_whatever_its_case() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let ana = add(base, acme, "Ana.Sousa@example.org", json!({})).await;
        let view = base.view(acme).await;

        assert_eq!(with_email(&view, "ana.sousa@EXAMPLE.org").await, [ana.id]);
        for other in ["ana@example.org", "ana.sousa@example.com", "na.sousa@example.org"] {
            assert_eq!(with_email(&view, other).await, [], "{other}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_telephone_number_finds_everybody_who_has_it_newest_first() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let shared = json!({ "phone": "+447700900123" });
        let one = add(base, acme, "a@example.org", shared.clone()).await;
        base.tick();
        let two = add(base, acme, "b@example.org", shared).await;
        add(base, acme, "c@example.org", json!({ "phone": "+447700900124" })).await;
        add(base, acme, "d@example.org", json!({})).await;

        let phone = Contact::Phone(Pii::new(Phone::parse("+447700900123").unwrap()));
        let found = candidates::search(&base.view(acme).await, &phone).await.unwrap();

        assert_eq!(ids(&found), [two.id, one.id]);
    })
    .await;
}

#[tokio::test]
async fn a_changed_address_is_found_and_the_old_one_is_not() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let ana = add(base, acme, "old@example.org", json!({})).await;
        let mut tx = base.change(acme).await;
        let draft = samples::candidate("new@example.org", json!({}));
        candidates::save(&mut tx, &ana, Some(&draft), ana.state(), step()).await.unwrap();
        tx.commit(None).await.unwrap();

        let view = base.view(acme).await;

        assert_eq!(with_email(&view, "new@example.org").await, [ana.id]);
        assert_eq!(with_email(&view, "old@example.org").await, []);
        add(base, acme, "old@example.org", json!({})).await;
    })
    .await;
}

#[tokio::test]
async fn a_change_of_state_leaves_the_person_as_they_are() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let draft = samples::candidate("ana@example.org", json!({ "summary": "Likes ledgers." }));
        let mut tx = base.change(acme).await;
        let ana = candidates::add(&mut tx, &draft, samples::state()).await.unwrap();
        let state = State { status: CandidateStatus::Active, ..samples::state() };
        candidates::save(&mut tx, &ana, None, state, step()).await.unwrap();
        tx.commit(None).await.unwrap();

        let view = base.view(acme).await;
        let read = candidates::require(&view, ana.id).await.unwrap();

        assert_eq!((read.status, read.version), (CandidateStatus::Active, 2));
        assert!(read.draft(&view, Purpose::Answer).unwrap() == draft);
        assert_eq!(with_email(&view, "ana@example.org").await, [ana.id]);
    })
    .await;
}

#[tokio::test]
async fn of_two_changes_of_one_version_one_wins_and_one_is_stale() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let ana = add(base, acme, "ana@example.org", json!({})).await;
        let change = async |status: CandidateStatus| {
            let mut tx = base.change(acme).await;
            let state = State { status, ..ana.state() };
            candidates::save(&mut tx, &ana, None, state, step()).await?;
            tx.commit(None).await
        };

        let (one, two) =
            tokio::join!(change(CandidateStatus::Active), change(CandidateStatus::Blocked));

        let lost = if one.is_ok() { two } else { one };
        assert!(matches!(lost, Err(StoreError::Stale { current: 2 })), "{lost:?}");
    })
    .await;
}

#[tokio::test]
async fn filters_narrow_a_list_and_pages_go_through_it() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let rust = json!([{ "skill_id": "local:rust", "label": "Rust", "source": "cv" }]);
        let mut all = Vec::new();
        for number in 0..5 {
            base.tick();
            let changes = if number % 2 == 0 { json!({ "skills": rust }) } else { json!({}) };
            let email = format!("p{number}@example.org");
            all.insert(0, add(base, acme, &email, changes).await.id);
        }
        let view = base.view(acme).await;
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let request = PageRequest { limit: 2, after };
            let page = candidates::list(&view, &Filter::default(), request).await.unwrap();
            paged.extend(ids(&page.items));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let request = PageRequest { limit: 10, after: None };
        let filter = Filter { skills: vec!["local:rust".to_owned()], ..Filter::default() };
        let skilled = candidates::list(&view, &filter, request).await.unwrap();
        let filter = Filter { status: Some(CandidateStatus::Blocked), ..Filter::default() };
        let blocked = candidates::list(&view, &filter, request).await.unwrap();

        assert_eq!(paged, all);
        assert_eq!(ids(&skilled.items), [all[0], all[2], all[4]]);
        assert!(blocked.items.is_empty());
    })
    .await;
}
