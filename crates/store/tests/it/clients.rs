//! Client companies.

use kernel::{ClientCompanyId, Purpose};
use serde_json::json;
use staffing::client::ClientStatus;
use store::clients::{self, Filter};
use store::page::PageRequest;
use store::{StoreError, TenantView};

use crate::base::on_both;
use crate::samples;

async fn listed(view: &TenantView, filter: &Filter) -> Vec<ClientCompanyId> {
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = clients::list(view, filter, PageRequest { limit: 2, after }).await.unwrap();
        ids.extend(page.items.iter().map(|client| client.id));
        after = page.next;
        if after.is_none() {
            return ids;
        }
    }
}

#[tokio::test]
async fn a_reference_is_taken_once() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let mut tx = base.change(acme).await;
        clients::add(&mut tx, &samples::client(json!({ "external_ref": "C-1" }))).await.unwrap();
        let other = clients::add(&mut tx, &samples::client(json!({}))).await.unwrap();
        tx.commit(None).await.unwrap();
        let draft = samples::client(json!({ "external_ref": "C-1" }));

        let mut tx = base.change(acme).await;
        let added = clients::add(&mut tx, &draft).await.err();
        drop(tx);
        let mut tx = base.change(acme).await;
        let saved = clients::save(&mut tx, &other, &draft, other.status, Vec::new()).await.err();

        assert!(matches!(added, Some(StoreError::Taken("external_ref"))), "{added:?}");
        assert!(matches!(saved, Some(StoreError::Taken("external_ref"))), "{saved:?}");
    })
    .await;
}

#[tokio::test]
async fn a_stale_change_learns_the_present_version() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let draft = samples::client(json!({}));
        let mut tx = base.change(acme).await;
        let first = clients::add(&mut tx, &draft).await.unwrap();
        let second =
            clients::save(&mut tx, &first, &draft, first.status, Vec::new()).await.unwrap();
        clients::save(&mut tx, &second, &draft, first.status, Vec::new()).await.unwrap();

        let stale = clients::save(&mut tx, &first, &draft, first.status, Vec::new()).await.err();

        assert!(matches!(stale, Some(StoreError::Stale { current: 3 })), "{stale:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_written_is_read() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let draft = samples::client(json!({
            "billing_email": "Accounts@kestrel.example",
            "billing_contact_name": "Ödön Nagy",
            "phone": "+351210000000",
            "tax_id": "PT 123",
            "payment_terms_days": 30,
        }));
        let mut tx = base.change(acme).await;
        let added = clients::add(&mut tx, &draft).await.unwrap();
        tx.commit(None).await.unwrap();

        let view = base.view(acme).await;
        let read = clients::require(&view, added.id).await.unwrap();

        assert!(read.draft(&view, Purpose::Answer).unwrap() == draft);
        assert_eq!(read.name().unwrap().as_str(), "Kestrel Analytics");
        let present: Vec<_> = read.personal.present().collect();
        assert_eq!(present, ["billing_email", "billing_contact_name", "phone", "tax_id"]);
        assert!(present.iter().all(|name| read.business.get(name).is_none()));
    })
    .await;
}

#[tokio::test]
async fn lists_are_newest_first_paged_and_filtered() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let mut ids = Vec::new();
        for number in 0..5 {
            base.tick();
            let reference = json!({ "external_ref": format!("C-{number}") });
            let mut tx = base.change(acme).await;
            ids.push(clients::add(&mut tx, &samples::client(reference)).await.unwrap());
            tx.commit(None).await.unwrap();
        }
        let mut tx = base.change(acme).await;
        let draft = samples::client(json!({ "external_ref": "C-1" }));
        let ended = ClientStatus::ALL.iter().copied().find(|s| *s != ids[1].status).unwrap();
        clients::save(&mut tx, &ids[1], &draft, ended, Vec::new()).await.unwrap();
        tx.commit(None).await.unwrap();
        let view = base.view(acme).await;

        let all = listed(&view, &Filter::default()).await;
        let ended = Filter { status: Some(ended), ..Filter::default() };
        let third = Filter { external_ref: Some("C-2".to_owned()), ..Filter::default() };

        let expected: Vec<_> = ids.iter().rev().map(|client| client.id).collect();
        assert_eq!(all, expected);
        assert_eq!(listed(&view, &ended).await, [ids[1].id]);
        assert_eq!(listed(&view, &third).await, [ids[2].id]);
    })
    .await;
}
