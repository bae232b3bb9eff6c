//! The accept loop: from a queued TCP connection to a [`Handler`] that is given requests.
//!
//! Knows TLS, HTTP/1.1, HTTP/2 and time. Knows nothing of what a request asks for.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum_core::body::Body;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use kernel::Timestamp;
use oauth::Certificate;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::cidr::Cidr;
use crate::tasks::Tasks;
use crate::tls::ClientCertificates;

mod bridge;
mod config;
mod crowd;
mod door;
pub mod frames;
mod metered;
mod proxy_header;
mod pulse;
mod redirect;
mod refusal;
pub mod scan;
mod screen;
mod stall;
mod tally;
mod turns;
mod watchdog;
mod wire;

pub use config::ListenerConfig;
pub use crowd::Crowd;
pub use redirect::{CODES, HTTPS_REQUIRED, Redirect, RedirectConfig};
pub use tally::{Tally, TallyCount};

use door::{Door, Transport};

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request, which also carries `connection` in its extensions.
    fn call(
        &self,
        request: Request<Body>,
        connection: Connection,
    ) -> BoxFuture<'static, Response<Body>>;
}

/// The connection that a request came on.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Distinguishes the connections of a site.
    pub id: u64,
    /// Who is on the wire; a proxy in front of us is not seen through here.
    pub peer: SocketAddr,
    /// The address of ours that it was opened to.
    pub local: SocketAddr,
    /// What TLS agreed on; nothing on a connection without TLS.
    pub tls: Option<Arc<TlsFacts>>,
}

/// What the TLS handshake agreed on.
#[derive(Clone, Debug)]
pub struct TlsFacts {
    /// The version.
    pub version: rustls::ProtocolVersion,
    /// The cipher suite.
    pub suite: Option<rustls::CipherSuite>,
    /// True for HTTP/2.
    pub is_h2: bool,
    /// The server name that the client asked for.
    pub server_name: Option<String>,
    /// What the client showed, its own certificate first; it proved to have the key of that.
    pub client_chain: Vec<CertificateDer<'static>>,
    judged: OnceLock<Option<Arc<Certificate>>>,
}

impl TlsFacts {
    /// What the handshake agreed on and what the client showed in it.
    #[must_use]
    pub const fn new(
        (version, suite): (rustls::ProtocolVersion, Option<rustls::CipherSuite>),
        is_h2: bool,
        server_name: Option<String>,
        client_chain: Vec<CertificateDer<'static>>,
    ) -> Self {
        Self { version, suite, is_h2, server_name, client_chain, judged: OnceLock::new() }
    }

    /// The client's certificate, judged once for all requests of the connection. Whether it is
    /// still of this time is asked with each use.
    pub(crate) fn certificate(
        &self,
        judge: &ClientCertificates,
        now: Timestamp,
    ) -> Option<Arc<Certificate>> {
        let judged = || judge.judge(&self.client_chain, now).map(Arc::new);
        self.judged.get_or_init(judged).clone()
    }
}

/// What a listener serves with. Listeners that share one share its connection slots.
#[derive(Clone)]
pub struct Site {
    /// Answers the requests.
    pub handler: Arc<dyn Handler>,
    /// Runs the connections and tells when to stop.
    pub tasks: Tasks,
    /// One permit an open connection.
    pub slots: Arc<Semaphore>,
    /// One place an open connection, by address.
    pub crowd: Arc<Crowd>,
    /// Who begins each connection with a header of the PROXY protocol, version 2.
    pub balancers: Arc<[Cidr]>,
    /// Counts what happens.
    pub tally: Arc<Tally>,
}

/// A bound socket that is not being served yet; connections already queue up.
pub struct Listener {
    socket: TcpListener,
    config: ListenerConfig,
    local: SocketAddr,
}

impl Site {
    /// At most `connections_max` connections are open at once, from however many addresses.
    #[must_use]
    pub fn new(handler: Arc<dyn Handler>, tasks: Tasks, connections_max: usize) -> Self {
        let slots = Arc::new(Semaphore::new(connections_max.min(Semaphore::MAX_PERMITS)));
        let crowd = Arc::new(Crowd::new(usize::MAX, Vec::new()));
        let balancers = Arc::from(Vec::new());
        Self { handler, tasks, slots, crowd, balancers, tally: Arc::default() }
    }

    /// The same, behind load balancers that pass TCP on and name the source of each connection.
    #[must_use]
    pub fn balanced_by(self, balancers: Vec<Cidr>) -> Self {
        Self { balancers: balancers.into(), ..self }
    }

    /// The same, with a limit for each address.
    #[must_use]
    pub fn crowded_by(self, crowd: Crowd) -> Self {
        Self { crowd: Arc::new(crowd), ..self }
    }
}

impl Listener {
    /// Binds the address of the configuration. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// When the address is taken, not ours, or needs a right that the process lacks.
    pub fn bind(config: ListenerConfig) -> io::Result<Self> {
        let domain = Domain::for_address(config.address);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        if config.reuse_port {
            socket.set_reuse_port(true)?;
        }
        socket.set_nonblocking(true)?;
        // Inherited by what is accepted: a peer that vanished is noticed below HTTP too.
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
        socket.set_tcp_keepalive(&keepalive)?;
        socket.bind(&config.address.into())?;
        socket.listen(i32::try_from(config.backlog).unwrap_or(i32::MAX))?;
        let socket = TcpListener::from_std(socket.into())?;
        let local = socket.local_addr()?;
        Ok(Self { socket, config, local })
    }

    /// The address that it listens on, with the port that the system chose for port 0.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Serves HTTPS until the tasks of `site` are asked to stop; then takes what is queued, and
    /// ends. Whoever speaks plain HTTP to the port gets `redirect`'s answer.
    pub async fn serve_tls(self, tls: Arc<ServerConfig>, redirect: Redirect, site: Site) {
        let redirect = redirect.at(self.local.port());
        self.serve(Transport::Tls { acceptor: tls.into(), redirect: Arc::new(redirect) }, site)
            .await;
    }

    /// Serves HTTP/1.1 without TLS: for an administrative listener on a loopback address.
    pub async fn serve_raw(self, site: Site) {
        if !self.local.ip().is_loopback() {
            tracing::warn!(address = %self.local, "serving without TLS beyond this machine");
        }
        self.serve(Transport::Raw, site).await;
    }

    /// Serves nothing but redirections to HTTPS.
    pub async fn serve_redirect(self, redirect: Redirect, site: Site) {
        let handler = Arc::new(redirect.at(HTTPS_PORT));
        self.serve(Transport::Redirect, Site { handler, ..site }).await;
    }

    async fn serve(self, transport: Transport, site: Site) {
        let Self { socket, config, local } = self;
        let door = Arc::new(Door::new(&config, transport, site));
        let mut stopping = pin!(door.site.tasks.stopping());
        let mut pause = ACCEPT_PAUSE_MIN;
        tracing::info!(address = %local, "listening");
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stopping => break,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    pause = ACCEPT_PAUSE_MIN;
                    admit(&door, stream, peer);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    door.site.tally.accept_failed.add();
                    tracing::warn!(%error, ?pause, "cannot accept connections");
                    // Out of descriptors or memory: trying at once would spin until some are free.
                    let _ = tokio::time::timeout(pause, &mut stopping).await;
                    pause = (pause * 2).min(ACCEPT_PAUSE_MAX);
                }
            }
        }
        match take_queued(&door, socket) {
            Ok(taken) => tracing::info!(address = %local, taken, "stopped listening"),
            Err(error) => tracing::warn!(address = %local, %error, "stopped listening early"),
        }
    }
}

/// Takes the connections that the kernel has already completed, so that none is reset.
fn take_queued(door: &Arc<Door>, socket: TcpListener) -> io::Result<usize> {
    let socket = socket.into_std()?;
    let mut taken = 0;
    loop {
        match socket.accept() {
            Ok((stream, peer)) => {
                stream.set_nonblocking(true)?;
                admit(door, TcpStream::from_std(stream)?, peer);
                taken += 1;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(taken),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

fn admit(door: &Arc<Door>, stream: TcpStream, peer: SocketAddr) {
    let tally = &door.site.tally;
    let id = tally.accepted.add();
    // Before a slot is taken: who has many connections does not keep others out with more.
    let Some(place) = door.site.crowd.enter(peer.ip()) else {
        tally.over_address_share.add();
        return;
    };
    let Ok(slot) = Arc::clone(&door.site.slots).try_acquire_owned() else {
        tally.over_capacity.add();
        return;
    };
    let inside = Arc::clone(door);
    door.site.tasks.spawn(async move {
        inside.receive(stream, peer, id).await;
        drop((slot, place));
    });
}

/// True when the error tells of a connection that went away while it was queued.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

const HTTPS_PORT: u16 = 443;
const KEEPALIVE: Duration = Duration::from_secs(60);
const ACCEPT_PAUSE_MIN: Duration = Duration::from_millis(10);
const ACCEPT_PAUSE_MAX: Duration = Duration::from_secs(1);
