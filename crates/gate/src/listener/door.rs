//! One connection from its first byte: which protocol, then hyper.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::cidr::Cidr;
use crate::listener::bridge::Bridge;
use crate::listener::config::{ListenerConfig, Patience};
use crate::listener::crowd::Place;
use crate::listener::frames::{FRAME_BYTES_MAX, FrameMeter};
use crate::listener::metered::Metered;
use crate::listener::proxy_header;
use crate::listener::pulse::Pulse;
use crate::listener::redirect::Redirect;
use crate::listener::refusal::Verdict;
use crate::listener::scan::ScanLimits;
use crate::listener::screen::Screen;
use crate::listener::stall::Streams;
use crate::listener::turns::Turns;
use crate::listener::watchdog::{self, End, Served};
use crate::listener::wire::{Socket, Wire};
use crate::listener::{Connection, Handler, Site, TlsFacts};
use crate::timed_body::Pace;
use crate::tls::{ALPN_ACME, ALPN_H2};

/// What a listener does with every connection.
pub(super) struct Door {
    pub(super) site: Site,
    transport: Transport,
    http1: http1::Builder,
    http2: http2::Builder<Streams>,
    handshake: Duration,
    patience: Patience,
    pace: Pace,
    stall: Duration,
    scan: ScanLimits,
    turns: Turns,
}

/// What is spoken below HTTP.
pub(super) enum Transport {
    Tls { acceptor: TlsAcceptor, redirect: Arc<Redirect> },
    Raw,
    Redirect,
}

enum Greeting {
    Tls(Box<TlsStream<TcpStream>>),
    PlainHttp(TcpStream),
}

impl Door {
    pub(super) fn new(config: &ListenerConfig, transport: Transport, site: Site) -> Self {
        let patience = config.patience();
        let stall = config.write_stall();
        let streams = Streams { tasks: site.tasks.clone(), stall };
        Self {
            http1: http1(config, &patience, matches!(transport, Transport::Redirect)),
            http2: http2(config, streams),
            handshake: config.handshake_timeout(),
            pace: config.body_pace(),
            site,
            transport,
            patience,
            stall,
            scan: config.scan_limits(),
            turns: Turns::new(),
        }
    }

    /// Serves a connection to its end.
    pub(super) async fn receive(&self, mut socket: TcpStream, peer: SocketAddr, id: u64) {
        let (Ok(()), Ok(local)) = (socket.set_nodelay(true), socket.local_addr()) else { return };
        let Some((peer, _place)) = self.source(&mut socket, peer).await else { return };
        let connection = Connection { id, peer, local, tls: None };
        let Transport::Tls { acceptor, redirect } = &self.transport else {
            let http1 = &self.http1;
            return self.serve(http1, Socket::Raw(socket), connection, &self.site.handler).await;
        };
        let tally = &self.site.tally;
        let greeting = Box::pin(self.turns.take(greet(acceptor, socket)));
        match tokio::time::timeout(self.handshake, greeting).await {
            Ok(Ok(Greeting::Tls(stream))) => self.serve_tls(stream, connection).await,
            Ok(Ok(Greeting::PlainHttp(socket))) => {
                tally.plain_http.add();
                let handler: Arc<dyn Handler> = Arc::<Redirect>::clone(redirect);
                let mut http1 = self.http1.clone();
                http1.keep_alive(false);
                self.serve(&http1, Socket::Raw(socket), connection, &handler).await;
            }
            Ok(Err(error)) => {
                tally.handshake_failed.add();
                tracing::debug!(%peer, %error, "TLS handshake failed");
            }
            Err(_) => {
                tally.handshake_late.add();
                tracing::debug!(%peer, "TLS handshake took too long");
            }
        }
    }

    /// Who is on the wire, behind a balancer too; nothing for whom there is no place.
    async fn source(
        &self,
        socket: &mut TcpStream,
        peer: SocketAddr,
    ) -> Option<(SocketAddr, Option<Place>)> {
        let is_balancer = |network: &Cidr| network.contains(peer.ip());
        if !self.site.balancers.iter().any(is_balancer) {
            return Some((peer, None));
        }
        let tally = &self.site.tally;
        let read = tokio::time::timeout(self.handshake, proxy_header::read(socket, peer)).await;
        let Ok(Ok(source)) = read else {
            tally.proxy_header_bad.add();
            tracing::debug!(%peer, "a balancer did not say who is on the wire");
            return None;
        };
        if source == peer {
            return Some((peer, None));
        }
        let place = self.site.crowd.enter(source.ip());
        if place.is_none() {
            tally.over_address_share.add();
        }
        Some((source, Some(place?)))
    }

    async fn serve_tls(&self, stream: Box<TlsStream<TcpStream>>, connection: Connection) {
        let (_, session) = stream.get_ref();
        if session.alpn_protocol() == Some(ALPN_ACME) {
            // RFC 8737 §3: an authority has read the certificate, and nothing else is served.
            return;
        }
        let facts = facts(&stream);
        let is_h2 = facts.is_h2;
        let connection = Connection { tls: Some(Arc::new(facts)), ..connection };
        let (socket, handler) = (Socket::Tls(stream), &self.site.handler);
        // control: EDG-2. Never hyper-util's `auto` builder: it waits without a timer.
        if is_h2 {
            let (wire, bridge) = self.prepare(socket, connection, handler);
            let pulse = Arc::clone(&bridge.pulse);
            let meter = FrameMeter::new(self.scan.head_bytes_max.saturating_mul(2));
            let tally = Arc::clone(&self.site.tally);
            let metered = Metered::new(wire, meter, Arc::clone(&pulse), tally);
            self.run(self.http2.serve_connection(TokioIo::new(metered), bridge), pulse).await;
        } else {
            self.serve(&self.http1, socket, connection, handler).await;
        }
    }

    async fn serve(
        &self,
        http1: &http1::Builder,
        socket: Socket,
        connection: Connection,
        handler: &Arc<dyn Handler>,
    ) {
        let (wire, bridge) = self.prepare(socket, connection, handler);
        let (pulse, verdict) = (Arc::clone(&bridge.pulse), Arc::new(Verdict::default()));
        let tally = Arc::clone(&self.site.tally);
        let screen = Screen::new(wire, self.scan, Arc::clone(&verdict), tally);
        let bridge = Bridge { verdict: Some(verdict), ..bridge };
        self.run(http1.serve_connection(TokioIo::new(screen), bridge), pulse).await;
    }

    fn prepare(
        &self,
        socket: Socket,
        connection: Connection,
        handler: &Arc<dyn Handler>,
    ) -> (Wire, Bridge) {
        let pulse = Arc::new(Pulse::new());
        let wire = Wire::new(socket, Arc::clone(&pulse), self.stall);
        let bridge = Bridge {
            handler: Arc::clone(handler),
            connection,
            pulse,
            verdict: None,
            headers_max: self.scan.headers_max,
            pace: self.pace,
            tasks: self.site.tasks.clone(),
            tally: Arc::clone(&self.site.tally),
        };
        (wire, bridge)
    }

    async fn run<C: Served>(&self, connection: C, pulse: Arc<Pulse>) {
        let stopping = self.site.tasks.stopping();
        let tally = &self.site.tally;
        match watchdog::run(connection, pulse, self.patience, stopping).await {
            End::Closed => {}
            End::HeaderLate => {
                tally.header_late.add();
            }
            End::Idle => {
                tally.idle_closed.add();
            }
            End::Broken(error) => {
                tally.broken.add();
                tracing::debug!(%error, "connection broke");
            }
        }
    }
}

impl Served for http1::Connection<TokioIo<Screen>, Bridge> {
    const ENDS_CLEANLY: bool = false;

    fn end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl Served for http2::Connection<TokioIo<Metered>, Bridge, Streams> {
    const ENDS_CLEANLY: bool = true;

    fn end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

async fn greet(acceptor: &TlsAcceptor, socket: TcpStream) -> io::Result<Greeting> {
    let mut first = [0];
    let peeked = socket.peek(&mut first).await?;
    match first {
        _ if peeked == 0 => Err(io::ErrorKind::UnexpectedEof.into()),
        [HANDSHAKE_RECORD] => {
            acceptor.accept(socket).await.map(|stream| Greeting::Tls(Box::new(stream)))
        }
        // Every method begins with a letter, and no TLS record does.
        [letter] if letter.is_ascii_alphabetic() => Ok(Greeting::PlainHttp(socket)),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "neither TLS nor HTTP")),
    }
}

fn facts(stream: &TlsStream<TcpStream>) -> TlsFacts {
    let (_, session) = stream.get_ref();
    let version = session.protocol_version().unwrap_or(rustls::ProtocolVersion::TLSv1_3);
    let suite = session.negotiated_cipher_suite().map(|suite| suite.suite());
    let is_h2 = session.alpn_protocol() == Some(ALPN_H2);
    let shown = session.peer_certificates().unwrap_or_default();
    let chain = shown.iter().map(|certificate| certificate.clone().into_owned()).collect();
    TlsFacts::new((version, suite), is_h2, session.server_name().map(str::to_owned), chain)
}

fn http1(config: &ListenerConfig, patience: &Patience, is_single: bool) -> http1::Builder {
    let header_bytes_max = usize::try_from(config.header_bytes_max).unwrap_or(usize::MAX);
    let mut builder = http1::Builder::new();
    // Never `pipeline_flush`: a parse error behind a good request would swallow its response.
    builder
        .timer(TokioTimer::new())
        .keep_alive(!is_single)
        // hyper's clock also runs while the connection idles; the watchdog's stricter one does not.
        .header_read_timeout(patience.header.max(patience.idle))
        .max_headers(config.headers_max)
        .max_header_size(header_bytes_max)
        .max_buf_size(header_bytes_max.saturating_add(BUFFER_BYTES));
    builder
}

fn http2(config: &ListenerConfig, streams: Streams) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(streams);
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_millis(config.h2_ping_interval_ms))
        .keep_alive_timeout(Duration::from_millis(config.h2_ping_timeout_ms))
        .max_concurrent_streams(config.h2_streams_max)
        .max_header_list_size(config.header_bytes_max)
        .max_frame_size(u32::try_from(FRAME_BYTES_MAX).ok())
        .header_table_size(HEADER_TABLE_BYTES)
        // Beside these h2 counts small and empty DATA; `frames` counts what nobody else does.
        .max_pending_accept_reset_streams(RESETS_BEFORE_ACCEPT_MAX)
        .max_local_error_reset_streams(RESETS_FOR_ERRORS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(BUFFER_BYTES);
    builder
}

const HANDSHAKE_RECORD: u8 = 0x16;
const BUFFER_BYTES: usize = 64 * 1024;
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
const HEADER_TABLE_BYTES: u32 = 4096;
/// Requests that were reset before we looked at them; more are an attack (CVE-2023-44487).
const RESETS_BEFORE_ACCEPT_MAX: usize = 20;
/// Streams that we had to reset for a peer's errors, for as long as the connection lives.
const RESETS_FOR_ERRORS_MAX: usize = 100;
