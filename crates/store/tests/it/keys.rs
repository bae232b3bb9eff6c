//! Token-signing keys at rest.

use data_encoding::HEXLOWER;
use oauth::SigningKey;
use store::{StoreError, signing_keys};

use crate::base::on_both;

#[tokio::test]
async fn a_key_that_was_moved_to_another_name_does_not_open() {
    on_both(async |base| {
        let key = SigningKey::generate();
        signing_keys::add(&base.store, &key).await.unwrap();
        base.raw.run("update signing_key set kid = 'another'").await;

        let refused = signing_keys::list(&base.store).await.err();

        assert!(matches!(refused, Some(StoreError::Sealed(_))), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn keys_are_kept_sealed_and_listed_newest_first() {
    on_both(async |base| {
        let (old, new) = (SigningKey::generate(), SigningKey::generate());
        signing_keys::add(&base.store, &old).await.unwrap();
        base.tick();
        signing_keys::add(&base.store, &new).await.unwrap();

        let listed = signing_keys::list(&base.store).await.unwrap();

        let kids: Vec<_> = listed.iter().map(SigningKey::kid).collect();
        assert_eq!(kids, [new.kid(), old.kid()]);
        assert_eq!(listed[0].pkcs8().expose(), new.pkcs8().expose());
        let all = base.raw.everything().await;
        assert!(all.contains(old.kid()));
        assert!(!all.contains(&HEXLOWER.encode(old.pkcs8().expose())));
    })
    .await;
}

#[tokio::test]
async fn a_retired_key_is_not_listed() {
    on_both(async |base| {
        signing_keys::add(&base.store, &SigningKey::generate()).await.unwrap();
        base.raw.run("update signing_key set state = 'retired'").await;

        assert!(signing_keys::list(&base.store).await.unwrap().is_empty());
    })
    .await;
}
