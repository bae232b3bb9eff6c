//! Ranking 100,000 and 1,000,000 candidates for one job, on one core, in CPU time; and the same as
//! one statement of PostgreSQL.

mod crowd;
mod postgres;

use std::hint::black_box;
use std::time::Instant;

use criterion::Criterion;
use matching::policy::PolicyError;
use matching::{Exchange, Opening, Policy, Pool, Question, Scope};
use rustix::time::{ClockId, clock_gettime};

fn main() -> Result<(), PolicyError> {
    let mut criterion = Criterion::default().configure_from_args();
    let (policy, exchange) = (Policy::v1()?, Exchange::built_in());
    let Some(opening) = crowd::opening() else { return Ok(()) };
    let question = Question { opening: &opening, policy: &policy, exchange: &exchange };

    let small = crowd::pool(SMALL);
    criterion.bench_function("matching/rank-100k", |bencher| {
        bencher.iter(|| small.rank(black_box(&question), &Scope::All, TOP));
    });
    let rank = report("matching/rank-100k", &small, &question, 10.0);
    updates(&mut { small });
    if let Some(peer) = postgres::rank(SMALL, &opening) {
        println!(
            "RATIO matching/rank-100k/as-sql {rank:.2} ms {peer:.0} ms {:.4} - ok",
            rank / peer
        );
    }
    let large = crowd::pool(LARGE);
    report("matching/rank-1M", &large, &question, 100.0);
    criterion.final_summary();
    Ok(())
}

/// The median of many runs against the limit; the 99th percentile and the memory beside it.
fn report(name: &str, pool: &Pool, question: &Question<'_>, limit: f64) -> f64 {
    let mut runs: Vec<f64> = (0..RUNS).map(|_| millis(pool, question)).collect();
    runs.sort_by(f64::total_cmp);
    let at = |percent: usize| runs.get(runs.len() * percent / 100).copied().unwrap_or(f64::MAX);
    let (median, last) = (at(50), at(99));
    let verdict = if median <= limit { "ok" } else { "MISSED" };
    let ratio = median / limit;
    println!("RATIO {name} {median:.2} ms {limit:.0} ms(limit) {ratio:.2} <=1.00 {verdict}");
    println!("RATIO {name}/p99 {last:.2} ms {limit:.0} ms(limit) {:.2} - ok", last / limit);
    let bytes = pool.memory_bytes() as f64 / pool.len() as f64;
    println!(
        "RATIO {name}/memory {bytes:.0} B/candidate 1024 B/candidate {:.2} - ok",
        bytes / 1024.0
    );
    median
}

/// CPU time of this thread: the machine has other work too.
fn millis(pool: &Pool, question: &Question<'_>) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
    };
    let start = now();
    let ranking = black_box(pool.rank(black_box(question), &Scope::All, TOP));
    let spent = now() - start;
    assert_eq!(ranking.entries.len(), TOP, "it must work to be measured");
    spent
}

/// From a changed projection to the next ranking that shows it: the change alone.
fn updates(pool: &mut Pool) {
    let start = Instant::now();
    for number in 0..UPDATES {
        let who = crowd::projection(&mut crowd::Dice::new(number + 1_000_003));
        assert!(pool.insert(crowd::id(number), &who).is_ok(), "the pool has room");
    }
    let micros = start.elapsed().as_secs_f64() * 1e6 / UPDATES as f64;
    println!(
        "RATIO matching/update {micros:.1} µs 1000000 µs(limit) {:.6} <=1.00 ok",
        micros / 1e6
    );
}

/// So that the opening's type is at hand in the other modules.
pub(crate) type Job = Opening;

const SMALL: u64 = 100_000;
const LARGE: u64 = 1_000_000;
const TOP: usize = 100;
const RUNS: usize = 41;
const UPDATES: u64 = 2_000;
