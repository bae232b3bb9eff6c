//! Agencies.

use kernel::{Slug, TenantId};
use policy::Environment;
use store::StoreError;
use store::tenants::{self, Settings, Tenant};

use crate::base::on_both;

#[tokio::test]
async fn a_slug_is_given_once_and_the_second_tenant_leaves_nothing() {
    on_both(async |base| {
        base.found("acme").await;
        let before = base.raw.counts().await;
        let id = TenantId::new(base.clock.as_ref());
        let new = Tenant {
            id,
            slug: Slug::parse("acme").unwrap(),
            name: "Another".to_owned(),
            environment: Environment::Sandbox,
            settings: Settings::default(),
        };

        let permit = base.permit(id);
        let refused = tenants::found(&base.store, &permit, &base.witness(), new).await.err();

        assert!(matches!(refused, Some(StoreError::Taken("slug"))), "{refused:?}");
        assert_eq!(base.raw.counts().await, before);
        assert!(base.store.view(&permit).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn tenants_are_listed_oldest_first() {
    on_both(async |base| {
        for slug in ["zeta", "acme", "mira"] {
            base.found(slug).await;
            base.tick();
        }

        let listed = tenants::list(&base.store).await.unwrap();

        let slugs: Vec<_> = listed.iter().map(|tenant| tenant.slug.as_str()).collect();
        assert_eq!(slugs, ["zeta", "acme", "mira"]);
    })
    .await;
}

#[tokio::test]
async fn a_view_knows_its_own_tenant() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        base.found("zeta").await;

        let own = tenants::own(&base.view(acme).await).await.unwrap();

        assert_eq!((own.id, own.slug.as_str()), (acme, "acme"));
        assert_eq!(own.settings, Settings::default());
    })
    .await;
}

#[tokio::test]
async fn an_odd_row_is_named_without_its_value() {
    on_both(async |base| {
        base.found("acme").await;
        base.raw.run("update tenant set environment = 'hunter2'").await;

        let odd = tenants::list(&base.store).await.err().unwrap().to_string();

        assert!(odd.contains("environment") && !odd.contains("hunter2"), "{odd}");
    })
    .await;
}
