//! What a request may carry: the contract's schemas, strict JSON, limits, merge patches.

use gate::contract::{Access, DEPTH_MAX, ErrorForm, Operation};
use http::Method;
use policy::Role;
use serde_json::{Value, json};
use testkit::{Caller, Database, Platform, Tenant, samples};

use crate::coverage::PEOPLE_ONLY;
use crate::operations::{Things, all, ask};

async fn with_partner(platform: &Platform) -> (Tenant, Caller) {
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;
    (acme, mara)
}

/// Where people are real, the sandbox is refused before anything is read.
fn is_sandbox(operation: &Operation) -> bool {
    operation.id.starts_with("sandbox.")
}

#[tokio::test]
async fn what_is_not_declared_is_refused_where_it_stands() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;
    let job = |changes| samples::with(samples::job(acme.company()), changes);

    for (changes, pointer) in [
        (json!({ "nope": 1 }), "/nope"),
        (json!({ "status": "open" }), "/status"),
        (json!({ "title": "x" }), "/title"),
        (json!({ "title": null }), "/title"),
        (json!({ "openings": 0 }), "/openings"),
        (json!({ "openings": "1" }), "/openings"),
        (json!({ "visibility": "everybody" }), "/visibility"),
        (json!({ "client_id": "job_00000000000000000000000000" }), "/client_id"),
        (json!({ "skills": [{ "skill_id": "local:a", "label": "A" }] }), "/skills/0/importance"),
        (json!({ "start_date": "2027-02-30" }), "/start_date"),
        (
            json!({ "compensation": { "min_minor": 2, "max_minor": 1, "currency": "EUR",
            "period": "hour", "kind": "gross" } }),
            "/compensation/max_minor",
        ),
    ] {
        let refused = mara.post("/v1/jobs", job(changes)).await.is(422);
        refused.problem("invalid").at(pointer);
    }
}

#[tokio::test]
async fn every_fault_is_told_at_once() {
    let platform = Platform::new().await;
    let (_, mara) = with_partner(&platform).await;

    let refused = mara.post("/v1/candidates", json!({ "email": "x", "nope": 1 })).await.is(422);

    let refused = refused.problem("invalid").at("/email").at("/nope").at("/given_name");
    refused.at("/family_name").at("/time_zone");
}

#[tokio::test]
async fn undeclared_query_parameters_are_refused() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;
    let things = Things::of(&acme, &mara).await;

    for operation in all(&platform).iter().filter(|operation| operation.method == Method::GET) {
        if is_sandbox(operation) {
            continue;
        }
        let path = format!("{}?nope=1", things.path(operation));
        if operation.id == "staff.login_callback" {
            // RFC 6749 §4.1.2: what we do not know of an answer is left alone.
            mara.get(&path).await.is(404);
            continue;
        }
        if is_page(operation) {
            mara.get(&path).await.is(on_page(operation, 400));
            continue;
        }
        if PEOPLE_ONLY.contains(&operation.id.as_str()) {
            mara.get(&path).await.is(403).problem("auth.forbidden");
            continue;
        }
        let refused = mara.get(&path).await.is(400).problem("contract.parameter_invalid");
        refused.at("?nope");
    }
    let twice = mara.get("/v1/jobs?remote=remote&remote=hybrid").await.is(400);
    twice.problem("contract.parameter_invalid").at("?remote");
    let unknown = mara.get("/v1/jobs?remote=mars").await.is(400);
    unknown.problem("contract.parameter_invalid").at("?remote");
}

#[tokio::test]
async fn other_media_types_are_refused_with_those_that_are_taken() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;
    let body = samples::job(acme.company()).to_string();
    let job = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();

    for media in ["text/plain", "application/xml", "application/json; charset=utf-16", "", "json"] {
        let refused = mara.ask(Method::POST, "/v1/jobs").bytes(body.clone(), media).await.is(415);
        let refused = refused.problem("contract.unsupported_media_type");
        assert_eq!(refused.header("accept-post"), Some("application/json"));
    }
    let patch = mara.patch(&format!("/v1/jobs/{job}"), json!({ "title": "Changed" }));
    let refused = patch.with_header("content-type", "application/json-patch+json").await.is(415);
    let taken = refused.header("accept-patch").unwrap();
    assert!(taken.contains("application/merge-patch+json"));
    let bare = mara.ask(Method::POST, "/v1/jobs").bytes(body, "x").without("content-type");
    bare.await.is(415);
}

#[tokio::test]
async fn json_that_two_readers_could_read_differently_is_refused() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;
    let company = acme.company();
    let twice = format!(r#"{{"client_id":"{company}","title":"One","title":"Two"}}"#);
    let nested = "[".repeat(DEPTH_MAX + 1) + &"]".repeat(DEPTH_MAX + 1);
    let deep = format!(r#"{{"title":{nested}}}"#);

    for body in [&twice, &deep, "{", "nul", "{} {}", "\u{feff}{}", "{\"a\":NaN}", "'a'"] {
        let sent = body.to_owned();
        let answer = mara.ask(Method::POST, "/v1/jobs").bytes(sent, "application/json").await;
        answer.is(400).problem("contract.malformed_json");
    }
    let nothing = mara.ask(Method::POST, "/v1/jobs").bytes("", "application/json").await;
    nothing.is(400).problem("contract.body_missing");
    let latin =
        mara.ask(Method::POST, "/v1/jobs").bytes(vec![b'"', 0xe9, b'"'], "application/json");
    latin.await.is(400).problem("contract.malformed_json");
}

#[tokio::test]
async fn a_body_larger_than_its_operation_takes_is_refused() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;
    let things = Things::of(&acme, &mara).await;

    for operation in all(&platform).iter().filter(|o| !o.bodies().is_empty()) {
        if is_sandbox(operation) {
            continue;
        }
        let large = vec![b' '; operation.body_max + 1];
        let media = &operation.bodies()[0].media;
        let said = ask(&mara, operation, &things)
            .bytes(large.clone(), media)
            .with_header("content-length", &large.len().to_string());
        let unsaid = ask(&mara, operation, &things).bytes(large, media);
        for ask in [said, unsaid] {
            let refused = ask.await;
            match operation.id.as_str() {
                _ if is_page(operation) => drop(refused.is(on_page(operation, 413))),
                id if PEOPLE_ONLY.contains(&id) => drop(refused.is(403)),
                id if id.starts_with("token.") => {
                    assert_eq!(refused.is(413).text_of("/error"), "invalid_request");
                }
                _ => drop(refused.is(413).problem("contract.body_too_large")),
            }
        }
    }
}

#[tokio::test]
async fn an_operation_without_a_body_takes_none() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;
    let things = Things::of(&acme, &mara).await;

    for operation in all(&platform).iter().filter(|o| o.bodies().is_empty()) {
        if is_sandbox(operation) {
            continue;
        }
        let refused = ask(&mara, operation, &things).json(&json!({})).await;
        match operation.id.as_str() {
            _ if is_page(operation) => drop(refused.is(on_page(operation, 400))),
            id if PEOPLE_ONLY.contains(&id) => drop(refused.is(403)),
            _ => drop(refused.is(400).problem("contract.body_unexpected")),
        }
    }
}

#[tokio::test]
async fn a_merge_patch_sets_removes_and_descends() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, mara) = with_partner(&platform).await;
        let body = json!({ "tags": ["a", "b"], "external_ref": "R-1", "duration_weeks": 8 });
        let body = samples::with(samples::job(acme.company()), body);
        let job = mara.post("/v1/jobs", body).await.is(201).id();

        let patch = json!({
            "tags": ["c"], "external_ref": null, "remote_policy": { "travel_percent": 10 },
        });
        let changed = mara.patch(&format!("/v1/jobs/{job}"), patch).await.is(200).body();

        assert_eq!(changed["tags"], json!(["c"]));
        assert_eq!(changed["external_ref"], json!(null));
        assert_eq!(changed["duration_weeks"], 8);
        assert_eq!(changed["remote_policy"]["travel_percent"], 10);
        assert_eq!(changed["remote_policy"]["countries_allowed"], json!(["PT", "GR"]));
    }
}

#[tokio::test]
async fn a_merge_patch_cannot_break_what_a_new_thing_may_not() {
    let platform = Platform::new().await;
    let (acme, mara) = with_partner(&platform).await;
    let job = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();
    let path = format!("/v1/jobs/{job}");

    for (patch, pointer) in [
        (json!({ "title": null }), "/title"),
        (json!({ "nope": 1 }), "/nope"),
        (json!({ "status": "open" }), "/status"),
        (json!({ "remote_policy": { "nope": 1 } }), "/remote_policy/nope"),
        (json!({ "experience": { "min_months": 9, "max_months": 3 } }), "/experience/max_months"),
    ] {
        mara.patch(&path, patch).await.is(422).problem("invalid").at(pointer);
    }
    for patch in [json!([]), json!("x"), json!(null)] {
        mara.patch(&path, patch).await.is(422).problem("invalid");
    }
    assert_eq!(mara.get(&path).await.etag(), "\"v1\"");
}

#[tokio::test]
async fn what_was_written_is_what_is_read() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (acme, mara) = with_partner(&platform).await;
        let written = [
            ("/v1/jobs", samples::with(samples::job(acme.company()), json!({ "bill_rate": null }))),
            ("/v1/candidates", samples::candidate()),
            ("/v1/clients", samples::with(samples::company(), json!({ "fee_arrangement": null }))),
        ];

        for (path, written) in written {
            let made = mara.post(path, written.clone()).await.is(201);
            let read = mara.get(made.header("location").unwrap()).await.is(200);
            assert_eq!(read.body(), made.body());
            assert_eq!(read.etag(), made.etag());
            for (name, value) in written.as_object().unwrap() {
                contains(&read.body()[name], value, name);
            }
        }
    }
}

/// What was sent stands in what is read; defaults may stand beside it.
fn contains(read: &serde_json::Value, sent: &serde_json::Value, at: &str) {
    match (read, sent) {
        (serde_json::Value::Object(read), serde_json::Value::Object(sent)) => {
            sent.iter().for_each(|(name, value)| contains(&read[name], value, name));
        }
        (serde_json::Value::Array(read), serde_json::Value::Array(sent)) => {
            assert_eq!(read.len(), sent.len(), "{at}");
            read.iter().zip(sent).for_each(|(read, sent)| contains(read, sent, at));
        }
        (read, sent) => assert_eq!(read, sent, "{at}"),
    }
}

/// Objects of a schema that take members which the contract does not name.
fn open_objects(document: &Value, schema: &Value, at: &str, found: &mut Vec<String>) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap(),
        None => schema,
    };
    if schema["type"] == "object" && schema["additionalProperties"] != json!(false) {
        found.push(at.to_owned());
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        open_objects(document, member, &format!("{at}/{name}"), found);
    }
    let all: Vec<_> = schema["allOf"].as_array().into_iter().flatten().collect();
    let is_shut = |part: &&&Value| part["additionalProperties"] == json!(false);
    // What one part of them shuts the others do not open.
    let shut: Vec<_> = all.iter().filter(is_shut).copied().collect();
    let each = if shut.is_empty() { all } else { shut };
    let either = ["oneOf", "anyOf"].map(|name| schema[name].as_array().into_iter().flatten());
    for part in each.into_iter().chain(either.into_iter().flatten()) {
        open_objects(document, part, at, found);
    }
    let items = &schema["items"];
    if items.is_object() {
        open_objects(document, items, &format!("{at}/*"), found);
    }
}

#[tokio::test]
async fn no_json_body_takes_members_that_are_not_declared() {
    let platform = Platform::new().await;
    let document = platform.stranger().get("/openapi.json").await.is(200).body();
    let mut found = Vec::new();
    let mut bodies = 0;

    for (path, operations) in document["paths"].as_object().unwrap() {
        for operation in operations.as_object().unwrap().values() {
            let content = &operation["requestBody"]["content"];
            for (media, body) in content.as_object().into_iter().flatten() {
                if media.ends_with("json") {
                    bodies += 1;
                    open_objects(&document, &body["schema"], path, &mut found);
                }
            }
        }
    }

    assert!(bodies > 20, "{bodies}");
    // The form of its country says what is in it; and scanners sign more than we read.
    found.retain(|at| !at.ends_with("/country_data") && at != "/security/leaked-keys/*");
    assert_eq!(found, Vec::<String>::new());
}

/// What is refused there is a page, too.
fn is_page(operation: &Operation) -> bool {
    operation.error_form == ErrorForm::Page
}

/// The status of a page's refusal; an application does not come as far where people's own are.
fn on_page(operation: &Operation, status: u16) -> u16 {
    if operation.access == Access::Public { status } else { 403 }
}
