//! Conditional requests (RFC 9110 §13): nobody overwrites what they have not read.

use serde_json::json;
use testkit::{Caller, Database, Platform, samples};

/// A partner, and the path of a job that they wrote down.
async fn with_job(platform: &Platform) -> (Caller, String) {
    let acme = platform.tenant("acme").await;
    let mara = acme.partner(&["read:jobs", "write:jobs"]).await;
    let id = mara.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();
    (mara, format!("/v1/jobs/{id}"))
}

#[tokio::test]
async fn a_change_without_the_version_is_refused() {
    let platform = Platform::new().await;
    let (mara, path) = with_job(&platform).await;

    let bare = [
        mara.patch(&path, json!({ "title": "Changed" })),
        mara.delete(&path),
        mara.take(&format!("{path}/open")),
    ];
    for ask in bare {
        ask.without("if-match").await.is(428).problem("precondition_required");
    }
}

#[tokio::test]
async fn a_change_from_an_old_version_is_refused_with_the_present_one() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (mara, path) = with_job(&platform).await;
        mara.patch(&path, json!({ "title": "First" })).await.is(200);

        for old in ["\"v1\"", "\"v3\"", "\"v0\""] {
            let ask = mara.patch(&path, json!({ "title": "Second" })).with_header("if-match", old);
            let refused = ask.await.is(412).problem("precondition_failed");
            assert_eq!(refused.etag(), "\"v2\"");
        }
        let delete = mara.delete(&path).with_header("if-match", "\"v1\"");
        delete.await.is(412);
        let open = mara.take(&format!("{path}/open")).with_header("if-match", "\"v1\"");
        open.await.is(412);
        assert_eq!(mara.get(&path).await.text_of("/title"), "First");
    }
}

#[tokio::test]
async fn a_tag_that_we_never_give_is_refused() {
    let platform = Platform::new().await;
    let (mara, path) = with_job(&platform).await;

    for tag in ["*", "v1", "W/\"v1\"", "\"v1\", \"v2\"", "\"1\"", ""] {
        let ask = mara.patch(&path, json!({ "title": "Changed" })).with_header("if-match", tag);
        let answer = ask.await;
        assert!(matches!(answer.status(), 400 | 412), "{tag}: {answer:?}");
    }
    let twice = mara.patch(&path, json!({ "title": "Changed" })).with_another("if-match", "\"v2\"");
    twice.await.is(400).problem("http.bad_request");
}

#[tokio::test]
async fn of_two_changes_at_once_one_wins() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let (mara, path) = with_job(&platform).await;

        let (one, other) = tokio::join!(
            mara.patch(&path, json!({ "title": "First" })).into_future(),
            mara.patch(&path, json!({ "title": "Second" })).into_future(),
        );

        let mut statuses = [one.status(), other.status()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
        let won = if one.status() == 200 { "First" } else { "Second" };
        let now = mara.get(&path).await.is(200);
        assert_eq!((now.text_of("/title").as_str(), now.etag().as_str()), (won, "\"v2\""));
    }
}

#[tokio::test]
async fn who_has_the_version_gets_304_and_no_body() {
    let platform = Platform::new().await;
    let (mara, path) = with_job(&platform).await;

    for tag in ["\"v1\"", "W/\"v1\"", "\"v9\", \"v1\"", "*"] {
        let answer = mara.get(&path).with_header("if-none-match", tag).await.is(304);
        assert!(answer.bytes().is_empty());
        assert_eq!(answer.etag(), "\"v1\"");
        assert_eq!(answer.header("content-type"), None);
    }
    mara.get(&path).with_header("if-none-match", "\"v2\"").await.is(200);
}

#[tokio::test]
async fn versions_count_changes() {
    let platform = Platform::new().await;
    let (mara, path) = with_job(&platform).await;

    let changed = mara.patch(&path, json!({ "title": "Changed" })).await.is(200);
    let opened = mara.take(&format!("{path}/open")).await.is(200);

    assert_eq!((changed.etag().as_str(), opened.etag().as_str()), ("\"v2\"", "\"v3\""));
    assert_eq!(opened.body()["version"], 3);
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let platform = Platform::new().await;
    let (mara, path) = with_job(&platform).await;

    let head = mara.ask(http::Method::HEAD, &path).await.is(200);

    assert!(head.bytes().is_empty());
    assert_eq!(head.etag(), "\"v1\"");
    mara.ask(http::Method::HEAD, "/v1/nowhere").await.is(404);
    platform.stranger().ask(http::Method::HEAD, "/v1/candidates").await.is(401);
}
