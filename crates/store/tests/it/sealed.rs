//! Personal data at rest: never plain, and bound to its place.

use data_encoding::HEXLOWER;
use kernel::Purpose;
use serde_json::json;
use store::candidates::{self, Candidate};
use store::{StoreError, clients};

use crate::base::{Base, Database, on_both, reply};
use crate::{idempotency, samples};

const PLAIN: &[&str] = &[
    "quillonia",
    "verbruggendorf",
    "nicknamed-zed",
    "canary.mail",
    "447700900987",
    "Nonesuch Alley",
    "likes-obscure-ledgers",
    "formerly-at-blackbox",
    "studied-moonlore",
    "billing.canary",
    "contactperson-xu",
    "351219999999",
    "taxid-314159",
];

/// A candidate and a client with all personal members, and a kept reply that shows them.
async fn written(base: &Base) -> Candidate {
    let acme = base.found("acme").await;
    let mut tx = base.claimed(acme, idempotency::claim(base, 1)).await;
    let draft = samples::candidate(
        "canary.mail@example.org",
        json!({
            "given_name": "quillonia",
            "family_name": "verbruggendorf",
            "preferred_name": "nicknamed-zed",
            "phone": "+447700900987",
            "address": { "line1": "Nonesuch Alley", "country": "PT" },
            "summary": "likes-obscure-ledgers",
            "employments_history": [{
                "employer": "formerly-at-blackbox", "title": "Clerk", "start_month": "2020-01",
            }],
            "education": [{ "institution": "studied-moonlore" }],
        }),
    );
    let ana = candidates::add(&mut tx, &draft, samples::state()).await.unwrap();
    let company = samples::client(json!({
        "billing_email": "billing.canary@example.org",
        "billing_contact_name": "contactperson-xu",
        "phone": "+351219999999",
        "tax_id": "taxid-314159",
    }));
    clients::add(&mut tx, &company).await.unwrap();
    let shown = draft.document(Purpose::Answer).to_string();
    tx.commit(Some(&reply(&shown))).await.unwrap();
    ana
}

#[tokio::test]
async fn no_row_of_any_table_holds_personal_data_in_the_clear() {
    on_both(async |base| {
        let ana = written(base).await;

        let all = base.raw.everything().await;

        assert!(all.contains(&ana.id.to_string()), "the rows are not looked at");
        for plain in PLAIN {
            assert!(!all.contains(plain), "{plain}");
            assert!(!all.contains(&HEXLOWER.encode(plain.as_bytes())), "{plain} as bytes");
        }
    })
    .await;
}

#[tokio::test]
async fn no_file_of_the_database_holds_personal_data_in_the_clear() {
    crate::base::on_sqlite(async |base| {
        let ana = written(base).await;
        assert_eq!(base.ground.database, Database::Sqlite);

        let files = std::fs::read_dir(base.ground.directory.path()).unwrap();
        let files = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        let all = files.collect::<Vec<_>>().concat();

        let holds = |text: &str| all.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(holds(&ana.id.to_string()), "the files are not looked at");
        for plain in PLAIN {
            assert!(!holds(plain), "{plain}");
        }
    })
    .await;
}

#[tokio::test]
async fn sealed_data_that_was_moved_does_not_open() {
    on_both(async |base| {
        let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);
        let mut people = Vec::new();
        for email in ["one@example.org", "two@example.org"] {
            let mut tx = base.change(acme).await;
            let draft = samples::candidate(email, json!({}));
            people.push(candidates::add(&mut tx, &draft, samples::state()).await.unwrap().id);
            tx.commit(None).await.unwrap();
        }
        let zetas = base.raw.id(zeta.uuid());
        let acmes = base.raw.id(acme.uuid());

        for (moved, there, back, tenant) in [
            (
                "to another row",
                "update candidate set summary = email; \
                 update candidate set email = \
                 (select c.summary from candidate c where c.id <> candidate.id); \
                 update candidate set summary = null"
                    .to_owned(),
                // A swap undoes a swap.
                None,
                acme,
            ),
            (
                "to another column",
                "update candidate set given_name = family_name, family_name = given_name"
                    .to_owned(),
                None,
                acme,
            ),
            (
                "to another tenant",
                format!("update candidate set tenant_id = {zetas}"),
                Some(format!("update candidate set tenant_id = {acmes}")),
                zeta,
            ),
        ] {
            base.raw.run(&there).await;

            let view = base.view(tenant).await;
            for id in &people {
                let read = candidates::require(&view, *id).await.unwrap();
                let opened = read.document(&view, Purpose::Answer).err();
                assert!(matches!(opened, Some(StoreError::Sealed(_))), "{moved}: {opened:?}");
            }

            drop(view);
            base.raw.run(&back.unwrap_or(there)).await;
            let view = base.view(acme).await;
            let read = candidates::require(&view, people[0]).await.unwrap();
            assert!(read.document(&view, Purpose::Answer).is_ok(), "{moved} and back");
        }
    })
    .await;
}

#[tokio::test]
async fn the_same_value_is_sealed_differently_each_time() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        for email in ["one@example.org", "two@example.org"] {
            let mut tx = base.change(acme).await;
            let draft = samples::candidate(email, json!({}));
            candidates::add(&mut tx, &draft, samples::state()).await.unwrap();
            tx.commit(None).await.unwrap();
        }

        let names: Vec<Vec<u8>> = base.raw.column("select given_name from candidate").await;

        assert_ne!(names[0], names[1]);
    })
    .await;
}

#[tokio::test]
async fn another_keyring_opens_no_tenant() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let keyring = std::sync::Arc::new(vault::Keyring::generate());
        let clock = std::sync::Arc::new(kernel::SystemClock);
        let other = store::Store::open(&base.ground.config, keyring, clock).await.unwrap();

        let refused = other.view(&base.permit(acme)).await.err();

        assert!(matches!(refused, Some(StoreError::Sealed(_))), "{refused:?}");
        other.close().await.unwrap();
    })
    .await;
}
