//! Token-signing keys at rest: sealed, one for each number, and denied together.

use data_encoding::HEXLOWER;
use futures_util::future::join_all;
use kernel::Clock;
use oauth::schedule::{next_turn, turn_at_once};
use oauth::{SigningKey, Turn};
use store::revocations::{self, Revoked};
use store::{StoreError, signing_keys};
use watch::Actor;

use crate::base::{Base, on_both};

fn by() -> Actor {
    Actor::System { reason: "test".to_owned() }
}

async fn add(base: &Base, key: &SigningKey, turn: &Turn) -> bool {
    signing_keys::add(&base.store, (key, turn), (&base.witness(), &by())).await.unwrap()
}

async fn first(base: &Base) -> (SigningKey, Turn) {
    let (key, turn) = (SigningKey::generate(), turn_at_once(&[], base.clock.now()));
    assert!(add(base, &key, &turn).await);
    (key, turn)
}

#[tokio::test]
async fn a_key_that_was_moved_to_another_name_does_not_open() {
    on_both(async |base| {
        first(base).await;
        base.raw.run("update signing_key set kid = 'another'").await;

        let refused = signing_keys::list(&base.store).await.err();

        assert!(matches!(refused, Some(StoreError::Sealed(_))), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn keys_are_kept_sealed_and_listed_oldest_first() {
    on_both(async |base| {
        let (old, turn) = first(base).await;
        base.tick();
        let (new, next) = (SigningKey::generate(), next_turn(&[turn], base.clock.now()).unwrap());
        assert!(add(base, &new, &next).await);

        let listed = signing_keys::list(&base.store).await.unwrap();

        let found: Vec<_> = listed.iter().map(|kept| (kept.key.kid(), kept.turn)).collect();
        assert_eq!(found, [(old.kid(), turn), (new.kid(), next)]);
        assert_eq!(listed[1].key.pkcs8().expose(), new.pkcs8().expose());
        let all = base.raw.everything().await;
        assert!(all.contains(old.kid()));
        assert!(!all.contains(&HEXLOWER.encode(old.pkcs8().expose())));
    })
    .await;
}

#[tokio::test]
async fn of_many_nodes_that_find_a_key_due_one_makes_it() {
    on_both(async |base| {
        let (_, turn) = first(base).await;
        let next = next_turn(&[turn], base.clock.now()).unwrap();

        let made = join_all((0..16).map(|_| async {
            let key = SigningKey::generate();
            add(base, &key, &next).await
        }));

        assert_eq!(made.await.into_iter().filter(|made| *made).count(), 1);
        assert_eq!(signing_keys::list(&base.store).await.unwrap().len(), 2);
        assert_eq!(base.raw.count("audit_entry").await, 2, "who made none wrote nothing");
    })
    .await;
}

#[tokio::test]
async fn replacing_denies_every_key_there_was_also_the_one_that_waits() {
    on_both(async |base| {
        let (active, turn) = first(base).await;
        let (waiting, next) =
            (SigningKey::generate(), next_turn(&[turn], base.clock.now()).unwrap());
        add(base, &waiting, &next).await;
        base.tick();
        let (new, witness) = (SigningKey::generate(), base.witness());
        let kid = new.kid().to_owned();

        let replaced = signing_keys::replace(&base.store, new, (&witness, &by())).await;

        let replaced = replaced.unwrap().unwrap();
        assert_eq!((replaced.new.key.kid(), replaced.new.turn.generation), (kid.as_str(), 3));
        let now = base.clock.now();
        let listed = signing_keys::list(&base.store).await.unwrap();
        let denied: Vec<_> = listed.iter().map(|kept| kept.turn.denied_at.is_some()).collect();
        assert_eq!(denied, [true, true, false]);
        let mut heard = revocations::list(&base.store, None, now).await.unwrap();
        assert!(heard.iter().all(|one| one.kind == Revoked::SigningKey));
        heard.sort_by_key(|one| one.subject != active.kid());
        let subjects: Vec<_> = heard.iter().map(|one| one.subject.as_str()).collect();
        assert_eq!(subjects, [active.kid(), waiting.kid()]);
        // Two made, one made, two denied.
        assert_eq!(base.raw.count("audit_entry").await, 5);
    })
    .await;
}

#[tokio::test]
async fn a_tenant_is_told_that_its_tokens_are_no_longer_good() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let (witness, by) = (base.witness(), by());
        let new = SigningKey::generate();
        let replaced = signing_keys::replace(&base.store, new, (&witness, &by)).await;
        let mut tx = base.change(acme).await;

        signing_keys::tell(&mut tx, &replaced.unwrap().unwrap().new);
        tx.commit(None).await.unwrap();

        let kinds: Vec<String> =
            base.raw.column("select kind from outbox order by seq desc limit 1").await;
        assert_eq!(kinds, ["signing_key.replaced"]);
    })
    .await;
}

#[tokio::test]
async fn an_emergency_and_the_schedule_at_once_leave_no_old_key_that_signs() {
    on_both(async |base| {
        let (_, turn) = first(base).await;
        let next = next_turn(&[turn], base.clock.now()).unwrap();
        let (new, witness, by) = (SigningKey::generate(), base.witness(), by());
        let scheduled = SigningKey::generate();

        let (replaced, added) = tokio::join!(
            signing_keys::replace(&base.store, new, (&witness, &by)),
            add(base, &scheduled, &next)
        );

        let replaced = replaced.unwrap();
        let denied: Vec<_> = signing_keys::list(&base.store)
            .await
            .unwrap()
            .iter()
            .map(|kept| kept.turn.denied_at.is_some())
            .collect();
        match replaced {
            // Before or after: of what the emergency left, everything older is denied.
            Some(_) if added => assert_eq!(denied, [true, true, false]),
            Some(_) => assert_eq!(denied, [true, false]),
            // The schedule took the number; the operator's command tries again.
            None => assert_eq!((added, denied), (true, vec![false, false])),
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_gone_is_forgotten_and_that_is_on_record() {
    on_both(async |base| {
        first(base).await;
        let kept = signing_keys::list(&base.store).await.unwrap().remove(0);
        let (witness, by) = (base.witness(), by());

        assert!(signing_keys::forget(&base.store, &kept, (&witness, &by)).await.unwrap());

        assert!(!signing_keys::forget(&base.store, &kept, (&witness, &by)).await.unwrap());
        assert!(signing_keys::list(&base.store).await.unwrap().is_empty());
        assert_eq!(base.raw.count("audit_entry").await, 2);
    })
    .await;
}
