//! The command that lists and rotates signing keys, beside a server that runs.

use serde_json::Value;

use crate::api::Api;
use crate::database::Database;
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
