//! What is no longer believed, and ids that count once.

use std::time::Duration;

use futures_util::future::join_all;
use kernel::{Clock, TenantId, Timestamp};
use oauth::JtiClaim;
use store::revocations::{self, Revocation, Revoked};
use store::{StoreError, partners, seen};

use crate::base::{Base, on_both};

fn revocation(subject: &str, at: Timestamp, until: Timestamp) -> Revocation {
    Revocation { kind: Revoked::Token, subject: subject.to_owned(), at, until }
}

async fn revoke(base: &Base, tenant: TenantId, new: &Revocation) {
    let mut tx = base.change(tenant).await;
    revocations::add(&mut tx, new).await.unwrap();
    tx.commit(None).await.unwrap();
}

#[tokio::test]
async fn every_node_hears_of_every_tenants_revocations_until_they_end() {
    on_both(async |base| {
        let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);
        let now = base.clock.now();
        let (short, long) = (now.plus(Duration::from_secs(60)), now.plus(Duration::from_secs(900)));
        revoke(base, acme, &revocation("a", now, short)).await;
        revoke(base, zeta, &revocation("b", now, long)).await;

        let both = revocations::list(&base.store, None, now).await.unwrap();
        let later = revocations::list(&base.store, Some(now), short).await.unwrap();
        let long_after = now.plus(Duration::from_secs(61));
        let none = revocations::list(&base.store, Some(long_after), now).await.unwrap();

        assert_eq!(both.len(), 2);
        assert_eq!(later, [revocation("b", now, long)]);
        assert_eq!(none, []);
        assert_eq!(revocations::prune(&base.store, long).await.unwrap(), 1);
        assert_eq!(base.raw.count("revocation").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_revocation_that_is_not_committed_revokes_nothing() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let now = base.clock.now();
        let mut tx = base.change(acme).await;
        let new = revocation("a", now, now.plus(Duration::from_secs(60)));
        revocations::add(&mut tx, &new).await.unwrap();
        drop(tx);

        assert_eq!(revocations::list(&base.store, None, now).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn of_many_at_once_one_claims_an_id() {
    on_both(async |base| {
        let until = base.clock.now().plus(Duration::from_secs(60));
        let claim = |byte| JtiClaim { hash: [byte; 32], until };
        let (one, other) = (claim(1), claim(2));

        let all = join_all((0..32).map(|_| seen::claim(&base.store, &one))).await;

        let first = all.into_iter().filter(|first| *first.as_ref().unwrap()).count();
        assert_eq!(first, 1);
        assert!(seen::claim(&base.store, &other).await.unwrap());
        let after = until.plus(Duration::from_millis(1));
        assert_eq!(seen::prune(&base.store, after).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_clients_keys_are_replaced_and_belong_to_its_tenant() {
    on_both(async |base| {
        let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);
        let client_id = crate::partners::register(base, acme).await;
        let jwks = ["{\"kid\":\"a\"}".to_owned(), "{\"kid\":\"b\"}".to_owned()];

        let mut tx = base.change(zeta).await;
        let refused = partners::set_keys(&mut tx, &client_id, &jwks, true).await;
        drop(tx);
        assert!(matches!(refused, Err(StoreError::Missing)), "{refused:?}");

        for keys in [&jwks[..], &jwks[1..]] {
            let mut tx = base.change(acme).await;
            partners::set_keys(&mut tx, &client_id, keys, true).await.unwrap();
            tx.commit(None).await.unwrap();
        }
        let found = partners::find(&base.store, &client_id, base.clock.now()).await.unwrap();

        let found = found.unwrap();
        let kept: Vec<_> = found.keys.iter().map(|key| key.jwk.clone()).collect();
        assert_eq!((kept, found.strict), (vec![jwks[1].clone()], true));
        assert!(found.keys[0].id.starts_with("key_"));
    })
    .await;
}
