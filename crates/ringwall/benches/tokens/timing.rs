//! Whether the time that a refusal takes tells a client that exists from one that does not.
//!
//! Both kinds of guess in random order over a few connections; the slowest tenth of all is left
//! out, by one bound for both. Welch's t of what is left: below 4.5 nothing was told, as leak
//! detection (TVLA) has it.

use std::time::Instant;

use data_encoding::BASE32_NOPAD;
use futures_util::future::join_all;
use kernel::random;
use tokio::runtime::Runtime;

use crate::load::Lane;
use crate::report;
use crate::server::Server;

/// Times in nanoseconds of one kind of guess.
type Times = Vec<f64>;

pub(super) fn compare(runtime: &Runtime, server: &Server, database: &str) {
    let (unknown, wrong) = runtime.block_on(guesses(server));
    let mut all: Times = unknown.iter().chain(&wrong).copied().collect();
    all.sort_by(f64::total_cmp);
    let bound = all.get(all.len() * 9 / 10).copied().unwrap_or(f64::MAX);
    let (unknown, wrong) = (kept(unknown, bound), kept(wrong, bound));
    let (of_unknown, of_wrong) = (moments(&unknown), moments(&wrong));
    let apart = of_unknown.mean - of_wrong.mean;
    let t = (apart / (of_unknown.error + of_wrong.error).sqrt()).abs();
    println!(
        "timing/{database}: unknown client {:.1} µs, wrong secret {:.1} µs, {:+.0} ns apart, \
         {} and {} guesses",
        of_unknown.mean / 1e3,
        of_wrong.mean / 1e3,
        apart,
        unknown.len(),
        wrong.len()
    );
    let name = format!("tokens/{database}/unknown-client-beside-wrong-secret");
    report(&name, (t, "t"), (T_MAX, "t(limit)"), Some(("4.5", t < T_MAX)));
}

async fn guesses(server: &Server) -> (Times, Times) {
    let lanes = join_all((0..LANES).map(|_| guess(server))).await;
    let mut all = (Times::new(), Times::new());
    for (unknown, wrong) in lanes {
        all.0.extend(unknown);
        all.1.extend(wrong);
    }
    all
}

async fn guess(server: &Server) -> (Times, Times) {
    let mut lane = Lane::open(&server.door).await;
    let (mut unknown, mut wrong) = (Times::new(), Times::new());
    for turn in 0..GUESSES + WARM_UP {
        let [coin] = random::bytes();
        let is_known = coin & 1 == 1;
        let id = if is_known { server.client_id.clone() } else { made_up("pc_", 16) };
        let secret = made_up("rws_", 52);
        let form = ("/oauth/token", "grant_type=client_credentials");
        let asked = server.ask_as((&id, &secret), form);
        let start = Instant::now();
        lane.ask(&asked, 401).await;
        #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one request")]
        let took = start.elapsed().as_nanos() as f64;
        if turn >= WARM_UP {
            if is_known { wrong.push(took) } else { unknown.push(took) }
        }
    }
    (unknown, wrong)
}

fn made_up(prefix: &str, length: usize) -> String {
    let mut text = BASE32_NOPAD.encode(&random::bytes::<40>()).to_ascii_lowercase();
    text.truncate(length);
    format!("{prefix}{text}")
}

fn kept(times: Times, bound: f64) -> Times {
    times.into_iter().filter(|took| *took <= bound).collect()
}

struct Moments {
    mean: f64,
    /// The square of the mean's standard error.
    error: f64,
}

fn moments(times: &[f64]) -> Moments {
    #[expect(clippy::cast_precision_loss, reason = "some ten thousand requests")]
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    let variance = times.iter().map(|took| (took - mean).powi(2)).sum::<f64>() / (count - 1.0);
    Moments { mean, error: variance / count }
}

const LANES: u32 = 4;
/// A lane; half of them of each kind.
const GUESSES: u32 = 12_000;
const WARM_UP: u32 = 200;
const T_MAX: f64 = 4.5;
