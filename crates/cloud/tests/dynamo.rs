//! Limits in DynamoDB, against an emulator: `moto_server`, which `RINGWALL_TEST_DYNAMODB` names.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails where its ground does"
)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use cloud::{Dynamo, DynamoConfig};
use counters::{Answer, Counters, Mode, OnStoreError, Plan, Score, Shared};
use throttle::{By, Calendar, Limit, Period, Rule, Subject};

/// 2026-11-29.
const NOW_MS: u64 = 1_795_910_400_000;
const QUARTER_MS: u64 = 15 * 60 * 1000;
const WHO: Subject<'static> = Subject {
    address: None,
    client: Some("agency"),
    api_key: None,
    tenant: Some("t"),
    operation: None,
};

/// A table of the test's own.
struct Table {
    client: Client,
    name: String,
}

impl Table {
    async fn make() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("limits-{}-{number}", std::process::id());
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::for_tests())
            .endpoint_url(endpoint());
        let client = Client::from_conf(config.build());
        let attribute = AttributeDefinition::builder().attribute_name("key");
        let schema = KeySchemaElement::builder().attribute_name("key").key_type(KeyType::Hash);
        client
            .create_table()
            .table_name(&name)
            .attribute_definitions(
                attribute.attribute_type(ScalarAttributeType::S).build().unwrap(),
            )
            .key_schema(schema.build().unwrap())
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await
            .unwrap();
        Self { client, name }
    }

    fn node(&self) -> Counters {
        let store = Dynamo::with_client(self.client.clone(), self.name.clone());
        let deadline = Duration::from_secs(10);
        Counters::shared(64, Shared { store: Box::new(store), pepper: [7; 32], deadline })
    }

    async fn items(&self) -> Vec<std::collections::HashMap<String, String>> {
        let scanned = self.client.scan().table_name(&self.name).send().await.unwrap();
        let text = |value: &aws_sdk_dynamodb::types::AttributeValue| {
            value.as_s().or_else(|_| value.as_n()).cloned().unwrap_or_default()
        };
        let items = scanned.items().iter();
        items
            .map(|item| item.iter().map(|(name, value)| (name.clone(), text(value))).collect())
            .collect()
    }
}

fn endpoint() -> String {
    std::env::var("RINGWALL_TEST_DYNAMODB")
        .expect("`cargo xtask test` starts an emulator and sets RINGWALL_TEST_DYNAMODB")
}

fn plan(name: &str, limit: Limit, mode: Mode) -> Plan {
    let rule = Rule::new(name, By::CLIENT, limit).unwrap();
    Plan::with_modes(vec![(rule, OnStoreError::Closed, mode)], 2).unwrap()
}

fn daily(count: u32) -> Limit {
    Limit::Quota { count, calendar: Calendar::new(Period::Day, "Europe/Berlin").unwrap() }
}

async fn passed(node: &Counters, plan: &Plan, calls: usize, now_ms: u64) -> usize {
    let mut passed = 0;
    for _ in 0..calls {
        let Answer::Counted(verdict) = node.charge(plan, &WHO, now_ms).await else {
            panic!("the store is away");
        };
        passed += usize::from(verdict.is_admitted());
    }
    passed
}

#[tokio::test]
async fn a_quota_is_shared_exactly_by_conditional_updates() {
    let table = Table::make().await;
    let (one, other, plan) = (table.node(), table.node(), plan("daily", daily(7), Mode::Sync));

    let calls = (0..12).map(|call| {
        let node = if call % 2 == 0 { &one } else { &other };
        passed(node, &plan, 1, NOW_MS)
    });
    let all: usize = futures_util::future::join_all(calls).await.into_iter().sum();

    assert_eq!(all, 7);
    let tomorrow_ms = NOW_MS + 24 * 3600 * 1000;
    assert_eq!(passed(&one, &plan, 1, tomorrow_ms).await, 1, "another day, another item");
}

#[tokio::test]
async fn a_quota_without_room_gives_back_what_the_others_were_charged() {
    let table = Table::make().await;
    let rule = |name, count| {
        let rule = Rule::new(name, By::CLIENT, daily(count)).unwrap();
        (rule, OnStoreError::Closed, Mode::Sync)
    };
    let both = Plan::with_modes(vec![rule("wide", 5), rule("narrow", 1)], 1).unwrap();
    let wide = Plan::with_modes(vec![rule("wide", 5)], 1).unwrap();
    assert_eq!(passed(&table.node(), &both, 1, NOW_MS).await, 1);

    // Each by a node that knows nothing yet, so that the table decides.
    for _ in 0..3 {
        assert_eq!(passed(&table.node(), &both, 1, NOW_MS).await, 0);
    }

    assert_eq!(passed(&table.node(), &wide, 9, NOW_MS).await, 4);
}

#[tokio::test]
async fn a_window_is_exchanged_and_its_items_end_and_name_nobody() {
    let table = Table::make().await;
    let window = Limit::Window { count: 10, per_ms: QUARTER_MS };
    let (one, other, plan) = (table.node(), table.node(), plan("window", window, Mode::Async));
    assert_eq!(passed(&one, &plan, 6, NOW_MS).await, 6);
    one.exchange(NOW_MS).await;
    assert_eq!(passed(&other, &plan, 1, NOW_MS).await, 1);
    other.exchange(NOW_MS).await;

    assert_eq!(passed(&other, &plan, 9, NOW_MS).await, 3, "of ten, six and one are used");

    let items = table.items().await;
    assert!(!items.is_empty());
    for item in items {
        let expires_at: u64 = item["expires_at"].parse().unwrap();
        assert!(expires_at > (NOW_MS + QUARTER_MS) / 1000 && expires_at < NOW_MS / 1000 + 3 * 3600);
        assert!(!item["key"].contains("agency"), "{}", item["key"]);
    }
}

#[tokio::test]
async fn what_the_window_before_holds_still_counts() {
    let table = Table::make().await;
    let window = Limit::Window { count: 10, per_ms: QUARTER_MS };
    let (one, other, plan) = (table.node(), table.node(), plan("window", window, Mode::Async));
    // Sixteen slots of a minute are one item: the last of one item, and the first of the next.
    let edge_ms = (NOW_MS / (16 * 60_000) + 1) * 16 * 60_000;
    assert_eq!(passed(&one, &plan, 4, edge_ms - 1).await, 4);
    one.exchange(edge_ms - 1).await;
    assert_eq!(passed(&one, &plan, 2, edge_ms).await, 2);
    one.exchange(edge_ms).await;
    assert_eq!(passed(&other, &plan, 1, edge_ms).await, 1);
    other.exchange(edge_ms).await;

    assert_eq!(passed(&other, &plan, 9, edge_ms).await, 3);
    assert_eq!(passed(&one, &plan, 1, edge_ms).await, 1);
    one.exchange(edge_ms).await;
    assert_eq!(passed(&one, &plan, 9, edge_ms).await, 2, "it heard of one; three are not told yet");
}

#[tokio::test]
async fn it_charges_quotas_while_a_request_waits_and_nothing_else() {
    let table = Table::make().await;
    let node = table.node();
    let rule = |limit| Rule::new("rule", By::CLIENT, limit).unwrap();

    assert!(node.charges(&rule(daily(1))));
    assert!(!node.charges(&rule(Limit::Window { count: 10, per_ms: QUARTER_MS })));
    assert!(!node.charges(&rule(Limit::Rate { count: 1, per_ms: 1000, burst: 1 })));
}

#[tokio::test]
async fn a_score_is_of_all_nodes_together() {
    let table = Table::make().await;
    let score = Score::new("ban", By::CLIENT, 9, Duration::from_secs(600)).unwrap();

    let (one, other) = (table.node(), table.node());
    assert!(!one.strike(&score, &WHO, 5, NOW_MS).await);
    assert!(!other.strike(&score, &WHO, 4, NOW_MS).await);
    assert!(other.strike(&score, &WHO, 1, NOW_MS).await);
}

#[tokio::test]
async fn an_emulator_that_is_away_closes_what_must_be_closed() {
    let config = DynamoConfig {
        table: "nowhere".to_owned(),
        region: Some("eu-central-1".to_owned()),
        endpoint: Some("http://127.0.0.1:9".to_owned()),
    };
    let store = Box::new(Dynamo::new(config).await);
    let deadline = Duration::from_millis(20);
    let node = Counters::shared(64, Shared { store, pepper: [7; 32], deadline });

    let plan = plan("daily", daily(9), Mode::Sync);
    for _ in 0..9 {
        let answer = node.charge(&plan, &WHO, NOW_MS).await;
        assert!(matches!(answer, Answer::Closed(_)));
    }

    assert!(!node.health().unwrap().is_up);
}
