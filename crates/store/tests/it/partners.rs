//! OAuth clients.

use std::time::Duration;

use kernel::{Clock, TenantId};
use policy::Role;
use store::StoreError;
use store::partners::{self, Claimed, NewPartner};

use crate::base::{Base, on_both};

/// Registers a client; its client id.
pub(crate) async fn register(base: &Base, tenant: TenantId) -> String {
    let client_id = oauth::generate_client_id();
    let new = NewPartner {
        client_id: client_id.clone(),
        name: "Example HR".to_owned(),
        role: Role::IntegrationService,
        scopes: "read:jobs".to_owned(),
        secret_hash: vec![7; 32],
    };
    let mut tx = base.change(tenant).await;
    partners::register(&mut tx, new).await.unwrap();
    tx.commit(None).await.unwrap();
    client_id
}

#[tokio::test]
async fn an_unknown_client_is_found_nowhere() {
    on_both(async |base| {
        let tenant = base.found("acme").await;
        register(base, tenant).await;

        let found = partners::find(&base.store, "pc_unknown", base.clock.now()).await.unwrap();

        assert!(found.is_none());
    })
    .await;
}

#[tokio::test]
async fn whoever_was_found_once_is_read_in_the_place_of_those_who_do_not_exist() {
    on_both(async |base| {
        let tenant = base.found("acme").await;
        let client_id = register(base, tenant).await;
        let claimed = async |client_id: &str| {
            partners::claimed(&base.store, client_id, base.clock.now()).await.unwrap()
        };

        let at_first = claimed("pc_unknown").await;
        let known = claimed(&client_id).await;
        let later = claimed("pc_unknown").await;

        assert!(matches!(at_first, Claimed::Nobody), "{at_first:?}");
        assert!(matches!(&known, Claimed::Partner(found) if found.client_id == client_id));
        let Claimed::StandIn(stand_in) = later else { panic!("{later:?}") };
        let mut read = None;
        stand_in.spend(|partner| read = Some((partner.client_id.clone(), partner.secrets.len())));
        assert_eq!(read, Some((client_id, 1)));
    })
    .await;
}

#[tokio::test]
async fn a_client_is_found_with_its_tenant_and_its_live_secrets() {
    on_both(async |base| {
        let (tenant, other) = (base.found("acme").await, base.found("zeta").await);
        let client_id = register(base, tenant).await;
        register(base, other).await;
        let until = base.clock.now().plus(Duration::from_secs(60));
        let columns = "id, tenant_id, client_id, hash, created_at";
        let id = base.raw.id(tenant.uuid());
        base.raw
            .run(&format!(
                "insert into partner_secret ({columns}, expires_at) \
                 select {id}, tenant_id, client_id, hash, created_at, {} from partner_secret \
                 where client_id = '{client_id}'",
                until.millis()
            ))
            .await;

        let before = partners::find(&base.store, &client_id, base.clock.now()).await.unwrap();
        let after = partners::find(&base.store, &client_id, until).await.unwrap();

        let (before, after) = (before.unwrap(), after.unwrap());
        assert_eq!(before.tenant, tenant);
        assert_eq!(before.environment, "production");
        assert!(before.active);
        assert_eq!((before.secrets.len(), after.secrets.len()), (2, 1));
        assert_eq!(after.secrets[0].hash, [7; 32]);
    })
    .await;
}

#[tokio::test]
async fn a_client_of_a_suspended_tenant_is_not_active() {
    on_both(async |base| {
        let tenant = base.found("acme").await;
        let client_id = register(base, tenant).await;
        base.raw.run("update tenant set status = 'suspended'").await;

        let found = partners::find(&base.store, &client_id, base.clock.now()).await.unwrap();

        assert!(!found.unwrap().active);
    })
    .await;
}

#[tokio::test]
async fn a_tenant_lists_its_own_clients_only() {
    on_both(async |base| {
        let (tenant, other) = (base.found("acme").await, base.found("zeta").await);
        let client_id = register(base, tenant).await;
        register(base, other).await;

        let listed = partners::list(&base.view(tenant).await).await.unwrap();

        let ids: Vec<_> = listed.iter().map(|partner| partner.client_id.as_str()).collect();
        assert_eq!(ids, [client_id]);
        assert!(listed[0].secrets.is_empty());
    })
    .await;
}

#[tokio::test]
async fn one_secret_ends_and_the_other_stays_good() {
    on_both(async |base| {
        let (tenant, zeta) = (base.found("acme").await, base.found("zeta").await);
        let (client_id, other) = (register(base, tenant).await, register(base, zeta).await);
        base.tick();
        let mut tx = base.change(tenant).await;
        partners::add_secret(&mut tx, &client_id, vec![8; 32]).await.unwrap();
        tx.commit(None).await.unwrap();
        let listed = async |base: &Base| {
            let view = base.store.view(&base.permit(tenant)).await.unwrap();
            partners::secrets(&view, &client_id).await.unwrap()
        };
        let [new, old] = <[_; 2]>::try_from(listed(base).await).unwrap();
        let at = base.clock.now();
        partners::secret_used(&base.store, tenant, &old.id, at).await.unwrap();
        partners::secret_used(&base.store, tenant, &old.id, at.minus(DAY)).await.unwrap();
        // Of another tenant's nothing is noted or ended.
        partners::secret_used(&base.store, zeta, &new.id, at).await.unwrap();
        let mut tx = base.change(zeta).await;
        let astray = partners::end_one_secret(&mut tx, &other, &old.id).await;
        assert!(matches!(astray, Err(StoreError::Missing)));
        drop(tx);

        let mut tx = base.change(tenant).await;
        for id in ["sec_x", "x", &new.id.replace("sec_", "key_")] {
            let astray = partners::end_one_secret(&mut tx, &client_id, id).await;
            assert!(matches!(astray, Err(StoreError::Missing)), "{id}");
        }
        partners::end_one_secret(&mut tx, &client_id, &old.id).await.unwrap();
        let again = partners::end_one_secret(&mut tx, &client_id, &old.id).await;
        assert!(matches!(again, Err(StoreError::Missing)));
        tx.commit(None).await.unwrap();

        let found = partners::find(&base.store, &client_id, base.clock.now()).await.unwrap();
        let live: Vec<_> = found.unwrap().secrets.into_iter().map(|secret| secret.id).collect();
        assert_eq!(live, [new.id.as_str()]);
        let [kept, ended] = <[_; 2]>::try_from(listed(base).await).unwrap();
        assert_eq!((kept, ended.used_at), (new, Some(at)));
        assert_eq!(ended.expires_at, Some(base.clock.now()));
    })
    .await;
}

const DAY: Duration = Duration::from_secs(86_400);
