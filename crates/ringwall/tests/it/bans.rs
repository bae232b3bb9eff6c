//! Bans of the running binary, and the command that lists, lifts and adds them beside it.

use serde_json::Value;

use crate::database::Database;
use crate::server::Server;
use crate::site::Site;
use crate::wait::until;

/// The status of a stranger's request.
async fn status(server: &Server, path: &str) -> u16 {
    let answer = server.client().get(format!("{}{path}", server.url())).send().await;
    answer.expect("an answer").status().as_u16()
}

/// Asks until the answer is this one.
async fn answered(server: &Server, path: &str, expected: u16) {
    let what = format!("an answer {expected}");
    until(&what, async || (status(server, path).await == expected).then_some(())).await;
}

async fn site(database: Database) -> Site {
    // Requests of tests come from this machine, which is never banned otherwise.
    Site::new(database).await.with("BANS__ALLOW", "[]").with("LIMITS__EXEMPT", r#"["127.0.0.0/8"]"#)
}

#[tokio::test]
async fn whoever_sweeps_the_binary_is_kept_out_until_an_operator_lifts_it_on_both_databases() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = site(database).await.with("BANS__ADDRESS_POINTS", "5");
        let server = site.start().await;
        assert_eq!(site.run(&["bans", "list"]).out, "nobody is banned\n");
        assert_eq!(site.run(&["bans", "lift", "127.0.0.1"]).code, Some(1));

        answered(&server, "/nowhere", 429).await;

        assert_eq!(status(&server, "/v1/jobs").await, 429);
        let listed = site.run(&["bans", "list", "--json"]);
        let listed: Value = serde_json::from_str(&listed.out).expect("JSON");
        assert_eq!(listed[0]["subject"], "127.0.0.1");
        assert_eq!((&listed[0]["cause"], &listed[0]["rung"]), (&"not_found".into(), &1.into()));
        let lifted = site.run(&["bans", "lift", "127.0.0.1"]);
        assert_eq!(lifted.code, Some(0), "{lifted:?}");
        answered(&server, "/v1/jobs", 200).await;
        let again = site.run(&["bans", "add", "127.0.0.1", "--for", "1h"]);
        assert_eq!(again.code, Some(0), "{again:?}");
        answered(&server, "/v1/jobs", 429).await;
        let said = server.stop().await;
        assert!(said.contains(r#""code":"bans.banned","refused_by":"bans""#), "{said}");
    }
}

#[tokio::test]
async fn bans_that_grow_shorter_are_refused() {
    let site = site(Database::Sqlite).await.with("BANS__SECOND_S", "5");

    let said = site.refuses_to_start().await;

    assert!(said.err.contains("bans.second_s") && said.err.contains("first_s"), "{said:?}");
}
