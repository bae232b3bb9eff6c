//! Certificates of clients in real handshakes: asked for, not demanded, and taken when they fit.

use gate::tls::ShownBy;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;

use super::*;

type Version = &'static rustls::SupportedProtocolVersion;

/// A client's certificate and key.
struct Own {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

fn own(change: impl FnOnce(&mut CertificateParams)) -> Own {
    let mut params = CertificateParams::default();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Own {
        chain: vec![certificate.der().clone()],
        key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
    }
}

/// Answers with how many certificates were shown, and the length of the client's own.
async fn shown(request: Request<Body>) -> Response<Body> {
    let connection = request.extensions().get::<Connection>().unwrap();
    let chain = &connection.tls.as_ref().unwrap().client_chain;
    let first = chain.first().map_or(0, |first| first.len());
    Response::new(Body::from(format!("shown {} {first}.", chain.len())))
}

fn server() -> Server {
    let asks = ClientCertificates::new(ShownBy::Handshake, None).unwrap();
    Server::asking(config(), site(shown), true, Some(Arc::new(asks)))
}

fn showing(server: &Server, own: &Own, version: Version, alpn: &[&str]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let authority = server.ca.certificate_pem();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(own.chain.clone(), own.key.clone_key())
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

/// What the server answers, or nothing where it hangs up.
async fn answer(server: &Server, config: ClientConfig) -> String {
    let Ok(mut stream) = handshake(config, server.tcp().await).await else { return String::new() };
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    // A server that hangs up may do so while this is written.
    drop(stream.write_all(request.as_bytes()).await);
    until_closed(stream).await
}

const BOTH: [Version; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];

#[tokio::test]
async fn certificates_that_do_not_fit_end_the_handshake() {
    let server = server();
    let old = own(|params| params.not_after = date_time_ymd(2001, 1, 1));
    let early = own(|params| params.not_before = date_time_ymd(2999, 1, 1));
    let other_use = own(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    let mut long = own(|_| {});
    long.chain = vec![long.chain[0].clone(); 6];
    let mut heavy = own(|_| {});
    let filler = own(|params| {
        let name = format!("{}.example", "a".repeat(60));
        params.subject_alt_names =
            (0..300).map(|_| rcgen::SanType::DnsName(name.as_str().try_into().unwrap())).collect();
    });
    heavy.chain.extend([filler.chain[0].clone(), filler.chain[0].clone()]);

    for version in BOTH {
        for wrong in [&old, &early, &other_use, &long, &heavy] {
            let config = showing(&server, wrong, version, &["http/1.1"]);

            assert_eq!(answer(&server, config).await, "");
        }
    }
}

#[tokio::test]
async fn who_shows_none_is_served_and_who_shows_one_is_known_by_it() {
    let server = server();
    let own = own(|_| {});
    let expected = format!("shown 1 {}.", own.chain[0].len());

    for version in BOTH {
        let none = client(&server.ca, &[version], &["http/1.1"]);
        assert!(answer(&server, none).await.ends_with("shown 0 0."));
        let config = showing(&server, &own, version, &["http/1.1"]);

        // The second connection resumes the first one's session.
        for _ in 0..2 {
            let said = answer(&server, config.clone()).await;
            assert!(said.ends_with(&expected), "{said}");
        }
    }
}

#[tokio::test]
async fn a_connections_certificate_holds_for_each_of_its_streams() {
    let server = server();
    let own = own(|_| {});
    let config = showing(&server, &own, &rustls::version::TLS13, &["h2"]);
    let stream = TokioIo::new(handshake(config, server.tcp().await).await.unwrap());
    let started = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream);
    let (mut sender, connection) = started.await.unwrap();
    Tasks::new().spawn(connection.map(drop));
    let expected = format!("shown 1 {}.", own.chain[0].len());

    let mut answers = Vec::new();
    for _ in 0..3 {
        let request = Request::get("https://localhost/").body(Body::empty()).unwrap();
        answers.push(sender.send_request(request));
    }

    for answer in answers {
        assert_eq!(text(answer.await.unwrap()).await, expected);
    }
}
