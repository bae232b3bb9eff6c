//! Passkeys: whose they are, and that a counter goes forward once, on both databases.

use futures_util::future::join_all;
use kernel::{TenantId, UserId};
use signin::passkey::{NewPasskey, Used};
use store::passkeys::{self, PASSKEYS_MAX, Passkey};
use store::{StoreError, staff};

use crate::base::{Base, on_both};
use crate::staff::{enrolled, invite};

fn new(id: u8) -> NewPasskey {
    NewPasskey {
        credential_id: vec![id; 16],
        key: vec![1, 2, 3],
        sign_count: 0,
        is_backup_eligible: true,
        is_backed_up: false,
    }
}

async fn add(base: &Base, tenant: TenantId, user: UserId, id: u8) -> Result<(), StoreError> {
    let mut tx = base.change(tenant).await;
    passkeys::add(&mut tx, user, (new(id), "Firefox on Linux")).await?;
    tx.commit(None).await
}

async fn list(base: &Base, tenant: TenantId, user: UserId) -> Vec<Passkey> {
    let tx = base.change(tenant).await;
    passkeys::list(&tx, user).await.unwrap()
}

async fn used(base: &Base, tenant: TenantId, passkey: &Passkey, sign_count: u32) -> bool {
    let mut tx = base.change(tenant).await;
    let used = Used { sign_count, is_backed_up: true };
    let is_forward = passkeys::used(&mut tx, passkey.id, used).await.unwrap();
    tx.commit(None).await.unwrap();
    is_forward
}

#[tokio::test]
async fn a_credential_is_one_persons_in_all_tenants() {
    on_both(async |base| {
        let (acme, mara) = enrolled(base).await;
        let zeta = base.found("zeta").await;
        add(base, acme, mara, 1).await.unwrap();

        let again = add(base, acme, mara, 1).await;
        let other = add(base, zeta, UserId::new(base.clock.as_ref()), 1).await;

        assert!(matches!(again, Err(StoreError::Taken(_))), "{again:?}");
        assert!(matches!(other, Err(StoreError::Taken(_))), "{other:?}");
    })
    .await;
}

#[tokio::test]
async fn nobody_has_more_than_ten() {
    on_both(async |base| {
        let (acme, mara) = enrolled(base).await;
        for id in 0..u8::try_from(PASSKEYS_MAX).unwrap() {
            add(base, acme, mara, id).await.unwrap();
        }

        let more = add(base, acme, mara, 200).await;

        assert!(matches!(more, Err(StoreError::Full)), "{more:?}");
    })
    .await;
}

#[tokio::test]
async fn of_many_with_one_count_at_once_one_wins() {
    on_both(async |base| {
        let (acme, mara) = enrolled(base).await;
        add(base, acme, mara, 1).await.unwrap();
        let passkey = list(base, acme, mara).await.remove(0);

        let all = join_all((0..8).map(|_| used(base, acme, &passkey, 1))).await;

        assert_eq!(all.iter().filter(|is_forward| **is_forward).count(), 1);
        assert!(!used(base, acme, &passkey, 0).await);
        assert!(used(base, acme, &passkey, 7).await);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_count_may_be_used_again() {
    on_both(async |base| {
        let (acme, mara) = enrolled(base).await;
        add(base, acme, mara, 1).await.unwrap();
        let passkey = list(base, acme, mara).await.remove(0);

        assert!(used(base, acme, &passkey, 0).await);
        assert!(used(base, acme, &passkey, 0).await);
    })
    .await;
}

#[tokio::test]
async fn a_passkey_is_found_by_its_credential_and_removed_by_its_owner() {
    on_both(async |base| {
        let (acme, mara) = enrolled(base).await;
        add(base, acme, mara, 1).await.unwrap();
        let find = async |id: u8| passkeys::find(&base.store, &[id; 16]).await.unwrap();
        let found = find(1).await.unwrap();
        assert_eq!((found.account.id, found.account.tenant), (mara, acme));
        assert!(find(2).await.is_none());

        let stranger = UserId::new(base.clock.as_ref());
        let mut tx = base.change(acme).await;
        let other = passkeys::remove(&mut tx, stranger, found.passkey.id).await;
        assert!(matches!(other, Err(StoreError::Missing)), "{other:?}");
        passkeys::remove(&mut tx, mara, found.passkey.id).await.unwrap();
        tx.commit(None).await.unwrap();

        assert!(find(1).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn enrolling_anew_takes_passkeys_and_password_away() {
    on_both(async |base| {
        let (acme, mara) = enrolled(base).await;
        add(base, acme, mara, 1).await.unwrap();
        let link = invite(base, acme, mara).await;

        let mut tx = base.change(acme).await;
        let passkey = staff::Credentials::Passkey(new(2), "Firefox".to_owned());
        assert!(staff::enrol(&mut tx, mara, &link.hash(), passkey).await.unwrap());
        tx.commit(None).await.unwrap();

        let left = list(base, acme, mara).await;
        assert_eq!(left.iter().map(|one| one.credential_id[0]).collect::<Vec<_>>(), [2]);
        let tx = base.change(acme).await;
        let account = staff::require(&tx, mara).await.unwrap();
        assert!(account.password.is_none() && account.totp_secret(&tx).unwrap().is_none());
        assert_eq!(staff::recovery_codes_left(&tx, mara).await.unwrap(), 0);
    })
    .await;
}
