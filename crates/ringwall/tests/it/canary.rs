//! Canaries: made-up people and secrets go through the whole API while the server logs all it can.
//! None of them is found where it does not belong.

use std::fs;

use sea_orm::QueryResult;
use serde_json::{Value, json};

use crate::api::{Api, Reply, job};
use crate::database::{Database, cell, look};
use crate::site::{Partner, Site, files};

#[tokio::test]
async fn no_person_and_no_secret_is_found_outside_of_answers_on_sqlite() {
    sing(Database::Sqlite).await;
}

#[tokio::test]
async fn no_person_and_no_secret_is_found_outside_of_answers_on_postgresql() {
    sing(Database::Postgres).await;
}

#[test]
fn a_canary_is_found_in_every_form() {
    let canary = "Žofie-4711@example.org";
    let basic = data_encoding::BASE64.encode(format!("{canary}:more").as_bytes());
    let hex = data_encoding::HEXLOWER.encode(canary.as_bytes());

    for text in [canary, "ŽOFIE-4711@EXAMPLE.ORG", "\\u017dofie-4711@example.org", &basic, &hex] {
        let found = std::panic::catch_unwind(|| {
            holds_none("here", format!("…{text}…").as_bytes(), &[canary.to_owned()]);
        });
        assert!(found.is_err(), "{text}");
    }
}

async fn sing(database: Database) {
    let site = Site::new(database).await.with("TELEMETRY__LOG", "trace");
    let partner = site.found("acme");
    let server = site.start().await;
    let api = server.api(&partner).await;

    write_people(&api).await;
    let mut told = provoke(&api).await;
    let metrics = server.client().get(format!("{}/metrics", server.admin_url())).send().await;
    let metrics = metrics.expect("an answer").text().await.expect("text");
    assert!(metrics.contains("ringwall"), "{metrics}");
    told.push_str(&metrics);
    let said = server.stop().await;
    assert!(said.contains("TRACE"), "it logged all it could");

    let secrets = secrets(&api, &partner);
    let places = [("said", said.into_bytes()), ("told", told.into_bytes())];
    for (place, bytes) in places {
        holds_none(place, &bytes, &secrets);
    }
    for file in files(&site.data_dir()) {
        holds_none(&file.display().to_string(), &fs::read(&file).expect("it is ours"), &secrets);
    }
    if database == Database::Postgres {
        holds_none("the database", dump(&site).await.as_bytes(), &secrets);
    }
}

/// People with every personal member, written, changed, read and searched for.
async fn write_people(api: &Api) {
    let company = json!({
        "name": "Kestrel",
        "country": "PT",
        "billing_email": EMAILS[0],
        "billing_contact_name": NAMES[0],
        "phone": PHONES[0],
        "tax_id": "canary-tax-4711",
    });
    let company = api.try_post("/v1/clients", KEY, &company).await.expect("an answer");
    let company = company.is(201).id();
    api.try_post("/v1/jobs", KEY, &job(&company, "Engineer")).await.expect("an answer").is(201);
    let person = json!({
        "given_name": NAMES[1],
        "family_name": NAMES[2],
        "preferred_name": NAMES[3],
        "email": EMAILS[1],
        "phone": PHONES[1],
        "address": { "line1": "1 Canary Wharf-4711", "city": "Canaryville", "country": "PT" },
        "summary": "Canary summary 4711",
        "time_zone": "Europe/Lisbon",
    });
    let first = api.try_post("/v1/candidates", KEY, &person).await.expect("an answer").is(201);
    let again = api.try_post("/v1/candidates", KEY, &person).await.expect("an answer").is(201);
    assert!(again.replayed && again.body == first.body);
    let path = format!("/v1/candidates/{}", first.id());
    let read = api.get(&path).await.is(200);
    assert_eq!(read.body["given_name"], NAMES[1]);
    let change = json!({ "email": EMAILS[2], "phone": PHONES[2] });
    let patch = api.client.patch(format!("{}{path}", api.url)).bearer_auth(&api.token);
    let patch = patch.header("if-match", "\"v1\"").json(&change).send().await;
    assert_eq!(patch.expect("an answer").status(), 200);
    for contact in [json!({ "email": EMAILS[2] }), json!({ "phone": PHONES[2] })] {
        let found = search(api, &contact).await.is(200);
        assert_eq!(found.body["data"][0]["id"], first.id());
    }
}

/// Everything that can be refused, with canaries in all places; what was said to it.
async fn provoke(api: &Api) -> String {
    let mut told = String::new();
    for path in [
        format!("/v1/jobs?q={}&nonsense={}", EMAILS[0], EMAILS[1]),
        format!("/v1/jobs/{}", EMAILS[1]),
        format!("/v1/jobs?cursor={}", NAMES[2]),
        format!("/{}", EMAILS[2]),
    ] {
        let asked = api.client.get(format!("{}{path}", api.url)).bearer_auth(&api.token);
        told.push_str(&refused(asked).await);
    }
    for body in [
        format!("{{\"given_name\": \"{}\"}}", NAMES[1]),
        format!("{{\"{}\": \"{}\", \"given_name\": 5}}", EMAILS[1], EMAILS[2]),
        format!("{{\"email\": \"{} not an address\"}}", EMAILS[1]),
        format!("{} is not JSON", EMAILS[0]),
    ] {
        for path in ["/v1/candidates", "/v1/candidates/search", "/v1/clients"] {
            let asked = api.asking(path).header("idempotency-key", KEY.1);
            let asked = asked.header("content-type", "application/json").body(body.clone());
            told.push_str(&refused(asked).await);
        }
    }
    let twice = json!({
        "given_name": NAMES[1], "family_name": NAMES[2], "email": EMAILS[2],
        "time_zone": "Europe/Lisbon",
    });
    let asked = api.asking("/v1/candidates").header("idempotency-key", KEY_OTHER).json(&twice);
    told.push_str(&refused(asked).await);
    let asked = api.asking("/v1/candidates").header("idempotency-key", KEY.1).json(&twice);
    told.push_str(&refused(asked).await);
    for wrong in [format!("{}x", api.token), NAMES[0].replace(' ', "-")] {
        let asked = api.client.get(format!("{}/v1/jobs", api.url)).bearer_auth(wrong);
        told.push_str(&refused(asked).await);
    }
    let token = format!("{}/oauth/token", api.url);
    let form = [("grant_type", "client_credentials"), ("scope", "canary:scope-4711")];
    let asked = api.client.post(&token).basic_auth("pc_nobody", Some(WRONG_SECRET)).form(&form);
    told.push_str(&refused(asked).await);
    let asked = api.client.post(&token).form(&[("client_secret", WRONG_SECRET)]);
    told.push_str(&refused(asked).await);
    told
}

async fn search(api: &Api, contact: &Value) -> Reply {
    let asked = api.asking("/v1/candidates/search").json(contact);
    Reply::read(asked.send().await.expect("an answer")).await.expect("a body")
}

/// Headers and body of an answer that is a refusal.
async fn refused(asked: reqwest::RequestBuilder) -> String {
    let answer = asked.send().await.expect("an answer");
    let (status, headers) = (answer.status(), format!("{:?}", answer.headers()));
    let body = answer.text().await.expect("text");
    assert!(status.is_client_error(), "{status}: {body}");
    format!("{headers}\n{body}\n")
}

fn secrets(api: &Api, partner: &Partner) -> Vec<String> {
    let mut all: Vec<String> =
        EMAILS.iter().chain(&PHONES).chain(&NAMES).map(|text| (*text).into()).collect();
    all.extend(OTHERS.iter().map(|text| (*text).to_owned()));
    all.push(partner.client_secret.clone());
    all.push(api.token.clone());
    // The signature alone would do as well as the token.
    all.extend(api.token.rsplit('.').next().map(str::to_owned));
    all
}

/// Whatever its case, and as it is, in base64, in hex, or escaped.
fn holds_none(place: &str, bytes: &[u8], secrets: &[String]) {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    for secret in secrets {
        for form in forms(secret) {
            let found = text.find(&form);
            let near = found.map(|at| text.get(at.saturating_sub(200)..at + form.len()));
            assert!(found.is_none(), "{place} holds `{secret}` as `{form}`: {near:?}");
        }
    }
}

fn forms(secret: &str) -> [String; 4] {
    let base64 = data_encoding::BASE64.encode(secret.as_bytes());
    // The last group depends on what follows.
    let base64: String = base64.chars().take(secret.len() / 3 * 4).collect();
    let ascii = secret.chars().map(|letter| match letter {
        ' '..='~' => letter.to_string(),
        _ => format!("\\u{:04x}", u32::from(letter)),
    });
    [
        secret.to_lowercase(),
        base64.to_lowercase(),
        data_encoding::HEXLOWER.encode(secret.as_bytes()),
        ascii.collect::<String>().to_lowercase(),
    ]
}

/// Every row of every table, as text; bytes in hex.
async fn dump(site: &Site) -> String {
    let tables = "select table_name::text as name from information_schema.tables \
                  where table_schema = 'public'";
    let [tables] = look(&site.database_url(), [tables]).await;
    let mut dump = String::new();
    for table in &tables {
        let rows = format!("select t::text as line from {} t", cell::<String>(table, "name"));
        let [rows] = look(&site.database_url(), [&rows]).await;
        dump.extend(rows.iter().map(|row: &QueryResult| cell::<String>(row, "line")));
    }
    assert!(dump.contains("job.created"), "it is all there");
    dump
}

const KEY: (&str, &str) = ("idempotency-key", "canary-key-4711");
const KEY_OTHER: &str = "canary-key-4712";
const WRONG_SECRET: &str = "canary-secret-4711";
const EMAILS: [&str; 3] =
    ["canary.one@example.org", "canary.two@example.org", "canary.three@example.org"];
const PHONES: [&str; 3] = ["+447700900471", "+447700900472", "+447700900473"];
const NAMES: [&str; 4] =
    ["Canaria Billing-4711", "Žofie-Canaria", "Κανάριος-Canaris", "Canny Canarinha"];
const OTHERS: [&str; 8] = [
    "canary-tax-4711",
    "Canary Wharf-4711",
    "Canaryville",
    "Canary summary 4711",
    "canary-key-4711",
    KEY_OTHER,
    WRONG_SECRET,
    "canary:scope-4711",
];
