//! Quotas in the database, of three nodes on it: exact, whoever asks at once and whoever is killed.

use std::sync::Arc;
use std::time::Duration;

use counters::{Key, Mode, OnStoreError, Per, Plan, Spec};
use futures_util::future::join_all;
use gate::limits::LimitsPlan;
use kernel::{Clock, ManualClock, SystemClock, Timestamp};
use testkit::limits::unreached;
use testkit::nodes::{Node, Nodes};
use testkit::{Database, Platform, Setup};
use throttle::{By, Calendar, Limit, Period, Rule, Subject};

const WHO: Subject<'static> = Subject {
    address: None,
    client: Some("pc_agency"),
    api_key: None,
    tenant: None,
    operation: None,
};

/// So many a day, in a zone in which the day has a while to go.
fn plan(count: u32, clock: &dyn Clock) -> Plan {
    let hour = clock.now().seconds().div_euclid(3600).rem_euclid(24);
    // `Etc/GMT+3` is three hours behind. Noon is far from both midnights.
    let behind = (hour - 12).clamp(-12, 12);
    let calendar = Calendar::new(Period::Day, &format!("Etc/GMT{behind:+}")).unwrap();
    let rule = Rule::new("daily", By::CLIENT, Limit::Quota { count, calendar }).unwrap();
    Plan::with_modes(vec![(rule, OnStoreError::Closed, Mode::Sync)], 3).unwrap()
}

fn millis(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.now().millis()).unwrap()
}

/// Calls of all nodes at once, each by its own clock; how many passed.
async fn passed(nodes: &[(Node, Arc<ManualClock>)], plan: &Plan, calls: usize) -> usize {
    let calls = (0..calls).map(|call| {
        let (node, clock) = &nodes[call % nodes.len()];
        node.counters.charge(plan, &WHO, millis(clock.as_ref()))
    });
    let answers = join_all(calls).await;
    answers.iter().filter(|answer| answer.is_admitted()).count()
}

/// Three nodes; where the database has a clock, theirs differ by ten seconds.
async fn three(nodes: &Nodes, database: Database) -> Vec<(Node, Arc<ManualClock>)> {
    let mut three = Vec::new();
    for skew_s in [0, 5, 10] {
        let skew = if database == Database::Postgres { skew_s } else { 5 };
        let shown = SystemClock.now().minus(Duration::from_secs(5));
        let clock = Arc::new(ManualClock::new(shown.plus(Duration::from_secs(skew))));
        let reader: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        three.push((nodes.join(reader).await, clock));
    }
    three
}

#[tokio::test]
async fn three_nodes_on_one_database_let_in_what_a_quota_allows_and_not_one_more() {
    for database in Database::BOTH {
        for count in [25, 12_000] {
            let nodes = Nodes::on(database).await;
            let plan = plan(count, &SystemClock);
            let three = three(&nodes, database).await;

            let mut all = 0;
            for _ in 0..4 {
                all += passed(&three, &plan, 90).await;
            }
            assert_eq!(all, 360.min(count as usize), "{database:?}");
            // What is left, in large bursts.
            for _ in 0..6 {
                all += passed(&three, &plan, 3000).await;
                assert!(all <= count as usize, "{database:?}: {all} of {count}");
            }
            for (node, _) in three {
                node.drain().await;
            }
            let last = [(nodes.join(Arc::new(SystemClock)).await, now())];
            all += passed(&last, &plan, 1000).await;

            assert_eq!(all, count as usize, "{database:?}");
            let [(last, _)] = last;
            last.drain().await;
        }
    }
}

#[tokio::test]
async fn a_killed_node_takes_its_block_along_and_nothing_else() {
    for database in Database::BOTH {
        let nodes = Nodes::on(database).await;
        let plan = plan(3000, &SystemClock);
        let mut killed = vec![(nodes.join(Arc::new(SystemClock)).await, now())];
        assert_eq!(passed(&killed, &plan, 10).await, 10);
        killed.remove(0).0.kill().await;

        let last = [(nodes.join(Arc::new(SystemClock)).await, now())];
        let rest = passed(&last, &plan, 4000).await;

        assert!((2900..=2990).contains(&rest), "{database:?}: {rest}");
        let [(last, _)] = last;
        last.drain().await;
    }
}

#[tokio::test]
async fn what_is_shown_is_of_all_nodes() {
    for database in Database::BOTH {
        let nodes = Nodes::on(database).await;
        let plan = plan(40, &SystemClock);
        let three = three(&nodes, database).await;
        assert_eq!(passed(&three, &plan, 30).await, 30);
        for (node, _) in &three {
            node.counters.close().await;
        }

        for (node, clock) in &three {
            let standing = node.counters.standing(&plan, &WHO, millis(clock.as_ref())).await;
            let left: Vec<u32> = standing.standings().map(|(_, left)| left.remaining).collect();
            assert_eq!(left, [10], "{database:?}");
        }
        for (node, _) in three {
            node.drain().await;
        }
    }
}

fn now() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_millis(SystemClock.now().millis())))
}

#[tokio::test]
async fn the_day_is_that_of_the_databases_clock_and_not_of_a_node_that_is_days_off() {
    let nodes = Nodes::on(Database::Postgres).await;
    let plan = plan(4, &SystemClock);
    let mut all = 0;
    for days in [-3_i64, 0, 3] {
        let clock = now();
        let off = Timestamp::from_millis(clock.now().millis() + days * 86_400_000);
        let clock = Arc::new(ManualClock::new(off));
        let reader: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let node = [(nodes.join(reader).await, clock)];
        all += passed(&node, &plan, 2).await;
        let [(node, _)] = node;
        node.drain().await;
    }

    assert_eq!(all, 4, "of one and the same day");
}

#[tokio::test]
async fn while_quotas_cannot_be_leased_each_rule_does_as_it_says() {
    for (on_store_error, passed, refused) in [
        (OnStoreError::Closed, 0, (503, "limits.uncounted")),
        (OnStoreError::Local, 4, (429, "limits.exceeded")),
        (OnStoreError::Open, 4, (429, "limits.exceeded")),
    ] {
        let daily = Spec::window("daily", Key::Client, 5, 60).on_store_error(on_store_error);
        let daily = Spec { window_s: None, per: Some(Per::Day), ..daily };
        let limits = LimitsPlan { common: vec![daily], ..unreached() };
        let platform = Platform::with(Setup { limits: Some(limits), ..Setup::default() }).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.partner(&["read:jobs"]).await;
        mara.get("/v1/jobs").await.is(200);

        platform.lose("quota_use").await;

        for _ in 0..passed {
            mara.get("/v1/jobs").await.is(200);
        }
        let (status, code) = refused;
        mara.get("/v1/jobs").await.is(status).problem(code);
        let metrics = platform.metrics();
        assert!(!metrics.contains("ringwall_quota_bank_failures_total 0"), "{metrics}");
    }
}
