//! Exactness: whatever a rule counts by, and wherever in a cluster its counts lie.

use std::net::Ipv4Addr;
use std::time::Duration;

use counters::{Counters, OnStoreError, Plan};
use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use throttle::{By, Calendar, Limit, Period, Rule, Subject};
use tokio::time::{Instant, interval};

use crate::server::{Server, free_port};
use crate::{NOW_MS, QUARTER_MS, node};

/// A cluster of one: it refuses a script whose keys lie in several slots, as one of many does.
async fn cluster() -> Server {
    let port = free_port();
    let (bus, file) = (free_port().to_string(), format!("ringwall-nodes-{port}.conf"));
    let further = ["--cluster-enabled", "yes", "--cluster-port", &bus];
    let server =
        Server::start_with(port, &[&further[..], &["--cluster-config-file", &file]].concat());
    let mut on = connected(&server).await;
    let _forgotten = std::fs::remove_file(std::env::temp_dir().join(file));
    let mut all = redis::cmd("CLUSTER");
    all.arg(&["ADDSLOTSRANGE", "0", "16383"]);
    all.query_async::<()>(&mut on).await.unwrap();
    let mut timer = interval(Duration::from_millis(50));
    let ready = async {
        loop {
            timer.tick().await;
            let info: String =
                redis::cmd("CLUSTER").arg("INFO").query_async(&mut on).await.unwrap();
            if info.contains("cluster_state:ok") {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ready).await.unwrap();
    server
}

async fn connected(server: &Server) -> MultiplexedConnection {
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// What Redis says what time it is: quotas count in its days, not in those of the test.
async fn now_ms(server: &Server) -> u64 {
    let mut on = connected(server).await;
    let (seconds, _): (u64, u64) = redis::cmd("TIME").query_async(&mut on).await.unwrap();
    seconds * 1000
}

fn window(count: u32) -> Limit {
    Limit::Window { count, per_ms: QUARTER_MS }
}

fn plan<const N: usize>(rules: [(&str, By, Limit); N]) -> Plan {
    let rules = rules.map(|(name, by, limit)| Rule::new(name, by, limit).unwrap());
    Plan::new(rules.map(|rule| (rule, OnStoreError::Closed)).into(), 3).unwrap()
}

/// One after the other of three nodes, all at once: how many of so many calls pass.
async fn passed<'s>(
    nodes: &[Counters; 3],
    plan: &Plan,
    callers: impl Iterator<Item = &'s Subject<'s>>,
) -> usize {
    let calls = callers.zip(nodes.iter().cycle());
    let answers = join_all(calls.map(|(who, node)| node.charge(plan, who, NOW_MS))).await;
    answers.iter().filter(|answer| answer.is_admitted()).count()
}

fn nodes(server: &Server) -> [Counters; 3] {
    [node(server), node(server), node(server)]
}

/// What a rule can tell callers apart by.
fn combinations() -> impl Iterator<Item = By> {
    (1..32_u8).map(|bits| By {
        address: bits & 1 != 0,
        client: bits & 2 != 0,
        api_key: bits & 4 != 0,
        tenant: bits & 8 != 0,
        operation: bits & 16 != 0,
    })
}

/// Callers who are one to the rule, and differ in all else that they can.
struct Alike {
    texts: Vec<[String; 4]>,
    by: By,
}

impl Alike {
    fn new(by: By, count: u32) -> Self {
        let text = |is_one: bool, name: &str, nth| {
            if is_one { format!("{name}-one") } else { format!("{name}-{nth}") }
        };
        // A client or a key is of one tenant.
        let tenant = by.tenant || by.client || by.api_key;
        let texts = (0..count).map(|nth| {
            [
                text(by.client, "client", nth),
                text(by.api_key, "key", nth),
                text(tenant, "tenant", nth),
                text(by.operation, "operation", nth),
            ]
        });
        Self { texts: texts.collect(), by }
    }

    fn subjects<'s>(&'s self) -> Vec<Subject<'s>> {
        let subject = |(nth, [client, api_key, tenant, operation]): (u32, &'s [String; 4])| {
            let nth = if self.by.address { 0 } else { nth };
            Subject {
                address: Some(Ipv4Addr::from_bits(0xcb00_7100 + nth).into()),
                client: Some(client),
                api_key: Some(api_key),
                tenant: Some(tenant),
                operation: Some(operation),
            }
        };
        (0..).zip(&self.texts).map(subject).collect()
    }
}

#[tokio::test]
async fn three_nodes_share_a_rule_exactly_whatever_it_counts_by() {
    let server = cluster().await;
    let nodes = nodes(&server);

    for by in combinations() {
        let plan = plan([("shared", by, window(20))]);
        let alike = Alike::new(by, 60);

        assert_eq!(passed(&nodes, &plan, alike.subjects().iter()).await, 20, "{by:?}");
    }
    assert!(nodes.iter().all(|node| node.health().unwrap().failures == 0));
}

#[tokio::test]
async fn rules_in_several_slots_are_charged_together_or_not_at_all() {
    let server = cluster().await;
    let nodes = nodes(&server);
    let calendar = Calendar::new(Period::Month, "UTC").unwrap();
    let plan = plan([
        ("operation", By::default().and_operation(), window(7)),
        ("monthly", By::CLIENT, Limit::Quota { count: 4, calendar }),
        ("address", By::ADDRESS, Limit::Rate { count: 1, per_ms: QUARTER_MS, burst: 5 }),
        ("tenant", By::TENANT, window(3)),
    ]);
    let who = |tenant: &'static str, nth: u8| Subject {
        address: Some(Ipv4Addr::new(203, 0, 113, nth).into()),
        client: Some(tenant),
        api_key: None,
        tenant: Some(tenant),
        operation: Some("o"),
    };
    let (one, other, third) = (who("one", 1), who("other", 2), who("third", 3));

    assert_eq!(passed(&nodes, &plan, [&one; 30].into_iter()).await, 3);
    assert_eq!(passed(&nodes, &plan, [&other; 30].into_iter()).await, 3);
    assert_eq!(passed(&nodes, &plan, [&third; 30].into_iter()).await, 1);

    let standing = nodes[0].standing(&plan, &third, NOW_MS).await;
    let left: Vec<_> =
        standing.standings().map(|(rule, left)| (rule.name(), left.remaining)).collect();
    assert_eq!(left, [("operation", 0), ("monthly", 3), ("address", 4), ("tenant", 2)]);
    assert!(nodes.iter().all(|node| node.health().unwrap().failures == 0));
}

#[tokio::test]
async fn three_nodes_share_a_quota_exactly() {
    let server = Server::start();
    let (nodes, now_ms) = (nodes(&server), now_ms(&server).await);
    for period in [Period::Day, Period::Week, Period::Month] {
        let calendar = Calendar::new(period, "America/Sao_Paulo").unwrap();
        let plan = plan([("quota", By::CLIENT, Limit::Quota { count: 100, calendar })]);
        let who = Subject { client: Some("one"), tenant: Some("t"), ..Subject::default() };

        // Their clocks differ by five seconds.
        let calls = (0..300_u64).zip(nodes.iter().cycle());
        let calls = calls.map(|(call, node)| node.charge(&plan, &who, now_ms + call % 3 * 5000));
        let answers = join_all(calls).await;

        let passed = answers.iter().filter(|answer| answer.is_admitted()).count();
        assert_eq!(passed, 100, "{period:?}");
    }
}

/// The fixed window's weakness: as much as is allowed at its end, and again at its beginning.
#[tokio::test]
async fn no_window_holds_more_than_its_limit_however_greedy_callers_are() {
    let server = Server::start();
    let nodes = nodes(&server);
    let plan = plan([("second", By::CLIENT, Limit::Window { count: 10, per_ms: 1000 })]);
    let who = Subject { client: Some("one"), tenant: Some("t"), ..Subject::default() };
    let began = Instant::now();

    // When each that passed was asked and answered; Redis let it pass in between.
    let mut passed: Vec<(Duration, Duration)> = Vec::new();
    for node in nodes.iter().cycle() {
        let asked = began.elapsed();
        let now_ms = NOW_MS + u64::try_from(asked.as_millis()).unwrap();
        if node.charge(&plan, &who, now_ms).await.is_admitted() {
            passed.push((asked, began.elapsed()));
        }
        if asked > Duration::from_secs(4) {
            break;
        }
    }

    let too_many = passed.iter().zip(passed.iter().skip(10)).find(|((first, _), (_, last))| {
        // So many within less than the window, whenever in between they passed.
        *last - *first < Duration::from_secs(1)
    });
    assert_eq!(too_many, None);
    assert!(passed.len() >= 30, "room again, at most a slot late: {}", passed.len());
}
