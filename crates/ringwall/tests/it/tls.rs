//! TLS: what is spoken, what is refused, and certificates that change.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use gate::tls::LocalCa;
use kernel::{Clock, SystemClock};
use reqwest::tls::Version;

use crate::books;
use crate::database::Database;
use crate::server::trusting;
use crate::site::Site;
use crate::{wait, wire};

#[tokio::test]
async fn tls_1_2_is_refused_unless_the_operator_asks_for_it() {
    for asked in [false, true] {
        let site = Site::new(Database::Sqlite).await.with("TLS__TLS12", asked.to_string());
        let server = site.start().await;
        let old = trusting(&server.ca_pem()).tls_version_max(Version::TLS_1_2).build().unwrap();

        let answer = old.get(format!("{}/healthz", server.url())).send().await;

        assert_eq!(answer.is_ok(), asked, "{answer:?}");
        let new = server.client().get(format!("{}/healthz", server.url())).send().await;
        assert_eq!(new.expect("TLS 1.3 is always spoken").status(), 200);
    }
}

#[tokio::test]
async fn while_the_authority_is_away_the_local_certificate_is_shown() {
    let site = Site::new(Database::Sqlite)
        .await
        .with("ACME__DOMAINS", r#"["api.example.test"]"#)
        // Nobody listens there.
        .with("ACME__DIRECTORY_URL", "https://localhost:1/directory")
        .with("ACME__TERMS_ACCEPTED", "true");
    let server = site.start().await;

    let told = wait::until("the failure in the log", async || {
        server.said().contains("kept the certificate: got no new one").then(|| server.said())
    })
    .await;

    assert!(told.contains("look at `acme.directory_url`"), "{told}");
    let answer = server.client().get(format!("{}/healthz", server.url())).send().await;
    assert_eq!(answer.expect("the local authority vouches").status(), 200);
}

#[tokio::test]
async fn an_authority_is_asked_by_nobody_who_did_not_agree_to_its_terms() {
    let site = Site::new(Database::Sqlite).await.with("ACME__DOMAINS", r#"["api.example.test"]"#);

    let said = site.refuses_to_start().await;

    assert!(said.err.contains("acme.terms_accepted"), "{}", said.err);
    let site = site.with("ACME__TERMS_ACCEPTED", "true").with("TLS__CERT_FILE", "cert.pem");
    let said = site.with("TLS__KEY_FILE", "key.pem").refuses_to_start().await;
    assert!(said.err.contains("expected one certificate"), "{}", said.err);
}

#[tokio::test]
async fn plain_http_on_the_tls_port_is_sent_to_https_and_never_served() {
    let site = Site::new(Database::Sqlite).await;
    let server = site.start().await;
    let ask = async |request: &str| {
        let mut line = wire::plain(server.port()).await.expect("a connection");
        wire::send(&mut line, request).await;
        wire::rest(&mut line).await
    };

    let read = ask("GET /v1/jobs?limit=3 HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let write =
        ask("POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab").await;

    assert!(read.starts_with("HTTP/1.1 308 "), "{read}");
    let there = format!("location: {}/v1/jobs?limit=3\r\n", server.url());
    assert!(read.to_lowercase().contains(&there), "{read}");
    assert!(write.starts_with("HTTP/1.1 403 "), "{write}");
    assert!(write.contains("application/problem+json"), "{write}");
}

#[tokio::test]
async fn a_stranger_to_the_authority_does_not_speak_to_the_server() {
    let site = Site::new(Database::Sqlite).await;
    let server = site.start().await;
    let other = LocalCa::create(&[], SystemClock.now()).expect("an authority");

    let refused = wire::tls(server.port(), other.certificate_pem().as_bytes()).await;

    assert!(refused.is_err());
}

#[tokio::test]
async fn new_connections_see_a_new_certificate() {
    let (first, second) = (authority(), authority());
    let site = Site::new(Database::Sqlite).await;
    let (cert, key) = (site.folder().join("cert.pem"), site.folder().join("key.pem"));
    issue(&first, &cert, &key);
    let site = site
        .with("TLS__CERT_FILE", cert.display().to_string())
        .with("TLS__KEY_FILE", key.display().to_string())
        .with("TLS__RELOAD_S", "1");
    let server = site.start().await;
    assert!(server.ready["ca_file"].is_null(), "it is not ours to say whom to trust");
    let old = trusting(first.certificate_pem().as_bytes()).build().unwrap();
    let health = format!("{}/healthz", server.url());
    assert_eq!(old.get(&health).send().await.expect("an answer").status(), 200);
    assert!(wire::tls(server.port(), second.certificate_pem().as_bytes()).await.is_err());

    issue(&second, &cert, &key);

    wait::until("the new certificate", async || {
        wire::tls(server.port(), second.certificate_pem().as_bytes()).await.ok()
    })
    .await;
    assert!(wire::tls(server.port(), first.certificate_pem().as_bytes()).await.is_err());
    let still = old.get(&health).send().await;
    assert_eq!(still.expect("an open connection lives on").status(), 200);

    wait::until("its audit entry", async || {
        let entries = books::entries(&site, "configuration").await;
        entries.iter().any(|entry| entry.contains("tls.certificate")).then_some(())
    })
    .await;

    // A certificate that cannot be used is no reason to stop serving.
    fs::write(&cert, "nothing").unwrap();
    wait::until("the complaint", async || {
        server.said().contains("kept the server certificate").then_some(())
    })
    .await;
    assert!(wire::tls(server.port(), second.certificate_pem().as_bytes()).await.is_ok());
}

fn authority() -> LocalCa {
    LocalCa::create(&[], SystemClock.now()).expect("an authority")
}

fn issue(authority: &LocalCa, cert: &Path, key: &Path) {
    let issued = authority.issue(&[], SystemClock.now()).expect("a certificate");
    fs::write(key, issued.key_pem.expose()).expect("the key is written");
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).expect("it is ours");
    fs::write(cert, issued.chain_pem).expect("the certificate is written");
}
