//! What a person granted, on a page of their own, and how they take it back.

use http::Method;
use policy::Role;
use testkit::{Browser, Database, Platform};

use crate::granting::{granted, page, refresh, signed_in};

const PATH: &str = "/staff/applications";
const END: &str = "/staff/applications/end";

fn grant(browser: &Browser) -> String {
    browser.hidden_of(END, "grant")
}

#[tokio::test]
async fn nobody_sees_or_ends_what_others_granted() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let given = granted(&platform, &acme).await;
    given.browser.open(PATH).await.is(200);
    let id = grant(&given.browser);
    let other = signed_in(&acme, Role::ClientViewer).await;

    let shown = page(&other.open(PATH).await.is(200));
    assert!(shown.contains("No application acts for you"), "{shown}");
    // With a form of their own, and somebody else's grant.
    other.open("/staff").await.is(200);
    let form = other.hidden_of("/staff/sign-out", "form");
    let ask = other.ask(Method::POST, END).form(&format!("form={form}&grant={id}"));
    ask.await.is(404);
    let app = platform.stranger().with_token(&given.access);
    app.get("/v1/jobs").await.is(200);
    app.ask(Method::GET, PATH).await.is(403);
}

#[tokio::test]
async fn a_form_of_another_page_takes_nothing_back() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let given = granted(&platform, &acme).await;
    given.browser.open(PATH).await.is(200);
    let id = grant(&given.browser);

    let forged = format!("form={}&grant={id}", "0".repeat(64));
    given.browser.ask(Method::POST, END).form(&forged).await.is(403);

    platform.stranger().with_token(&given.access).get("/v1/jobs").await.is(200);
}

#[tokio::test]
async fn who_takes_it_back_ends_its_tokens_at_once() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let given = granted(&platform, &acme).await;
        let shown = page(&given.browser.open(PATH).await.is(200));
        for told in ["partner of acme", "see candidates", "since <time", "last used <time"] {
            assert!(shown.contains(told), "{told}: {shown}");
        }
        assert!(!shown.contains("<script"), "{shown}");

        let done = given.browser.send(END, &[]).await.is(303);

        assert_eq!(done.header("location"), Some(PATH));
        let nobody = platform.stranger();
        let app = nobody.with_token(&given.access);
        app.get("/v1/jobs").await.is(401).problem("auth.invalid_token");
        let next = refresh(&nobody, &given.known, &given.refresh).await.is(400);
        next.problem("oauth.invalid_grant");
        let shown = page(&given.browser.open(PATH).await.is(200));
        assert!(shown.contains("No application acts for you"), "{shown}");
        let trail = acme.audit().await;
        let ended = trail.iter().rfind(|entry| entry["resources"][0]["type"] == "grant");
        assert_eq!(ended.unwrap()["activity_id"], 4);
    }
}
