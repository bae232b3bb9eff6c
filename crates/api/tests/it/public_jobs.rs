//! Jobs as strangers see them: what is open and public, and nothing confidential.

use policy::Role;
use serde_json::{Value, json};
use testkit::{Caller, Database, Platform, Tenant, minutes, samples};

const SECRETS: &[&str] =
    &["987654", "bill_rate", "client_id", "external_ref", "R-SECRET", "cli_", "created_by", "pc_"];

struct Board {
    platform: Platform,
    acme: Tenant,
    mara: Caller,
}

impl Board {
    async fn on(database: Database) -> Self {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.caller(Role::Partner).await;
        Self { platform, acme, mara }
    }

    async fn draft(&self, changes: Value) -> String {
        let job = samples::with(samples::job(self.acme.company()), changes);
        self.mara.post("/v1/jobs", job).await.is(201).id()
    }

    async fn open(&self, changes: Value) -> String {
        let id = self.draft(changes).await;
        self.mara.take(&format!("/v1/jobs/{id}/open")).await.is(200);
        id
    }

    async fn listed(&self, query: &str) -> Vec<String> {
        self.platform.stranger().get(&format!("/v1/jobs{query}")).await.is(200).ids()
    }
}

fn keeps_secrets(body: &Value) {
    let text = body.to_string();
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[tokio::test]
async fn a_job_is_public_only_while_it_is_open() {
    for database in Database::BOTH {
        let board = Board::on(database).await;
        let stranger = board.platform.stranger();
        let id = board.draft(json!({})).await;
        let path = format!("/v1/jobs/{id}");

        for (name, is_public) in [
            ("", false),
            ("open", true),
            ("pause", false),
            ("resume", true),
            ("close", false),
            ("reopen", true),
            ("fill", false),
        ] {
            let target = format!("{path}/{name}");
            let moved = match name {
                "" => None,
                "close" => Some(board.mara.post(&target, json!({ "reason": "other" }))),
                "fill" => Some(board.mara.post(&target, json!({ "filled_count": 1 }))),
                _ => Some(board.mara.take(&target)),
            };
            if let Some(ask) = moved {
                ask.await.is(200);
            }
            let listed = board.listed("").await.contains(&id);
            let read = stranger.get(&path).await.status();
            assert_eq!((listed, read), (is_public, if is_public { 200 } else { 404 }), "{name}");
        }
    }
}

#[tokio::test]
async fn internal_jobs_are_never_public() {
    for database in Database::BOTH {
        let board = Board::on(database).await;
        let internal = board.open(json!({ "visibility": "internal" })).await;
        let turned = board.open(json!({})).await;
        let path = format!("/v1/jobs/{turned}");
        board.mara.patch(&path, json!({ "visibility": "internal" })).await.is(200);

        assert!(board.listed("").await.is_empty());
        for id in [internal, turned] {
            board.platform.stranger().get(&format!("/v1/jobs/{id}")).await.is(404);
        }
    }
}

#[tokio::test]
async fn the_public_sees_nothing_confidential() {
    for database in Database::BOTH {
        let board = Board::on(database).await;
        let id = board.open(json!({ "external_ref": "R-SECRET" })).await;
        let stranger = board.platform.stranger();

        let list = stranger.get("/v1/jobs").await.is(200).body();
        let detail = stranger.get(&format!("/v1/jobs/{id}")).await.is(200).body();

        keeps_secrets(&list);
        keeps_secrets(&detail);
        assert_eq!(detail["hiring_organization"], "Kestrel Analytics");
        assert_eq!(detail["agency"], "acme");
    }
}

#[tokio::test]
async fn a_confidential_client_is_not_named() {
    for database in Database::BOTH {
        let board = Board::on(database).await;
        let id = board
            .open(json!({
                "visibility": "confidential",
                "description": "For Kestrel Analytics only",
                "public_description": "For a company in analytics",
            }))
            .await;
        let stranger = board.platform.stranger();

        let list = stranger.get("/v1/jobs").await.is(200).body();
        let detail = stranger.get(&format!("/v1/jobs/{id}")).await.is(200).body();

        for body in [&list, &detail] {
            keeps_secrets(body);
            assert!(!body.to_string().contains("Kestrel"), "{body}");
        }
        assert_eq!(detail["hiring_organization"], "acme Staffing");
        assert_eq!(board.listed("?q=kestrel").await, Vec::<String>::new());
        assert_eq!(board.listed("?q=company%20analytics").await, [id]);
    }
}

#[tokio::test]
async fn pay_is_shown_where_it_is_disclosed() {
    let board = Board::on(Database::Sqlite).await;
    let pay = |disclose| {
        json!({ "compensation": { "min_minor": 7_000_000, "max_minor": 8_000_000,
            "currency": "EUR", "period": "year", "kind": "gross", "disclose": disclose } })
    };
    let hidden = board.open(pay(false)).await;
    let shown = board.open(pay(true)).await;
    let read = async |id: &str| {
        board.platform.stranger().get(&format!("/v1/jobs/{id}")).await.is(200).body()
    };

    let (hidden, shown) = (read(&hidden).await, read(&shown).await);

    assert!(hidden["compensation"].is_null() && hidden["job_posting"]["baseSalary"].is_null());
    assert_eq!(shown["job_posting"]["baseSalary"]["value"]["minValue"], 70_000);
}

#[tokio::test]
async fn the_detail_is_a_job_posting() {
    for database in Database::BOTH {
        let board = Board::on(database).await;
        let id = board.open(json!({})).await;

        let detail = board.platform.stranger().get(&format!("/v1/jobs/{id}")).await.is(200);

        let posting = &detail.body()["job_posting"];
        for (name, value) in [
            ("@context", json!("https://schema.org/")),
            ("@type", json!("JobPosting")),
            ("title", json!("Rust Engineer")),
            ("employmentType", json!("FULL_TIME")),
            ("jobLocationType", json!("TELECOMMUTE")),
            ("skills", json!("Rust")),
            ("datePosted", json!("2026-11-22")),
        ] {
            assert_eq!(posting[name], value, "{name}");
        }
        let path = format!("/v1/jobs/{id}");
        let again = board.platform.stranger().get(&path);
        again.with_header("if-none-match", &detail.etag()).await.is(304);
        board
            .mara
            .patch(&format!("/v1/clients/{}", board.acme.company()), json!({ "name": "Kite" }))
            .with_header("if-match", "\"v1\"")
            .await
            .is(200);
        let renamed = board.platform.stranger().get(&path);
        renamed.with_header("if-none-match", &detail.etag()).await.is(200);
        let list = board.platform.stranger().get("/v1/jobs").await.is(200).body();
        assert!(list["data"][0].get("job_posting").is_none());
    }
}

#[tokio::test]
async fn filters_of_the_public_narrow_the_list() {
    for database in Database::BOTH {
        let board = Board::on(database).await;
        let a = board.open(json!({ "title": "Rust Engineer 100%" })).await;
        board.platform.clock().advance(minutes(1));
        let between = board.platform.now();
        let b = board
            .open(json!({
                "title": "Tester für Äpfel",
                "description": "Prüft, was andere bauen.",
                "remote_policy": { "kind": "hybrid", "countries_allowed": ["DE"] },
                "employment_type": "contract",
                "skills": [{ "skill_id": "local:tests", "label": "Tests", "importance": "must" }],
            }))
            .await;
        let c = board
            .open(json!({
                "title": "Data_Engineer",
                "remote_policy":
                    { "kind": "remote", "worldwide": true, "countries_excluded": ["US"] },
            }))
            .await;

        for (query, expected) in [
            ("", vec![&c, &b, &a]),
            ("?q=rust", vec![&a, &c]),
            ("?q=ENGINEER%20ledger", vec![&c, &a]),
            ("?q=engineer%20äpfel", vec![]),
            ("?q=%C3%84PFEL", vec![&b]),
            ("?q=100%25", vec![&a]),
            ("?q=%25%25", vec![]),
            ("?q=a_e", vec![]),
            ("?q=data_eng*", vec![&c]),
            ("?q=%22data%20engineer%22", vec![&c]),
            ("?q=%5C", vec![]),
            ("?country=DE", vec![&c, &b]),
            ("?country=US", vec![]),
            ("?country=PT&country=DE", vec![&c, &b, &a]),
            ("?skill=local:rust", vec![&c, &a]),
            ("?skill=local:rus", vec![]),
            ("?skill=local:tests&skill=local:rust", vec![&c, &b, &a]),
            ("?remote=hybrid", vec![&b]),
            ("?remote=on_site", vec![]),
            ("?employment_type=contract", vec![&b]),
            ("?agency=acme", vec![&c, &b, &a]),
            ("?agency=globex", vec![]),
            (&format!("?posted_after={between}"), vec![&c, &b]),
            (&format!("?posted_before={between}"), vec![&a]),
        ] {
            let query = query.replace('ä', "%C3%A4");
            let listed = board.listed(&query).await;
            assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{query}");
        }
    }
}

#[tokio::test]
async fn filters_that_need_a_token_ask_for_one() {
    let board = Board::on(Database::Sqlite).await;
    let company = board.acme.company();

    for query in ["status=draft", "visibility=internal", &format!("client_id={company}")] {
        let refused = board.platform.stranger().get(&format!("/v1/jobs?{query}")).await;
        refused.is(401).problem("auth.required");
    }
}

#[tokio::test]
async fn the_public_list_has_pages_across_agencies() {
    for database in Database::BOTH {
        let board = Board::on(database).await;
        let globex = board.platform.tenant("globex").await;
        let ines = globex.caller(Role::Partner).await;
        let mut all = Vec::new();
        for _ in 0..2 {
            all.push(board.open(json!({})).await);
            let id = ines.post("/v1/jobs", samples::job(globex.company())).await.is(201).id();
            ines.take(&format!("/v1/jobs/{id}/open")).await.is(200);
            all.push(id);
        }
        all.reverse();
        let stranger = board.platform.stranger();

        let first = stranger.get("/v1/jobs?limit=3").await.is(200);
        let cursor = first.text_of("/page/next_cursor");
        let second = stranger.get(&format!("/v1/jobs?limit=3&cursor={cursor}")).await.is(200);

        assert_eq!([first.ids(), second.ids()].concat(), all);
        let as_partner = board.mara.get(&format!("/v1/jobs?cursor={cursor}")).await;
        as_partner.is(400).problem("cursor_invalid");
    }
}

#[tokio::test]
async fn public_answers_may_be_kept_and_asked_for_again() {
    for database in Database::BOTH {
        let board = Board::on(database).await;
        let id = board.open(json!({})).await;
        let stranger = board.platform.stranger();

        for path in ["/v1/jobs", "/v1/jobs/facets", &format!("/v1/jobs/{id}")] {
            let first = stranger.get(path).await.is(200);
            let again = stranger.get(path).with_header("if-none-match", &first.etag()).await;

            assert_eq!(first.header("cache-control"), Some("public, max-age=60"), "{path}");
            assert_eq!(first.header("vary"), Some("authorization"), "{path}");
            let again = again.is(304);
            assert!(again.bytes().is_empty());
            assert_eq!(again.header("cache-control"), Some("public, max-age=60"), "{path}");
        }
        let counts = stranger.get("/v1/jobs/facets").await.body();
        assert_eq!(counts["jobs"], 1);
        assert_eq!(counts["skill"], json!([{ "value": "local:rust", "count": 1 }]));
        let before = stranger.get("/v1/jobs").await.etag();
        board.mara.take(&format!("/v1/jobs/{id}/pause")).await.is(200);
        stranger.get("/v1/jobs").with_header("if-none-match", &before).await.is(200);
        assert_eq!(stranger.get("/v1/jobs/facets").await.body()["jobs"], 0);
    }
}

fn form(email: &str) -> Value {
    json!({
        "given_name": "Ana", "family_name": "Sousa", "email": email, "phone": "+447700900123",
        "time_zone": "Europe/Lisbon", "policy_version": "2026-11",
    })
}

#[tokio::test]
async fn an_application_that_does_not_fit_is_refused() {
    let board = Board::on(Database::Sqlite).await;
    let open = board.open(json!({})).await;
    let closed = board.draft(json!({})).await;
    let internal = board.open(json!({ "visibility": "internal" })).await;
    let stranger = board.platform.stranger();
    let path = |job: &str| format!("/v1/jobs/{job}/applications");

    for job in [&closed, &internal] {
        stranger.post(&path(job), form("ana@example.org")).await.is(404).problem("not_found");
    }
    let without = samples::with(form("ana@example.org"), json!({ "policy_version": null }));
    stranger.post(&path(&open), without).await.is(422);
    let more = samples::with(form("ana@example.org"), json!({ "do_not_contact": true }));
    stranger.post(&path(&open), more).await.is(422);
    assert!(board.mara.get("/v1/candidates").await.is(200).ids().is_empty());
}

#[tokio::test]
async fn who_applies_becomes_a_candidate_and_nobody_learns_who_was_known() {
    for database in Database::BOTH {
        let board = Board::on(database).await;
        let job = board.open(json!({})).await;
        let known = samples::with(samples::candidate(), json!({ "email": "known@example.org" }));
        let known = board.mara.post("/v1/candidates", known).await.is(201).id();
        let stranger = board.platform.stranger();
        let path = format!("/v1/jobs/{job}/applications");

        let first = stranger.post(&path, form("ana@example.org")).await.is(202);
        let second = stranger.post(&path, form("ana@example.org")).await.is(202);
        let third = stranger.post(&path, form("known@example.org")).await.is(202);

        assert_eq!(first.bytes(), second.bytes());
        assert_eq!(first.bytes(), third.bytes());
        let all = board.mara.get("/v1/candidates").await.is(200).body();
        assert_eq!(all["data"].as_array().unwrap().len(), 2);
        assert_eq!(all["data"][0]["consent"]["status"], "granted");
        assert_eq!(all["data"][0]["source"], "application");
        let read = board.mara.get(&format!("/v1/candidates/{known}")).await.is(200).body();
        assert_eq!(read["version"], 1);
    }
}

#[tokio::test]
async fn a_flood_of_applications_is_held_off() {
    let board = Board::on(Database::Sqlite).await;
    let job = board.open(json!({})).await;
    let stranger = board.platform.stranger();
    let path = format!("/v1/jobs/{job}/applications");
    for number in 0..60 {
        stranger.post(&path, form(&format!("ana.{number}@example.org"))).await.is(202);
    }

    let refused = stranger.post(&path, form("late@example.org")).await.is(429);

    let refused = refused.problem("jobs.too_many_applications");
    assert_eq!(refused.header("retry-after"), Some("3600"));
    board.platform.clock().advance(minutes(61));
    stranger.post(&path, form("late@example.org")).await.is(202);
}
