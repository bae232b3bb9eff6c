//! Imports and exports from outside.

use http::Method;
use policy::Role;
use serde_json::{Value, json};
use testkit::{Answer, Ask, Caller, Database, Platform, days, samples};

const NDJSON: &str = "application/x-ndjson";

fn person(number: usize) -> Value {
    samples::with(
        samples::candidate(),
        json!({ "external_ref": format!("R-{number}"), "given_name": "Zelda" }),
    )
}

fn part(caller: &Caller, import: &str, number: usize, text: &str, media: &str) -> Ask {
    let path = format!("/v1/imports/{import}/parts/{number}");
    caller.ask(Method::PUT, &path).bytes(text.to_owned(), media)
}

async fn opened(caller: &Caller, format: &str) -> String {
    caller.post("/v1/imports", json!({ "format": format })).await.is(201).id()
}

async fn started(caller: &Caller, import: &str, parts: usize) -> Answer {
    caller.post(&format!("/v1/imports/{import}/start"), json!({ "parts": parts })).await
}

#[tokio::test]
async fn a_part_that_does_not_fit_is_refused() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;
    let ndjson = opened(&mara, "ndjson").await;
    let csv = opened(&mara, "csv").await;

    let refused = part(&mara, &ndjson, 1, "email\na@b.example\n", "text/csv").await.is(422);
    refused.problem("imports.part_unreadable");
    part(&mara, &csv, 1, "salary\n1\n", "text/csv").await.is(422);
    part(&mara, &csv, 1, "{}", "application/json").await.is(415);
    part(&mara, &ndjson, 1001, "{}", NDJSON).await.is(404);
    started(&mara, &ndjson, 1).await.is(409).problem("imports.incomplete");
    part(&mara, &ndjson, 2, "{}\n", NDJSON).await.is(200);
    started(&mara, &ndjson, 1).await.is(409).problem("imports.incomplete");
    let huge = "x".repeat(4_194_305);
    part(&mara, &ndjson, 1, &huge, NDJSON).await.is(413);
}

#[tokio::test]
async fn an_import_needs_the_scope_for_its_lines_too() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let lesser = acme.partner(&["run:imports", "run:exports"]).await;

    let refused = lesser.post("/v1/imports", json!({ "format": "csv" })).await.is(403);
    assert_eq!(refused.body()["required_scopes"], json!(["write:candidates"]));
    let refused = lesser.post("/v1/exports", json!({ "format": "csv" })).await.is(403);
    assert_eq!(refused.body()["required_scopes"], json!(["read:candidates"]));
}

#[tokio::test]
async fn lines_become_candidates_with_results_and_events() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.caller(Role::Partner).await;
        let import = opened(&mara, "ndjson").await;
        let nameless = samples::with(person(9), json!({ "given_name": null }));
        let unnamed = samples::with(person(9), json!({ "external_ref": null }));
        let first = format!("{}\n\n{}\nnonsense\n", person(1), person(2));
        let second = format!("{nameless}\n{unnamed}\n{}\n", person(3));
        assert_eq!(part(&mara, &import, 1, &first, NDJSON).await.is(200).body()["lines"], 3);
        part(&mara, &import, 2, &second, NDJSON).await.is(200);
        part(&mara, &import, 2, &second, NDJSON).await.is(200);

        assert_eq!(started(&mara, &import, 2).await.is(200).body()["status"], "running");
        started(&mara, &import, 2).await.is(200);
        part(&mara, &import, 3, "{}", NDJSON).await.is(409).problem("bulk.closed");
        platform.run_jobs().await;

        let done = mara.get(&format!("/v1/imports/{import}")).await.is(200).body();
        assert_eq!(done["status"], "completed");
        assert_eq!((&done["lines"], &done["done"]), (&json!(6), &json!(6)));
        assert_eq!((&done["created"], &done["failed"]), (&json!(3), &json!(3)));
        let failed = format!("/v1/imports/{import}/results?outcome=failed");
        let failed = mara.get(&failed).await.is(200).body();
        let lines: Vec<_> =
            failed["data"].as_array().unwrap().iter().map(|l| l["line"].clone()).collect();
        assert_eq!(lines, [json!(3), json!(4), json!(5)]);
        assert_eq!(failed["data"][2]["errors"][0]["pointer"], "/external_ref");
        assert!(!failed.to_string().contains("Zelda"));
        let events = mara.get("/v1/events?type=candidate.created&type=import.*").await.is(200);
        assert_eq!(events.ids().len(), 4);
        let found = mara.get("/v1/candidates?external_ref=R-1").await.is(200).body();
        assert_eq!(found["data"][0]["given_name"], "Zelda");
        assert_eq!(found["data"][0]["status"], "new");
    }
}

#[tokio::test]
async fn an_import_that_is_called_off_does_nothing_more() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;
    let import = opened(&mara, "ndjson").await;
    part(&mara, &import, 1, &person(1).to_string(), NDJSON).await.is(200);
    started(&mara, &import, 1).await.is(200);

    let cancel = format!("/v1/imports/{import}/cancel");
    assert_eq!(mara.take(&cancel).await.is(200).body()["status"], "cancelled");
    platform.run_jobs().await;

    assert!(mara.get("/v1/candidates").await.is(200).ids().is_empty());
    mara.take(&cancel).await.is(409).problem("bulk.closed");
}

#[tokio::test]
async fn an_export_holds_personal_data_only_with_its_scope() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.caller(Role::Partner).await;
        let lesser = acme.partner(&["run:exports", "read:candidates"]).await;
        let ana = samples::with(samples::candidate(), json!({ "headline": "=cmd|' /C calc'!A0" }));
        mara.post("/v1/candidates", ana).await.is(201);
        let ask = json!({ "format": "csv", "with_personal": true });
        lesser.post("/v1/exports", ask.clone()).await.is(403).problem("auth.scope_missing");

        let whole = mara.post("/v1/exports", ask).await.is(201).id();
        let bare = lesser.post("/v1/exports", json!({ "format": "csv" })).await.is(201).id();
        let lines = mara.post("/v1/exports", json!({ "format": "ndjson" })).await.is(201).id();
        let path = |export: &str| format!("/v1/exports/{export}/parts/1");
        mara.get(&path(&whole)).await.is(409).problem("exports.not_ready");
        platform.run_jobs().await;

        let text = |answer: &Answer| String::from_utf8(answer.bytes().to_vec()).unwrap();
        let answer = mara.get(&path(&whole)).await.is(200);
        assert_eq!(answer.header("content-type"), Some("text/csv"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let whole_text = text(&answer);
        assert!(whole_text.contains("Sousa") && whole_text.contains("'=cmd"), "{whole_text}");
        assert!(whole_text.contains("'+44"), "{whole_text}");
        let bare_text = text(&lesser.get(&path(&bare)).await.is(200));
        assert!(!bare_text.contains("Sousa") && bare_text.contains("local:rust"), "{bare_text}");
        let line: Value =
            serde_json::from_str(&text(&mara.get(&path(&lines)).await.is(200))).unwrap();
        assert_eq!(line["country"], "PT");
        lesser.get(&path(&whole)).await.is(403);
        mara.get(&path(&whole).replace("parts/1", "parts/2")).await.is(404);
        let told = mara.get("/v1/events?type=export.*").await.is(200).body();
        assert!(told.to_string().contains("export.downloaded"));
        platform.clock().advance(days(1));
        let mara = acme.caller(Role::Partner).await;
        mara.get(&path(&whole)).await.is(409).problem("exports.not_ready");
        platform.run_jobs().await;
        let over = mara.get(&format!("/v1/exports/{whole}")).await.is(200).body();
        assert_eq!(over["status"], "expired");
    }
}
