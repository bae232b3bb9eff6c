//! What is leased of quotas: never more than there is, whoever asks at once.

use std::time::Duration;

use futures_util::future::join_all;
use kernel::{Clock, Timestamp};
use store::quotas::{self, Account, Block, Lease};

use crate::base::{Base, on_both, on_postgres, on_sqlite};

const BLOCK: Block = Block { limit: 1000, want: 1, part: 100, most: 1000, owed: 0 };

fn account(key: u8) -> Account {
    let starts_at = Timestamp::from_millis(1_795_305_600_000);
    Account { key: [key; 16], starts_at, ends_at: starts_at.plus(Duration::from_secs(86_400)) }
}

async fn lease(base: &Base, key: u8, block: Block) -> Lease {
    quotas::lease(&base.store, &account(key), &block).await.unwrap()
}

#[tokio::test]
async fn nothing_is_leased_beyond_the_limit_however_many_ask_at_once() {
    on_both(async |base| {
        let all = join_all((0..40).map(|_| lease(base, 1, Block { want: 70, ..BLOCK }))).await;

        let granted: u32 = all.iter().map(|lease| lease.granted).sum();
        assert_eq!(granted, 1000);
        assert_eq!(all.iter().filter(|lease| lease.granted == 0).count(), 25);
        let last = lease(base, 1, BLOCK).await;
        assert_eq!((last.granted, last.used), (0, 1000));
        assert_eq!(lease(base, 2, BLOCK).await.granted, 10, "another caller has its own");
    })
    .await;
}

#[tokio::test]
async fn a_block_is_a_part_of_what_is_left_and_as_many_as_wait() {
    on_both(async |base| {
        let mut used = 0;
        for (key, limit, want, owed, granted) in [
            (1, 1_000_000, 1, 0, 1000),
            (1, 1_000_000, 1200, 0, 1200),
            (1, 52_200, 1, 0, 500),
            (1, 3000, 1, 0, 3),
            (1, 2704, 50, 0, 1),
            (1, 2704, 1, 0, 0),
            // What was spent without a lease is counted beyond the limit too.
            (1, 2704, 1, 40, 0),
            (1, 2800, 1, 10, 1),
        ] {
            let block = Block { limit, want, owed, ..BLOCK };
            let got = lease(base, key, block).await;
            used += granted + owed;

            assert_eq!((got.granted, got.used), (granted, u64::from(used)), "{block:?}");
        }
        let first = lease(base, 2, Block { limit: 5, want: 9, owed: 3, ..BLOCK }).await;
        assert_eq!((first.granted, first.used), (2, 5));
    })
    .await;
}

#[tokio::test]
async fn what_comes_back_is_leased_again_and_what_is_owed_is_counted() {
    on_both(async |base| {
        let small = Block { limit: 10, want: 10, ..BLOCK };
        assert_eq!(lease(base, 1, small).await.granted, 10);

        let rows = [(account(2), 0, 3), (account(1), 6, 2), (account(3), 5, 0)];
        quotas::settle(&base.store, &rows).await.unwrap();

        assert_eq!(lease(base, 1, small).await.granted, 4);
        assert_eq!(lease(base, 2, small).await.granted, 7);
        assert_eq!(quotas::used(&base.store, &account(3)).await.unwrap(), 0);
        assert_eq!(lease(base, 3, small).await.granted, 10);
    })
    .await;
}

#[tokio::test]
async fn postgresql_tells_the_time_and_a_file_has_ours() {
    on_postgres(async |base| {
        let first = lease(base, 1, Block { limit: 1, ..BLOCK }).await;
        let nothing = lease(base, 1, Block { limit: 1, ..BLOCK }).await;

        let sql = "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";
        let theirs = Timestamp::from_millis(base.raw.column::<i64>(sql).await[0]);
        for told in [first.now, nothing.now] {
            assert!(theirs.since(told) < Duration::from_secs(60), "{told:?} {theirs:?}");
            assert!(told.since(theirs) < Duration::from_secs(60), "{told:?} {theirs:?}");
        }
    })
    .await;
    on_sqlite(async |base| assert_eq!(lease(base, 1, BLOCK).await.now, base.clock.now())).await;
}

#[tokio::test]
async fn a_period_is_forgotten_a_day_after_its_end() {
    on_both(async |base| {
        lease(base, 1, BLOCK).await;
        let end = account(1).ends_at;

        assert_eq!(quotas::prune(&base.store, end.plus(DAY)).await.unwrap(), 0);
        let later = end.plus(DAY).plus(Duration::from_millis(1));
        assert_eq!(quotas::prune(&base.store, later).await.unwrap(), 1);
    })
    .await;
}

const DAY: Duration = Duration::from_secs(86_400);
