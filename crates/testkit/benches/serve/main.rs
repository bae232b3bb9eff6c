//! `GET /v1/jobs/{id}` over TLS: the whole server, on one runtime and on a runtime a core, against
//! a bare axum handler that does the same query.
//!
//! All of them run in this process and take turns, so that whatever else the machine does slows all
//! of them down. The client runs on the main thread: its processor time is told apart.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that fails, stops")]

mod bare;
mod load;
mod servers;

use std::net::SocketAddr;

use testkit::{Database, Platform, Setup, samples};
use tokio::runtime::{Builder, Runtime};

use bare::Wall;
use load::{Client, Protocol, Round};
use servers::Tls;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let tls = Tls::new();
    for (database, name) in [(Database::Sqlite, "sqlite"), (Database::Postgres, "postgres")] {
        let one = One::start(database, &tls);
        let many = Many::start(database, &tls);
        let walls: &[Wall] = match database {
            Database::Sqlite => &[Wall::None],
            Database::Postgres => &[Wall::None, Wall::RowSecurity],
        };
        let bare: Vec<_> =
            walls.iter().map(|wall| (*wall, Bare::start(&one, &tls, *wall))).collect();
        for protocol in [Protocol::Http1, Protocol::Http2] {
            for (wall, bare) in &bare {
                let label = Label { database: name, protocol, wall: *wall };
                measure(&label, &tls, [&one.server, &many.server, &bare.server]);
            }
        }
    }
}

/// A server and what to ask it for.
struct Server {
    at: SocketAddr,
    path: String,
    token: String,
    /// Ours, whose audit trail is written before a round ends; nothing for the bare one.
    platform: Option<Platform>,
}

/// Ours on one runtime for everything, as `ringwall serve` runs.
struct One {
    server: Server,
    _runtime: Runtime,
}

/// Ours with a runtime of its own for each core's connections, and one for the store.
struct Many {
    server: Server,
    _runtime: Runtime,
}

struct Bare {
    server: Server,
    _runtime: Runtime,
}

impl One {
    fn start(database: Database, tls: &Tls) -> Self {
        let runtime = runtime("ours");
        let server = runtime.block_on(async {
            let (platform, path, token) = furnished(database).await;
            let at = servers::on_this_runtime(platform.wall(), tls);
            Server { at, path, token, platform: Some(platform) }
        });
        Self { server, _runtime: runtime }
    }
}

impl Many {
    fn start(database: Database, tls: &Tls) -> Self {
        let runtime = runtime("many");
        let (platform, path, token) = runtime.block_on(furnished(database));
        let at = servers::on_a_runtime_a_core(&platform.wall(), tls);
        Self { server: Server { at, path, token, platform: Some(platform) }, _runtime: runtime }
    }
}

impl Bare {
    fn start(one: &One, tls: &Tls, wall: Wall) -> Self {
        let runtime = runtime("bare");
        let platform = one.server.platform.as_ref().unwrap();
        let at = runtime.block_on(bare::serve(platform.database_url(), tls, wall));
        let (path, token) = (one.server.path.clone(), one.server.token.clone());
        Self { server: Server { at, path, token, platform: None }, _runtime: runtime }
    }
}

/// As `ringwall serve` has one; its threads' name tells a profiler whose work it is.
fn runtime(name: &str) -> Runtime {
    Builder::new_multi_thread().thread_name(name).enable_all().build().unwrap()
}

/// A platform with one job, and a partner's token.
async fn furnished(database: Database) -> (Platform, String, String) {
    let platform = Platform::with(Setup { database, access_log: true, ..Setup::default() }).await;
    let acme = platform.tenant("acme").await;
    let mara = acme.partner(&["read:jobs", "write:jobs"]).await;
    let job = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();
    (platform, format!("/v1/jobs/{job}"), mara.bearer().to_owned())
}

/// What is measured, and beside which bare handler.
struct Label {
    database: &'static str,
    protocol: Protocol,
    wall: Wall,
}

impl Label {
    fn of(&self, what: &str) -> String {
        let Self { database, protocol, wall } = self;
        let wall = if *wall == Wall::RowSecurity { "row-security/" } else { "" };
        format!("serve/{database}/{protocol}/{wall}{what}")
    }

    /// The target is for a peer that keeps its tenants apart as we do: on PostgreSQL row security
    /// takes three round trips more than a query without, and is worth them.
    fn target(&self) -> Option<f64> {
        (self.database == "sqlite" || self.wall == Wall::RowSecurity).then_some(0.6)
    }
}

fn measure(label: &Label, tls: &Tls, servers: [&Server; 3]) {
    let client = Client::new(tls, label.protocol);
    let mut rounds = [const { Vec::new() }; 3];
    for number in 0..ROUNDS {
        // In turns, and not always in the same order.
        for place in 0..3 {
            let which = (number + place) % 3;
            rounds[which].push(client.round(servers[which], COUNT));
        }
    }
    let [one, many, bare] = rounds;
    assert_eq!(one[0].job, bare[0].job, "both must do the same work");
    let throughput = |round: &Round| round.per_second;
    let server_cpu = |round: &Round| round.server_us;
    report(&label.of("throughput"), &one, &bare, "req/s", throughput, label.target());
    report(&label.of("server-cpu"), &one, &bare, "µs", server_cpu, None);
    if label.wall == Wall::None {
        let of = |what: &str| label.of(&format!("thread-per-core/{what}"));
        report(&of("throughput"), &many, &one, "req/s", throughput, None);
        report(&of("server-cpu"), &many, &one, "µs", server_cpu, None);
    }
}

/// Medians of both sides, and the median of the ratios of neighbouring rounds.
fn report(
    name: &str,
    ours: &[Round],
    peer: &[Round],
    unit: &str,
    figure: impl Fn(&Round) -> f64,
    at_least: Option<f64>,
) {
    let ratio = median(ours.iter().zip(peer).map(|(ours, peer)| figure(ours) / figure(peer)));
    let (ours, peer) = (median(ours.iter().map(&figure)), median(peer.iter().map(&figure)));
    let is_met = at_least.is_none_or(|target| ratio >= target);
    let target = at_least.map_or("-".to_owned(), |target| format!(">={target:.2}"));
    let verdict = if is_met { "ok" } else { "MISSED" };
    println!("RATIO {name} {ours:.1} {unit} {peer:.1} {unit} {ratio:.2} {target} {verdict}");
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

const ROUNDS: usize = 7;
const COUNT: usize = 4_000;
