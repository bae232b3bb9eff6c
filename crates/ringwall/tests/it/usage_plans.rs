//! `ringwall plans`, beside the running server.

use std::fs;

use serde_json::Value;

use crate::books;
use crate::database::Database;
use crate::site::{Said, Site};
use crate::wait::until;

#[track_caller]
fn shown(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{said:?}");
    serde_json::from_str(&said.out).expect("JSON")
}

#[tokio::test]
async fn an_operator_writes_a_plan_and_gives_it_to_a_partner_on_both_databases() {
    for database in [Database::Sqlite, Database::Postgres] {
        let site = Site::new(database).await;
        let partner = site.found("acme");
        let rules = site.folder().join("rules.json");
        fs::write(&rules, r#"[{"name": "few", "max": 3, "window_s": 900}]"#).expect("written");
        let rules = rules.display().to_string();
        let server = site.start().await;
        let api = server.api(&partner).await;
        assert_eq!(site.run(&["plans", "list"]).out, "there is no usage plan\n");

        let create = ["plans", "create", "--tenant", "acme", "--name", "Basic", "--rules", &rules];
        let made = shown(&site.run(&[&create[..], &["--json"]].concat()));
        let id = made["id"].as_str().expect("an id");
        let again = site.run(&create);
        assert_eq!(again.code, Some(1), "{again:?}");
        assert!(again.err.contains("has a usage plan of that name"), "{again:?}");
        let assigned = site.run(&["plans", "assign", id, &partner.client_id]);
        assert_eq!(assigned.code, Some(0), "{assigned:?}");

        until("the plan", async || (api.get("/v1/jobs").await.status == 429).then_some(())).await;
        let listed = shown(&site.run(&["plans", "list", "--tenant", "acme", "--json"]));
        assert_eq!(listed[0]["assignees"][0]["subject"], partner.client_id.as_str());
        let held = site.run(&["plans", "delete", id]);
        assert!(held.err.contains("somebody has the plan"), "{held:?}");
        let renamed = shown(&site.run(&["plans", "update", id, "--name", "Small", "--json"]));
        assert_eq!((&renamed["name"], &renamed["version"]), (&"Small".into(), &2.into()));
        let taken = site.run(&["plans", "unassign", id, &partner.client_id]);
        assert_eq!(taken.code, Some(0), "{taken:?}");
        until("no plan", async || (api.get("/v1/jobs").await.status == 200).then_some(())).await;
        assert_eq!(site.run(&["plans", "delete", id]).code, Some(0));
        assert_eq!(site.run(&["plans", "show", id]).code, Some(1));
        let entries = books::entries(&site, "usage_plan").await;
        let by_us = entries.iter().filter(|entry| entry.contains("operator"));
        assert_eq!(by_us.count(), 5, "{entries:#?}");
        server.stop().await;
    }
}

#[tokio::test]
async fn rules_that_cannot_be_meant_are_refused_with_every_fault() {
    let site = Site::new(Database::Sqlite).await;
    site.found("acme");
    let rules = site.folder().join("rules.json");
    let path = rules.display().to_string();
    let create = ["plans", "create", "--tenant", "acme", "--name", "Basic", "--rules", &path];
    for (text, part) in [
        ("", "holds no rules"),
        ("[]", "expected 1 to 8 rules"),
        (r#"[{"name": "a", "wibble": 1}]"#, "wibble"),
        (r#"[{"name": "a", "max": 3}]"#, "/0"),
        (r#"[{"name": "a", "max": 3, "window_s": 9, "operation": "GET /x"}]"#, "/0/operation"),
        (r#"[{"name": "a", "at_once": 3, "max": 3}]"#, "/0"),
        (r#"[{"name": "a", "at_once": 257}]"#, "/0/at_once"),
    ] {
        fs::write(&rules, text).expect("written");
        let said = site.run(&create);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains(part), "{text}: {said:?}");
    }
    fs::write(&rules, r#"[{"name": "a", "max": 3, "window_s": 9}]"#).expect("written");
    let nobody = ["plans", "create", "--tenant", "nobody", "--name", "B", "--rules", &path];
    assert!(site.run(&nobody).err.contains("there is no agency `nobody`"));
    assert_eq!(site.run(&["plans", "list"]).out, "there is no usage plan\n");
}
