//! `kill -9` in the middle of writes: what was acknowledged is there, and nothing half of it.

use std::time::Duration;

use crate::api::Api;
use crate::books::Books;
use crate::database::Database;
use crate::server::Server;
use crate::site::Site;
use crate::storm::{Done, Write, storm};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_to_a_kill_on_sqlite() {
    survive(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_to_a_kill_on_postgresql() {
    survive(Database::Postgres).await;
}

async fn survive(database: Database) {
    let site = Site::new(database).await;
    let partner = site.found("acme");
    let mut server = site.start().await;
    let company = server.api(&partner).await.company().await;
    let mut dice = Dice(SEED);
    let (mut done, mut retried, mut replayed) = (Vec::new(), 0, 0);

    for round in 0..ROUNDS {
        let (name, enough, later) = (format!("r{round}"), 1 + dice.roll(40), dice.roll(12));
        let end = async |server: &mut Server| {
            // A little later is another place in the same code.
            let nothing = std::future::pending::<()>();
            let _passed = tokio::time::timeout(Duration::from_millis(later), nothing).await;
            server.kill().await;
        };
        let aftermath = storm(&mut server, (&partner, &company, &name), enough, end).await;
        Books::read(&site).await.are_whole();
        server = site.start().await;
        let api = server.api(&partner).await;
        for known in &aftermath.acknowledged {
            is_there(&api, known).await;
        }
        for write in aftermath.open {
            retried += 1;
            let (again, was_done) = retry(&api, &write).await;
            replayed += u32::from(was_done);
            done.extend(again);
        }
        done.extend(aftermath.acknowledged);
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
const SEED: u64 = 9;
