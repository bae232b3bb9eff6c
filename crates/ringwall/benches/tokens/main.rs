//! The token endpoint of the binary itself, over TLS on connections that stay open: what a second
//! of its processor time gives, how soon answers come at half of what it can do, and whether the
//! time of a refusal tells which clients exist.
//!
//! `serve --demo` runs with what it comes with, but for limits that one address would reach: rules,
//! audit trail on disk, access log. Its processor time is read from the system, so the client's
//! does not count; neither does that of PostgreSQL, which is another process.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on, stops")]
#![expect(clippy::disallowed_methods, reason = "a bench waits for time to pass")]

mod bare;
mod grants;
mod load;
mod server;
mod single;
mod timing;

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use load::{Asked, Lane};
use server::{Database, Server};

fn main() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let limits = Limits { signatures: single::signatures(), bare: bare::per_cpu_second(&runtime) };
    for database in [Database::Sqlite, Database::Postgres] {
        let server = Server::start(&runtime, database, false);
        let name = database.name();
        let bench = Bench { runtime: &runtime, server: &server, name, limits: &limits };
        let token = bench.one_token();
        bench.client_credentials();
        bench.half_load();
        bench.introspection(&token);
        bench.cached_token(&token);
        if database == Database::Sqlite {
            single::verifications(&runtime, &server, &token);
        }
        bench.refreshes();
        server.stop();
        // Where nothing waits for a disk a difference would show best.
        let server = Server::start(&runtime, database, true);
        timing::compare(&runtime, &server, database.name());
        server.stop();
    }
}

struct Bench<'a> {
    runtime: &'a Runtime,
    server: &'a Server,
    name: &'a str,
    limits: &'a Limits,
}

/// What no server on this machine exceeds, for each second of its processor time.
struct Limits {
    /// Access tokens that are signed.
    signatures: f64,
    /// Requests that are answered over TLS, by hyper alone.
    bare: f64,
}

/// What rounds of requests showed, each time the middle one.
struct Shown {
    /// Requests for each second of the server's processor time.
    per_cpu_second: f64,
    per_second: f64,
}

impl Bench<'_> {
    fn one_token(&self) -> String {
        let asked = self.grant("client_credentials", "");
        let said = self.runtime.block_on(async {
            let mut lane = Lane::open(&self.server.door).await;
            lane.ask(&asked, 200).await
        });
        let said: serde_json::Value = serde_json::from_slice(&said).unwrap();
        said.get("access_token").unwrap().as_str().unwrap().to_owned()
    }

    fn client_credentials(&self) {
        let shown = self.closed(&self.grant("client_credentials", ""), 6_000);
        let per_cpu = shown.per_cpu_second;
        self.report(
            "client-credentials",
            (per_cpu, "tokens/cpu-s"),
            (self.limits.signatures, "ES256/cpu-s"),
            Some(("6000", per_cpu >= TOKENS_MIN)),
        );
        println!("tokens/{}: {:.0} tokens a second", self.name, shown.per_second);
    }

    /// Latency as a caller sees it who does not wait for others' answers.
    fn half_load(&self) {
        let asked = self.grant("client_credentials", "");
        let most = self.closed(&asked, 6_000).per_second;
        let rate = most / 2.0;
        let mut waits = self.runtime.block_on(load::open_loop(&self.server.door, &asked, rate));
        waits.sort();
        let place = |share: usize| waits.get(waits.len() * share / 1000).copied();
        let millis = |share| place(share).unwrap_or(Duration::MAX).as_secs_f64() * 1e3;
        println!(
            "tokens/{} at {rate:.0}/s: p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms",
            self.name,
            millis(500),
            millis(900),
            millis(990),
            millis(999)
        );
        let p99 = millis(990);
        self.report(
            "half-load/p99",
            (p99, "ms"),
            (P99_MAX_MS, "ms(limit)"),
            Some(("10", p99 < P99_MAX_MS)),
        );
    }

    fn introspection(&self, token: &str) {
        let asked = self.about(&format!("token={token}"));
        let shown = self.closed(&asked, 6_000);
        let per_cpu = shown.per_cpu_second;
        self.report(
            "introspection",
            (per_cpu, "answers/cpu-s"),
            (self.limits.bare, "bare-answers/cpu-s"),
            Some(("30000", per_cpu >= CACHED_MIN)),
        );
    }

    /// A request that asks no database, with a token that was verified a moment ago.
    fn cached_token(&self, token: &str) {
        let asked = Asked::get("/v1/matches/transitions", token);
        let shown = self.closed(&asked, 6_000);
        let per_cpu = shown.per_cpu_second;
        self.report(
            "cached-token",
            (per_cpu, "answers/cpu-s"),
            (self.limits.bare, "bare-answers/cpu-s"),
            None,
        );
    }

    fn refreshes(&self) {
        let tokens = grants::refresh_tokens(self.runtime, self.server, load::LANES);
        let (mut cpu, mut all) = (Vec::new(), Vec::new());
        let mut tokens = tokens;
        for _ in 0..ROUNDS {
            let before = self.server.cpu_seconds();
            let (next, took) =
                self.runtime.block_on(grants::rotate(self.server, tokens, ROTATIONS));
            tokens = next;
            let count = f64::from(ROTATIONS) * load::lanes();
            cpu.push(count / (self.server.settled_cpu_seconds() - before));
            all.push(count / took.as_secs_f64());
        }
        let (per_cpu, per_second) = (median(cpu), median(all));
        self.report("refresh", (per_second, "rotations/s"), (per_cpu, "rotations/cpu-s"), None);
    }

    /// As fast as it answers, over all lanes.
    fn closed(&self, asked: &Asked, count: u32) -> Shown {
        let (mut cpu, mut all) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let before = self.server.cpu_seconds();
            let took = self.runtime.block_on(load::closed_loop(&self.server.door, asked, count));
            cpu.push(f64::from(count) / (self.server.settled_cpu_seconds() - before));
            all.push(f64::from(count) / took.as_secs_f64());
        }
        Shown { per_cpu_second: median(cpu), per_second: median(all) }
    }

    fn grant(&self, grant_type: &str, more: &str) -> Asked {
        self.server.ask("/oauth/token", &format!("grant_type={grant_type}{more}"))
    }

    fn about(&self, form: &str) -> Asked {
        self.server.ask("/oauth/introspect", form)
    }

    fn report(
        &self,
        what: &str,
        ours: (f64, &str),
        peer: (f64, &str),
        target: Option<(&str, bool)>,
    ) {
        report(&format!("tokens/{}/{what}", self.name), ours, peer, target);
    }
}

/// One row; `target` is the bound and whether it is met.
fn report(
    name: &str,
    (ours, unit): (f64, &str),
    (peer, peer_unit): (f64, &str),
    target: Option<(&str, bool)>,
) {
    let ratio = ours / peer;
    let verdict = if target.is_none_or(|(_, is_met)| is_met) { "ok" } else { "MISSED" };
    let bound = target.map_or("-", |(bound, _)| bound);
    println!("RATIO {name} {ours:.2} {unit} {peer:.2} {peer_unit} {ratio:.3} {bound} {verdict}");
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

const ROUNDS: usize = 3;
/// A lane and round.
const ROTATIONS: u32 = 60;
const TOKENS_MIN: f64 = 6_000.0;
const CACHED_MIN: f64 = 30_000.0;
const P99_MAX_MS: f64 = 10.0;
