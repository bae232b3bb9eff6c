//! The client: keeps connections open, asks what it was told, and reads no more than it must.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

/// Where a server is, and whom to trust there.
pub(super) struct Door {
    /// Host and port.
    pub(super) authority: String,
    pub(super) tls: Arc<ClientConfig>,
}

/// A request as it goes over the wire.
#[derive(Clone)]
pub(super) struct Asked(Vec<u8>);

impl Asked {
    /// A form by who proves themselves with Basic.
    pub(super) fn post(path: &str, basic: &str, form: &str) -> Self {
        let length = form.len();
        Self::whole(&format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench/1\r\n\
             accept: application/json\r\nauthorization: Basic {basic}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n\
             {form}"
        ))
    }

    /// A read with a token.
    pub(super) fn get(path: &str, token: &str) -> Self {
        Self::whole(&format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench/1\r\n\
             accept: application/json\r\nauthorization: Bearer {token}\r\n\r\n"
        ))
    }

    fn whole(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

/// One connection.
pub(super) struct Lane {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
}

impl Lane {
    pub(super) async fn open(door: &Door) -> Self {
        let stream = TcpStream::connect(&door.authority).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let tls = TlsConnector::from(Arc::clone(&door.tls));
        Self { stream: tls.connect(name, stream).await.unwrap(), buffer: Vec::new() }
    }

    /// The body of the answer, which has this status.
    pub(super) async fn ask(&mut self, asked: &Asked, status: u16) -> Vec<u8> {
        self.stream.write_all(&asked.0).await.unwrap();
        self.buffer.clear();
        let (head, length) = loop {
            assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0, "hung up");
            if let Some(head) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break (head + 4, length(self.buffer.get(..head + 2).unwrap(), status));
            }
        };
        while self.buffer.len() < head + length {
            assert!(self.stream.read_buf(&mut self.buffer).await.unwrap() > 0, "hung up");
        }
        self.buffer.split_off(head)
    }
}

fn length(head: &[u8], status: u16) -> usize {
    let begin = format!("HTTP/1.1 {status} ");
    assert!(head.starts_with(begin.as_bytes()), "{}", String::from_utf8_lossy(head));
    let name = b"content-length: ";
    let at = head.windows(name.len()).position(|part| part == name).unwrap() + name.len();
    let digits = head.iter().skip(at).take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'))
}

/// So many requests, each lane asking again as soon as it is answered; how long they took.
pub(super) async fn closed_loop(door: &Door, asked: &Asked, count: u32) -> Duration {
    let mut lanes = lanes_to(door).await;
    let start = Instant::now();
    join_all(lanes.iter_mut().map(async |lane| {
        for _ in 0..count / LANES {
            lane.ask(asked, 200).await;
        }
    }))
    .await;
    start.elapsed()
}

/// Requests at an even rate, whether earlier ones were answered or not; how long each waited from
/// when it was due.
pub(super) async fn open_loop(door: &Door, asked: &Asked, rate: f64) -> Vec<Duration> {
    let mut lanes = lanes_to(door).await;
    let (gap, start) = (1.0 / rate, Instant::now() + Duration::from_millis(50));
    let waits = join_all(lanes.iter_mut().enumerate().map(async |(place, lane)| {
        let mut waits = Vec::new();
        let mut turn = place;
        loop {
            let due =
                start + Duration::from_secs_f64(gap * f64::from(u32::try_from(turn).unwrap()));
            if due >= start + OPEN_FOR {
                return waits;
            }
            wait_until(due).await;
            lane.ask(asked, 200).await;
            waits.push(due.elapsed());
            turn += usize::try_from(LANES).unwrap();
        }
    }))
    .await;
    waits.into_iter().flatten().collect()
}

/// The timer counts milliseconds, so the last one is waited for by looking at the clock.
async fn wait_until(due: Instant) {
    let early = due.saturating_duration_since(Instant::now());
    if early > TIMER {
        tokio::time::sleep(early.saturating_sub(TIMER)).await;
    }
    while Instant::now() < due {
        tokio::task::yield_now().await;
    }
}

pub(super) async fn lanes_to(door: &Door) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for _ in 0..LANES {
        lanes.push(Lane::open(door).await);
    }
    lanes
}

pub(super) fn lanes() -> f64 {
    f64::from(LANES)
}

/// Connections at once.
pub(super) const LANES: u32 = 48;
const OPEN_FOR: Duration = Duration::from_secs(4);
const TIMER: Duration = Duration::from_micros(1500);
