//! Idempotency keys: a request is carried out once, and its reply repeated.

use std::time::Duration;

use kernel::Clock;
use serde_json::json;
use store::idempotency::{self, Known};
use store::{Claim, StoreError, clients};

use crate::base::{Base, on_both, reply};
use crate::samples;

/// A claim of the key and body of this number, good for a minute.
pub(crate) fn claim(base: &Base, number: u8) -> Claim {
    Claim {
        key_hash: [number; 32],
        body_hash: [number; 32],
        expires_at: base.clock.now().plus(Duration::from_secs(60)),
    }
}

async fn carry_out(base: &Base, tenant: kernel::TenantId, claim: Claim) -> Result<(), StoreError> {
    let mut tx = base.claimed(tenant, claim).await;
    clients::add(&mut tx, &samples::client(json!({}))).await?;
    tx.commit(Some(&reply("{\"secret\": \"kingfisher\"}"))).await
}

async fn known(base: &Base, tenant: kernel::TenantId, claim: &Claim) -> Known {
    let found = idempotency::find(&base.store, &base.permit(tenant), claim, base.clock.now()).await;
    found.unwrap()
}

#[tokio::test]
async fn the_same_key_at_the_same_time_is_carried_out_once() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let claim = claim(base, 1);

        let (one, two) = tokio::join!(carry_out(base, acme, claim), carry_out(base, acme, claim));

        let lost = if one.is_ok() { &two } else { &one };
        assert!(one.is_ok() != two.is_ok());
        assert!(matches!(lost, Err(StoreError::InProgress)), "{lost:?}");
        assert_eq!(base.raw.count("client_company").await, 1);
        let sql = "select count(*) from change_log where resource_type = 'client'";
        assert_eq!(base.raw.column::<i64>(sql).await, [1]);
    })
    .await;
}

#[tokio::test]
async fn the_same_key_later_is_refused_until_it_expires() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let first = claim(base, 1);
        carry_out(base, acme, first).await.unwrap();

        base.clock.advance(Duration::from_secs(60) - Duration::from_millis(1));
        let early = carry_out(base, acme, claim(base, 1)).await;
        base.tick();
        let late = carry_out(base, acme, claim(base, 1)).await;

        assert!(matches!(early, Err(StoreError::InProgress)), "{early:?}");
        assert!(late.is_ok(), "{late:?}");
        assert_eq!(base.raw.count("idempotency").await, 1);
        assert_eq!(base.raw.count("client_company").await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_key_is_known_by_its_request_in_its_tenant_in_its_time() {
    on_both(async |base| {
        let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);
        let claim = claim(base, 1);
        assert_eq!(known(base, acme, &claim).await, Known::New);
        carry_out(base, acme, claim).await.unwrap();

        let same = known(base, acme, &claim).await;
        let other = known(base, acme, &Claim { body_hash: [9; 32], ..claim }).await;
        let foreign = known(base, zeta, &claim).await;
        base.clock.advance(Duration::from_secs(60));
        let expired = known(base, acme, &claim).await;

        assert_eq!(same, Known::Same(reply("{\"secret\": \"kingfisher\"}")));
        assert_eq!(other, Known::Other);
        assert_eq!((foreign, expired), (Known::New, Known::New));
    })
    .await;
}

#[tokio::test]
async fn a_kept_reply_is_sealed_and_bound_to_its_row() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let (one, two) = (claim(base, 1), claim(base, 2));
        carry_out(base, acme, one).await.unwrap();
        carry_out(base, acme, two).await.unwrap();
        let rows: Vec<Vec<u8>> = base.raw.column("select reply from idempotency").await;
        assert!(rows.iter().all(|row| !row.windows(10).any(|part| part == b"kingfisher")));

        let key = |number: u8| {
            let hex = data_encoding::HEXLOWER.encode(&[number; 32]);
            if base.raw.written() == "ctid" { format!("'\\x{hex}'") } else { format!("x'{hex}'") }
        };
        base.raw
            .run(&format!(
                "update idempotency set reply = \
                 (select reply from idempotency where key_hash = {}) where key_hash = {}",
                key(2),
                key(1)
            ))
            .await;

        let now = base.clock.now();
        let swapped = idempotency::find(&base.store, &base.permit(acme), &one, now).await;
        assert!(matches!(swapped, Err(StoreError::Sealed(_))), "{swapped:?}");
    })
    .await;
}
