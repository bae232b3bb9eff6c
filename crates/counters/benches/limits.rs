//! What counting costs: the table of a node, leased quotas, and Redis, each beside a peer in the
//! same run; and how much memory ten million addresses take.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench that cannot start, stops"
)]

use std::hint::black_box;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use counters::bank::{Account, Banked, Lease, LeaseAsk, QuotaBank, Settlement};
use counters::store::Reply;
use counters::{Answer, Counters, Mode, OnStoreError, Plan, RedisConfig};
use futures_util::FutureExt;
use governor::{Quota, RateLimiter};
use redis::Script;
use throttle::{By, Calendar, Limit, Period, Rule, Subject};

fn main() {
    let (table, governor) = (table_ns(), governor_ns());
    let blocked = blocked_ns();
    report("limits/table-3-rules", table, 100.0, "ns", "<=1.00");
    report("limits/table-3-rules-beside-governor", table, governor, "ns", "<=1.00");
    report("limits/table-refusal", blocked, 100.0, "ns", "<=1.00");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (ours, both, cell) = runtime
        .block_on(async { (redis_us(&usual()).await, redis_us(&plan()).await, cell_us().await) });
    report("limits/redis-3-rules-beside-cell", ours, cell, "µs", "<=1.00");
    report("limits/redis-with-an-address-beside-cell", both, cell, "µs", "-");
    let leased = {
        // Deadlines need its timers.
        let _inside = runtime.enter();
        leased_ns() / 1000.0
    };
    report("limits/quota-leased-beside-redis", leased, ours, "µs", "<=1.00");
    for mode in [Mode::Sync, Mode::Async, Mode::Local] {
        runtime.block_on(beyond(mode));
    }
    ten_million();
}

/// Three rates, for as many different keys as callers have. In Redis, the address is counted apart
/// from what is of its tenant: two scripts, one after the other.
fn plan() -> Plan {
    let rules =
        vec![rate("address", By::ADDRESS), rate("client", By::CLIENT), rate("tenant", By::TENANT)];
    Plan::new(rules, 1).unwrap()
}

/// What a known caller is usually under: all of it is of one tenant, and one script in Redis.
fn usual() -> Plan {
    let narrow = By { client: true, operation: true, ..By::default() };
    let rules =
        vec![rate("operation", narrow), rate("client", By::CLIENT), rate("tenant", By::TENANT)];
    Plan::new(rules, 1).unwrap()
}

fn rate(name: &str, by: By) -> (Rule, OnStoreError) {
    let limit = Limit::Rate { count: 1_000_000, per_ms: 1000, burst: 1_000_000_000 };
    (Rule::new(name, by, limit).unwrap(), OnStoreError::Local)
}

fn table_ns() -> f64 {
    let (counters, plan, names) = (Counters::local(65_536), plan(), names());
    quietest(OPERATIONS, || {
        for at in 0..OPERATIONS {
            let who = who(&names, at);
            let answer = counters.charge(&plan, &who, NOW_MS + at as u64 / 1000);
            black_box(answer.now_or_never().unwrap());
        }
    })
}

/// Somebody who has no room: what an attack costs.
fn blocked_ns() -> f64 {
    let counters = Counters::local(65_536);
    let limit = Limit::Window { count: 1, per_ms: 900_000 };
    let rule = Rule::new("strangers", By::ADDRESS, limit).unwrap();
    let plan = Plan::new(vec![(rule, OnStoreError::Local)], 1).unwrap();
    let who = Subject { address: Some("203.0.113.9".parse().unwrap()), ..Subject::default() };
    counters.charge(&plan, &who, NOW_MS).now_or_never().unwrap();
    quietest(OPERATIONS, || {
        for _ in 0..OPERATIONS {
            let answer = counters.charge(&plan, &who, NOW_MS).now_or_never().unwrap();
            let Answer::Counted(verdict) = answer else { panic!("counted here") };
            assert!(!black_box(verdict).is_admitted());
        }
    })
}

/// A quota, of blocks that a bank lends at once.
fn leased_ns() -> f64 {
    let counters = Counters::local(65_536).banked(Banked {
        bank: Box::new(Bottomless),
        pepper: [7; 32],
        deadline: Duration::from_secs(5),
        spawn: Box::new(|work| work.now_or_never().unwrap()),
    });
    let calendar = Calendar::new(Period::Month, "UTC").unwrap();
    let limit = Limit::Quota { count: 1_000_000_000, calendar };
    let rule = Rule::new("monthly", By::CLIENT, limit).unwrap();
    let (plan, names) = (Plan::new(vec![(rule, OnStoreError::Local)], 1).unwrap(), names());
    quietest(OPERATIONS, || {
        for at in 0..OPERATIONS {
            let who = who(&names, at);
            let answer = counters.charge(&plan, &who, NOW_MS + at as u64 / 1000);
            assert!(black_box(answer.now_or_never().unwrap()).is_admitted());
        }
    })
}

/// A bank that lends whatever it is asked for.
struct Bottomless;

impl QuotaBank for Bottomless {
    fn lease<'a>(&'a self, ask: &'a LeaseAsk) -> Reply<'a, Lease> {
        let lease = Lease { granted: ask.block(ask.limit), left: ask.limit, now_ms: NOW_MS };
        Box::pin(std::future::ready(Ok(lease)))
    }

    fn settle<'a>(&'a self, _: &'a [Settlement]) -> Reply<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn look<'a>(&'a self, accounts: &'a [Account]) -> Reply<'a, Vec<u64>> {
        Box::pin(std::future::ready(Ok(vec![0; accounts.len()])))
    }
}

/// The same with the crate that most use: a limiter a rule, each with a map of its own.
fn governor_ns() -> f64 {
    let quota = Quota::per_second(NonZeroU32::new(1_000_000_000).unwrap());
    let address = RateLimiter::dashmap(quota);
    let (client, tenant) = (RateLimiter::dashmap(quota), RateLimiter::dashmap(quota));
    let names = names();
    quietest(OPERATIONS, || {
        for at in 0..OPERATIONS {
            let who = who(&names, at);
            black_box(address.check_key(&who.address.unwrap())).unwrap();
            // It keeps its keys: a caller's name has to be one.
            black_box(client.check_key(&who.client.unwrap().to_owned())).unwrap();
            black_box(tenant.check_key(&who.tenant.unwrap().to_owned())).unwrap();
        }
    })
}

async fn redis_us(plan: &Plan) -> f64 {
    let config = RedisConfig {
        url: redis_url(),
        ca_pem: None,
        pepper: [7; 32],
        deadline: Duration::from_secs(5),
    };
    let (counters, names) = (Counters::redis(65_536, config).unwrap(), names());
    let mut least = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for at in 0..ASKED {
            let answer = counters.charge(plan, &who(&names, at), NOW_MS).await;
            assert!(matches!(black_box(answer), Answer::Counted(_)));
        }
        least = least.min(start.elapsed().as_secs_f64() * 1e6 / ASKED as f64);
    }
    least
}

/// Three nodes on one Redis, whose clocks differ by five seconds, with more calls than one limit
/// holds: how many pass beyond it.
async fn beyond(mode: Mode) {
    let node = || {
        let deadline = Duration::from_secs(5);
        Counters::redis(
            65_536,
            RedisConfig { url: redis_url(), ca_pem: None, pepper: [7; 32], deadline },
        )
        .unwrap()
    };
    let nodes = [node(), node(), node()];
    let limit = Limit::Window { count: LIMIT, per_ms: 900_000 };
    let rule = Rule::new(&format!("{mode:?}").to_lowercase(), By::CLIENT, limit).unwrap();
    let plan = Plan::with_modes(vec![(rule, OnStoreError::Local, mode)], 3).unwrap();
    // A caller of this run's own: Redis remembers those before.
    let id = std::process::id().to_string();
    let who = Subject { client: Some(&id), ..Subject::default() };
    let mut next = tokio::time::interval(Duration::from_millis(10));
    let mut passed = 0;
    for tick in 1..=TICKS {
        next.tick().await;
        for (node, skew_ms) in nodes.iter().zip([0, 5000, 10_000]) {
            for _ in 0..CALLS {
                let answer = node.charge(&plan, &who, NOW_MS + skew_ms).await;
                let Answer::Counted(verdict) = answer else { panic!("Redis is away") };
                passed += u32::from(verdict.is_admitted());
            }
        }
        if tick % EVERY == 0 {
            for (node, skew_ms) in nodes.iter().zip([0, 5000, 10_000]) {
                node.exchange(NOW_MS + skew_ms).await;
            }
        }
    }
    let over = passed.saturating_sub(LIMIT);
    let bound = match mode {
        Mode::Sync => 0,
        // Nodes, by calls in an interval; and once more while the news are on their way.
        Mode::Async => 2 * 3 * CALLS * EVERY,
        Mode::Local => 2 * LIMIT,
    };
    println!("{mode:?}: {LIMIT} in 15 minutes, {passed} passed, at most {} may", LIMIT + bound);
    assert!(over <= bound, "{mode:?}");
    if mode == Mode::Async {
        report("limits/async-beyond", over.into(), bound.into(), "calls", "<=1.00");
    }
}

/// What the module `redis-cell` computes for one rule, as a script; three of them in one pipeline.
async fn cell_us() -> f64 {
    let script = Script::new(CELL);
    let client = redis::Client::open(redis_url()).unwrap();
    let mut on = client.get_multiplexed_async_connection().await.unwrap();
    let names = names();
    let load: String =
        redis::cmd("SCRIPT").arg("LOAD").arg(CELL).query_async(&mut on).await.unwrap();
    assert_eq!(load, script.get_hash());
    let mut least = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for at in 0..ASKED {
            let who = who(&names, at);
            let keys = [
                who.address.unwrap().to_string(),
                who.client.unwrap().to_owned(),
                who.tenant.unwrap().to_owned(),
            ];
            let mut pipe = redis::pipe();
            for key in keys {
                pipe.cmd("EVALSHA")
                    .arg(script.get_hash())
                    .arg(1)
                    .arg(key)
                    .arg(1)
                    .arg(1_000_000_000_u64);
            }
            let answers: Vec<Vec<i64>> = pipe.query_async(&mut on).await.unwrap();
            black_box(answers);
        }
        least = least.min(start.elapsed().as_secs_f64() * 1e6 / ASKED as f64);
    }
    least
}

const CELL: &str = r"
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local next = tat + interval
if next - now > burst * interval then return { 1, 0 } end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000) + 1)
return { 0, burst - math.ceil((next - now) / interval) }
";

/// Ten million addresses, each once, in 800 s; one caller among them who called before they came,
/// and one who comes in their midst.
fn ten_million() {
    let counters = Counters::local(65_536);
    let limit = Limit::Window { count: 100, per_ms: 900_000 };
    let rule = Rule::new("strangers", By::ADDRESS, limit).unwrap();
    let plan = Plan::new(vec![(rule, OnStoreError::Local)], 1).unwrap();
    let charge = |address: IpAddr, now_ms| {
        let who = Subject { address: Some(address), ..Subject::default() };
        let answer = counters.charge(&plan, &who, now_ms).now_or_never().unwrap();
        let Answer::Counted(verdict) = answer else { panic!("counted here") };
        u32::from(verdict.is_admitted())
    };
    let callers: [IpAddr; 2] = ["203.0.113.9".parse().unwrap(), "203.0.113.10".parse().unwrap()];
    let [known, late] = callers;
    let before = resident_kib();
    let mut passed = [charge(known, NOW_MS) + charge(known, NOW_MS), 0];
    for walker in 0..ADDRESSES {
        let now_ms = NOW_MS + walker * 80 / 1000;
        let address = Ipv6Addr::from_bits((0x2001_0db8_u128 << 96) | (u128::from(walker) << 64));
        charge(address.into(), now_ms);
        // 200 tries, evenly among the others; the late one begins when all places are taken.
        if walker % (ADDRESSES / 200) == 0 {
            passed[0] += charge(known, now_ms);
            passed[1] += if walker == 0 { 0 } else { charge(late, now_ms) };
        }
    }
    let grown = resident_kib().saturating_sub(before);
    println!("10,000,000 addresses: {grown} KiB more; of two callers' 100 passed {passed:?}");
    assert_eq!(passed[0], 100, "a caller who is counted stays counted");
    report("limits/ten-million-addresses", grown as f64, 8192.0, "KiB", "<=1.00");
    report("limits/ten-million-addresses/late", f64::from(passed[1]), 110.0, "calls", "<=1.00");
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn names() -> Vec<(IpAddr, String, String)> {
    (0..CALLERS)
        .map(|caller| {
            let address = IpAddr::from(u32::try_from(caller).unwrap().to_be_bytes());
            (
                address,
                format!("pc_8f3kq2m1zdy{caller:05}"),
                format!("ten_01kas8w25wfq0a9b9r{:04}", caller % 50),
            )
        })
        .collect()
}

fn who(names: &[(IpAddr, String, String)], at: usize) -> Subject<'_> {
    // Scattered, so that the caches of the processor are not flattered.
    let (address, client, tenant) = &names[at.wrapping_mul(7919) % CALLERS];
    Subject {
        address: Some(*address),
        client: Some(client),
        tenant: Some(tenant),
        operation: Some("GET /v1/jobs"),
        ..Subject::default()
    }
}

/// Nanoseconds an operation; others use the machine too, so the quietest round counts.
fn quietest(operations: usize, mut round: impl FnMut()) -> f64 {
    let rounds = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        round();
        start.elapsed().as_secs_f64() * 1e9 / operations as f64
    });
    rounds.fold(f64::MAX, f64::min)
}

fn report(name: &str, ours: f64, peer: f64, unit: &str, target: &str) {
    let ratio = ours / peer;
    let verdict = if target == "-" || ratio <= 1.0 { "ok" } else { "MISSED" };
    println!("RATIO {name} {ours:.1} {unit} {peer:.1} {unit} {ratio:.2} {target} {verdict}");
}

fn redis_url() -> String {
    std::env::var("RINGWALL_TEST_REDIS").unwrap_or("redis://127.0.0.1:6379/9".to_owned())
}

/// Of the three nodes.
const LIMIT: u32 = 2000;
/// Of 10 ms.
const TICKS: u32 = 150;
/// Of each node in a tick: 2000 a second.
const CALLS: u32 = 20;
/// Ticks between two exchanges: 100 ms.
const EVERY: u32 = 10;
const CALLERS: usize = 2000;
const OPERATIONS: usize = 1_000_000;
const ASKED: usize = 5000;
const ROUNDS: usize = 7;
const ADDRESSES: u64 = 10_000_000;
/// 2026-11-29.
const NOW_MS: u64 = 1_795_910_400_000;
