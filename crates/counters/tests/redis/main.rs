//! Limits of several nodes on one Redis, which is killed, stopped and started again.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where its ground does")]

mod exact;
mod server;
mod slow;
mod tell;
mod tls;

use std::time::{Duration, Instant};

use counters::{Answer, Counters, Mode, OnStoreError, Plan, RedisConfig, Score};
use futures_util::future::join_all;
use server::Server;
use tell::tell;
use throttle::{By, Calendar, Limit, Period, Rule, Subject};

/// 2026-11-29; what a node believes. Redis has a clock of its own.
const NOW_MS: u64 = 1_795_910_400_000;
/// As `limits.store_timeout_ms` has it by default.
const AS_SERVED: Duration = Duration::from_millis(20);
const QUARTER_MS: u64 = 15 * 60 * 1000;
const WHO: Subject<'static> = Subject {
    address: None,
    client: Some("agency"),
    api_key: None,
    tenant: Some("t"),
    operation: Some("o"),
};

fn plan(count: u32, mode: OnStoreError, nodes: u32) -> Plan {
    let window = Limit::Window { count, per_ms: QUARTER_MS };
    let name = format!("{mode:?}").to_lowercase();
    Plan::new(vec![(Rule::new(&name, By::CLIENT, window).unwrap(), mode)], nodes).unwrap()
}

/// A node with more patience than in production: the machine of the tests is busy.
fn node(server: &Server) -> Counters {
    impatient(server, Duration::from_secs(5))
}

fn impatient(server: &Server, deadline: Duration) -> Counters {
    let config = RedisConfig { url: server.url(), ca_pem: None, pepper: [7; 32], deadline };
    Counters::redis(1024, config).unwrap()
}

/// The same rule, decided here and exchanged now and then.
fn exchanged(count: u32, nodes: u32) -> Plan {
    let window = Limit::Window { count, per_ms: QUARTER_MS };
    let rule = Rule::new("exchanged", By::CLIENT, window).unwrap();
    Plan::with_modes(vec![(rule, OnStoreError::Local, Mode::Async)], nodes).unwrap()
}

/// How many of so many calls pass.
async fn passed(node: &Counters, plan: &Plan, calls: usize) -> usize {
    let mut passed = 0;
    for _ in 0..calls {
        passed += usize::from(node.charge(plan, &WHO, NOW_MS).await.is_admitted());
    }
    passed
}

/// Asks with a key of its own until the store is up, or down.
async fn until(node: &Counters, up: bool) {
    let plan = plan(1_000_000, OnStoreError::Open, 1);
    let probe = Subject { client: Some("probe"), ..WHO };
    let asking = async {
        while node.health().unwrap().is_up != up {
            node.charge(&plan, &probe, NOW_MS).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asking).await.unwrap();
}

#[tokio::test]
async fn looking_changes_nothing_and_sees_what_others_charged() {
    let server = Server::start();
    let (one, other) = (node(&server), node(&server));
    let plan = plan(5, OnStoreError::Local, 2);
    assert_eq!(passed(&one, &plan, 3).await, 3);

    for _ in 0..10 {
        let standing = other.standing(&plan, &WHO, NOW_MS).await;
        let remaining: Vec<u32> = standing.standings().map(|(_, left)| left.remaining).collect();
        assert_eq!(remaining, [2]);
    }

    assert_eq!(passed(&other, &plan, 3).await, 2);
}

#[tokio::test]
async fn redis_counts_as_the_table_does() {
    let server = Server::start();
    let rules = || {
        let calendar = Calendar::new(Period::Month, "Europe/Berlin").unwrap();
        let limits = [
            ("rate", By::TENANT, Limit::Rate { count: 1, per_ms: QUARTER_MS, burst: 5 }),
            ("window", By::CLIENT, Limit::Window { count: 4, per_ms: QUARTER_MS }),
            ("monthly", By::CLIENT.and_operation(), Limit::Quota { count: 9, calendar }),
        ];
        let rules = limits.map(|(name, by, limit)| Rule::new(name, by, limit).unwrap());
        Plan::new(rules.map(|rule| (rule, OnStoreError::Local)).into(), 1).unwrap()
    };
    let (plan, table, redis) = (rules(), Counters::local(1024), node(&server));

    for call in 0..6 {
        let (Answer::Counted(one), Answer::Counted(other)) =
            (table.charge(&plan, &WHO, NOW_MS).await, redis.charge(&plan, &WHO, NOW_MS).await)
        else {
            panic!("call {call}: the store is away");
        };
        let left = |verdict: &throttle::Verdict<'_>| -> Vec<_> {
            let standings = verdict.standings();
            standings.map(|(rule, at)| (rule.name().to_owned(), at.fits, at.remaining)).collect()
        };

        assert_eq!(left(&one), left(&other), "call {call}");
        assert_eq!(one.is_admitted(), call < 4, "call {call}");
    }
}

#[tokio::test]
async fn three_nodes_whose_clocks_differ_share_one_limit_exactly() {
    let server = Server::start();
    let nodes = [node(&server), node(&server), node(&server)];
    let plan = plan(100, OnStoreError::Closed, 3);

    let calls = (0..300_u64).map(|call| {
        let node = &nodes[usize::try_from(call % 3).unwrap()];
        node.charge(&plan, &WHO, NOW_MS + call % 3 * 5000)
    });
    let answers = join_all(calls).await;

    assert!(answers.iter().all(|answer| matches!(answer, Answer::Counted(_))));
    assert_eq!(answers.iter().filter(|answer| answer.is_admitted()).count(), 100);
}

#[tokio::test]
async fn three_nodes_that_exchange_exceed_a_limit_by_what_they_let_in_meanwhile_and_no_more() {
    let server = Server::start();
    let nodes = [node(&server), node(&server), node(&server)];
    let plan = exchanged(100, 3);

    // Steady: five calls a node between two exchanges.
    let mut steady = 0;
    for _ in 0..30 {
        for (node, skew_ms) in nodes.iter().zip([0, 5000, 10_000]) {
            for _ in 0..5 {
                steady +=
                    usize::from(node.charge(&plan, &WHO, NOW_MS + skew_ms).await.is_admitted());
            }
        }
        for (node, skew_ms) in nodes.iter().zip([0, 5000, 10_000]) {
            node.exchange(NOW_MS + skew_ms).await;
        }
    }

    // Two exchanges until the last node has heard of all: 30 calls.
    assert!((100..=130).contains(&steady), "{steady}");
    assert!(nodes.iter().all(|node| node.health().unwrap().failures == 0));
    for (node, skew_ms) in nodes.iter().zip([0, 5000, 10_000]) {
        assert!(!node.charge(&plan, &WHO, NOW_MS + skew_ms).await.is_admitted());
    }
}

#[tokio::test]
async fn a_rate_that_is_exchanged_is_shared_too() {
    let server = Server::start();
    let (one, other) = (node(&server), node(&server));
    let rate = Limit::Rate { count: 1, per_ms: QUARTER_MS, burst: 10 };
    let rule = Rule::new("rate", By::CLIENT, rate).unwrap();
    let plan = Plan::with_modes(vec![(rule, OnStoreError::Local, Mode::Async)], 2).unwrap();
    assert_eq!(passed(&one, &plan, 6).await, 6);
    one.exchange(NOW_MS).await;
    assert_eq!(passed(&other, &plan, 1).await, 1);

    other.exchange(NOW_MS).await;

    assert_eq!(passed(&other, &plan, 10).await, 3, "of ten, six and one are used");
}

#[tokio::test]
async fn what_is_exchanged_asks_nothing_while_redis_stands_still_and_is_told_afterwards() {
    let server = Server::start();
    let (one, other) = (node(&server), node(&server));
    let plan = exchanged(30, 3);
    assert_eq!(passed(&one, &plan, 4).await, 4);
    server.stop();

    assert_eq!(passed(&one, &plan, 4).await, 4, "decided here: nobody waits");
    assert_eq!(one.health().unwrap().failures, 0);

    server.resume();
    one.exchange(NOW_MS).await;
    assert_eq!(passed(&other, &plan, 1).await, 1);
    other.exchange(NOW_MS).await;
    assert_eq!(passed(&other, &plan, 99).await, 21);
}

#[tokio::test]
async fn while_redis_is_killed_each_rule_does_as_it_was_told() {
    let server = Server::start();
    let node = node(&server);
    assert_eq!(passed(&node, &plan(1, OnStoreError::Local, 1), 2).await, 1);
    server.kill();

    assert_eq!(passed(&node, &plan(30, OnStoreError::Closed, 3), 10).await, 0);
    assert_eq!(passed(&node, &plan(30, OnStoreError::Local, 3), 50).await, 9);
    assert_eq!(passed(&node, &plan(30, OnStoreError::Open, 3), 50).await, 30);
}

#[tokio::test]
async fn a_redis_that_forgot_everything_resets_no_count_of_this_node() {
    let server = Server::start();
    let node = node(&server);
    let plan = plan(20, OnStoreError::Local, 1);
    assert_eq!(passed(&node, &plan, 12).await, 12);

    let port = server.kill();
    until(&node, false).await;
    assert_eq!(passed(&node, &plan, 3).await, 3);
    let _server = Server::start_at(port);
    until(&node, true).await;

    assert_eq!(passed(&node, &plan, 50).await, 5);
    let health = node.health().unwrap();
    assert_eq!((health.lost, health.regained), (1, 1));
}

#[tokio::test]
async fn a_redis_that_stands_still_holds_up_nobody() {
    let server = Server::start();
    let node = impatient(&server, AS_SERVED);
    let plan = plan(1000, OnStoreError::Local, 1);
    assert_eq!(passed(&node, &plan, 5).await, 5);

    server.stop();
    let started = Instant::now();
    assert_eq!(passed(&node, &plan, 200).await, 200);
    // Five deadlines of 20 ms, then a probe now and then; the rest is for a slow machine.
    assert!(started.elapsed() < Duration::from_secs(2), "took {:?}", started.elapsed());
    assert!(!node.health().unwrap().is_up);

    server.resume();
    until(&node, true).await;
    assert!(matches!(node.charge(&plan, &WHO, NOW_MS).await, Answer::Counted(_)));
}

#[tokio::test]
async fn a_redis_that_is_slow_is_given_up_and_holds_up_nobody() {
    let server = Server::start();
    let slow = slow::Proxy::before(&server, Duration::from_millis(500));
    let config =
        RedisConfig { url: slow.url(), ca_pem: None, pepper: [7; 32], deadline: AS_SERVED };
    let node = Counters::redis(1024, config).unwrap();
    let (local, closed) = (plan(300, OnStoreError::Local, 3), plan(300, OnStoreError::Closed, 3));

    let started = Instant::now();
    assert_eq!(passed(&node, &local, 200).await, 100, "a third of the limit, counted here");
    assert_eq!(passed(&node, &closed, 50).await, 0);

    // Five deadlines of 20 ms, then a probe now and then; the rest is for a slow machine.
    assert!(started.elapsed() < Duration::from_secs(2), "took {:?}", started.elapsed());
    let health = node.health().unwrap();
    assert!(!health.is_up && health.lost == 1, "{health:?}");
}

#[tokio::test]
async fn a_redis_that_is_full_is_away_until_it_has_room_and_nothing_is_reset() {
    let server = Server::start();
    let node = node(&server);
    let local = plan(20, OnStoreError::Local, 2);
    assert_eq!(passed(&node, &local, 6).await, 6);

    tell(&server, &["CONFIG", "SET", "maxmemory", "1"]).await;
    // What this node let in counts: of its half, four are left.
    assert_eq!(passed(&node, &local, 50).await, 4);
    assert_eq!(passed(&node, &plan(20, OnStoreError::Closed, 2), 10).await, 0);
    assert!(!node.health().unwrap().is_up);

    tell(&server, &["CONFIG", "SET", "maxmemory", "0"]).await;
    until(&node, true).await;
    // Ten were let in, and this node remembers all of them.
    assert_eq!(passed(&node, &local, 50).await, 10);
}

#[tokio::test]
async fn a_score_is_of_all_nodes_together_and_of_this_one_while_redis_is_away() {
    let server = Server::start();
    let nodes = [node(&server), node(&server), node(&server)];
    let score = Score::new("ban-caller", By::CLIENT, 9, Duration::from_secs(600)).unwrap();

    let mut over = Vec::new();
    for node in nodes.iter().cycle().take(5) {
        over.push(node.strike(&score, &WHO, 2, NOW_MS).await);
    }
    assert_eq!(over, [false, false, false, false, true], "ten points on three nodes");
    let other = Subject { client: Some("another"), ..WHO };
    assert!(!nodes[0].strike(&score, &other, 9, NOW_MS).await);

    server.kill();
    assert!(nodes[0].strike(&score, &other, 1, NOW_MS).await, "counted here too");
    let third = Subject { client: Some("third"), ..WHO };
    assert!(!nodes[0].strike(&score, &third, 9, NOW_MS).await);
    assert!(nodes[0].strike(&score, &third, 1, NOW_MS).await);
}
