//! What requests wait for a Redis that stands still, is killed, slow or full, while many ask; and
//! whether a limit holds through all of it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot start, stops")]

#[path = "../tests/redis/server.rs"]
mod server;
#[path = "../tests/redis/slow.rs"]
mod slow;
#[path = "../tests/redis/tell.rs"]
mod tell;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use counters::{Counters, OnStoreError, Plan, RedisConfig};
use server::Server;
use tell::tell;
use throttle::{By, Limit, Rule, Subject};
use tokio::time::MissedTickBehavior;

const NOW_MS: u64 = 1_795_910_400_000;
/// As `limits.store_timeout_ms` has it by default.
const DEADLINE: Duration = Duration::from_millis(20);
/// No request waits longer for the limiter.
const BOUND_MS: f64 = 25.0;
/// Callers at once, and how often each asks: about 6,000 questions a second.
const CALLERS: usize = 32;
const PAUSE: Duration = Duration::from_millis(5);
const PHASE: Duration = Duration::from_secs(2);
/// Reached in the middle of it.
const LIMIT: u32 = 15_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let server = Server::start();
    let load = Load::on(server.url());
    load.phase("up").await;
    server.stop();
    load.phase("stopped").await;
    server.resume();
    load.phase("resumed").await;
    tell(&server, &["CONFIG", "SET", "maxmemory", "1"]).await;
    load.phase("full").await;
    tell(&server, &["CONFIG", "SET", "maxmemory", "0"]).await;
    load.phase("with-room").await;
    let port = server.kill();
    load.phase("killed").await;
    let server = Server::start_at(port);
    load.phase("back-and-empty").await;
    report("limits/outage-admitted", load.admitted(), f64::from(LIMIT), "calls");

    let slow = slow::Proxy::before(&server, Duration::from_millis(500));
    Load::on(slow.url()).phase("slow").await;
}

/// A node that many ask.
struct Load {
    node: Counters,
    plan: Plan,
    admitted: AtomicU64,
}

impl Load {
    fn on(url: String) -> Arc<Self> {
        let config = RedisConfig { url, ca_pem: None, pepper: [7; 32], deadline: DEADLINE };
        let rule = |name, by, count| {
            let limit = Limit::Window { count, per_ms: 900_000 };
            (Rule::new(name, by, limit).unwrap(), OnStoreError::Local)
        };
        let each = rule("each", By::CLIENT, 100_000_000);
        let plan = Plan::new(vec![each, rule("all", By::TENANT, LIMIT)], 1).unwrap();
        let node = Counters::redis(1024, config).unwrap();
        Arc::new(Self { node, plan, admitted: AtomicU64::new(0) })
    }

    /// Asks for a while, and says how long the one waited that waited longest.
    #[expect(clippy::disallowed_methods, reason = "a bench has no drain that would wait")]
    async fn phase(self: &Arc<Self>, name: &str) {
        let until = Instant::now() + PHASE;
        let callers: Vec<_> = (0..CALLERS)
            .map(|number| tokio::spawn(Arc::clone(self).calls(format!("pc_{number}"), until)))
            .collect();
        let (mut longest, mut calls) = (Duration::ZERO, 0);
        for caller in callers {
            let (wait, count) = caller.await.unwrap();
            longest = longest.max(wait);
            calls += count;
        }
        println!("{name}: {calls} calls, {} let in so far", self.admitted());
        let longest_ms = longest.as_secs_f64() * 1000.0;
        report(&format!("limits/outage-wait-{name}"), longest_ms, BOUND_MS, "ms");
    }

    async fn calls(self: Arc<Self>, client: String, until: Instant) -> (Duration, u32) {
        let (mut longest, mut calls) = (Duration::ZERO, 0);
        let mut pace = tokio::time::interval(PAUSE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while Instant::now() < until {
            pace.tick().await;
            // Who is of no tenant is never refused, so that each question goes to Redis.
            let tenant = (calls % 2 == 0).then_some("ten_1");
            let who = Subject { client: Some(&client), tenant, ..Subject::default() };
            let asked = Instant::now();
            let answer = self.node.charge(&self.plan, &who, NOW_MS).await;
            longest = longest.max(asked.elapsed());
            calls += 1;
            if tenant.is_some() && answer.is_admitted() {
                self.admitted.fetch_add(1, Ordering::Relaxed);
            }
        }
        (longest, calls)
    }

    fn admitted(&self) -> f64 {
        self.admitted.load(Ordering::Relaxed) as f64
    }
}

fn report(name: &str, ours: f64, bound: f64, unit: &str) {
    let ratio = ours / bound;
    let verdict = if ratio <= 1.0 { "ok" } else { "MISSED" };
    println!("RATIO {name} {ours:.1} {unit} {bound:.1} {unit} {ratio:.2} <=1.00 {verdict}");
}
