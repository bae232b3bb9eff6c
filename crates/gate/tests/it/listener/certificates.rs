//! Certificates in use: replaced while connections live, and believed for their names only.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use gate::tls::Challenges;
use rustls::DigitallySignedStruct;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::UnixTime;

use super::*;

/// Takes any certificate, as an authority does that asks for a challenge.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        vec![rustls::SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

fn shown(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn a_new_certificate_reaches_new_connections_while_old_ones_live() {
    let server = Server::start(config(), site(path));
    let mut old = server.tls(&["http/1.1"]).await;
    let issued = server.ca.issue(&[], SystemClock.now()).unwrap();

    server.certificate.replace(&issued.chain_pem, &issued.key_pem).unwrap();
    let new = server.tls(&["http/1.1"]).await;

    assert_ne!(shown(&old), shown(&new));
    send(&mut old, "GET /old HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(until(&mut old, "/old").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn changed_files_are_loaded_when_they_are_looked_at() {
    let directory = tempfile::tempdir().unwrap();
    let (cert, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    let ca = LocalCa::create(&[], SystemClock.now()).unwrap();
    let renew = || {
        let issued = ca.issue(&[], SystemClock.now()).unwrap();
        fs::write(&cert, &issued.chain_pem).unwrap();
        fs::write(&key, issued.key_pem.expose()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    };
    renew();
    let certificate = Arc::new(ServerCertificate::from_files(&cert, &key).unwrap());
    let tls = server_config(Arc::clone(&certificate), false, None).unwrap();
    let site = site(path);
    let listener = Listener::bind(config()).unwrap();
    let address = listener.local_addr();
    site.tasks.spawn(listener.serve_tls(tls, redirect(), site.clone()));
    let connect = async || {
        let config = client(&ca, &[&rustls::version::TLS13], &["http/1.1"]);
        handshake(config, TcpStream::connect(address).await.unwrap()).await.unwrap()
    };
    let before = shown(&connect().await);

    renew();

    assert_eq!(shown(&connect().await), before);
    assert!(certificate.reload_if_changed().unwrap());
    let renewed = shown(&connect().await);
    assert_ne!(renewed, before);

    renew();
    let (told, mut replaced) = tokio::sync::mpsc::unbounded_channel();
    let tell = move || {
        told.send(()).unwrap();
        std::future::ready(()).boxed()
    };
    Arc::clone(&certificate).watch(Duration::from_secs(60), &site.tasks, tell);
    let watched = async { while shown(&connect().await) == renewed {} };
    tokio::time::timeout(SOON, watched).await.expect("the files are looked at");
    assert!(replaced.recv().await.is_some());
}

#[tokio::test]
async fn the_local_authority_is_not_believed_beyond_its_names() {
    let server = Server::start(config(), site(path));
    let outside = vec!["www.example.test".to_owned()];
    let issued = server.ca.issue(&outside, SystemClock.now()).unwrap();
    server.certificate.replace(&issued.chain_pem, &issued.key_pem).unwrap();
    let config = client(&server.ca, &[&rustls::version::TLS13], &["http/1.1"]);

    let error = handshake(config, server.tcp().await).await.unwrap_err();

    assert!(error.to_string().contains("NameConstraint"), "{error}");
}

/// A server that answers challenges, and these.
fn challenged() -> (Server, Challenges) {
    let challenges = Challenges::default();
    let answering = challenges.clone();
    let server = Server::showing(config(), site(path), |shown| shown.answering(answering));
    (server, challenges)
}

/// How a client fares that takes any certificate, as an authority does that asks for a challenge.
async fn ask(server: &Server, name: &'static str, alpn: &[&str]) -> Option<TlsStream<TcpStream>> {
    let mut config = client(&server.ca, &[&rustls::version::TLS13], alpn);
    config.dangerous().set_certificate_verifier(Arc::new(Anyone));
    let name = ServerName::try_from(name).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, server.tcp().await).await.ok()
}

#[tokio::test]
async fn a_challenge_that_nobody_waits_for_gets_no_handshake() {
    let (server, challenges) = challenged();
    drop(challenges.answer("over.example.test", &[1; 32]).unwrap());
    let _pending = challenges.answer("api.example.test", &[2; 32]).unwrap();

    assert!(ask(&server, "other.example.test", &["acme-tls/1"]).await.is_none());
    assert!(ask(&server, "over.example.test", &["acme-tls/1"]).await.is_none());
    let without = Server::start(config(), site(path));
    assert!(ask(&without, "api.example.test", &["acme-tls/1"]).await.is_none());
}

#[tokio::test]
async fn a_challenge_is_answered_by_its_certificate_and_nothing_is_served() {
    let (server, challenges) = challenged();
    let _pending = challenges.answer("API.example.test", &[7; 32]).unwrap();
    let ordinary = shown(&ask(&server, "api.example.test", &["http/1.1"]).await.unwrap());

    for alpn in [&["acme-tls/1", "http/1.1"][..], &["h2", "acme-tls/1"]] {
        let stream = ask(&server, "api.example.test", alpn).await.unwrap();
        assert_eq!(shown(&stream), ordinary, "{alpn:?}");
    }
    let mut stream = ask(&server, "api.example.test", &["acme-tls/1"]).await.unwrap();
    let certificate = shown(&stream);
    assert_ne!(certificate, ordinary);
    assert!(certificate.windows(34).any(|bytes| bytes[..2] == [4, 32] && bytes[2..] == [7; 32]));

    let request = "GET /served HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // The connection may be gone before the request is written.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    assert!(said.is_empty());
    assert_eq!(server.site.tally.requests.get(), 0);
}

#[test]
fn a_request_for_a_certificate_is_for_names() {
    assert!(gate::tls::request(&["a b".to_owned(), "\u{e9}.test".to_owned()]).is_err());
    let requested = gate::tls::request(&["api.example.test".to_owned()]).unwrap();
    assert!(requested.csr.windows(16).any(|bytes| bytes == b"api.example.test"));
}
