//! Requests that two readers could cut differently, and requests that only look like it.

use gate::listener::scan::{Reason, ScanLimits, Scanned, Scanner};
use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// A request that must be refused.
#[derive(Deserialize)]
pub(super) struct Refused {
    pub(super) name: String,
    status: u16,
    reason: String,
    bytes: String,
}

/// A request that must be answered.
#[derive(Deserialize)]
pub(super) struct Lawful {
    pub(super) name: String,
    bytes: String,
    answers: Vec<String>,
}

#[derive(Deserialize)]
struct Cases<T> {
    case: Vec<T>,
}

pub(super) fn refused() -> Vec<Refused> {
    toml::from_str::<Cases<_>>(include_str!("../../../cases/wire/refused.toml")).unwrap().case
}

pub(super) fn lawful() -> Vec<Lawful> {
    toml::from_str::<Cases<_>>(include_str!("../../../cases/wire/lawful.toml")).unwrap().case
}

impl Refused {
    /// The request, and the one that somebody would like to hide behind it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        [bytes(&self.bytes), bytes(SMUGGLED)].concat()
    }
}

impl Lawful {
    pub(super) fn bytes(&self) -> Vec<u8> {
        [bytes(&self.bytes), bytes(LAST)].concat()
    }
}

/// The bytes that a text of the cases stands for.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

/// Answers with what it saw of the request, between marks that no header has.
async fn seen(request: Request<Body>) -> Response<Body> {
    assert_ne!(request.uri().path(), "/smuggled", "the second request was read");
    let mut seen = format!("\u{1}{} {} ", request.method(), request.uri().path()).into_bytes();
    let Ok(body) = request.into_body().collect().await else {
        return Response::new(Body::from("the handler's own answer to a broken body"));
    };
    seen.extend_from_slice(&body.to_bytes());
    seen.push(0x02);
    Response::new(Body::from(seen))
}

/// The status of each response.
fn statuses(all: &str) -> Vec<&str> {
    let behind = all.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3));
    behind.filter(|status| status.parse::<u16>().is_ok()).collect()
}

/// Sends it all, or each byte by itself, and reads to the end of the connection.
async fn exchange(server: &Server, bytes: &[u8], in_pieces: bool) -> String {
    let mut stream = server.tls(&["http/1.1"]).await;
    let size = if in_pieces { 1 } else { bytes.len() };
    for piece in bytes.chunks(size) {
        // Whoever is refused early cannot send the rest.
        if stream.write_all(piece).await.is_err() || stream.flush().await.is_err() {
            break;
        }
    }
    until_closed(stream).await
}

#[tokio::test]
async fn whatever_has_two_readings_is_refused_and_hides_nothing() {
    let server = Server::start(config(), site(seen));
    let cases = refused();
    assert!(cases.len() > 300);

    for case in &cases {
        let refused = |reason: &str| {
            let reason = Reason::ALL.into_iter().find(|known| known.name() == reason);
            server.site.tally.refused(reason.expect(&case.name)).get()
        };
        let before = refused(&case.reason);
        let all = exchange(&server, &case.bytes(), false).await;

        assert!(all.starts_with(&format!("HTTP/1.1 {}", case.status)), "{}: {all}", case.name);
        assert_eq!(statuses(&all).len(), 1, "{}: {all}", case.name);
        assert_eq!(refused(&case.reason), before + 1, "{}: {all}", case.name);
        for expected in HARDENED {
            assert!(all.contains(expected), "{}: {expected}: {all}", case.name);
        }
    }
}

#[tokio::test]
async fn what_is_no_request_of_ours_is_told_as_such() {
    let server = Server::start(config(), site(seen));
    let connect = "CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n".to_owned();
    let long = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "a".repeat(65_536));
    let mut codes = Vec::new();
    for bytes in [connect, long] {
        let all = exchange(&server, bytes.as_bytes(), false).await;
        let body = all.rsplit("\r\n\r\n").next().unwrap();
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        codes.push(problem["code"].as_str().unwrap().to_owned());
    }

    assert_eq!(codes, ["http.not_implemented", "http.target_too_long"]);
}

#[tokio::test]
async fn what_has_two_readings_is_refused_in_pieces_too() {
    let server = Server::start(config(), site(seen));

    for case in refused() {
        let all = exchange(&server, &case.bytes(), true).await;

        assert!(all.starts_with(&format!("HTTP/1.1 {}", case.status)), "{}: {all}", case.name);
        assert_eq!(statuses(&all).len(), 1, "{}: {all}", case.name);
    }
}

#[tokio::test]
async fn what_is_only_odd_is_answered() {
    let server = Server::start(config(), site(seen));
    let cases = lawful();
    assert!(cases.len() > 45);

    for (case, in_pieces) in cases.iter().flat_map(|case| [(case, false), (case, true)]) {
        let all = exchange(&server, &case.bytes(), in_pieces).await;

        let marked = all.split('\u{1}').skip(1).filter_map(|rest| rest.split_once('\u{2}'));
        let answers: Vec<_> = marked.map(|(seen, _)| seen).collect();
        let expected: Vec<_> =
            case.answers.iter().map(String::as_str).chain(["GET /last "]).collect();
        assert_eq!(answers, expected, "{}: {all}", case.name);
    }
}

#[tokio::test]
async fn a_refusal_waits_for_the_answers_before_it() {
    let server = Server::start(config(), site(path));
    let good = "GET /good HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let bad = "GET /bad HTTP/1.1\r\nHost: localhost\r\nA : b\r\n\r\n";
    let mut stream = server.tls(&["http/1.1"]).await;
    send(&mut stream, &[good, good, bad, good].concat()).await;

    let all = until_closed(stream).await;

    assert_eq!(statuses(&all), ["200", "200", "400"], "{all}");
    assert_eq!(server.site.tally.requests.get(), 2);
}

#[tokio::test]
async fn a_refusal_does_not_cut_off_an_answer_that_is_being_made() {
    let (open, gate) = oneshot::channel::<()>();
    let gate = Arc::new(tokio::sync::Mutex::new(Some(gate)));
    let slow = move |_| {
        let gate = Arc::clone(&gate);
        async move {
            let gate = gate.lock().await.take().unwrap();
            gate.await.unwrap();
            Response::new(Body::from("/slow"))
        }
    };
    let server = Server::start(config(), site(slow));
    let mut stream = server.tls(&["http/1.1"]).await;
    send(&mut stream, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    until_counted(&server.site.tally.requests, 1).await;
    send(&mut stream, "GET /bad HTTP/1.1\r\n\r\n").await;
    until_counted(server.site.tally.refused(Reason::Host), 1).await;

    open.send(()).unwrap();
    let all = until_closed(stream).await;

    assert!(all.starts_with("HTTP/1.1 200"), "{all}");
    assert!(all.contains("/slowHTTP/1.1 400"), "{all}");
}

#[test]
fn heads_are_limited_to_the_byte() {
    let head = "GET /a HTTP/1.1\r\nHost: localhost\r\nA: b\r\n\r\n";
    let exact = ScanLimits { line_bytes_max: 17, head_bytes_max: head.len(), headers_max: 2 };

    for (limits, reason) in [
        (exact, None),
        (ScanLimits { line_bytes_max: 16, ..exact }, Some(Reason::TargetTooLong)),
        (ScanLimits { head_bytes_max: head.len() - 1, ..exact }, Some(Reason::HeadersTooLarge)),
        (ScanLimits { headers_max: 1, ..exact }, Some(Reason::HeadersTooLarge)),
    ] {
        let scanned = Scanner::new(limits).scan(head.as_bytes());

        assert_eq!(scanned.refusal.map(|refusal| refusal.reason), reason);
    }
}

fn scanner() -> Scanner {
    Scanner::new(ScanLimits { line_bytes_max: 12_288, head_bytes_max: 32_768, headers_max: 100 })
}

/// Scans piece by piece; the sum of what passed, and the verdict.
fn scan_in_pieces(bytes: &[u8], mut cuts: Vec<usize>) -> Scanned {
    let mut scanner = scanner();
    cuts.push(bytes.len());
    cuts.sort_unstable();
    let (mut at, mut passed) = (0, 0);
    let mut refusal = None;
    for cut in cuts {
        let scanned = scanner.scan(&bytes[at..cut]);
        if scanned.passed > 0 {
            passed = at + scanned.passed;
        }
        (at, refusal) = (cut, scanned.refusal);
    }
    Scanned { passed, refusal }
}

proptest! {
    #[test]
    fn the_verdict_does_not_depend_on_the_reads(
        which in any::<prop::sample::Index>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let lawful = lawful();
        let all: Vec<_> =
            refused().iter().map(Refused::bytes).chain(lawful.iter().map(Lawful::bytes)).collect();
        let bytes = which.get(&all);
        let cuts = cuts.iter().map(|cut| cut.index(bytes.len())).collect();

        prop_assert_eq!(scan_in_pieces(bytes, cuts), scanner().scan(bytes));
    }
}

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST: &str = "GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const HARDENED: [&str; 6] = [
    "\r\ncontent-type: application/problem+json\r\n",
    "\r\nconnection: close\r\n",
    "\r\ncache-control: no-store\r\n",
    "\r\nx-content-type-options: nosniff\r\n",
    "\r\nstrict-transport-security: ",
    "\r\ncontent-security-policy: ",
];
