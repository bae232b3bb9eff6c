//! A node whose work waits too long for a thread: who is refused, and who is not.

use std::time::Duration;

use serde_json::json;
use testkit::Platform;

/// Twice the target, until three of five strangers are refused.
const STRAIN: (Duration, u32) = (Duration::from_millis(100), 24);

#[tokio::test]
async fn a_busy_node_refuses_strangers_first_and_says_when_to_come_back() {
    let platform = Platform::new().await;
    let tenant = platform.tenant("acme").await;
    let mara = tenant.partner(&["read:jobs"]).await;
    mara.get("/v1/jobs").await.is(200);
    platform.strain(STRAIN.0, STRAIN.1);

    let mut refused = 0;
    for _ in 0..60 {
        let answer = platform.stranger().get("/v1/jobs").await;
        if answer.status() == 200 {
            continue;
        }
        let answer = answer.is(503).problem("pressure.shed");
        let kind = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity";
        assert_eq!(answer.body()["type"], kind);
        assert_eq!(answer.body()["violated-policies"], json!(["queue-delay"]));
        let seconds = answer.header("retry-after").and_then(|text| text.parse::<u32>().ok());
        assert!(seconds.is_some_and(|seconds| (1..=5).contains(&seconds)), "{answer:?}");
        refused += 1;
    }

    assert!((1..60).contains(&refused), "{refused} of 60");
    for _ in 0..20 {
        mara.get("/v1/jobs").await.is(200);
    }
    let metrics = platform.metrics();
    assert!(metrics.contains(&format!("ringwall_shed_total {refused}\n")), "{metrics}");
}

#[tokio::test]
async fn what_is_vital_is_served_however_busy_the_node_is() {
    let platform = Platform::new().await;
    platform.strain(Duration::from_secs(5), 60);

    for _ in 0..20 {
        platform.stranger().get("/healthz").await.is(200);
        platform.stranger().get("/readyz").await.is(200);
        // Nobody is signed in; but the page is reached.
        let out = platform.stranger().post("/staff/sign-out", json!({})).await;
        assert_ne!(out.status(), 503, "{out:?}");
    }
}

#[tokio::test]
async fn a_node_that_is_no_longer_busy_refuses_nobody() {
    let platform = Platform::new().await;
    platform.strain(STRAIN.0, STRAIN.1);

    platform.strain(Duration::ZERO, 100);

    for _ in 0..40 {
        platform.stranger().get("/v1/jobs").await.is(200);
    }
}
