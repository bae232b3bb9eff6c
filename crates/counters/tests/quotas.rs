//! Quotas of several nodes that lease of one bank, all simulated: no clock but the test's, no
//! network, no thread.
//!
//! What is claimed: no period holds more than its limit by the bank's clock, whatever the clocks of
//! the nodes say, also when nodes are killed; and all of it can be spent once nodes have drained.

#![expect(clippy::unwrap_used, reason = "a test fails where its ground does")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use counters::bank::{Account, Banked, Lease, LeaseAsk, QuotaBank, Settlement, Work};
use counters::store::{Reply, StoreError};
use counters::{Answer, Counters, Mode, OnStoreError, Plan};
use futures_util::FutureExt;
use futures_util::future::join_all;
use proptest::prelude::*;
use throttle::{By, Calendar, Limit, Period, Rule, Subject};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// 2026-11-29, midnight in UTC.
const START_MS: u64 = 1_795_910_400_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const DEADLINE: Duration = Duration::from_millis(20);
const WHO: Subject<'static> =
    Subject { address: None, client: Some("one"), api_key: None, tenant: None, operation: None };

/// A bank in memory, with a clock of its own.
#[derive(Clone)]
struct Memory(Arc<State>);

struct State {
    now_ms: Mutex<u64>,
    used: Mutex<BTreeMap<Account, u64>>,
    questions: AtomicUsize,
    /// It answers as often as this lets it.
    open: Semaphore,
    is_away: Mutex<bool>,
}

impl Memory {
    fn new() -> Self {
        Self::slow(Semaphore::MAX_PERMITS)
    }

    /// Answers so many questions, and then lets wait.
    fn slow(answers: usize) -> Self {
        Self(Arc::new(State {
            now_ms: Mutex::new(START_MS),
            used: Mutex::default(),
            questions: AtomicUsize::new(0),
            open: Semaphore::new(answers),
            is_away: Mutex::new(false),
        }))
    }

    fn set(&self, now_ms: u64) {
        *self.0.now_ms.lock().unwrap() = now_ms;
    }

    fn set_away(&self, is_away: bool) {
        *self.0.is_away.lock().unwrap() = is_away;
    }

    /// Questions since the last time.
    fn questions(&self) -> usize {
        self.0.questions.swap(0, Ordering::Relaxed)
    }

    fn used(&self) -> u64 {
        self.0.used.lock().unwrap().values().sum()
    }

    fn accounts(&self) -> usize {
        self.0.used.lock().unwrap().len()
    }

    async fn enter(&self) -> Result<(), StoreError> {
        self.0.questions.fetch_add(1, Ordering::Relaxed);
        self.0.open.acquire().await.unwrap().forget();
        let is_away = *self.0.is_away.lock().unwrap();
        if is_away { Err(StoreError("away".to_owned())) } else { Ok(()) }
    }
}

impl QuotaBank for Memory {
    fn lease<'a>(&'a self, ask: &'a LeaseAsk) -> Reply<'a, Lease> {
        Box::pin(async move {
            self.enter().await?;
            let mut all = self.0.used.lock().unwrap();
            let used = all.entry(ask.account).or_default();
            *used += u64::from(ask.owed);
            let left = u64::from(ask.limit).saturating_sub(*used);
            let granted = ask.block(u32::try_from(left).unwrap());
            *used += u64::from(granted);
            let left = u32::try_from(left).unwrap() - granted;
            Ok(Lease { granted, left, now_ms: *self.0.now_ms.lock().unwrap() })
        })
    }

    fn settle<'a>(&'a self, accounts: &'a [Settlement]) -> Reply<'a, ()> {
        Box::pin(async move {
            self.enter().await?;
            let mut all = self.0.used.lock().unwrap();
            for Settlement { account, unused, owed } in accounts {
                let used = all.entry(*account).or_default();
                *used = (*used + u64::from(*owed)).checked_sub(u64::from(*unused)).unwrap();
            }
            Ok(())
        })
    }

    fn look<'a>(&'a self, accounts: &'a [Account]) -> Reply<'a, Vec<u64>> {
        Box::pin(async move {
            self.enter().await?;
            let all = self.0.used.lock().unwrap();
            Ok(accounts.iter().map(|account| all.get(account).copied().unwrap_or(0)).collect())
        })
    }
}

/// A node whose questions are answered at once.
fn node(bank: &Memory) -> Counters {
    node_with(bank, Box::new(|work: Work| at_once(work)))
}

/// What waits for nobody, however much of it there is.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    tokio::task::unconstrained(work).now_or_never().unwrap()
}

/// A node whose questions are answered when the bank likes to.
fn patient(bank: &Memory) -> Counters {
    let tasks = Mutex::new(JoinSet::new());
    node_with(bank, Box::new(move |work| drop(tasks.lock().unwrap().spawn(work))))
}

fn node_with(bank: &Memory, spawn: counters::bank::Spawn) -> Counters {
    let bank = Box::new(bank.clone());
    Counters::local(1024).banked(Banked { bank, pepper: [7; 32], deadline: DEADLINE, spawn })
}

fn daily(count: u32) -> Rule {
    let calendar = Calendar::new(Period::Day, "UTC").unwrap();
    Rule::new("daily", By::CLIENT, Limit::Quota { count, calendar }).unwrap()
}

fn plan(count: u32, on_error: OnStoreError) -> Plan {
    Plan::with_modes(vec![(daily(count), on_error, Mode::Sync)], 3).unwrap()
}

fn window(name: &str, count: u32) -> Rule {
    Rule::new(name, By::CLIENT, Limit::Window { count, per_ms: 1000 }).unwrap()
}

/// Deadlines need a clock; this one stands still.
fn time() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

fn passes(node: &Counters, plan: &Plan, now_ms: u64) -> bool {
    at_once(node.charge(plan, &WHO, now_ms)).is_admitted()
}

fn spent(node: &Counters, plan: &Plan, now_ms: u64, calls: usize) -> usize {
    (0..calls).filter(|_| passes(node, plan, now_ms)).count()
}

async fn remaining(node: &Counters, plan: &Plan, now_ms: u64) -> u32 {
    let verdict = node.standing(plan, &WHO, now_ms).await;
    verdict.standings().map(|(_, standing)| standing.remaining).next().unwrap()
}

/// Whoever was refused is asked for again.
async fn wait_a_moment() {
    tokio::time::advance(Duration::from_millis(1001)).await;
}

fn shown(now_ms: u64, skew_ms: u64) -> u64 {
    now_ms + skew_ms - 5000
}

/// What happens next: so many calls at a node, or a node is killed, or drained.
#[derive(Clone, Copy, Debug)]
enum Event {
    Calls(usize),
    Killed,
    Drained,
}

/// Gaps from nothing to some hours, many of them just around midnight; and what happens where.
fn events() -> impl Strategy<Value = Vec<(Gap, usize, Event)>> {
    let gap = prop_oneof![
        4 => Just(Gap::By(0)),
        2 => (0..7_000_u64).prop_map(Gap::By),
        1 => (0..10_000_000_u64).prop_map(Gap::By),
        2 => (0..12_000_u64).prop_map(Gap::Midnight),
    ];
    let event = prop_oneof![
        8 => (1..400_usize).prop_map(Event::Calls),
        1 => Just(Event::Killed),
        1 => Just(Event::Drained),
    ];
    prop::collection::vec((gap, 0..3_usize, event), 1..80)
}

#[derive(Clone, Copy, Debug)]
enum Gap {
    By(u64),
    /// So long after six seconds before the next midnight.
    Midnight(u64),
}

impl Gap {
    fn after(self, now_ms: u64) -> u64 {
        match self {
            Self::By(ms) => now_ms + ms,
            Self::Midnight(ms) => now_ms.max((now_ms / DAY_MS + 1) * DAY_MS - 6000 + ms),
        }
    }
}

proptest! {
    #[test]
    fn no_period_holds_more_than_its_limit_whatever_clocks_say_and_whoever_is_killed(
        count in prop_oneof![1_u32..60, 1_u32..20_000],
        events in events(),
        skews in [0..10_000_u64, 0..10_000, 0..10_000],
    ) {
        let runtime = time();
        let _inside = runtime.enter();
        let (bank, plan) = (Memory::new(), plan(count, OnStoreError::Closed));
        let mut nodes = [node(&bank), node(&bank), node(&bank)];
        let (mut now_ms, mut days) = (START_MS + DAY_MS / 2, BTreeMap::<u64, u32>::new());
        for (gap, at, event) in events {
            now_ms = gap.after(now_ms);
            bank.set(now_ms);
            match event {
                Event::Calls(calls) => {
                    let passed = spent(&nodes[at], &plan, shown(now_ms, skews[at]), calls);
                    *days.entry(now_ms / DAY_MS).or_default() += u32::try_from(passed).unwrap();
                }
                Event::Killed => nodes[at] = node(&bank),
                Event::Drained => {
                    at_once(nodes[at].close());
                    nodes[at] = node(&bank);
                }
            }
        }

        for (day, passed) in days {
            prop_assert!(passed <= count, "day {}: {} of {}", day, passed, count);
        }
    }

    #[test]
    fn after_an_orderly_drain_all_of_a_limit_can_be_spent(
        count in prop_oneof![1_u32..60, 1_u32..20_000],
        bursts in prop::collection::vec((0..3_usize, 1..2000_usize), 1..20),
    ) {
        let runtime = time();
        let _inside = runtime.enter();
        let (bank, plan) = (Memory::new(), plan(count, OnStoreError::Closed));
        let nodes = [node(&bank), node(&bank), node(&bank)];
        let mut passed = 0;
        for (at, calls) in bursts {
            passed += spent(&nodes[at], &plan, START_MS, calls);
        }
        for node in nodes {
            at_once(node.close());
        }
        prop_assert_eq!(bank.used(), passed as u64, "nothing is lent any more");

        passed += spent(&node(&bank), &plan, START_MS, count as usize + 9);

        prop_assert_eq!(passed, count as usize);
    }
}

#[test]
fn a_request_that_another_rule_refuses_costs_no_unit_and_no_question() {
    let runtime = time();
    let _inside = runtime.enter();
    let bank = Memory::new();
    let mode = |rule| (rule, OnStoreError::Local, Mode::Sync);
    let both = vec![mode(daily(10)), mode(window("narrow", 2))];
    let plan = Plan::with_modes(both, 1).unwrap();
    let node = node(&bank);
    assert_eq!(spent(&node, &plan, START_MS, 2), 2);
    bank.questions();

    assert_eq!(spent(&node, &plan, START_MS, 50), 0);

    assert_eq!(bank.questions(), 0);
    at_once(node.close());
    assert_eq!(bank.used(), 2);
}

#[test]
fn a_request_that_one_of_two_quotas_refuses_takes_no_unit_of_the_other() {
    let runtime = time();
    let _inside = runtime.enter();
    let bank = Memory::new();
    let mode = |rule| (rule, OnStoreError::Local, Mode::Sync);
    let calendar = Calendar::new(Period::Month, "UTC").unwrap();
    let monthly = Limit::Quota { count: 3, calendar };
    let monthly = Rule::new("monthly", By::CLIENT, monthly).unwrap();
    let plan = Plan::with_modes(vec![mode(daily(90)), mode(monthly)], 1).unwrap();
    let node = node(&bank);

    assert_eq!(spent(&node, &plan, START_MS, 50), 3);

    at_once(node.close());
    assert_eq!(bank.used(), 6);
}

#[test]
fn whoever_has_nothing_left_costs_a_question_a_second_at_most() {
    let runtime = time();
    let _inside = runtime.enter();
    let (bank, plan) = (Memory::new(), plan(3, OnStoreError::Local));
    let node = node(&bank);
    assert_eq!(spent(&node, &plan, START_MS, 3), 3);
    bank.questions();

    assert_eq!(spent(&node, &plan, START_MS, 500), 0);

    assert_eq!(bank.questions(), 1);
}

#[test]
fn ninety_nine_of_a_hundred_requests_of_a_large_quota_ask_nobody() {
    let runtime = time();
    let _inside = runtime.enter();
    let (bank, plan) = (Memory::new(), plan(100_000, OnStoreError::Local));
    let node = node(&bank);

    assert_eq!(spent(&node, &plan, START_MS, 100_000), 100_000);

    let questions = bank.questions();
    println!("100,000 requests of a quota of 100,000: {questions} questions");
    assert!(questions <= 1000, "{questions}");
}

#[test]
fn what_a_killed_node_had_leased_is_lost_until_the_period_ends_and_no_more() {
    let runtime = time();
    let _inside = runtime.enter();
    let (bank, plan) = (Memory::new(), plan(100_000, OnStoreError::Local));
    let killed = node(&bank);
    assert_eq!(spent(&killed, &plan, START_MS, 1), 1);
    drop(killed);

    let node = node(&bank);
    let passed = spent(&node, &plan, START_MS, 200_000);

    assert_eq!(passed, 100_000 - 1000, "a block of a thousand, of which one was spent");
    bank.set(START_MS + DAY_MS);
    assert_eq!(spent(&node, &plan, START_MS + DAY_MS, 200_000), 100_000);
}

#[tokio::test(start_paused = true)]
async fn a_block_that_lies_for_a_minute_goes_back_to_the_others() {
    let (bank, plan) = (Memory::new(), plan(100_000, OnStoreError::Local));
    let (one, other) = (node(&bank), node(&bank));
    assert!(passes(&one, &plan, START_MS));
    one.tend().await;
    assert_eq!(bank.used(), 1000);

    tokio::time::advance(Duration::from_secs(60)).await;
    one.tend().await;

    assert_eq!(bank.used(), 1);
    assert_eq!(spent(&other, &plan, START_MS, 200_000), 99_999);
}

#[test]
fn a_block_of_yesterday_is_not_spent_today_by_a_node_whose_clock_is_late() {
    let runtime = time();
    let _inside = runtime.enter();
    let (bank, plan) = (Memory::new(), plan(100_000, OnStoreError::Closed));
    let late = node(&bank);
    let eve_ms = START_MS + DAY_MS - 1;
    bank.set(eve_ms);
    assert!(passes(&late, &plan, eve_ms - 5000));

    // Its own clock says that it is still yesterday.
    bank.set(eve_ms + 1);
    assert!(passes(&late, &plan, eve_ms + 1 - 5000));
    at_once(late.close());

    assert_eq!((bank.accounts(), bank.used()), (2, 2), "one of each day");
}

#[test]
fn a_node_whose_clock_is_days_off_goes_by_the_banks_after_one_answer() {
    let runtime = time();
    let _inside = runtime.enter();
    let (bank, plan) = (Memory::new(), plan(3, OnStoreError::Closed));
    for node_ms in [START_MS + 3 * DAY_MS, START_MS - 3 * DAY_MS] {
        assert!(passes(&node(&bank), &plan, node_ms));
    }

    let node = node(&bank);
    assert_eq!(spent(&node, &plan, START_MS, 9), 1);
}

#[tokio::test(start_paused = true)]
async fn concurrent_requests_of_one_caller_share_a_question() {
    let (bank, plan) = (Memory::slow(0), plan(100, OnStoreError::Closed));
    let node = patient(&bank);
    let open = async {
        while bank.0.questions.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(bank.questions(), 1);
        bank.0.open.add_permits(1000);
    };

    let calls = (0..40).map(|_| node.charge(&plan, &WHO, START_MS));
    let (answers, ()) = futures_util::future::join(join_all(calls), open).await;

    assert!(answers.iter().all(Answer::is_admitted));
    // The first brings one; the second as many as wait.
    assert_eq!(bank.questions(), 1);
    node.close().await;
    assert_eq!(bank.used(), 40);
}

#[tokio::test(start_paused = true)]
async fn parallel_requests_on_three_nodes_never_exceed_a_small_quota() {
    let (bank, plan) = (Memory::new(), plan(25, OnStoreError::Closed));
    let nodes = [patient(&bank), patient(&bank), patient(&bank)];

    let calls = (0..300).map(|call| nodes[call % 3].charge(&plan, &WHO, START_MS));
    let answers = join_all(calls).await;

    assert_eq!(answers.iter().filter(|answer| answer.is_admitted()).count(), 25);
}

#[tokio::test(start_paused = true)]
async fn no_request_waits_longer_than_the_deadline_and_each_rule_does_as_it_says() {
    for (on_error, passed) in
        [(OnStoreError::Local, 30), (OnStoreError::Open, 90), (OnStoreError::Closed, 0)]
    {
        let (bank, plan) = (Memory::slow(0), plan(90, on_error));
        let (node, began) = (patient(&bank), Instant::now());
        let mut admitted = 0;
        for _ in 0..200 {
            let asked = Instant::now();
            let answer = node.charge(&plan, &WHO, START_MS).await;
            admitted += usize::from(answer.is_admitted());
            // A tick of the timer is a millisecond.
            assert!(asked.elapsed() <= DEADLINE + Duration::from_millis(1), "{on_error:?}");
            let is_closed = matches!(answer, Answer::Closed(_));
            assert_eq!(is_closed, on_error == OnStoreError::Closed);
        }

        assert_eq!(admitted, passed, "{on_error:?}");
        // One question is on its way, and nobody waits for it twice.
        assert!(began.elapsed() <= DEADLINE + Duration::from_millis(1), "{on_error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_late_is_not_lost_and_what_passed_meanwhile_is_counted() {
    let (bank, plan) = (Memory::slow(1), plan(90, OnStoreError::Local));
    let node = patient(&bank);
    assert!(node.charge(&plan, &WHO, START_MS).await.is_admitted());

    // 89 are left, as far as is known: a third of them passes while the bank is slow.
    let mut passed = 0;
    for _ in 0..99 {
        passed += usize::from(node.charge(&plan, &WHO, START_MS).await.is_admitted());
    }
    assert_eq!(passed, 29);
    bank.0.open.add_permits(1000);
    node.close().await;

    assert_eq!(bank.used(), 30);
    assert_eq!(spent(&self::node(&bank), &plan, START_MS, 99), 60);
}

#[tokio::test(start_paused = true)]
async fn one_node_alone_is_exact_however_slow_the_bank_is() {
    let plan = Plan::with_modes(vec![(daily(50), OnStoreError::Local, Mode::Sync)], 1).unwrap();
    for answers_every in [1, 2, 3, 7, 19] {
        let bank = Memory::slow(1);
        let node = patient(&bank);
        let mut passed = 0;
        for call in 0..100 {
            passed += usize::from(node.charge(&plan, &WHO, START_MS).await.is_admitted());
            if call % answers_every == 0 {
                bank.0.open.add_permits(1);
                tokio::task::yield_now().await;
            }
        }
        bank.0.open.add_permits(1000);
        for _ in 0..60 {
            tokio::time::advance(Duration::from_secs(6)).await;
            passed += usize::from(node.charge(&plan, &WHO, START_MS).await.is_admitted());
        }
        node.close().await;

        assert_eq!((passed, bank.used()), (50, 50), "an answer every {answers_every} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bank_that_was_away_counts_what_passed_meanwhile_and_nothing_resets() {
    let (bank, plan) = (Memory::new(), plan(90, OnStoreError::Local));
    let node = node(&bank);
    assert_eq!(spent(&node, &plan, START_MS, 30), 30);
    bank.set_away(true);

    // 60 are left; a third of them, and not a question for each.
    bank.questions();
    let mut passed = 0;
    for _ in 0..99 {
        passed += usize::from(passes(&node, &plan, START_MS));
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    assert_eq!(passed, 20);
    assert!(!node.bank_health().unwrap().is_up);
    assert_eq!(bank.questions(), 5);
    node.tend().await;
    bank.set_away(false);
    wait_a_moment().await;
    node.tend().await;

    assert!(node.bank_health().unwrap().is_up);
    assert_eq!(bank.used(), 50);
    assert_eq!(spent(&node, &plan, START_MS, 99), 40);
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_is_of_all_nodes() {
    let (bank, plan) = (Memory::new(), plan(50, OnStoreError::Local));
    let (one, other) = (node(&bank), node(&bank));
    assert_eq!(spent(&one, &plan, START_MS, 7), 7);
    assert_eq!(spent(&other, &plan, START_MS, 5), 5);

    for node in [&one, &other, &node(&bank)] {
        assert_eq!(remaining(node, &plan, START_MS).await, 38);
    }

    bank.set_away(true);
    assert_eq!(remaining(&other, &plan, START_MS).await, 38, "what it heard the last time");
}

#[test]
fn a_change_of_the_limit_holds_at_once_and_forgets_nothing() {
    let runtime = time();
    let _inside = runtime.enter();
    let (bank, ten, twelve) =
        (Memory::new(), plan(10, OnStoreError::Local), plan(12, OnStoreError::Local));
    let (node, nine) = (node(&bank), plan(9, OnStoreError::Local));
    assert_eq!(spent(&node, &ten, START_MS, 99), 10);

    assert_eq!(spent(&node, &nine, START_MS, 99), 0);
    assert_eq!(spent(&node, &twelve, START_MS, 99), 2);
}

#[test]
fn callers_beyond_what_can_be_followed_are_counted_by_the_share_of_this_node() {
    let runtime = time();
    let _inside = runtime.enter();
    let (bank, plan) = (Memory::new(), plan(30, OnStoreError::Local));
    let node = Counters::local(1).banked(Banked {
        bank: Box::new(bank.clone()),
        pepper: [7; 32],
        deadline: DEADLINE,
        spawn: Box::new(|work: Work| at_once(work)),
    });
    assert!(passes(&node, &plan, START_MS));

    let other = Subject { client: Some("another"), ..WHO };
    let answers = (0..99).map(|_| at_once(node.charge(&plan, &other, START_MS)));

    assert_eq!(answers.filter(Answer::is_admitted).count(), 10);
    assert_eq!((node.unfollowed(), bank.used()), (99, 1));
}
