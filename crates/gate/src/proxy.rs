//! The firewall alone, in front of any HTTP/1.1 upstream: no contract, no rings.
//!
//! It reads requests itself, because rules want to see what a strict parser would refuse: names and
//! values as they came, in their order. What cannot be understood in one way only is inspected,
//! logged and then refused; only what hyper can write again goes to the upstream.

mod answer;
mod exchange;
mod framing;
mod head;
mod upstream;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::inspection::Inspector;
use crate::tasks::Tasks;
use crate::tls::{ServerCertificate, TlsError};
use exchange::Exchanges;
use upstream::Upstream;
use wire::Wire;

pub(crate) use head::Head;
pub use upstream::UpstreamError;

/// Where the proxy listens, and what it guards.
#[derive(Clone, Debug)]
pub struct ProxyConfig {
    /// Where to listen; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Scheme and authority of the upstream, such as `http://127.0.0.1:8080`.
    pub upstream: String,
    /// Most bytes of a request's body; it is held in memory until it is judged.
    pub body_bytes_max: usize,
    /// Most connections at once.
    pub connections_max: usize,
}

/// A bound proxy.
pub struct Proxy {
    socket: TcpListener,
    local: SocketAddr,
    slots: Arc<Semaphore>,
    acceptor: Option<TlsAcceptor>,
    exchanges: Arc<Exchanges>,
}

impl Proxy {
    /// Binds the address and reads the upstream's. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// When the address cannot be bound, or the upstream is not `http://host:port`.
    pub async fn bind(
        config: &ProxyConfig,
        inspector: Arc<Inspector>,
        clock: Arc<dyn Clock>,
        certificate: Option<Arc<ServerCertificate>>,
    ) -> io::Result<Self> {
        let upstream = Upstream::new(&config.upstream)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let socket = TcpListener::bind(config.listen).await?;
        let acceptor = certificate.map(acceptor).transpose().map_err(io::Error::other)?;
        let body_bytes_max = config.body_bytes_max;
        Ok(Self {
            local: socket.local_addr()?,
            socket,
            slots: Arc::new(Semaphore::new(config.connections_max.min(Semaphore::MAX_PERMITS))),
            acceptor,
            exchanges: Arc::new(Exchanges { inspector, upstream, clock, body_bytes_max }),
        })
    }

    /// The address that it listens on.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Serves until the tasks are asked to stop.
    pub async fn serve(self, tasks: Tasks) {
        let mut stopping = std::pin::pin!(tasks.stopping());
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stopping => return,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer, &tasks),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections");
                    // Out of descriptors or memory: trying at once would spin.
                    let _stopped = tokio::time::timeout(ACCEPT_PAUSE, &mut stopping).await;
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr, tasks: &Tasks) {
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else { return };
        let (exchanges, acceptor) = (Arc::clone(&self.exchanges), self.acceptor.clone());
        let (local, stop) = (self.local, tasks.clone());
        tasks.spawn(async move {
            let served = receive(&exchanges, acceptor, stream, (peer, local), &stop).await;
            if let Err(error) = served {
                tracing::debug!(%peer, %error, "connection broke");
            }
            drop(slot);
        });
    }
}

fn acceptor(certificate: Arc<ServerCertificate>) -> Result<TlsAcceptor, TlsError> {
    let tls = crate::tls::server_config(certificate, true, None)?;
    // The proxy reads HTTP/1.1 only, and says so.
    let mut tls = ServerConfig::clone(&tls);
    tls.alpn_protocols = vec![crate::tls::ALPN_HTTP11.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(tls)))
}

async fn receive(
    exchanges: &Exchanges,
    acceptor: Option<TlsAcceptor>,
    stream: TcpStream,
    ends: (SocketAddr, SocketAddr),
    tasks: &Tasks,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match acceptor {
        None => exchanges.serve(Wire::new(stream), ends, tasks).await,
        Some(acceptor) => {
            let greeted = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await;
            let stream = greeted.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            exchanges.serve(Wire::new(stream), ends, tasks).await
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
