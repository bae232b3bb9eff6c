//! The client: keeps connections alive, asks as fast as it is answered, and measures.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustix::time::{ClockId, clock_gettime};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Server;
use crate::servers::Tls;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Http1 { "h1" } else { "h2" })
    }
}

/// What one round of requests showed.
pub(super) struct Round {
    pub(super) per_second: f64,
    /// Microseconds of processor time a request, on all threads but the client's.
    pub(super) server_us: f64,
    /// What was answered.
    pub(super) job: Value,
}

pub(super) struct Client {
    runtime: Runtime,
    protocol: Protocol,
    tls: Arc<ClientConfig>,
}

impl Client {
    pub(super) fn new(tls: &Tls, protocol: Protocol) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let alpn: &[u8] = if protocol == Protocol::Http1 { b"http/1.1" } else { b"h2" };
        Self { runtime, protocol, tls: tls.client(alpn) }
    }

    /// So many requests, over connections that are open already, until also the audit trail of all
    /// of them is on disk.
    pub(super) fn round(&self, server: &Server, count: usize) -> Round {
        self.runtime.block_on(async {
            match self.protocol {
                Protocol::Http1 => self.http1(server, count).await,
                Protocol::Http2 => self.http2(server, count).await,
            }
        })
    }

    async fn http1(&self, server: &Server, count: usize) -> Round {
        let request = format!(
            "GET {} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench/1\r\n\
             accept: application/json\r\nauthorization: Bearer {}\r\n\r\n",
            server.path, server.token
        );
        let mut lanes = Vec::new();
        let mut job = Vec::new();
        for _ in 0..LANES {
            let mut lane = Lane { stream: self.connect(server).await, buffer: Vec::new() };
            job = lane.ask(request.as_bytes()).await;
            lanes.push(lane);
        }
        measured(server, count, &job, async |share| {
            join_all(lanes.iter_mut().map(async |lane| {
                for _ in 0..share {
                    lane.ask(request.as_bytes()).await;
                }
            }))
            .await;
        })
        .await
    }

    async fn http2(&self, server: &Server, count: usize) -> Round {
        let mut senders = Vec::new();
        let mut job = Vec::new();
        let tasks = gate::Tasks::new();
        for _ in 0..H2_CONNECTIONS {
            let io = TokioIo::new(self.connect(server).await);
            let made = http2::handshake(TokioExecutor::new(), io).await;
            let (mut sender, connection) = made.unwrap();
            tasks.spawn(async move { connection.await.unwrap_or_default() });
            job = ask_http2(&mut sender, server).await;
            senders.extend((0..LANES / H2_CONNECTIONS).map(|_| sender.clone()));
        }
        measured(server, count, &job, async |share| {
            join_all(senders.iter_mut().map(async |sender| {
                for _ in 0..share {
                    ask_http2(sender, server).await;
                }
            }))
            .await;
        })
        .await
    }

    async fn connect(&self, server: &Server) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(server.at).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await.unwrap()
    }
}

async fn measured(
    server: &Server,
    count: usize,
    job: &[u8],
    work: impl AsyncFnOnce(usize),
) -> Round {
    let (start, process, client) =
        (Instant::now(), micros(ClockId::ProcessCPUTime), micros(ClockId::ThreadCPUTime));
    work(count / LANES).await;
    if let Some(platform) = &server.platform {
        // A refusal is answered when it is on disk, and everything before it.
        platform.stranger().with_token("none").get("/v1/jobs").await.is(401);
    }
    let client = micros(ClockId::ThreadCPUTime) - client;
    let process = micros(ClockId::ProcessCPUTime) - process;
    #[expect(clippy::cast_precision_loss, reason = "some thousands of requests")]
    let count = (count / LANES * LANES) as f64;
    Round {
        per_second: count / start.elapsed().as_secs_f64(),
        server_us: (process - client) / count,
        job: serde_json::from_slice(job).unwrap(),
    }
}

fn micros(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    #[expect(clippy::cast_precision_loss, reason = "microseconds of one process")]
    let micros = time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3;
    micros
}

/// One HTTP/1.1 connection; reads no more of a response than its length.
struct Lane {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
}

impl Lane {
    async fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.stream.write_all(request).await.unwrap();
        self.buffer.clear();
        let (head, length) = loop {
            assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0, "hung up");
            if let Some(head) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break (head + 4, length(&self.buffer[..head + 2]));
            }
        };
        while self.buffer.len() < head + length {
            assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0, "hung up");
        }
        self.buffer[head..].to_vec()
    }
}

fn length(head: &[u8]) -> usize {
    assert!(head.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(head));
    let name = b"content-length: ";
    let at = head.windows(name.len()).position(|part| part == name).unwrap() + name.len();
    let digits = head[at..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'))
}

async fn ask_http2(sender: &mut http2::SendRequest<Empty<Bytes>>, server: &Server) -> Vec<u8> {
    let request = http::Request::get(format!("https://localhost{}", server.path))
        .header("user-agent", "bench/1")
        .header("accept", "application/json")
        .header("authorization", format!("Bearer {}", server.token))
        .body(Empty::new())
        .unwrap();
    sender.ready().await.unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

const LANES: usize = 16;
const H2_CONNECTIONS: usize = 4;
