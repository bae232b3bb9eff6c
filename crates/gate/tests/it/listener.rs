//! The accept loop over real sockets and real TLS.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test helpers fail the test that called them"
)]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum_core::body::Body;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gate::listener::{
    Connection, Crowd, Handler, Listener, ListenerConfig, Redirect, RedirectConfig, Site,
    TallyCount,
};
use gate::tasks::Tasks;
use gate::tls::{ClientCertificates, LocalCa, ServerCertificate, TlsError, server_config};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kernel::{Clock, SystemClock};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

mod balanced;
mod boundaries;
mod certificates;
mod clients;
mod drain;
mod floods;
mod plain;
mod protocols;
mod slow;
mod smuggling;

/// No test waits longer for what must happen.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A listener on a free port, with a certificate of its own authority.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) ca: LocalCa,
    pub(crate) certificate: Arc<ServerCertificate>,
    pub(crate) site: Site,
}

struct Answers<F>(F);

impl<F, R> Handler for Answers<F>
where
    F: Fn(Request<Body>) -> R + Send + Sync + 'static,
    R: Future<Output = Response<Body>> + Send + 'static,
{
    fn call(&self, request: Request<Body>, _: Connection) -> BoxFuture<'static, Response<Body>> {
        (self.0)(request).boxed()
    }
}

pub(crate) fn site<F, R>(answer: F) -> Site
where
    F: Fn(Request<Body>) -> R + Send + Sync + 'static,
    R: Future<Output = Response<Body>> + Send + 'static,
{
    Site::new(Arc::new(Answers(answer)), Tasks::new(), 100)
}

/// Answers with the path, so that a test sees which request was answered.
pub(crate) async fn path(request: Request<Body>) -> Response<Body> {
    Response::new(Body::from(request.uri().path().to_owned()))
}

/// Loopback, a free port, and limits that make a slow client late within a moment.
pub(crate) fn config() -> ListenerConfig {
    ListenerConfig {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        drain_linger_ms: 200,
        ..ListenerConfig::default()
    }
}

pub(crate) fn redirect() -> Redirect {
    Redirect::new(&RedirectConfig::default()).unwrap()
}

impl Server {
    pub(crate) fn start(config: ListenerConfig, site: Site) -> Self {
        Self::with_tls12(config, site, false)
    }

    pub(crate) fn with_tls12(config: ListenerConfig, site: Site, tls12: bool) -> Self {
        Self::asking(config, site, tls12, None)
    }

    /// One that asks clients for certificates.
    pub(crate) fn asking(
        config: ListenerConfig,
        site: Site,
        tls12: bool,
        clients: Option<Arc<ClientCertificates>>,
    ) -> Self {
        Self::set_up(config, site, |shown| shown, |shown| server_config(shown, tls12, clients))
    }

    /// One that shows more than its certificate.
    pub(crate) fn showing(
        config: ListenerConfig,
        site: Site,
        shown: impl FnOnce(ServerCertificate) -> ServerCertificate,
    ) -> Self {
        Self::set_up(config, site, shown, |shown| server_config(shown, false, None))
    }

    fn set_up(
        config: ListenerConfig,
        site: Site,
        shown: impl FnOnce(ServerCertificate) -> ServerCertificate,
        tls: impl FnOnce(Arc<ServerCertificate>) -> Result<Arc<ServerConfig>, TlsError>,
    ) -> Self {
        let now = SystemClock.now();
        let ca = LocalCa::create(&[], now).unwrap();
        let issued = ca.issue(&[], now).unwrap();
        let certificate = ServerCertificate::from_pem(&issued.chain_pem, &issued.key_pem).unwrap();
        let certificate = Arc::new(shown(certificate));
        let tls = tls(Arc::clone(&certificate)).unwrap();
        let listener = Listener::bind(config).unwrap();
        let address = listener.local_addr();
        site.tasks.spawn(listener.serve_tls(tls, redirect(), site.clone()));
        Self { address, ca, certificate, site }
    }

    pub(crate) async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    pub(crate) async fn tls(&self, alpn: &[&str]) -> TlsStream<TcpStream> {
        let config = client(&self.ca, &[&rustls::version::TLS13], alpn);
        handshake(config, self.tcp().await).await.unwrap()
    }

    pub(crate) async fn h2(&self) -> SendRequest<Body> {
        self.h2_until_closed().await.0
    }

    /// An HTTP/2 client, and the event of its connection's end.
    pub(crate) async fn h2_until_closed(&self) -> (SendRequest<Body>, oneshot::Receiver<()>) {
        let stream = TokioIo::new(self.tls(&["h2"]).await);
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream);
        let (sender, connection) = handshake.await.unwrap();
        let (open, closed) = oneshot::channel();
        Tasks::new().spawn(connection.map(move |_| drop(open)));
        (sender, closed)
    }
}

pub(crate) fn client(
    ca: &LocalCa,
    versions: &[&'static rustls::SupportedProtocolVersion],
    alpn: &[&str],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.certificate_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

pub(crate) async fn handshake(
    config: ClientConfig,
    stream: TcpStream,
) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Everything up to the end of the connection, however it ends.
pub(crate) async fn until_closed(mut stream: impl AsyncRead + Unpin) -> String {
    let mut all = Vec::new();
    let mut chunk = [0; 4096];
    let reading = async {
        while let Ok(read @ 1..) = stream.read(&mut chunk).await {
            all.extend_from_slice(&chunk[..read]);
        }
    };
    tokio::time::timeout(SOON, reading).await.expect("the connection is closed");
    String::from_utf8(all).unwrap()
}

/// Everything up to `end`, which must come.
pub(crate) async fn until(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut all = String::new();
    let reading = async {
        while !all.ends_with(end) {
            all.push(char::from(stream.read_u8().await.unwrap()));
        }
    };
    tokio::time::timeout(SOON, reading).await.expect("the answer comes");
    all
}

pub(crate) async fn send(stream: &mut (impl AsyncWriteExt + Unpin), text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

pub(crate) async fn text<B>(response: Response<B>) -> String
where
    B: http_body::Body,
    B::Error: std::fmt::Debug,
{
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Lets the server work until `count` is at `least`.
pub(crate) async fn until_counted(count: &TallyCount, least: u64) {
    let counting = async {
        while count.get() < least {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, counting).await.expect("it is counted");
}
