//! An import of candidates from its first part to its last line, beside a plain bulk insert of the
//! same people: nothing checked, sealed, projected or recorded.
//!
//! Both take turns on databases of their own of the same kind. SQLite's files are in memory where
//! there is such a place, and PostgreSQL does not wait for its log (as in tests), so what is left
//! is processor time. `RINGWALL_BENCH_CANDIDATES` says how many; an import takes 100,000 at most.

#![expect(clippy::unwrap_used, reason = "a bench that fails, stops")]

mod plain;

use std::time::{Duration, Instant};

use http::Method;
use kernel::Purpose;
use policy::Role;
use serde_json::{Value, json};
use staffing::synthetic;
use testkit::{Caller, Database, Platform};
use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let count = count();
    let people: Vec<Value> = (1..).zip(synthetic::candidates(SEED, count)).map(person).collect();
    let parts = parts(&people);
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    for (database, name) in [(Database::Sqlite, "sqlite"), (Database::Postgres, "postgres")] {
        runtime.block_on(async {
            let ours = ours(database, &parts, people.len()).await;
            let ground = Platform::on(database).await;
            let plain = plain::insert(ground.database_url(), &people).await;
            report(name, people.len(), &ours, plain);
        });
    }
}

/// How long an import took.
struct Took {
    /// Parts sent through all rings, checked and kept under seal.
    sent: Duration,
    /// Lines made into candidates, each with its projection, event and audit entry.
    carried_out: Duration,
}

async fn ours(database: Database, parts: &[String], count: usize) -> Took {
    let platform = Platform::on(database).await;
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;
    let import = json!({ "format": "ndjson" });
    let import = mara.post("/v1/imports", import).await.is(201).id();
    let path = format!("/v1/imports/{import}");
    let began = Instant::now();
    for (part, number) in parts.iter().zip(1..) {
        let ask = mara.ask(Method::PUT, &format!("{path}/parts/{number}"));
        ask.bytes(part.clone(), "application/x-ndjson").await.is(200);
    }
    let sent = began.elapsed();
    let began = Instant::now();
    let start = json!({ "parts": parts.len() });
    mara.post(&format!("{path}/start"), start).await.is(200);
    platform.run_jobs().await;
    let carried_out = began.elapsed();
    is_whole(&mara, &path, count).await;
    Took { sent, carried_out }
}

/// Every line became a candidate, and what became of it was told.
async fn is_whole(mara: &Caller, path: &str, count: usize) {
    let done = mara.get(path).await.is(200).body();
    assert_eq!(done.pointer("/status"), Some(&json!("completed")), "{done}");
    assert_eq!(done.pointer("/created"), Some(&json!(count)), "{done}");
    let told = mara.get("/v1/events?type=candidate.created&limit=1").await.is(200).body();
    assert_eq!(told.pointer("/page/has_more"), Some(&json!(count > 1)), "{told}");
}

fn report(database: &str, count: usize, ours: &Took, plain: Duration) {
    let rate = |took: Duration| f64::from(u32::try_from(count).unwrap()) / took.as_secs_f64();
    let peer = rate(plain);
    for (what, took) in [("whole", ours.sent + ours.carried_out), ("lines", ours.carried_out)] {
        let own = rate(took);
        let name = format!("import/{database}/{count}/{what}");
        println!("RATIO {name} {own:.0} candidates/s {peer:.0} rows/s {:.3} - ok", own / peer);
    }
}

/// A line of the import: a made-up person with a reference of their own.
fn person((number, draft): (u64, staffing::candidate::CandidateDraft)) -> Value {
    let mut document = draft.document(Purpose::Seal);
    let members = document.as_object_mut().unwrap();
    members.retain(|_, value| !value.is_null());
    members.insert("external_ref".to_owned(), json!(format!("R-{number}")));
    document
}

/// The lines in parts that are not larger than one may be.
fn parts(people: &[Value]) -> Vec<String> {
    let mut parts = vec![String::new()];
    for person in people {
        let line = person.to_string();
        if parts.last().unwrap().len() + line.len() + 1 > PART_BYTES {
            parts.push(String::new());
        }
        let part = parts.last_mut().unwrap();
        part.push_str(&line);
        part.push('\n');
    }
    parts
}

fn count() -> u64 {
    let asked = std::env::var("RINGWALL_BENCH_CANDIDATES");
    asked.map_or(COUNT, |count| count.parse().unwrap()).clamp(1, COUNT)
}

const SEED: u64 = 7;
/// As many as an import takes.
const COUNT: u64 = 100_000;
/// Less than a part may have.
const PART_BYTES: usize = 4_000_000;
