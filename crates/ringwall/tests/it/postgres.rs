//! PostgreSQL with as few rights as it takes.

use serde_json::json;

use crate::api::{candidate, job};
use crate::database::{Database, Login, cell, look, open, run};
use crate::site::Site;

#[tokio::test]
async fn a_login_that_may_not_become_the_request_role_is_refused() {
    let login = Login::make().await;
    let site = Site::new(Database::Postgres).await;
    assert_eq!(site.run(&["db", "migrate"]).code, Some(0));
    let site = site.log_in_as(&login.0).with("STORE__MIGRATE_ON_START", "false");

    let said = site.refuses_to_start().await;

    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("permission denied to set role \"ringwall_app\""), "{said:?}");
    assert!(said.err.contains("grant ringwall_app"), "it says how to mend it: {said:?}");
}

#[tokio::test]
async fn a_login_without_any_rights_of_its_own_does_the_whole_job() {
    let login = Login::make().await;
    let site = Site::new(Database::Postgres).await;
    assert_eq!(site.run(&["db", "migrate"]).code, Some(0));
    let owner = open(site.own().url()).await;
    run(&owner, &format!("grant ringwall_app to {}", login.0)).await;
    owner.close().await.expect("the connection closes");
    let site = site.log_in_as(&login.0).with("STORE__MIGRATE_ON_START", "false");
    let partner = site.found("acme");
    let server = site.start().await;
    let api = server.api(&partner).await;

    let company = api.company().await;
    let position = api.post("/v1/jobs", &job(&company, "Ledger Engineer")).await.is(201).id();
    let path = format!("/v1/jobs/{position}");
    let opened = api.try_post(&format!("{path}/open"), ("if-match", "\"v1\""), &json!(null)).await;
    opened.expect("an answer").is(200);
    let person = api.post("/v1/candidates", &candidate("ana@example.org")).await.is(201).id();

    let found = api.get("/v1/jobs?q=ledger").await.is(200);
    assert_eq!(found.body["data"][0]["id"], position.as_str());
    let sought = api.client.post(format!("{}/v1/candidates/search", api.url));
    let sought = sought.bearer_auth(&api.token).json(&json!({ "email": "ANA@example.org" }));
    let sought: serde_json::Value = sought.send().await.unwrap().json().await.unwrap();
    assert_eq!(sought["data"][0]["id"], person.as_str());
    let read = api.get(&format!("/v1/candidates/{person}")).await.is(200);
    assert_eq!(read.body["email"], "ana@example.org");
    let public = server.client().get(format!("{}{path}", server.url())).send().await.unwrap();
    assert_eq!(public.status(), 200);

    let asked = format!(
        "select distinct usename::text as who from pg_stat_activity \
         where datname = '{}' and application_name = 'ringwall'",
        site.own().url().rsplit_once('/').unwrap().1
    );
    let [sessions] = look(site.own().url(), [&asked]).await;
    let who: Vec<String> = sessions.iter().map(|row| cell(row, "who")).collect();
    assert_eq!(who, [login.0.as_str()]);
    server.stop().await;
}
