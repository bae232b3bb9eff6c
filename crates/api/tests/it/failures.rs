//! What breaks on our side, or on the way to us.

use std::time::Duration;

use gate::GateConfig;
use http::{Method, Version};
use policy::Role;
use serde_json::Value;
use testkit::{Database, Platform, Setup, days};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn a_failure_of_ours_says_nothing_but_that() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        platform.lose("public_job").await;

        let failed = platform.stranger().get("/v1/jobs").await.is(500).problem("internal");

        let body = failed.body();
        assert!(body.get("detail").is_none() && body.get("errors").is_none(), "{body}");
        assert!(!body.to_string().contains("public_job"), "{body}");
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_said_with_a_time_to_come_back() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.caller(Role::Partner).await;
        mara.get("/v1/jobs").await.is(200);
        platform.cut_off().await;

        let away = mara.get("/v1/jobs").await.is(503).problem("store_unavailable");
        let unready = platform.stranger().get("/readyz").await.is(503).problem("not_ready");

        assert_eq!(away.header("retry-after"), Some("1"));
        assert_eq!(unready.header("retry-after"), Some("5"));
        platform.stranger().get("/healthz").await.is(200);
    }
}

#[tokio::test]
async fn a_refusal_that_cannot_be_written_down_is_not_given() {
    let platform = Platform::new().await;
    platform.stranger().get("/v1/candidates").await.is(401);
    platform.cut_off().await;

    let refused = platform.stranger().get("/v1/candidates").await.is(503);

    let refused = refused.problem("audit_unavailable");
    assert_eq!(refused.header("retry-after"), Some("5"));
    assert_eq!(refused.header("www-authenticate"), None);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.caller(Role::Partner).await;

    let late = mara.ask(Method::POST, "/v1/jobs").stalled(Duration::from_millis(1)).await;

    late.is(408).problem("http.body_timeout");
}

#[tokio::test]
async fn a_request_has_a_deadline() {
    let gate = GateConfig { request_timeout_ms: 1, ..Setup::default().gate };
    let platform = Platform::with(Setup { gate, ..Setup::default() }).await;

    // Reads its body before it asks who calls.
    let late = platform.stranger().ask(Method::POST, "/v1/jobs").stalled(HOUR).await.is(503);

    let late = late.problem("pressure.timeout");
    assert_eq!(late.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn http_1_0_is_not_spoken() {
    let platform = Platform::new().await;

    for version in [Version::HTTP_09, Version::HTTP_10] {
        let refused = platform.stranger().get("/healthz").version(version).await;
        refused.is(505).problem("http.version");
    }
}

#[tokio::test]
async fn an_answer_that_must_not_leave_is_withheld() {
    const RULES: &str = "SecResponseBodyAccess On\nSecResponseBodyMimeType application/json\n\
        SecRule RESPONSE_BODY \"@contains \\\"status\\\":\\\"ok\\\"\" \
        \"id:1000001,phase:4,deny,status:500,t:none\"";
    let setup = Setup { answer_rules: Some(RULES), ..Setup::default() };
    let platform = Platform::with(setup).await;

    let withheld = platform.stranger().get("/healthz").await.is(500).problem("firewall.withheld");

    assert!(!String::from_utf8_lossy(withheld.bytes()).contains("\"ok\""));
    platform.stranger().get("/v1/jobs").await.is(200);
}

#[tokio::test]
async fn an_attack_is_refused_without_saying_by_what() {
    let platform = Platform::new().await;
    let attack = "/v1/jobs?q=1%27%20union%20select%20name%20from%20sqlite_master--";

    let refused = platform.stranger().get(attack).await.is(403).problem("firewall.refused");

    assert!(!refused.body().to_string().contains("sql"), "{refused:?}");
}

#[tokio::test]
async fn a_form_that_is_no_text_is_told_apart_in_the_access_log() {
    let platform = Platform::with(Setup { access_log: true, ..Setup::default() }).await;
    let form = b"grant_type=\xe9".to_vec();
    let ask = platform.stranger().token("pc_x", "x");

    let refused = ask.bytes(form, "application/x-www-form-urlencoded").await.is(400);

    refused.problem("oauth.invalid_request");
    let log = platform.close().await.access_log();
    let line: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(line["code"], "contract.malformed_form");
    assert_eq!(line["refused_by"], "validation");
}

#[tokio::test]
async fn a_copy_that_slept_too_long_is_told_to_begin_anew() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = acme.register(Role::Partner, policy::SCOPES).await;
        let mara = acme.sign_in(&known).await;
        let cursor = mara.get("/v1/changes").await.is(200).text_of("/page/next_cursor");
        let job = testkit::samples::job(acme.company());
        mara.post("/v1/jobs", job).await.is(201);
        platform.clock().advance(days(31));
        platform.run_jobs().await;
        let mara = acme.sign_in(&known).await;

        let late = mara.get(&format!("/v1/changes?cursor={cursor}")).await.is(410);

        late.problem("sync_window_expired");
        let fresh = mara.get("/v1/changes").await.is(200).text_of("/page/next_cursor");
        mara.get(&format!("/v1/changes?cursor={fresh}")).await.is(200);
    }
}
