//! Who is kept out for a while: one row for each, and an entry for each change.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;
use kernel::{Clock, Timestamp};
use store::StoreError;
use store::bans::{self, BanKind, NewBan};
use watch::Actor;

use crate::base::{Base, on_both};

const HERE: &str = "203.0.113.9";

fn new(kind: BanKind, subject: &str, rung: u32, now: Timestamp) -> NewBan {
    let until = now.plus(Duration::from_secs(60));
    NewBan {
        kind,
        subject: subject.to_owned(),
        rung,
        cause: "rate".to_owned(),
        until,
        forgotten_at: until.plus(Duration::from_secs(600)),
    }
}

fn ladder() -> Actor {
    Actor::System { reason: "ban ladder".to_owned() }
}

async fn place(base: &Base, rung: u32) -> Option<bans::Ban> {
    let new = new(BanKind::Address, HERE, rung, base.clock.now());
    bans::place_address(&base.store, &new, (&base.witness(), &ladder())).await.unwrap()
}

#[tokio::test]
async fn of_nodes_that_ban_an_address_in_the_same_moment_one_does() {
    on_both(async |base| {
        let placed = join_all((0..4).map(|_node| place(base, 1))).await;

        assert_eq!(placed.iter().flatten().count(), 1);
        assert_eq!(base.raw.count("ban").await, 1);
        assert_eq!(base.raw.count("audit_entry").await, 1);
    })
    .await;
}

#[tokio::test]
async fn the_next_ban_of_an_address_takes_the_place_of_the_last() {
    on_both(async |base| {
        let first = place(base, 1).await.unwrap();
        base.clock.advance(Duration::from_secs(61));

        let second = place(base, 2).await.unwrap();

        assert_eq!((second.id, second.version, second.rung), (first.id, 2, 2));
        assert!(second.holds(base.clock.now()));
        assert_eq!(base.raw.count("ban").await, 1);
    })
    .await;
}

#[tokio::test]
async fn every_node_hears_of_bans_and_of_what_was_lifted_until_they_are_forgotten() {
    on_both(async |base| {
        let acme = base.found("acme").await;
        let start = base.clock.now();
        place(base, 1).await.unwrap();
        let mut tx = base.change(acme).await;
        let of_client = new(BanKind::Client, "pc_x", 1, start);
        bans::place(&mut tx, &of_client).await.unwrap().unwrap();
        tx.commit(None).await.unwrap();

        let heard = bans::list(&base.store, None, start).await.unwrap();
        assert_eq!(heard.len(), 2);
        base.clock.advance(Duration::from_secs(1));
        let address: IpAddr = HERE.parse().unwrap();
        let lifted = bans::lift_address(&base.store, address, (&base.witness(), &ladder())).await;
        assert!(!lifted.unwrap().unwrap().holds(base.clock.now()));
        let again = bans::lift_address(&base.store, address, (&base.witness(), &ladder())).await;
        assert_eq!(again.unwrap(), None);

        let heard = bans::list(&base.store, Some(start), base.clock.now()).await.unwrap();
        let holding: Vec<_> =
            heard.iter().filter(|ban| ban.holds(base.clock.now())).map(|ban| ban.kind).collect();
        assert_eq!(holding, [BanKind::Client]);
        let long_after = start.plus(Duration::from_secs(2 * 60 * 60));
        assert_eq!(bans::list(&base.store, None, long_after).await.unwrap(), []);
        assert_eq!(bans::prune(&base.store, long_after).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_tenant_lifts_its_own_bans_once_and_no_others() {
    on_both(async |base| {
        let (acme, zeta) = (base.found("acme").await, base.found("zeta").await);
        let mut tx = base.change(acme).await;
        let of_client = new(BanKind::Client, "pc_x", 1, base.clock.now());
        let ban = bans::place(&mut tx, &of_client).await.unwrap().unwrap();
        assert_eq!(bans::place(&mut tx, &of_client).await.unwrap(), None);
        tx.commit(None).await.unwrap();

        let foreign = bans::require(&base.view(zeta).await, ban.id).await;
        assert!(matches!(foreign, Err(StoreError::Missing)), "{foreign:?}");
        let mut tx = base.change(zeta).await;
        let foreign = bans::lift(&mut tx, &ban).await;
        assert!(matches!(foreign, Err(StoreError::Stale { .. })), "{foreign:?}");
        drop(tx);
        let mut tx = base.change(acme).await;
        let lifted = bans::lift(&mut tx, &ban).await.unwrap();
        let twice = bans::lift(&mut tx, &ban).await;
        assert!(matches!(twice, Err(StoreError::Stale { .. })), "{twice:?}");
        tx.commit(None).await.unwrap();

        assert!(!lifted.holds(base.clock.now()));
        let found = bans::find(&base.view(acme).await, BanKind::Client, "pc_x").await.unwrap();
        assert_eq!(found, Some(lifted));
    })
    .await;
}
