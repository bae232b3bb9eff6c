//! How often a store is asked, and how long a request waits for it, on a clock that stands still.

#![expect(clippy::unwrap_used, reason = "a test fails where its ground does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use counters::store::{Ask, Delta, Reply, Store, StoreError, Strike, Total, What};
use counters::{Answer, Counters, Mode, Moment, OnStoreError, Patience, Plan, Shared};
use futures_util::future::join_all;
use throttle::{By, Calendar, Limit, Period, Rule, Standing, Subject, Terms};
use tokio::time::{Instant, interval_at};

/// 2026-11-29.
const START_MS: u64 = 1_795_910_400_000;
/// As `limits.store_timeout_ms` has it by default.
const DEADLINE: Duration = Duration::from_millis(20);
/// A tick of the timer.
const TICK: Duration = Duration::from_millis(1);
const WHO: Subject<'static> = Subject {
    address: None,
    client: Some("one"),
    api_key: None,
    tenant: Some("t"),
    operation: Some("o"),
};

/// A store that answers all questions alike, and counts them.
#[derive(Clone)]
struct Told {
    asked: Arc<AtomicUsize>,
    forsaken: Arc<AtomicUsize>,
    after: Duration,
    standing: Standing,
}

impl Told {
    fn new(after: Duration, standing: Standing) -> Self {
        Self { asked: Arc::default(), forsaken: Arc::default(), after, standing }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Store for Told {
    fn ask<'a>(&'a self, asks: &'a [Ask], _: What, _: u64) -> Reply<'a, Vec<Standing>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let standings = vec![self.standing; asks.len()];
        if self.after.is_zero() {
            return Box::pin(std::future::ready(Ok(standings)));
        }
        let mut timer = interval_at(Instant::now() + self.after, self.after);
        Box::pin(async move {
            timer.tick().await;
            Ok(standings)
        })
    }

    fn strike<'a>(&'a self, _: &'a Strike, _: u64) -> Reply<'a, bool> {
        Box::pin(std::future::ready(Ok(false)))
    }

    fn exchange<'a>(&'a self, _: &'a [Delta], _: u64) -> Reply<'a, Vec<Total>> {
        Box::pin(std::future::ready(Err(StoreError("never exchanged".to_owned()))))
    }

    fn charges(&self, _: &Terms) -> bool {
        true
    }

    fn forsake(&self) {
        self.forsaken.fetch_add(1, Ordering::Relaxed);
    }
}

const ROOM: Standing = Standing { fits: true, remaining: 9, reset_ms: 1000 };
const FULL: Standing = Standing { fits: false, remaining: 0, reset_ms: 30_000 };

fn node(store: &Told) -> Counters {
    let store = Box::new(store.clone());
    Counters::shared(1024, Shared { store, pepper: [7; 32], deadline: DEADLINE })
}

fn window(count: u32) -> Plan {
    planned(Limit::Window { count, per_ms: 900_000 }, OnStoreError::Local)
}

fn planned(limit: Limit, on_error: OnStoreError) -> Plan {
    let rule = Rule::new("rule", By::CLIENT, limit).unwrap();
    Plan::with_modes(vec![(rule, on_error, Mode::Sync)], 1).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_request_that_asks_three_times_waits_no_longer_than_one_that_asks_once() {
    for millis in [7, 12, 15, 19, 21, 500] {
        let store = Told::new(Duration::from_millis(millis), ROOM);
        let (node, plan) = (node(&store), window(1000));
        for _ in 0..20 {
            let patience = Patience::default();
            let at = Moment { now_ms: START_MS, patience: Some(&patience) };
            let began = Instant::now();

            assert!(node.charge(&plan, &WHO, at).await.is_admitted());
            assert!(node.charge(&plan, &WHO, at).await.is_admitted());
            assert!(node.standing(&plan, &WHO, at).await.is_admitted());

            let waited = began.elapsed();
            assert!(waited <= DEADLINE + TICK, "{millis} ms: {waited:?}");
        }
    }
}

/// Asks three times, as a request does at most, and says how long that took.
async fn waited(node: &Counters, plan: &Plan, client: &str) -> Duration {
    let patience = Patience::default();
    let at = Moment { now_ms: START_MS, patience: Some(&patience) };
    let who = Subject { client: Some(client), ..WHO };
    let began = Instant::now();
    for _ in 0..3 {
        let _answer = node.charge(plan, &who, at).await;
    }
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn of_thirty_two_requests_at_once_none_waits_longer_than_one_whatever_an_outage_means() {
    for on_error in [OnStoreError::Local, OnStoreError::Open, OnStoreError::Closed] {
        for slowness in [15, 500, 3_600_000].map(Duration::from_millis) {
            let store = Told::new(slowness, ROOM);
            let limit = Limit::Window { count: 1000, per_ms: 900_000 };
            let (node, plan) = (node(&store), planned(limit, on_error));
            for _ in 0..10 {
                let clients: Vec<_> = (0..32).map(|nth| format!("client-{nth}")).collect();
                let all = clients.iter().map(|client| waited(&node, &plan, client));
                let longest = join_all(all).await.into_iter().max().unwrap();

                assert!(longest <= DEADLINE + TICK, "{on_error:?}, {slowness:?}: {longest:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_had_no_time_left_is_not_given_up() {
    let store = Told::new(Duration::from_millis(15), ROOM);
    let (node, plan) = (node(&store), window(1000));
    for _ in 0..20 {
        let patience = Patience::default();
        let at = Moment { now_ms: START_MS, patience: Some(&patience) };
        assert!(matches!(node.charge(&plan, &WHO, at).await, Answer::Counted(_)));
        assert!(matches!(node.charge(&plan, &WHO, at).await, Answer::Alone(_)));
    }

    let health = node.health().unwrap();
    assert!(health.is_up && health.lost == 0 && health.failures == 20, "{health:?}");
    assert_eq!(store.forsaken.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn whoever_was_refused_by_all_nodes_costs_no_further_question_until_there_may_be_room() {
    let store = Told::new(Duration::ZERO, FULL);
    let (node, plan) = (node(&store), window(1000));

    for call in 0..1000 {
        let answer = node.charge(&plan, &WHO, START_MS + call).await;
        let Answer::Counted(verdict) = answer else { panic!("the store was away") };
        assert!(!verdict.is_admitted());
        assert_eq!(verdict.retry_after_ms(), 30_000 - call);
    }
    assert_eq!(store.asked(), 1);

    let other = Subject { client: Some("other"), ..WHO };
    assert!(!node.charge(&plan, &other, START_MS).await.is_admitted());
    assert_eq!(store.asked(), 2, "each caller by itself");
    assert!(!node.charge(&plan, &WHO, START_MS + 30_000).await.is_admitted());
    assert_eq!(store.asked(), 3, "there may be room");
    assert!(!node.charge(&window(2000), &WHO, START_MS + 30_001).await.is_admitted());
    assert_eq!(store.asked(), 4, "a rule that allows something else now");
}

#[tokio::test]
async fn a_refusal_for_a_month_is_asked_about_again_every_minute() {
    let standing = Standing { reset_ms: 30 * 24 * 3_600_000, ..FULL };
    let store = Told::new(Duration::ZERO, standing);
    let calendar = Calendar::new(Period::Month, "UTC").unwrap();
    let quota = Limit::Quota { count: 1000, calendar };
    let (node, plan) = (node(&store), planned(quota, OnStoreError::Local));

    for second in 0..120 {
        assert!(!node.charge(&plan, &WHO, START_MS + second * 1000).await.is_admitted());
    }

    assert_eq!(store.asked(), 2);
}
