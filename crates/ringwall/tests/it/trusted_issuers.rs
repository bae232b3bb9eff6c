//! Tokens of another issuer, to the binary.

use kernel::{Clock, SystemClock};
use reqwest::Client;
use serde_json::{Value, json};
use testkit::IdentityProvider;

use crate::database::Database;
use crate::server::Server;
use crate::site::Site;

const CLIENT: &str = "app-1";

/// A site with an agency; its id.
async fn founded(database: Database) -> (Site, String) {
    let site = Site::new(database).await;
    let words = ["admin", "bootstrap", "--tenant-name", "A", "--tenant-slug", "acme"];
    let said = site.run(&[&words[..], &["--partner-name", "B", "--json"]].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    let shown: Value = serde_json::from_str(&said.out).expect("JSON");
    (site, shown["tenant_id"].as_str().expect("an id").to_owned())
}

fn trusting(site: Site, provider: &IdentityProvider, tenant: &str) -> Site {
    let file = site.folder().join("provider.pem");
    std::fs::write(&file, &provider.ca_pem).expect("a file");
    let issuer = &provider.issuer;
    let row = format!(
        "[{{ name = 'idp', kind = 'rfc9068', issuer = '{issuer}', algorithms = ['ES256'], \
         audiences = ['https://api.example'], tenant = '{tenant}', \
         clients = [{{ id = '{CLIENT}', roles = ['partner'], scopes = ['read:jobs'] }}] }}]"
    );
    site.with("IDENTITY__TRUSTED_ISSUERS_CA_FILE", "provider.pem")
        .with("IDENTITY__TRUSTED_ISSUERS", row)
}

fn token(provider: &IdentityProvider, aud: &str) -> String {
    let now = SystemClock.now().seconds();
    provider.sign(
        &json!({ "typ": "at+jwt" }),
        &json!({
            "iss": provider.issuer, "aud": aud, "sub": CLIENT, "client_id": CLIENT, "jti": "j-1",
            "iat": now, "exp": now + 600, "scope": "read:jobs",
        }),
    )
}

async fn status(client: &Client, server: &Server, token: &str) -> u16 {
    let asked = client.get(format!("{}/v1/jobs", server.url())).bearer_auth(token).send().await;
    asked.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn a_token_of_another_issuer_is_taken_and_taken_back_on_both_databases() {
    for database in [Database::Sqlite, Database::Postgres] {
        let provider = IdentityProvider::start().await;
        let (site, tenant) = founded(database).await;
        let site = trusting(site, &provider, &tenant);
        let server = site.start().await;
        let client = server.client();
        let (good, astray) =
            (token(&provider, "https://api.example"), token(&provider, "https://other.example"));

        assert_eq!(status(&client, &server, &astray).await, 401);
        assert_eq!(status(&client, &server, &good).await, 200);
        // The keys were there before anybody came.
        assert_eq!(provider.asked("/jwks").len(), 1);
        let metrics = client.get(format!("{}/metrics", server.admin_url())).send().await;
        let metrics = metrics.expect("an answer").text().await.expect("text");
        assert!(metrics.contains("ringwall_issuer_fetches_total{issuer=\"idp\"} 1"), "{metrics}");

        let wrong = site.run(&["admin", "revoke", "--client", "okta:app-1"]);
        assert_eq!(wrong.code, Some(1), "{wrong:?}");
        let said = site.run(&["admin", "revoke", "--client", "idp:app-1"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        crate::wait::until("the revocation", async || {
            (status(&client, &server, &good).await == 401).then_some(())
        })
        .await;
        server.stop().await;
    }
}

#[tokio::test]
async fn a_silent_issuer_keeps_nobody_from_starting() {
    let provider = IdentityProvider::start().await;
    provider.set_down(true);
    let (site, tenant) = founded(Database::Sqlite).await;

    let site = trusting(site, &provider, &tenant);
    let server = site.start().await;

    let good = token(&provider, "https://api.example");
    assert_eq!(status(&server.client(), &server, &good).await, 503);
    server.stop().await;
}

#[tokio::test]
async fn an_issuer_of_no_tenant_here_is_told_and_nothing_starts() {
    let provider = IdentityProvider::start().await;
    let (site, _) = founded(Database::Sqlite).await;
    let site = trusting(site, &provider, "ten_01kas8w25wfq0a9b9rdv8y7k5m");

    assert_eq!(site.run(&["config", "check"]).code, Some(0));
    let said = site.refuses_to_start().await;

    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("no tenant of this server's environment"), "{said:?}");
    let shown = site.run(&["config", "show"]);
    assert!(shown.out.contains("trusted_issuers = ["), "{shown:?}");
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_issuer_is_told_at_once() {
    let site = Site::new(Database::Sqlite).await.with(
        "IDENTITY__TRUSTED_ISSUERS",
        "[{ name = 'Idp', kind = 'hs', issuer = 'http://id.example', algorithms = ['HS256'], \
         clients = [] }]",
    );

    let said = site.run(&["config", "check"]);

    assert_eq!(said.code, Some(2), "{said:?}");
    for part in ["`name`", "`kind`", "https", "ES256", "`audiences`", "`tenant`", "`clients`"] {
        assert!(said.err.contains(part), "{part}: {said:?}");
    }
}
