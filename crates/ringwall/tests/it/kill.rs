//! `kill -9` in the middle of writes: what was acknowledged is there, and nothing half of it.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::api::{Api, candidate, job};
use crate::books::Books;
use crate::database::Database;
use crate::server::Server;
use crate::site::{Partner, Site};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_to_a_kill_on_sqlite() {
    survive(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_to_a_kill_on_postgresql() {
    survive(Database::Postgres).await;
}

/// A change to ask for; asked again, it is the same change.
#[derive(Debug)]
struct Write {
    path: String,
    /// `Idempotency-Key` for a creation, `If-Match` for a move.
    header: (&'static str, String),
    body: Value,
}

/// A change that was answered: this row is at this version.
#[derive(Debug)]
struct Done {
    id: String,
    version: i64,
}

async fn survive(database: Database) {
    let site = Site::new(database).await;
    let partner = site.found("acme");
    let mut server = site.start().await;
    let company = server.api(&partner).await.company().await;
    let mut dice = Dice(SEED);
    let (mut done, mut retried, mut replayed) = (Vec::new(), 0, 0);

    for round in 0..ROUNDS {
        let (acknowledged, open) = storm(&mut server, &partner, &company, &mut dice, round).await;
        Books::read(&site).await.are_whole();
        server = site.start().await;
        let api = server.api(&partner).await;
        for known in &acknowledged {
            is_there(&api, known).await;
        }
        for write in open {
            retried += 1;
            let (again, was_done) = retry(&api, &write).await;
            replayed += u32::from(was_done);
            done.extend(again);
        }
        done.extend(acknowledged);
    }
    server.stop().await;

    let books = Books::read(&site).await;
    books.are_whole();
    for known in &done {
        assert!(books.hold(&known.id, known.version), "{known:?} is gone");
    }
    eprintln!(
        "{database:?}: {} changes over {ROUNDS} kills; of {retried} unanswered, {replayed} had \
         been made",
        done.len()
    );
}

/// Writers write until the server dies, which is when so and so many changes were acknowledged.
/// What was acknowledged, and what was asked for and not answered.
async fn storm(
    server: &mut Server,
    partner: &Partner,
    company: &str,
    dice: &mut Dice,
    round: u64,
) -> (Vec<Done>, Vec<Write>) {
    let api = server.api(partner).await;
    let (told, mut answers) = mpsc::unbounded_channel();
    let mut writers = JoinSet::new();
    let company: Arc<str> = company.into();
    for writer in 0..WRITERS {
        // Half of them over HTTP/2, and each over a connection of its own.
        let client = crate::server::trusting(&server.ca_pem());
        let client = if writer % 2 == 0 { client.http1_only() } else { client };
        let api = api.with(client.build().expect("a client"));
        let name = format!("r{round}-w{writer}");
        writers.spawn(write(api, Arc::clone(&company), name, told.clone()));
    }
    drop(told);
    let wanted = 1 + dice.roll(40);
    let mut acknowledged = Vec::new();
    for _ in 0..wanted {
        acknowledged.push(answers.recv().await.expect("a writer is alive"));
    }
    // A little later is another place in the same code.
    for _ in 0..dice.roll(200) {
        tokio::task::yield_now().await;
    }
    server.kill().await;
    let open = writers.join_all().await;
    while let Some(done) = answers.recv().await {
        acknowledged.push(done);
    }
    (acknowledged, open)
}

/// Jobs, candidates and openings in turn, until one is not answered: that one.
async fn write(
    api: Api,
    company: Arc<str>,
    name: String,
    told: mpsc::UnboundedSender<Done>,
) -> Write {
    for turn in 0_u32.. {
        let word = format!("{name}-{turn}");
        let key = ("idempotency-key", format!("key-{word}"));
        let (path, body) = match turn % 3 {
            0 => ("/v1/candidates", candidate(&format!("{word}@example.org"))),
            _ => ("/v1/jobs", job(&company, &word)),
        };
        let create = Write { path: path.to_owned(), header: key, body };
        let Some(done) = create.send(&api).await else { return create };
        let open = Write {
            path: format!("/v1/jobs/{}/open", done.id),
            header: ("if-match", "\"v1\"".to_owned()),
            body: Value::Null,
        };
        told.send(done).expect("the test listens");
        if turn % 3 == 2 {
            let Some(done) = open.send(&api).await else { return open };
            told.send(done).expect("the test listens");
        }
    }
    unreachable!("the server dies before")
}

impl Write {
    /// Nothing if the line broke before the answer.
    async fn send(&self, api: &Api) -> Option<Done> {
        let (name, value) = &self.header;
        let reply = api.try_post(&self.path, (name, value), &self.body).await.ok()?;
        assert!(matches!(reply.status, 200 | 201), "{self:?}: {reply:?}");
        assert!(!reply.replayed, "{self:?}: {reply:?}");
        Some(Done { id: reply.id(), version: reply.body["version"].as_i64().expect("a version") })
    }
}

/// Asks again for what was not answered: it is made now if it was not made then, and never twice.
/// What is there then, and whether it was made then.
async fn retry(api: &Api, write: &Write) -> (Option<Done>, bool) {
    let (name, value) = &write.header;
    let ask = async || api.try_post(&write.path, (name, value), &write.body).await;
    let first = ask().await.expect("an answer");
    if *name == "if-match" {
        // A move that was made finds the job at another version.
        assert!(matches!(first.status, 200 | 412), "{write:?}: {first:?}");
        assert_eq!(ask().await.expect("an answer").status, 412);
        return (None, first.status == 412);
    }
    assert_eq!(first.status, 201, "{write:?}: {first:?}");
    let second = ask().await.expect("an answer").is(201);
    assert!(second.replayed, "{write:?}: {second:?}");
    assert_eq!(second.body, first.body);
    (Some(Done { id: first.id(), version: 1 }), first.replayed)
}

async fn is_there(api: &Api, known: &Done) {
    let kind = if known.id.starts_with("job_") { "jobs" } else { "candidates" };
    let reply = api.get(&format!("/v1/{kind}/{}", known.id)).await.is(200);
    assert!(reply.body["version"].as_i64() >= Some(known.version), "{known:?}: {reply:?}");
}

/// The same throws every time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

const ROUNDS: u64 = 20;
const WRITERS: u64 = 4;
const SEED: u64 = 9;
