//! Bytes on the wire, for what a well-behaved client does not do.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A TLS connection for HTTP/1.1 by hand, from a client that trusts this authority.
pub(crate) async fn tls(port: u16, ca_pem: &[u8]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(ca_pem).expect("a certificate");
    roots.add(authority).expect("an authority");
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("a version")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, plain(port).await?).await
}

/// A connection without TLS.
pub(crate) async fn plain(port: u16) -> std::io::Result<TcpStream> {
    TcpStream::connect(("127.0.0.1", port)).await
}

/// Sends text.
pub(crate) async fn send(wire: &mut (impl AsyncWrite + Unpin), text: &str) {
    wire.write_all(text.as_bytes()).await.expect("the line holds");
    wire.flush().await.expect("the line holds");
}

/// Reads until an empty line.
pub(crate) async fn head(wire: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(wire.read_u8().await.expect("the line holds"));
    }
    String::from_utf8(head).expect("text")
}

/// Reads until the server closes the line.
pub(crate) async fn rest(wire: &mut (impl AsyncRead + Unpin)) -> String {
    let mut rest = Vec::new();
    wire.read_to_end(&mut rest).await.expect("the line is closed in order");
    String::from_utf8(rest).expect("text")
}
