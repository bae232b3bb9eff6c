//! A partner that proves itself by a certificate, to the binary.

use std::fs;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use reqwest::{Client, Identity, StatusCode};
use serde_json::Value;

use crate::database::Database;
use crate::server::{FREE, Server, trusting};
use crate::site::{Partner, Site};

const NAME: &str = "hr.acme.example";

/// An authority in the site's folder, and a certificate with its key.
fn issue(site: &Site) -> Identity {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
    let authority = authority.expect("an authority");
    fs::write(site.folder().join("partners.pem"), authority.pem()).expect("a file");
    let mut params = CertificateParams::new([NAME.to_owned()]).expect("a name");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().expect("a key");
    let own = params.signed_by(&key, &authority).expect("a certificate");
    fs::write(site.folder().join("hr.pem"), own.pem()).expect("a file");
    let both = format!("{}{}", own.pem(), key.serialize_pem());
    Identity::from_pem(both.as_bytes()).expect("an identity")
}

fn client(server: &Server, identity: &Identity) -> Client {
    let builder = trusting(&server.ca_pem()).identity(identity.clone());
    builder.build().expect("a client")
}

async fn token(client: &Client, url: &str, partner: &Partner) -> (StatusCode, Value) {
    let form = [("grant_type", "client_credentials"), ("client_id", partner.client_id.as_str())];
    let answer = client.post(format!("{url}/oauth/token")).form(&form).send().await;
    let answer = answer.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

async fn status(client: &Client, url: &str, token: &str) -> u16 {
    let asked = client.get(format!("{url}/v1/limits")).bearer_auth(token).send().await;
    asked.expect("an answer").status().as_u16()
}

/// Gets a token over `url` and uses it there, with the certificate and without.
async fn try_out(server: &Server, url: &str, (partner, identity): (&Partner, &Identity)) {
    let (without, with) = (server.client(), client(server, identity));

    let (refused, error) = token(&without, url, partner).await;

    assert_eq!((refused.as_u16(), &error["error"]), (401, &"invalid_client".into()));
    let (given, answer) = token(&with, url, partner).await;
    assert_eq!(given, StatusCode::OK, "{answer}");
    let token = answer["access_token"].as_str().expect("a token");
    assert_eq!(status(&with, url, token).await, 200);
    assert_eq!(status(&without, url, token).await, 401);
}

fn register(site: &Site, partner: &Partner, words: &[&str]) {
    let all = [&["admin", "certificates", "--client", &partner.client_id], words].concat();
    let said = site.run(&all);
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[tokio::test]
async fn a_partner_proves_itself_by_a_certificate_on_both_databases() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::new(database).await.with("TLS__CLIENT_CERTIFICATES", "handshake");
        let site = site.with("TLS__CLIENT_CA_FILE", "partners.pem").with("TLS__TLS12", "true");
        let identity = issue(&site);
        let server = site.start().await;
        let partner = site.found("acme");

        for words in [["--san-dns", NAME], ["--subject-of", "hr.pem"], ["--self-signed", "hr.pem"]]
        {
            register(&site, &partner, &words);
            try_out(&server, server.url(), (&partner, &identity)).await;
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn certificates_have_a_listener_of_their_own_where_that_is_configured() {
    let site = Site::new(Database::Sqlite).await.with("TLS__CLIENT_CERTIFICATES", "handshake");
    let site = site.with("TLS__CLIENT_CA_FILE", "partners.pem").with("SERVER__MTLS_LISTEN", FREE);
    let identity = issue(&site);
    let server = site.start().await;
    let partner = site.found("acme");
    register(&site, &partner, &["--san-dns", NAME]);
    let path = "/.well-known/oauth-authorization-server";
    let metadata = server.client().get(format!("{}{path}", server.url())).send().await;
    let metadata: Value = metadata.expect("an answer").json().await.expect("JSON");
    let alias = metadata["mtls_endpoint_aliases"]["token_endpoint"].as_str().expect("an alias");
    let alias = alias.strip_suffix("/oauth/token").expect("the token endpoint").to_owned();
    assert_ne!(alias, server.url());

    let (elsewhere, _) = token(&client(&server, &identity), server.url(), &partner).await;

    assert_eq!(elsewhere, StatusCode::UNAUTHORIZED);
    try_out(&server, &alias, (&partner, &identity)).await;
    server.stop().await;
}

#[tokio::test]
async fn settings_that_do_not_go_together_do_not_start() {
    let alone = Site::new(Database::Sqlite).await.with("SERVER__MTLS_LISTEN", FREE);
    let open = Site::new(Database::Sqlite).await.with("TLS__CLIENT_CERTIFICATES", "proxy");
    let none = Site::new(Database::Sqlite).await.with("TLS__CLIENT_CERTIFICATES", "handshake");
    let none = none.with("TLS__CLIENT_CA_FILE", "nowhere.pem");

    let said = alone.refuses_to_start().await;
    assert!(said.err.contains("server.mtls_listen"), "{said:?}");
    let said = open.refuses_to_start().await;
    assert!(said.err.contains("gate.trusted_proxies"), "{said:?}");
    let said = none.refuses_to_start().await;
    assert!(said.err.contains("nowhere.pem"), "{said:?}");
}
