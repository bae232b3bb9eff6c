//! Certificates in use: replaced while connections live, and believed for their names only.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

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
