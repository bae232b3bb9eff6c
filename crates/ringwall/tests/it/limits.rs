//! How often the running binary lets somebody call.

#[path = "../../../counters/tests/redis/server.rs"]
#[expect(dead_code, reason = "the tests of counters stop and resume theirs")]
mod redis;

use serde_json::Value;

use crate::database::Database;
use crate::server::Server;
use crate::site::Site;

/// So many strangers' requests are answered 200, up to ten, and the first answer that is not.
async fn passed(server: &Server) -> (usize, Option<(u16, Value)>) {
    let client = server.client();
    for passed in 0..10 {
        let answer = client.get(format!("{}/v1/jobs", server.url())).send().await;
        let answer = answer.expect("an answer");
        if answer.status() != 200 {
            let status = answer.status().as_u16();
            return (passed, Some((status, answer.json().await.expect("a problem"))));
        }
    }
    (10, None)
}

async fn site(store: &str, on_store_error: &str) -> Site {
    let site = Site::new(Database::Sqlite).await.with("LIMITS__EXEMPT", "[]");
    site.with("LIMITS__STRANGERS_MAX", "4")
        .with("LIMITS__STORE", store)
        // The machine of the tests is busy.
        .with("LIMITS__STORE_TIMEOUT_MS", "10000")
        .with("LIMITS__ON_STORE_ERROR", on_store_error)
}

#[tokio::test]
async fn a_stranger_is_refused_with_429_and_told_for_how_long() {
    let site = site("", "local").await;
    let server = site.start().await;

    let (passed, refused) = passed(&server).await;

    let (status, problem) = refused.expect("a refusal");
    assert_eq!((passed, status), (4, 429));
    assert_eq!(problem["violated-policies"], serde_json::json!(["strangers"]));
    let said = server.stop().await;
    assert!(said.contains(r#""code":"limits.exceeded","refused_by":"flood""#), "{said}");
}

#[tokio::test]
async fn what_redis_counted_outlives_a_node_and_a_rule_that_is_closed_lets_nobody_pass_uncounted() {
    let redis = redis::Server::start();
    let site = site(&redis.url(), "closed").await;
    let server = site.start().await;
    assert_eq!(passed(&server).await.0, 4);
    server.stop().await;

    let server = site.start().await;
    let (again, refused) = passed(&server).await;
    assert_eq!((again, refused.map(|(status, _)| status)), (0, Some(429)));
    redis.kill();
    let (known, refused) = passed(&server).await;
    assert_eq!((known, refused.map(|(status, _)| status)), (0, Some(429)), "it was told so");
    server.stop().await;

    let server = site.start().await;
    let (uncounted, refused) = passed(&server).await;

    let (status, problem) = refused.expect("a refusal");
    assert_eq!((uncounted, status), (0, 503));
    assert_eq!(problem["code"], "limits.uncounted");
    assert_eq!(
        problem["type"],
        "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"
    );
    let said = server.stop().await;
    assert!(said.contains(r#""code":"limits.uncounted","refused_by":"flood""#), "{said}");
}

#[tokio::test]
async fn what_was_used_of_a_quota_outlives_a_restart_and_what_was_not_comes_back() {
    for database in [Database::Sqlite, Database::Postgres] {
        let daily = r#"[{ name = "daily", by = ["address"], max = 7, per = "day" }]"#;
        let site = Site::new(database).await.with("LIMITS__EXEMPT", "[]");
        let site = site.with("LIMITS__RULES", daily).with("LIMITS__STORE_TIMEOUT_MS", "10000");
        let server = site.start().await;
        let client = server.client();
        for _ in 0..4 {
            let answer = client.get(format!("{}/v1/jobs", server.url())).send().await;
            assert_eq!(answer.expect("an answer").status(), 200);
        }
        server.stop().await;

        let server = site.start().await;
        let (passed, refused) = passed(&server).await;

        let (status, problem) = refused.expect("a refusal");
        assert_eq!((passed, status), (3, 429), "{database:?}");
        assert_eq!(problem["violated-policies"], serde_json::json!(["daily"]));
        let said = server.stop().await;
        assert!(!said.contains("the bank of quotas is away"), "{said}");
    }
}

#[tokio::test]
async fn limits_that_cannot_be_meant_do_not_start() {
    for (key, value, part) in [
        ("LIMITS__STRANGERS_MAX", "0", "limits.strangers_max"),
        ("LIMITS__STORE", "redis://:hunter2@cache/0", "without a password"),
        (
            "LIMITS__RULES",
            r#"[{ name = "a", operation = "GET /jbos", by = ["client"], max = 1, window_s = 9 }]"#,
            "did you mean",
        ),
    ] {
        let site = Site::new(Database::Sqlite).await.with(key, value);

        let said = site.refuses_to_start().await;

        assert_ne!(said.code, Some(0));
        assert!(said.err.contains(part) && !said.err.contains("hunter2"), "{said:?}");
    }
}
