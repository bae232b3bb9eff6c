//! The bare firewall in front of a server, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test helpers fail the test that called them"
)]

use std::net::SocketAddr;
use std::sync::Arc;

use firewall::{NoFiles, Ruleset, Source};
use gate::Tasks;
use gate::inspection::{Inspector, MatchLog};
use gate::proxy::{Proxy, ProxyConfig};
use kernel::{Clock, SystemClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

struct Guarded {
    address: SocketAddr,
    directory: tempfile::TempDir,
}

/// An upstream that answers each request with the request, behind a proxy with these rules.
async fn guard(rules: &str) -> Guarded {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", upstream.local_addr().unwrap());
    let tasks = Tasks::new();
    tasks.spawn(async move {
        while let Ok((stream, _)) = upstream.accept().await {
            echo(stream).await;
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let log = MatchLog::open(&directory.path().join("matches")).unwrap();
    let rules = Ruleset::compile(&[Source::new("test.conf", rules)], &NoFiles).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let inspector = Inspector::new(rules, Arc::clone(&clock), None).with_match_log(Some(log));
    let config = ProxyConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        upstream: url,
        body_bytes_max: 1000,
        connections_max: 10,
    };
    let proxy = Proxy::bind(&config, Arc::new(inspector), clock, None).await.unwrap();
    let address = proxy.local_addr();
    tasks.spawn(proxy.serve(tasks.clone()));
    Guarded { address, directory }
}

/// Answers one request of a connection with what it read, and closes.
async fn echo(mut stream: TcpStream) {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    let length = |read: &[u8]| {
        let text = String::from_utf8_lossy(read).to_lowercase();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let declared = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let declared = declared.map_or(0, |length| length.parse().unwrap());
        (body.len() >= declared).then_some(())
    };
    while length(&read).is_none() {
        let count = stream.read(&mut buffer).await.unwrap();
        read.extend_from_slice(&buffer[..count]);
    }
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", read.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&read).await.unwrap();
}

impl Guarded {
    /// Sends bytes, closes our side, and reads all answers.
    async fn ask(&self, bytes: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("matches")).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_smuggle_a_request_is_logged_and_goes_no_further() {
    let guarded = guard("").await;
    for fields in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Content-Length: 4\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\n Transfer-Encoding: x",
        "Content-Length : 4",
        "Transfer-Encoding: chunked\r\n\r\n4\nabcd\r\n0",
        "Transfer-Encoding: chunked\r\n\r\n-4",
    ] {
        let text = format!("POST / HTTP/1.1\r\nHost: a\r\nX-CRS-Test: 7\r\n{fields}\r\n\r\n");
        let answer = guarded.ask(&text).await;

        assert!(answer.starts_with("HTTP/1.1 400 "), "{fields}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{fields}: {answer}");
    }
    let log = guarded.log();
    assert_eq!(log.matches(r#""marker":"7""#).count(), 6, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_override_a_length_and_end_the_connection() {
    let guarded = guard("").await;

    let answer = guarded
        .ask(
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\
             Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n\
             GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
        )
        .await;

    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(!answer.contains("smuggled") && !answer.contains("content-length: 4\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_limit_is_refused() {
    let guarded = guard("").await;

    let answer = guarded.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n").await;

    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_on_one_connection_are_passed_on_one_by_one() {
    let guarded = guard("").await;

    let answer = guarded
        .ask(
            "GET /first?a=%3C HTTP/1.1\r\nHost: a\r\nX.Odd: 1\r\n\
             Connection: x-odd2\r\nX-Odd2: 1\r\n\r\n\
             POST /second HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
             3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        )
        .await;

    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    assert!(answer.contains("GET /first?a=%3C HTTP/1.1"), "{answer}");
    assert!(answer.contains("X.odd: 1"), "{answer}");
    assert!(!answer.contains("Odd2"), "{answer}");
    assert!(answer.contains("\r\n\r\nabcde"), "{answer}");
    assert_eq!(guarded.log().lines().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_is_away_is_a_502() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let rules = Ruleset::compile(&[], &NoFiles).unwrap();
    let inspector = Arc::new(Inspector::new(rules, Arc::clone(&clock), None));
    let config = ProxyConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        upstream: format!("http://{free}"),
        body_bytes_max: 1000,
        connections_max: 10,
    };
    let proxy = Proxy::bind(&config, inspector, clock, None).await.unwrap();
    let guarded = Guarded { address: proxy.local_addr(), directory: tempfile::tempdir().unwrap() };
    let tasks = Tasks::new();
    tasks.spawn(proxy.serve(tasks.clone()));

    let answer = guarded.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;

    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
}
