//! Refusals: their form, and what they never say.

use gate::GateConfig;
use http::Method;
use policy::Role;
use serde_json::{Value, json};
use testkit::{Platform, Setup, samples};

const CANARY: &str = "q7canary";

#[tokio::test]
async fn an_undeclared_path_is_not_found() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;

    for path in ["/", "/v1", "/v1/", "/v1/jobs/", "/v1/nowhere", "/V1/jobs", "/v1/jobs/x/y/z"] {
        mara.get(path).await.is(404).problem("not_found");
    }
    // An id of another kind, and what is no id at all, cannot be the id of a job.
    for id in ["x", "cli_00000000000000000000000000", "job_zzzzzzzzzzzzzzzzzzzzzzzzzz", "job_"] {
        mara.get(&format!("/v1/jobs/{id}")).await.is(404).problem("not_found");
    }
}

#[tokio::test]
async fn an_undeclared_method_is_told_the_declared_ones() {
    let platform = Platform::new().await;
    let stranger = platform.stranger();

    for (method, path, allow) in [
        (Method::DELETE, "/v1/jobs", "GET, HEAD, POST"),
        (Method::PUT, "/v1/jobs/job_00000000000000000000000000", "DELETE, GET, HEAD, PATCH"),
        (Method::GET, "/oauth/token", "POST"),
        (Method::OPTIONS, "/v1/clients", "GET, HEAD, POST"),
        (Method::TRACE, "/healthz", "GET, HEAD"),
    ] {
        let refused = stranger.ask(method, path).await.is(405);
        let refused = refused.problem("contract.method_not_allowed");
        assert_eq!(refused.header("allow"), Some(allow), "{path}");
    }
}

#[tokio::test]
async fn a_problem_names_its_request_and_explains_its_code() {
    let platform = Platform::new().await;
    let refused = platform.stranger().get("/v1/candidates").await.is(401);
    let body = refused.body();

    let id = body["request_id"].as_str().unwrap();
    assert_eq!(refused.header("x-request-id"), Some(id));
    assert!(body["instance"].as_str().unwrap().starts_with("urn:uuid:"));
    let (page, anchor) = body["type"].as_str().unwrap().split_once('#').unwrap();
    assert_eq!(anchor, "auth.required");
    let path = page.strip_prefix(testkit::PUBLIC_URL).unwrap();
    let page = platform.stranger().get(path).await.is(200);
    assert!(String::from_utf8_lossy(page.bytes()).contains(r#"id="auth.required""#));
}

#[tokio::test]
async fn every_code_is_explained() {
    let platform = Platform::new().await;
    let page = platform.stranger().get("/docs/problems").await.is(200);
    let page = String::from_utf8_lossy(page.bytes()).into_owned();

    for code in api::problems() {
        assert!(page.contains(&format!(r#"id="{}""#, code.name)), "{}", code.name);
    }
}

#[tokio::test]
async fn the_pages_to_read_take_nothing_from_anybody_else() {
    let platform = Platform::new().await;
    let nobody = platform.stranger();

    for path in ["/docs", "/docs/problems", "/docs/style.css"] {
        let page = nobody.get(path).await.is(200);
        let text = String::from_utf8_lossy(page.bytes()).to_lowercase().replace('\'', "\"");
        for outside in ["src=\"", "href=\"http", "href=\"//", "url(", "@import", "<script", "<base"]
        {
            assert!(!text.contains(outside), "{path}: {outside}");
        }
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
    }
}

#[tokio::test]
async fn what_was_sent_is_never_repeated() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;
    let job = samples::job(acme.company());
    let with = |changes: Value| samples::with(job.clone(), changes);
    let text = |body: String| mara.ask(Method::POST, "/v1/jobs").bytes(body, "application/json");

    let asks = [
        mara.get(&format!("/v1/{CANARY}")),
        mara.get(&format!("/v1/jobs/{CANARY}")),
        mara.get(&format!("/v1/jobs?remote={CANARY}")),
        mara.get(&format!("/v1/jobs?limit={CANARY}")),
        mara.get(&format!("/v1/jobs?cursor={CANARY}")),
        mara.get(&format!("/v1/jobs?country={CANARY}")),
        mara.get(&format!("/v1/jobs?q=%zz{CANARY}")),
        mara.get("/v1/clients").with_header("authorization", CANARY),
        mara.get("/v1/clients").with_header("authorization", &format!("Bearer {CANARY}")),
        mara.get("/v1/clients").with_header("host", CANARY),
        mara.get("/v1/clients").with_header("expect", CANARY),
        mara.get("/v1/clients").with_header("x_odd", CANARY),
        mara.post("/v1/jobs", with(json!({ "client_id": CANARY }))),
        mara.post("/v1/jobs", with(json!({ "visibility": CANARY }))),
        mara.post("/v1/jobs", with(json!({ "openings": CANARY }))),
        mara.post("/v1/jobs", with(json!({ "start_date": CANARY }))),
        mara.post("/v1/jobs", with(json!({ "remote_policy": { "kind": CANARY } }))),
        mara.post("/v1/jobs", with(json!({ "skills": [CANARY] }))),
        mara.post("/v1/jobs", with(json!({ "bill_rate": { "currency": CANARY } }))),
        mara.post("/v1/jobs", job.clone()).with_header("content-type", CANARY),
        mara.post("/v1/jobs", job.clone()).with_header("idempotency-key", &format!("a {CANARY}")),
        mara.post("/v1/candidates", json!({ "email": CANARY, "phone": CANARY })),
        mara.post("/v1/candidates/search", json!({ "email": CANARY })),
        mara.post("/v1/candidates/search", json!({ "phone": CANARY })),
        text(format!("{{\"title\": {CANARY}}}")),
        text(format!("{{\"{CANARY}\":1,\"{CANARY}\":1}}")),
        mara.patch("/v1/jobs/job_00000000000000000000000000", json!({ "title": "Rust" }))
            .with_header("if-match", CANARY),
        mara.token(CANARY, CANARY),
        mara.token("pc_x", "x").form(&format!("grant_type={CANARY}")),
        mara.token("pc_x", "x").form(&format!("grant_type=client_credentials&scope={CANARY}")),
        mara.token("pc_x", "x").form(&format!("scope={CANARY}&scope={CANARY}")),
    ];
    for ask in asks {
        let answer = ask.await;
        assert!((400..500).contains(&answer.status()), "{answer:?}");
        assert!(!String::from_utf8_lossy(answer.bytes()).contains(CANARY), "{answer:?}");
        let headers = format!("{:?}", answer.headers());
        assert!(!headers.contains(CANARY), "{headers}");
    }
}

#[tokio::test]
async fn a_full_house_asks_to_come_back() {
    let gate = GateConfig { concurrency_max: 0, ..Setup::default().gate };
    let platform = Platform::with(Setup { gate, ..Setup::default() }).await;

    let refused = platform.stranger().get("/v1/jobs").await.is(503);

    let refused = refused.problem("pressure.overloaded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.body()["violated-policies"], json!(["concurrency"]));
}

#[tokio::test]
async fn strict_http_comes_first() {
    let platform = Platform::new().await;
    let stranger = platform.stranger();

    let elsewhere = stranger.get("/healthz").with_header("host", "evil.example").await;
    elsewhere.is(421).problem("http.misdirected");
    stranger.get("/healthz").without("host").await.is(400).problem("http.bad_request");
    let huge = stranger.get("/healthz").with_header("x-huge", &"x".repeat(17_000)).await;
    huge.is(431).problem("http.headers_too_large");
    for path in ["/v1//jobs", "/v1/./jobs", "/v1/%2e%2e/jobs", "/v1/jobs;a=b", "/v1/jobs%00"] {
        stranger.get(path).await.is(400).problem("http.bad_request");
    }
    let expect = stranger.get("/healthz").with_header("expect", "202-accepted").await;
    expect.is(417).problem("http.expectation");
}
