//! Candidates by the thousand: the commands, and imports whose server is killed.

use std::process::Command;

use sea_orm::QueryResult;

use crate::database::{Database, cell, look};
use crate::server::Server;
use crate::site::{Partner, Said, Site};
use crate::wait;

/// Lines of an import that is killed: `RINGWALL_TEST_IMPORT` asks for more, up to 100,000.
fn lines() -> u32 {
    let asked = std::env::var("RINGWALL_TEST_IMPORT").ok().and_then(|lines| lines.parse().ok());
    asked.unwrap_or(6_000).clamp(6_000, 100_000)
}

fn people(count: usize) -> String {
    let person = |number: usize| {
        format!(
            "{{\"given_name\":\"Ana\",\"family_name\":\"Number {number}\",\
             \"email\":\"ana.{number}@example.org\",\"phone\":\"+4477009{number:05}\",\
             \"time_zone\":\"Europe/Lisbon\",\"external_ref\":\"R-{number}\"}}\n"
        )
    };
    (0..count).map(person).collect()
}

/// A command of ours against a server.
fn client(site: &Site, server: &Server, partner: &Partner, words: &[&str]) -> Command {
    let ca = server.ready["ca_file"].as_str().expect("a path");
    let flags = ["--url", server.url(), "--client-id", &partner.client_id, "--ca", ca, "--quiet"];
    let mut command = site.command(&[words, &flags].concat());
    command.env("RINGWALL_CLIENT_SECRET", &partner.client_secret);
    command
}

fn said(mut command: Command) -> Said {
    let output = command.output().expect("the binary runs");
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_goes_in_and_comes_out() {
    let site = Site::new(Database::Sqlite).await;
    let partner = site.found("acme");
    let server = site.start().await;
    let file = |name: &str| site.folder().join(name).to_str().expect("text").to_owned();
    let (lines, out, table) = (file("in.ndjson"), file("out.ndjson"), file("out.csv"));
    std::fs::write(&lines, people(2_500) + "nonsense\n").expect("a file");

    let insecure = ["import", &lines, "--url", "http://localhost", "--client-id", "x"];
    let refused = site.run(&insecure);
    let first = said(client(&site, &server, &partner, &["import", &lines]));
    std::fs::write(&lines, people(2_500)).expect("a file");
    let second = said(client(&site, &server, &partner, &["import", &lines]));
    let exported = said(client(&site, &server, &partner, &["export", &out]));
    let whole = ["export", &table, "--with-personal"];
    let tabled = said(client(&site, &server, &partner, &whole));
    let again = said(client(&site, &server, &partner, &["export", &out]));

    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(first.code, Some(1), "{first:?}");
    assert!(first.err.contains("2500 created, 0 updated, 0 unchanged, 1 failed"), "{first:?}");
    assert!(first.out.contains("\"line\":2501"), "{first:?}");
    assert_eq!(second.out, "0 created, 0 updated, 2500 unchanged, 0 failed\n", "{second:?}");
    assert_eq!(second.code, Some(0), "{second:?}");
    assert_eq!((exported.code, exported.out.as_str()), (Some(0), "2500 candidates\n"));
    let exported = std::fs::read_to_string(&out).expect("a file");
    assert_eq!(exported.lines().count(), 2_500);
    assert!(!exported.contains("Number"), "names in an export without them");
    assert_eq!(tabled.code, Some(0), "{tabled:?}");
    let table = std::fs::read_to_string(&table).expect("a file");
    assert!(table.lines().count() == 2_501 && table.contains("Number 2499"));
    assert!(table.contains("\"'+4477009"), "a cell that starts a formula");
    assert_eq!(again.code, Some(1), "a file that exists was written over");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_survives_three_kills_on_sqlite() {
    survive(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_survives_three_kills_on_postgresql() {
    survive(Database::Postgres).await;
}

/// What an import has left, without what differs from run to run.
async fn left(site: &Site) -> Vec<Vec<String>> {
    let found: [Vec<QueryResult>; 4] = look(&site.database_url(), QUERIES).await;
    let texts = |rows: Vec<QueryResult>| rows.iter().map(|row| cell(row, "line")).collect();
    found.into_iter().map(texts).collect()
}

async fn survive(database: Database) {
    let calm = Site::new(database).await;
    let partner = calm.found("acme");
    let server = calm.start().await;
    let file = calm.folder().join("people.ndjson");
    let lines = lines();
    std::fs::write(&file, people(lines as usize)).expect("a file");
    let path = file.to_str().expect("text");
    let done = said(client(&calm, &server, &partner, &["import", path]));
    assert_eq!(done.code, Some(0), "{done:?}");
    server.stop().await;

    let site = Site::new(database).await;
    let partner = site.found("acme");
    let mut server = site.start().await;
    let mut child = client(&site, &server, &partner, &["import", path]).spawn().expect("it runs");
    let mut id = String::new();
    for kill in 1..=3_u32 {
        let api = server.api(&partner).await;
        // Not at the same place each time: the system's randomness decides how far it comes.
        let chance = u32::from(kernel::random::bytes::<1>()[0]);
        let enough = i64::from((kill * 256 + chance) * (lines / 6) / 256);
        wait::long("some lines", async || {
            let imports = api.get("/v1/imports").await.is(200).body;
            id = imports["data"][0]["id"].as_str().unwrap_or_default().to_owned();
            (imports["data"][0]["done"].as_i64()? >= enough).then_some(())
        })
        .await;
        server.kill().await;
        server = site.start().await;
    }
    child.kill().expect("a child of ours");
    child.wait().expect("its end");
    let resume = ["import", path, "--resume", &id];
    let done = said(client(&site, &server, &partner, &resume));
    server.stop().await;

    assert_eq!(done.code, Some(0), "{done:?}");
    let expected = format!("{lines} created, 0 updated, 0 unchanged, 0 failed\n");
    assert_eq!(done.out, expected);
    assert_eq!(left(&site).await, left(&calm).await);
}

/// Candidates by reference, results by line, events and changes by name: all of it, as text.
const QUERIES: [&str; 4] = [
    "select external_ref || ' ' || status || ' ' || version as line from candidate order by 1",
    "select line || ' ' || outcome as line from import_result order by import_result.line",
    "select kind || ' ' || count(*) as line from outbox group by kind order by 1",
    "select resource_type || ' ' || op || ' ' || count(*) as line from change_log
     where resource_type in ('candidate', 'import') group by resource_type, op order by 1",
];
