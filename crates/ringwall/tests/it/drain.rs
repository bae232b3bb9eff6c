//! SIGTERM: what was begun is finished, what was answered was done, and the exit code says so.

use crate::api::job;
use crate::books::Books;
use crate::database::Database;
use crate::server::Server;
use crate::site::Site;
use crate::storm::storm;
use crate::{wait, wire};

#[tokio::test]
async fn a_request_that_is_still_arriving_is_finished() {
    let site = Site::new(Database::Sqlite).await;
    let partner = site.found("acme");
    let server = site.start().await;
    let api = server.api(&partner).await;
    let body = job(&api.company().await, "Slow Engineer").to_string();
    let (begin, end) = body.split_at(body.len() / 2);
    let mut line = wire::tls(server.port(), &server.ca_pem()).await.expect("a handshake");

    let head = format!(
        "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Idempotency-Key: slow\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        api.token,
        body.len()
    );
    wire::send(&mut line, &head).await;
    assert!(wire::head(&mut line).await.starts_with("HTTP/1.1 100 "));
    wire::send(&mut line, begin).await;
    server.terminate();
    let port = server.port();
    wait::until("the closed door", async || wire::plain(port).await.err()).await;
    wire::send(&mut line, end).await;
    let answer = wire::rest(&mut line).await;

    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    server.stopped().await;
    assert_eq!(Books::read(&site).await.titles, ["Slow Engineer"]);
}

#[tokio::test]
async fn whoever_tells_it_twice_to_stop_does_not_wait_for_what_is_under_way() {
    let site = Site::new(Database::Sqlite).await.with("GATE__DRAIN_TIMEOUT_MS", "600000");
    let server = site.start().await;
    let mut line = wire::tls(server.port(), &server.ca_pem()).await.expect("a handshake");
    let head = "POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\
                Expect: 100-continue\r\n\r\n";
    wire::send(&mut line, head).await;
    assert!(wire::head(&mut line).await.starts_with("HTTP/1.1 100 "));

    server.terminate();
    let port = server.port();
    wait::until("the closed door", async || wire::plain(port).await.err()).await;
    let ready = server.client().get(format!("{}/readyz", server.admin_url())).send().await;
    assert_eq!(ready.expect("operators still see it").status(), 503);
    server.terminate();

    let said = server.stopped().await;
    assert!(said.contains("told again to stop"), "{said}");
    assert!(said.contains("some work did not end in time"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_exactly_what_was_acknowledged_was_done_on_sqlite() {
    stop_under_load(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_exactly_what_was_acknowledged_was_done_on_postgresql() {
    stop_under_load(Database::Postgres).await;
}

async fn stop_under_load(database: Database) {
    let site = Site::new(database).await;
    let partner = site.found("acme");
    let mut server = site.start().await;
    let company = server.api(&partner).await.company().await;

    let end = async |server: &mut Server| server.terminate();
    let aftermath = storm(&mut server, (&partner, &company, "load"), 60, end).await;

    server.stopped().await;
    let books = Books::read(&site).await;
    books.are_whole();
    for known in &aftermath.acknowledged {
        assert!(books.hold(&known.id, known.version), "{known:?} is gone");
    }
    // Nothing was done without telling so: besides the acknowledged there is the company only.
    assert_eq!(books.versions.len(), aftermath.acknowledged.len() + 1);
}
