//! A partner goes over to another secret while it goes on calling.

use crate::api::Api;
use crate::database::Database;
use crate::server::Server;
use crate::site::{Partner, Said, Site};
use crate::wait::until;

fn secret(site: &Site, partner: &Partner, more: &[&str]) -> Said {
    let words = ["admin", "secret", "--client", &partner.client_id];
    site.run(&[&words[..], more].concat())
}

async fn gets_tokens(server: &Server, partner: &Partner) -> bool {
    let asked = server
        .client()
        .post(format!("{}/oauth/token", server.url()))
        .basic_auth(&partner.client_id, Some(&partner.client_secret))
        .form(&[("grant_type", "client_credentials")]);
    asked.send().await.expect("an answer").status().is_success()
}

#[tokio::test]
async fn a_secret_is_replaced_without_an_outage_on_both_databases() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::new(database).await;
        let partner = site.found("acme");
        let server = site.start().await;
        let api: Api = server.api(&partner).await;

        let said = secret(&site, &partner, &[]);
        assert_eq!(said.code, Some(0), "{said:?}");
        let shown = said.out.lines().next().expect("a secret").to_owned();
        let next = Partner { client_id: partner.client_id.clone(), client_secret: shown };
        assert!(gets_tokens(&server, &next).await && gets_tokens(&server, &partner).await);
        let used = until("both uses are written down", async || {
            let listed = secret(&site, &partner, &["--list"]);
            assert!(!listed.out.contains(&next.client_secret), "{listed:?}");
            (listed.out.matches(", used ").count() == 2).then_some(listed.out)
        })
        .await;
        let lines: Vec<_> = used.lines().collect();
        let (old, _) = lines[1].split_once(' ').expect("an id");
        let ended = secret(&site, &partner, &["--end", old]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        until("the old secret is refused", async || {
            (!gets_tokens(&server, &partner).await).then_some(())
        })
        .await;

        assert!(gets_tokens(&server, &next).await);
        // What it was used for before lives on.
        api.get("/v1/limits").await.is(200);
        let again = secret(&site, &partner, &["--end", old]);
        assert_eq!(again.code, Some(1), "{again:?}");
        let listed = secret(&site, &partner, &["--list"]).out;
        assert_eq!(listed.lines().filter(|line| line.contains(", ended ")).count(), 1);
        server.stop().await;
    }
}
