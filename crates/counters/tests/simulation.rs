//! Several nodes on one store, all simulated: no clock but the test's, no network, no thread.
//!
//! What is claimed: in mode `sync` no window holds more than its limit, whatever the clocks of the
//! nodes say; in mode `async` no more than the limit and what the nodes let in within one exchange.

#![expect(clippy::unwrap_used, reason = "a test fails where its ground does")]

use std::collections::HashMap;
use std::hash::RandomState;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use counters::bank::{Account, Banked, Lease, LeaseAsk, QuotaBank, Settlement};
use counters::store::{Ask, Delta, Key, Reply, Store, StoreError, Strike, Total, What};
use counters::{Answer, Counters, Mode, OnStoreError, Plan, Shared};
use futures_util::FutureExt;
use proptest::prelude::*;
use throttle::{By, Calendar, Limit, Period, Rule, Rules, Slots, Standing, Subject, Table, Terms};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at};

/// 2026-11-29.
const START_MS: u64 = 1_795_910_400_000;
const QUARTER_MS: u64 = 15 * 60 * 1000;
const WHO: Subject<'static> =
    Subject { address: None, client: Some("one"), api_key: None, tenant: None, operation: None };

/// A store in memory, with a clock of its own. It counts windows and quotas by the table that
/// `throttle` proves, and exchanges slots.
#[derive(Clone)]
struct Memory(Arc<State>);

struct State {
    now_ms: Mutex<u64>,
    is_away: Mutex<bool>,
    table: Table,
    rules: Rules,
    told: Mutex<HashMap<Key, (u64, HashMap<u64, u32>)>>,
}

impl Memory {
    fn new(rule: &Rule) -> Self {
        Self(Arc::new(State {
            now_ms: Mutex::new(START_MS),
            is_away: Mutex::new(false),
            table: Table::new(1024, RandomState::new()),
            rules: Rules::new(vec![rule.clone()]).unwrap(),
            told: Mutex::default(),
        }))
    }

    fn set(&self, now_ms: u64) {
        *self.0.now_ms.lock().unwrap() = now_ms;
    }

    fn set_away(&self, is_away: bool) {
        *self.0.is_away.lock().unwrap() = is_away;
    }

    fn reply<T: Send + 'static>(&self, answer: T) -> Reply<'static, T> {
        let is_away = *self.0.is_away.lock().unwrap();
        let answer = if is_away { Err(StoreError("away".to_owned())) } else { Ok(answer) };
        Box::pin(std::future::ready(answer))
    }

    fn count(&self, key: &Key, Slots { width_ms, count }: Slots, more: u32) -> Total {
        let slot = *self.0.now_ms.lock().unwrap() / width_ms;
        let mut told = self.0.told.lock().unwrap();
        let (ever, slots) = told.entry(key.clone()).or_default();
        *ever += u64::from(more);
        *slots.entry(slot).or_default() += more;
        let by_age = (0..count).map(|age| slots.get(&(slot - age)).copied().unwrap_or(0));
        Total { ever: *ever, by_age: by_age.collect() }
    }
}

impl Store for Memory {
    fn ask<'a>(&'a self, asks: &'a [Ask], what: What, _: u64) -> Reply<'a, Vec<Standing>> {
        if *self.0.is_away.lock().unwrap() {
            return self.reply(Vec::new());
        }
        assert_eq!(asks.len(), 1, "the simulation has one rule");
        let now_ms = *self.0.now_ms.lock().unwrap();
        let verdict = match what {
            What::Charge => self.0.table.charge(&self.0.rules, &WHO, now_ms),
            What::Look => self.0.table.check(&self.0.rules, &WHO, now_ms),
        };
        self.reply(verdict.standings().map(|(_, standing)| standing).collect())
    }

    fn strike<'a>(&'a self, _: &'a Strike, _: u64) -> Reply<'a, bool> {
        self.reply(false)
    }

    fn exchange<'a>(&'a self, deltas: &'a [Delta], _: u64) -> Reply<'a, Vec<Total>> {
        if *self.0.is_away.lock().unwrap() {
            return self.reply(Vec::new());
        }
        let totals = deltas.iter().map(|delta| self.count(&delta.key, delta.slots, delta.count));
        self.reply(totals.collect())
    }

    fn charges(&self, _: &Terms) -> bool {
        true
    }

    fn forsake(&self) {}
}

/// Deadlines need a clock; this one stands still.
fn time() -> Runtime {
    let mut runtime = Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap()
}

fn node(store: &Memory) -> Counters {
    let store = Box::new(store.clone());
    Counters::shared(1024, Shared { store, pepper: [7; 32], deadline: Duration::from_secs(5) })
}

fn window(count: u32) -> Rule {
    Rule::new("window", By::CLIENT, Limit::Window { count, per_ms: QUARTER_MS }).unwrap()
}

fn plan(rule: &Rule, mode: Mode) -> Plan {
    Plan::with_modes(vec![(rule.clone(), OnStoreError::Local, mode)], 3).unwrap()
}

fn passes(node: &Counters, plan: &Plan, now_ms: u64) -> bool {
    match node.charge(plan, &WHO, now_ms).now_or_never().unwrap() {
        Answer::Counted(verdict) | Answer::Alone(verdict) => verdict.is_admitted(),
        Answer::Closed(_) => false,
    }
}

fn exchange(node: &Counters, now_ms: u64) {
    node.exchange(now_ms).now_or_never().unwrap();
}

/// The most in any window that is open at its end.
fn densest(moments: &[u64], per_ms: u64) -> usize {
    let within = |end: &u64| moments.iter().filter(|m| **m <= *end && *m + per_ms > *end).count();
    moments.iter().map(within).max().unwrap_or(0)
}

/// Calls: the gap since the last one, and the node that is asked. Many come at once, some about a
/// slot or a window later.
fn calls() -> impl Strategy<Value = Vec<(u64, usize)>> {
    let gap = prop_oneof![
        8 => Just(0),
        4 => 0..QUARTER_MS / 50,
        2 => QUARTER_MS / 16..QUARTER_MS / 14,
        1 => QUARTER_MS - 5..QUARTER_MS + 5,
    ];
    prop::collection::vec((gap, 0..3_usize), 1..300)
}

/// Clocks of nodes: up to five seconds before or behind the store's.
fn clocks() -> impl Strategy<Value = [u64; 3]> {
    [0..10_000_u64, 0..10_000, 0..10_000]
}

fn shown(now_ms: u64, skew_ms: u64) -> u64 {
    now_ms + skew_ms - 5000
}

proptest! {
    #[test]
    fn three_nodes_with_skewed_clocks_never_exceed_a_window_in_mode_sync(
        count in 1_u32..40,
        calls in calls(),
        skews in clocks(),
    ) {
        let runtime = time();
        let _inside = runtime.enter();
        let rule = window(count);
        let store = Memory::new(&rule);
        let (nodes, plan) = ([node(&store), node(&store), node(&store)], plan(&rule, Mode::Sync));
        let (mut now_ms, mut admitted) = (START_MS, Vec::new());
        for (gap, at) in calls {
            now_ms += gap;
            store.set(now_ms);
            if passes(&nodes[at], &plan, shown(now_ms, skews[at])) {
                admitted.push(now_ms);
            }
        }

        prop_assert!(densest(&admitted, QUARTER_MS) <= count as usize);
    }

    #[test]
    fn mode_async_exceeds_a_window_by_no_more_than_others_let_in_between_two_exchanges(
        count in 1_u32..40,
        calls in calls(),
        skews in clocks(),
        every in 1_usize..9,
    ) {
        let runtime = time();
        let _inside = runtime.enter();
        let rule = window(count);
        let store = Memory::new(&rule);
        let (nodes, plan) = ([node(&store), node(&store), node(&store)], plan(&rule, Mode::Async));
        let (mut now_ms, mut admitted) = (START_MS, Vec::new());
        let (mut since, mut most_since) = ([0_usize; 3], [0_usize; 3]);
        for (turn, (gap, at)) in calls.into_iter().enumerate() {
            now_ms += gap;
            store.set(now_ms);
            if passes(&nodes[at], &plan, shown(now_ms, skews[at])) {
                admitted.push(now_ms);
                since[at] += 1;
                most_since[at] = most_since[at].max(since[at]);
            }
            // A node is told late when it asks late: so all tell, and then all hear.
            if turn % every == 0 {
                for (node, skew) in nodes.iter().zip(skews) {
                    exchange(node, shown(now_ms, skew));
                }
                since = [0; 3];
            }
        }

        // Two intervals: that in which the others let in, and that in which this node hears of it.
        let bound = count as usize + 2 * most_since.iter().sum::<usize>();
        prop_assert!(densest(&admitted, QUARTER_MS) <= bound);
    }

    #[test]
    fn mode_local_lets_each_node_count_the_whole_limit(count in 1_u32..40, calls in calls()) {
        let runtime = time();
        let _inside = runtime.enter();
        let rule = window(count);
        let store = Memory::new(&rule);
        store.set_away(true);
        let (nodes, plan) = ([node(&store), node(&store), node(&store)], plan(&rule, Mode::Local));
        let (mut now_ms, mut admitted) = (START_MS, [Vec::new(), Vec::new(), Vec::new()]);
        for (gap, at) in calls {
            now_ms += gap;
            if passes(&nodes[at], &plan, now_ms) {
                admitted[at].push(now_ms);
            }
        }

        for moments in admitted {
            prop_assert!(densest(&moments, QUARTER_MS) <= count as usize);
        }
        prop_assert_eq!(nodes[0].health().unwrap().failures, 0, "nobody was asked");
    }

    #[test]
    fn a_quota_is_never_exceeded_by_nodes_with_skewed_clocks(
        count in 1_u32..40,
        calls in calls(),
        skews in clocks(),
    ) {
        let runtime = time();
        let _inside = runtime.enter();
        let days = || Calendar::new(Period::Day, "Europe/Berlin").unwrap();
        let limit = Limit::Quota { count, calendar: days() };
        let rule = Rule::new("daily", By::CLIENT, limit).unwrap();
        let store = Memory::new(&rule);
        let (nodes, plan) = ([node(&store), node(&store), node(&store)], plan(&rule, Mode::Sync));
        let (mut now_ms, mut admitted) = (START_MS, Vec::new());
        for (gap, at) in calls {
            now_ms += gap * 20;
            store.set(now_ms);
            if passes(&nodes[at], &plan, shown(now_ms, skews[at])) {
                admitted.push(days().around(now_ms));
            }
        }

        for day in admitted.chunk_by(|one, other| one == other) {
            prop_assert!(day.len() <= count as usize);
        }
    }
}

#[test]
fn a_burst_at_the_edge_of_a_window_passes_once_on_three_nodes_together() {
    let runtime = time();
    let _inside = runtime.enter();
    let rule = window(100);
    for (mode, most) in [(Mode::Sync, 100), (Mode::Async, 300)] {
        let store = Memory::new(&rule);
        let (nodes, plan) = ([node(&store), node(&store), node(&store)], plan(&rule, mode));
        let edge_ms = (START_MS / QUARTER_MS + 1) * QUARTER_MS;
        let mut admitted = Vec::new();
        for (now_ms, calls) in [(edge_ms - 1, 600), (edge_ms + 1, 600)] {
            store.set(now_ms);
            for call in 0..calls {
                if passes(&nodes[call % 3], &plan, now_ms) {
                    admitted.push(now_ms);
                }
            }
            for _ in 0..2 {
                nodes.iter().for_each(|node| exchange(node, now_ms));
            }
        }

        // One burst within one interval, on as many nodes as there are; and none after it.
        assert_eq!(admitted.len(), most, "{mode:?}");
        assert!(admitted.iter().all(|moment| *moment < edge_ms), "{mode:?}");
    }
}

#[test]
fn a_node_that_hears_late_counts_what_is_left_and_no_longer_than_it_counts() {
    let runtime = time();
    let _inside = runtime.enter();
    let rule = window(30);
    let store = Memory::new(&rule);
    let (one, other, plan) = (node(&store), node(&store), plan(&rule, Mode::Async));
    for _ in 0..20 {
        assert!(passes(&one, &plan, START_MS));
    }
    exchange(&one, START_MS);
    assert!(passes(&other, &plan, START_MS));
    exchange(&other, START_MS);

    let more = (0..30).filter(|_| passes(&other, &plan, START_MS)).count();
    assert_eq!(more, 9, "of 30, one node had 20 and this one 1");
    // A window and a slot later nothing of it counts.
    let later_ms = START_MS + QUARTER_MS + QUARTER_MS / 15;
    store.set(later_ms);
    exchange(&other, later_ms);
    assert_eq!((0..99).filter(|_| passes(&other, &plan, later_ms)).count(), 30);
}

#[tokio::test(start_paused = true)]
async fn what_was_counted_while_the_store_was_away_is_told_when_it_is_back() {
    let rule = window(30);
    let store = Memory::new(&rule);
    let (one, other, plan) = (node(&store), node(&store), plan(&rule, Mode::Async));
    store.set_away(true);
    for _ in 0..6 {
        assert!(passes(&one, &plan, START_MS));
        exchange(&one, START_MS);
    }
    assert!(!one.health().unwrap().is_up);
    assert_eq!((0..30).filter(|_| passes(&one, &plan, START_MS)).count(), 4, "a third of 30");

    store.set_away(false);
    tokio::time::advance(Duration::from_secs(1)).await;
    exchange(&one, START_MS);

    assert!(one.health().unwrap().is_up);
    assert!(passes(&other, &plan, START_MS));
    exchange(&other, START_MS);
    assert_eq!((0..99).filter(|_| passes(&other, &plan, START_MS)).count(), 19);
}

#[test]
fn a_request_that_the_store_refuses_costs_the_rules_of_this_node_nothing() {
    let runtime = time();
    let _inside = runtime.enter();
    let rule = window(2);
    let store = Memory::new(&rule);
    let here =
        Rule::new("here", By::CLIENT, Limit::Window { count: 3, per_ms: QUARTER_MS }).unwrap();
    let rules =
        vec![(here, OnStoreError::Local, Mode::Local), (rule, OnStoreError::Local, Mode::Sync)];
    let plan = Plan::with_modes(rules, 1).unwrap();
    let (one, other) = (node(&store), node(&store));
    assert!(passes(&other, &plan, START_MS) && passes(&other, &plan, START_MS));

    for _ in 0..9 {
        assert!(!passes(&one, &plan, START_MS));
    }

    let verdict = one.standing(&plan, &WHO, START_MS).now_or_never().unwrap();
    let left: Vec<_> = verdict.standings().map(|(rule, at)| (rule.name(), at.remaining)).collect();
    assert_eq!(left, [("here", 3), ("window", 0)]);
}

#[test]
fn whoever_is_refused_here_costs_the_store_no_question() {
    let runtime = time();
    let _inside = runtime.enter();
    let rule = window(1);
    let store = Memory::new(&rule);
    let (node, plan) = (node(&store), plan(&rule, Mode::Sync));
    assert!(passes(&node, &plan, START_MS));

    // A question now would fail, and be counted.
    store.set_away(true);
    for _ in 0..100 {
        assert!(!passes(&node, &plan, START_MS));
    }

    assert_eq!(node.health().unwrap().failures, 0);
}

#[test]
fn callers_beyond_what_can_be_followed_are_counted_by_the_share_of_this_node() {
    let runtime = time();
    let _inside = runtime.enter();
    let rule = window(30);
    let store = Memory::new(&rule);
    let shared =
        Shared { store: Box::new(store), pepper: [7; 32], deadline: Duration::from_secs(5) };
    let node = Counters::shared(1, shared);
    let plan = plan(&rule, Mode::Async);
    assert!(passes(&node, &plan, START_MS));

    let other = Subject { client: Some("another"), ..WHO };
    let passed = (0..99).filter(|_| {
        let answer = node.charge(&plan, &other, START_MS).now_or_never().unwrap();
        matches!(answer, Answer::Counted(verdict) if verdict.is_admitted())
    });

    assert_eq!(passed.count(), 10);
    assert_eq!(node.unfollowed(), 99);
}

/// A store that takes so long to answer.
struct Slow(Duration);

impl Slow {
    fn late<T: Send + 'static>(&self) -> Reply<'static, T> {
        let mut timer = interval_at(Instant::now() + self.0, self.0);
        Box::pin(async move {
            timer.tick().await;
            Err(StoreError("late".to_owned()))
        })
    }
}

impl Store for Slow {
    fn ask<'a>(&'a self, _: &'a [Ask], _: What, _: u64) -> Reply<'a, Vec<Standing>> {
        self.late()
    }

    fn strike<'a>(&'a self, _: &'a Strike, _: u64) -> Reply<'a, bool> {
        self.late()
    }

    fn exchange<'a>(&'a self, _: &'a [Delta], _: u64) -> Reply<'a, Vec<Total>> {
        self.late()
    }

    fn charges(&self, _: &Terms) -> bool {
        true
    }

    fn forsake(&self) {}
}

#[tokio::test(start_paused = true)]
async fn no_request_waits_longer_than_the_deadline_however_slow_the_store_is() {
    let deadline = Duration::from_millis(20);
    for slowness in [21, 500, 3_600_000].map(Duration::from_millis) {
        let shared = Shared { store: Box::new(Slow(slowness)), pepper: [7; 32], deadline };
        let (node, rule) = (Counters::shared(64, shared), window(90));
        let plan = plan(&rule, Mode::Sync);
        let began = Instant::now();
        for _ in 0..200 {
            let asked = Instant::now();
            let answer = node.charge(&plan, &WHO, START_MS).await;
            assert!(matches!(answer, Answer::Alone(_)));
            // A tick of the timer is a millisecond.
            assert!(asked.elapsed() <= deadline + Duration::from_millis(1), "{slowness:?}");
        }

        // Five until it is given up; then nobody asks before the first pause is over.
        assert!(began.elapsed() <= 5 * (deadline + Duration::from_millis(1)), "{slowness:?}");
        assert_eq!(node.health().unwrap().failures, 5);
    }
}

impl QuotaBank for Slow {
    fn lease<'a>(&'a self, _: &'a LeaseAsk) -> Reply<'a, Lease> {
        self.late()
    }

    fn settle<'a>(&'a self, _: &'a [Settlement]) -> Reply<'a, ()> {
        self.late()
    }

    fn look<'a>(&'a self, _: &'a [Account]) -> Reply<'a, Vec<u64>> {
        self.late()
    }
}

#[tokio::test(start_paused = true)]
async fn for_store_and_bank_together_no_request_waits_longer_than_the_deadline_and_a_quarter() {
    let (deadline, slow) = (Duration::from_millis(20), Duration::from_millis(500));
    let shared = Shared { store: Box::new(Slow(slow)), pepper: [7; 32], deadline };
    let tasks = Mutex::new(JoinSet::new());
    let node = Counters::shared(64, shared).banked(Banked {
        bank: Box::new(Slow(slow)),
        pepper: [7; 32],
        deadline,
        spawn: Box::new(move |work| drop(tasks.lock().unwrap().spawn(work))),
    });
    let calendar = Calendar::new(Period::Day, "UTC").unwrap();
    let daily = Rule::new("daily", By::CLIENT, Limit::Quota { count: 900, calendar }).unwrap();
    let both = [daily, window(900)].map(|rule| (rule, OnStoreError::Local, Mode::Sync));
    let plan = Plan::with_modes(both.into(), 3).unwrap();

    for _ in 0..200 {
        let asked = Instant::now();
        let answer = node.charge(&plan, &WHO, START_MS).await;
        assert!(matches!(answer, Answer::Alone(verdict) if verdict.is_admitted()));
        // Two ticks of the timer.
        assert!(asked.elapsed() <= deadline + deadline / 4 + Duration::from_millis(2));
    }
}
