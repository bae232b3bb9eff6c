//! The commands that list and rotate signing keys, beside a server that runs, and the pepper of
//! secrets.

use reqwest::Client;
use serde_json::{Value, json};

use crate::api::Api;
use crate::database::{Database, cell, look};
use crate::server::Server;
use crate::site::{Partner, Site};
use crate::wait::until;

fn listed(site: &Site) -> Value {
    let said = site.run(&["keys", "list", "--json"]);
    serde_json::from_str(&said.out).expect("JSON")
}

async fn published(server: &Server) -> usize {
    let jwks = server.client().get(format!("{}/oauth/jwks", server.url())).send().await;
    let jwks: Value = jwks.expect("an answer").json().await.expect("JSON");
    jwks["keys"].as_array().expect("keys").len()
}

async fn emergency(server: &Server, site: &Site, partner: &Partner) {
    let api: Api = server.api(partner).await;
    api.get("/v1/limits").await.is(200);

    let said = site.run(&["keys", "rotate", "--emergency", "--because", "a lost disk"]);

    assert_eq!(said.code, Some(0), "{said:?}");
    until("the old token is refused", async || {
        (api.get("/v1/limits").await.status == 401).then_some(())
    })
    .await;
    server.api(partner).await.get("/v1/limits").await.is(200);
    let keys = listed(site);
    let states: Vec<_> = keys.as_array().expect("keys").iter().map(|key| &key["state"]).collect();
    assert_eq!(states, ["denied", "denied", "signing"]);
}

#[tokio::test]
async fn keys_rotate_beside_a_running_server_on_both_databases() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::new(database).await;
        let server = site.start().await;
        let partner = site.found("acme");
        assert_eq!(listed(&site)[0]["state"], "signing");

        let rotated = site.run(&["keys", "rotate"]);

        assert_eq!(rotated.code, Some(0), "{rotated:?}");
        assert_eq!(listed(&site)[1]["state"], "published");
        let again = site.run(&["keys", "rotate"]);
        assert_eq!(again.code, Some(1), "{again:?}");
        let both = "the next key is in the key set";
        until(both, async || (published(&server).await == 2).then_some(())).await;
        emergency(&server, &site, &partner).await;
        let text = site.run(&["keys", "list"]);
        assert_eq!(text.out.lines().count(), 3, "{text:?}");
        server.stop().await;
    }
}

async fn made(server: &Server, partner: &Partner) -> String {
    let draft = json!({ "name": "nightly sync", "scopes": ["read:jobs"] });
    let key = server.api(partner).await.post("/v1/api-keys", &draft).await.is(201);
    key.body["key"].as_str().expect("a key").to_owned()
}

async fn may(client: &Client, server: &Server, key: &str) -> u16 {
    let asked = client.get(format!("{}/v1/jobs", server.url())).header("x-api-key", key);
    asked.send().await.expect("an answer").status().as_u16()
}

/// The peppers of all that is kept, the oldest first.
async fn peppers(site: &Site) -> Vec<u8> {
    let hashes = "select hash from api_key order by created_at, id";
    let [rows] = look(&site.database_url(), [hashes]).await;
    let hashes = rows.iter().map(|row| cell::<Vec<u8>>(row, "hash"));
    hashes.map(|hash| *hash.first().expect("a number")).collect()
}

#[tokio::test]
async fn what_was_made_under_an_older_pepper_stays_good_on_both_databases() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::new(database).await;
        let partner = site.found("acme");
        let server = site.start().await;
        let old = made(&server, &partner).await;
        let other = made(&server, &partner).await;
        server.stop().await;

        let rotated = site.run(&["keys", "rotate-pepper"]);

        assert_eq!(rotated.code, Some(0), "{rotated:?}");
        assert!(rotated.out.contains("pepper 2"), "{rotated:?}");
        let server = site.start().await;
        let client = server.client();
        assert_eq!(may(&client, &server, &old).await, 200);
        assert_eq!(may(&client, &server, &other).await, 200);
        // The partner's own secret is older, too.
        let new = made(&server, &partner).await;
        assert_eq!(may(&client, &server, &new).await, 200);
        server.stop().await;
        assert_eq!(peppers(&site).await, [1, 1, 2]);
    }
}

#[tokio::test]
async fn a_node_that_waits_for_its_restart_believes_what_another_one_makes() {
    let site = Site::new(Database::Postgres).await;
    let partner = site.found("acme");
    let sealed = site.data_dir().join("keyring.sealed");
    let before = std::fs::read(&sealed).expect("the keyring");
    let rotated = site.run(&["keys", "rotate-pepper"]);
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    let server = site.start().await;
    let new = made(&server, &partner).await;
    server.stop().await;
    std::fs::write(&sealed, before).expect("a file");

    let server = site.start().await;

    assert_eq!(may(&server.client(), &server, &new).await, 200);
    assert_eq!(peppers(&site).await, [2]);
    server.stop().await;
}
