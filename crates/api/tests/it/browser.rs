//! What browsers may do with the API's answers.

use gate::GateConfig;
use http::Method;
use policy::Role;
use testkit::{Answer, Platform, Setup, samples};

const HARDENED: &[(&str, &str)] = &[
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

fn is_hardened(answer: &Answer) {
    for (name, value) in HARDENED {
        assert_eq!(answer.header(name), Some(*value), "{name}: {answer:?}");
    }
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    for name in ["cache-control", "permissions-policy", "x-request-id"] {
        assert!(answer.header(name).is_some(), "{name}: {answer:?}");
    }
    assert_eq!(answer.header("server"), None);
}

fn shares_nothing(answer: &Answer) {
    let mut names = answer.headers().keys();
    assert!(!names.any(|name| name.as_str().starts_with("access-control")), "{answer:?}");
}

#[tokio::test]
async fn every_answer_and_every_refusal_is_hardened() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;
    let job = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();
    let path = format!("/v1/jobs/{job}");
    let nobody = platform.stranger();

    for (ask, status) in [
        (nobody.get("/healthz"), 200),
        (nobody.get("/docs"), 200),
        (nobody.get("/v1/jobs"), 200),
        (mara.get(&path), 200),
        (mara.get(&path).with_header("if-none-match", "\"v1\""), 304),
        (mara.get("/v1/jobs?nope=1"), 400),
        (nobody.get("/v1/jobs;x"), 400),
        (nobody.get("/v1/clients"), 401),
        (nobody.token("pc_x", "x"), 401),
        (mara.take(&format!("{path}/approve")), 403),
        (nobody.get("/nowhere"), 404),
        (nobody.ask(Method::PUT, "/v1/jobs"), 405),
        (nobody.get("/healthz").with_header("host", "evil.example"), 421),
        (nobody.get("/healthz").with_header("x-huge", &"x".repeat(17_000)), 431),
        (mara.delete(&path), 204),
    ] {
        is_hardened(&ask.await.is(status));
    }
}

#[tokio::test]
async fn answers_about_a_tenant_are_not_stored_by_caches() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;

    for path in ["/v1/jobs", "/v1/candidates", &format!("/v1/clients/{}", acme.company())] {
        assert_eq!(mara.get(path).await.is(200).header("cache-control"), Some("no-store"));
    }
    let public = platform.stranger().get("/v1/jobs").await.is(200);
    assert_eq!(public.header("cache-control"), Some("public, max-age=60"));
    assert_eq!(public.header("vary"), Some("authorization"));
}

#[tokio::test]
async fn no_origin_is_shared_with_unless_it_is_listed() {
    let platform = Platform::new().await;
    let nobody = platform.stranger();

    for origin in ["https://evil.example", "null", testkit::PUBLIC_URL] {
        let answer = nobody.get("/v1/jobs").with_header("origin", origin).await.is(200);
        shares_nothing(&answer);
        let preflight = nobody
            .ask(Method::OPTIONS, "/v1/jobs")
            .with_header("origin", origin)
            .with_header("access-control-request-method", "GET")
            .await;
        shares_nothing(&preflight.is(405));
    }
}

#[tokio::test]
async fn a_listed_origin_is_shared_with_by_name() {
    let listed = "https://board.example";
    let gate = GateConfig { cors_origins: vec![listed.to_owned()], ..Setup::default().gate };
    let platform = Platform::with(Setup { gate, ..Setup::default() }).await;
    let nobody = platform.stranger();
    let preflight = |origin| {
        nobody
            .ask(Method::OPTIONS, "/v1/jobs")
            .with_header("origin", origin)
            .with_header("access-control-request-method", "POST")
    };

    shares_nothing(&preflight("https://board.example.evil.example").await.is(405));
    let allowed = preflight(listed).await.is(204);
    let read = nobody.get("/v1/jobs").with_header("origin", listed).await.is(200);

    let has = |answer: &Answer, header, name| {
        let names = answer.header(header).unwrap_or_default();
        assert!(names.split(", ").any(|known| known == name), "{header}: {names}");
    };
    for name in ["authorization", "dpop", "idempotency-key", "x-api-key"] {
        has(&allowed, "access-control-allow-headers", name);
    }
    for name in ["ratelimit", "ratelimit-policy", "retry-after", "x-request-id"] {
        has(&read, "access-control-expose-headers", name);
    }
    for answer in [allowed, read] {
        assert_eq!(answer.header("access-control-allow-origin"), Some(listed));
        let vary: Vec<_> = answer.headers().get_all("vary").iter().collect();
        assert!(vary.iter().any(|value| *value == "origin"), "{vary:?}");
    }
}

#[tokio::test]
async fn a_write_with_a_cookie_must_come_from_our_own_pages() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;
    let ask = || mara.post("/v1/clients", samples::company()).with_header("cookie", "a=b");

    let refused = [
        ask(),
        ask().with_header("sec-fetch-site", "cross-site"),
        ask().with_header("sec-fetch-site", "same-site"),
        ask().with_header("sec-fetch-site", "none"),
        ask().with_header("origin", "https://evil.example"),
        ask().with_header("origin", "null"),
        ask()
            .with_header("origin", testkit::PUBLIC_URL)
            .with_header("sec-fetch-site", "cross-site"),
    ];
    for ask in refused {
        ask.await.is(403).problem("http.cross_site");
    }
    ask().with_header("sec-fetch-site", "same-origin").await.is(201);
    ask().with_header("origin", testkit::PUBLIC_URL).await.is(201);
    mara.get("/v1/clients").with_header("cookie", "a=b").await.is(200);
}
