//! Codes and refresh tokens at the token endpoint: what is refused, what is given once, and what
//! the tokens may.

use std::collections::BTreeSet;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use futures_util::future::join_all;
use http::Method;
use oauth::grants::AT_ONCE;
use policy::Role;
use serde_json::{Value, json};
use testkit::{CALLBACK, Database, Platform, minutes, samples};

use crate::granting::{SCOPES, VERIFIER, code, granted, redeem, redeem_with, refresh, signed_in};

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}

async fn last_attempt(platform: &Platform) -> Value {
    let trail = platform.audit().await;
    trail.into_iter().rfind(|entry| entry["class_uid"] == 3002).unwrap()
}

#[tokio::test]
async fn whatever_is_wrong_with_a_redemption_the_code_is_burnt() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (known, other) = (acme.asking(SCOPES).await, acme.asking(SCOPES).await);
    let browser = signed_in(&acme, Role::Recruiter).await;
    let nobody = platform.stranger();
    let wrong = format!("{VERIFIER}x");

    for (by, more) in [
        (&other, &[("code_verifier", VERIFIER)][..]),
        (&known, &[]),
        (&known, &[("code_verifier", wrong.as_str())]),
        (&known, &[("code_verifier", "short")]),
        (&known, &[("code_verifier", VERIFIER), ("redirect_uri", "https://app.example/cb/")]),
    ] {
        let code = code(&browser, &known.client_id).await;
        let fields = [&[("code", code.as_str())], more].concat();
        redeem_with(&nobody, by, &fields).await.is(400).problem("oauth.invalid_grant");

        let right = redeem(&nobody, &known, &code).await.is(400);
        right.problem("oauth.invalid_grant");
    }
    let late = code(&browser, &known.client_id).await;
    platform.clock().advance(Duration::from_secs(60));
    redeem(&nobody, &known, &late).await.is(400).problem("oauth.invalid_grant");
    assert_eq!(last_attempt(&platform).await["status_code"], "grant_over");
    redeem(&nobody, &known, "guess").await.is(400).problem("oauth.invalid_grant");
    redeem_with(&nobody, &known, &[]).await.is(400).problem("oauth.invalid_request");
}

#[tokio::test]
async fn a_code_works_once_and_a_second_use_ends_what_the_first_gave() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = acme.asking(SCOPES).await;
        let browser = signed_in(&acme, Role::Recruiter).await;
        let nobody = platform.stranger();
        let code = code(&browser, &known.client_id).await;
        let fields =
            [("code", code.as_str()), ("code_verifier", VERIFIER), ("redirect_uri", CALLBACK)];
        let given = redeem_with(&nobody, &known, &fields).await.is(200);
        assert_eq!(given.header("cache-control"), Some("no-store"));
        let (access, next) = (given.text_of("/access_token"), given.text_of("/refresh_token"));
        let mara = nobody.with_token(access);
        mara.get("/v1/jobs").await.is(200);
        platform.clock().advance(AT_ONCE);

        redeem(&nobody, &known, &code).await.is(400).problem("oauth.invalid_grant");

        assert_eq!(last_attempt(&platform).await["status_code"], "grant_reused");
        mara.get("/v1/jobs").await.is(401).problem("auth.invalid_token");
        refresh(&nobody, &known, &next).await.is(400).problem("oauth.invalid_grant");
        let trail = acme.audit().await;
        let ended =
            |entry: &&Value| entry["resources"][0]["type"] == "grant" && entry["activity_id"] == 4;
        assert_eq!(trail.iter().filter(ended).count(), 1);
    }
}

#[tokio::test]
async fn of_thirty_two_redemptions_at_once_one_gets_a_token() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = acme.asking(SCOPES).await;
        let browser = signed_in(&acme, Role::Recruiter).await;
        let nobody = platform.stranger();
        let code = code(&browser, &known.client_id).await;

        let all = join_all((0..32).map(|_| async { redeem(&nobody, &known, &code).await })).await;

        let mut given = all.iter().filter(|answer| answer.status() == 200);
        let (first, None) = (given.next().unwrap(), given.next()) else { panic!("two tokens") };
        let next = refresh(&nobody, &known, &first.text_of("/refresh_token")).await.is(200);
        // Later it is not the same request any more, and whoever was first loses everything.
        platform.clock().advance(AT_ONCE);
        redeem(&nobody, &known, &code).await.is(400).problem("oauth.invalid_grant");
        let next = next.text_of("/refresh_token");
        refresh(&nobody, &known, &next).await.is(400).problem("oauth.invalid_grant");
    }
}

#[tokio::test]
async fn a_token_is_the_persons_through_the_client_and_may_what_both_may() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let granted = granted(&platform, &acme).await;
    let app = platform.stranger().with_token(&granted.access);
    let said = claims(&granted.access);

    assert!(said["sub"].as_str().unwrap().starts_with("usr_"), "{said}");
    assert_eq!(said["client_id"], granted.known.client_id.as_str());
    assert_eq!(said["scope"], "read:candidates read:jobs write:jobs");
    assert_eq!(
        (&said["roles"], &said["client_roles"]),
        (&json!(["recruiter"]), &json!(["partner"]))
    );
    assert_eq!(
        (&said["acr"], &said["exp"]),
        (&json!("mfa"), &json!(said["iat"].as_i64().unwrap() + 900))
    );
    app.get("/v1/candidates").await.is(200);
    let job = app.post("/v1/jobs", samples::job(acme.company())).await.is(201).id();
    // Of the person's alone, of the application's alone, and of neither.
    app.take(&format!("/v1/jobs/{job}/submit")).await;
    app.take(&format!("/v1/jobs/{job}/approve")).await.is(403).problem("auth.forbidden");
    app.get("/v1/events").await.is(403);
    app.get("/v1/employments").await.is(403).problem("auth.scope_missing");
    app.ask(Method::GET, "/staff").await.is(403);
    app.ask(Method::GET, "/oauth/consent").await.is(403);
    let trail = acme.audit().await;
    let made = trail
        .iter()
        .rfind(|entry| entry["resources"][0]["type"] == "job" && entry["activity_id"] == 1);
    let made = made.unwrap();
    assert_eq!(made["actor"]["user"]["uid"], said["sub"]);
    assert_eq!(made["unmapped"]["client_id"], granted.known.client_id.as_str());
}

#[tokio::test]
async fn a_refresh_token_is_replaced_and_an_older_one_ends_the_grant() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let granted = granted(&platform, &acme).await;
        let (nobody, known) = (platform.stranger(), &granted.known);
        let other = acme.asking(SCOPES).await;
        refresh(&nobody, &other, &granted.refresh).await.is(400).problem("oauth.invalid_grant");

        let first = refresh(&nobody, known, &granted.refresh).await.is(200);
        let again = refresh(&nobody, known, &granted.refresh).await.is(200);
        let second = first.text_of("/refresh_token");
        assert_eq!(again.text_of("/refresh_token"), second);
        assert_ne!(second, granted.refresh);
        let third = refresh(&nobody, known, &second).await.is(200).text_of("/refresh_token");
        let app = nobody.with_token(first.text_of("/access_token"));
        app.get("/v1/jobs").await.is(200);

        refresh(&nobody, known, &granted.refresh).await.is(400).problem("oauth.invalid_grant");

        assert_eq!(last_attempt(&platform).await["status_code"], "grant_reused");
        let told = acme.outbox().await.pop().unwrap();
        assert_eq!(told.kind, "grant.reused");
        assert_eq!(told.payload["actor"]["id"], known.client_id.as_str());
        let metrics = platform.metrics();
        assert!(metrics.contains("ringwall_grants_reused_total 1"), "{metrics}");
        refresh(&nobody, known, &third).await.is(400).problem("oauth.invalid_grant");
        app.get("/v1/jobs").await.is(401).problem("auth.invalid_token");
    }
}

#[tokio::test]
async fn of_thirty_two_refreshes_at_once_there_is_one_successor() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let granted = granted(&platform, &acme).await;
        let nobody = platform.stranger();

        let all = (0..32).map(|_| async {
            let answer = refresh(&nobody, &granted.known, &granted.refresh).await.is(200);
            answer.text_of("/refresh_token")
        });
        let successors: BTreeSet<String> = join_all(all).await.into_iter().collect();

        assert_eq!(successors.len(), 1);
        let next = successors.first().unwrap();
        refresh(&nobody, &granted.known, next).await.is(200);
    }
}

#[tokio::test]
async fn a_grant_ends_a_day_after_it_began() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let granted = granted(&platform, &acme).await;
    let nobody = platform.stranger();
    let mut next = granted.refresh.clone();
    for _ in 0..23 {
        platform.clock().advance(minutes(60));
        next = refresh(&nobody, &granted.known, &next).await.is(200).text_of("/refresh_token");
    }

    platform.clock().advance(minutes(60));

    refresh(&nobody, &granted.known, &next).await.is(400).problem("oauth.invalid_grant");
    assert_eq!(last_attempt(&platform).await["status_code"], "grant_over");
}

#[tokio::test]
async fn a_refreshed_token_has_what_was_granted_or_less() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let granted = granted(&platform, &acme).await;
    let nobody = platform.stranger();
    let ask = |token: &str, scope: &str| {
        let form = format!("grant_type=refresh_token&refresh_token={token}&scope={scope}");
        let ask = nobody.ask(Method::POST, "/oauth/token").form(&form);
        ask.with_header("authorization", &granted.known.basic())
    };

    let less = ask(&granted.refresh, "read:jobs").await.is(200);
    let next = less.text_of("/refresh_token");
    ask(&next, "read:jobs+read:events").await.is(400).problem("oauth.invalid_scope");

    assert_eq!(less.body()["scope"], "read:jobs");
    let whole = ask(&next, "").await.is(200);
    assert_eq!(whole.body()["scope"], "read:candidates read:jobs write:jobs");
}

#[tokio::test]
async fn who_signs_out_everywhere_takes_back_what_they_granted() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let granted = granted(&platform, &acme).await;
    let nobody = platform.stranger();
    let app = nobody.with_token(&granted.access);
    app.get("/v1/jobs").await.is(200);
    granted.browser.open("/staff").await.is(200);

    granted.browser.send("/staff/sign-out-everywhere", &[]).await.is(303);

    app.get("/v1/jobs").await.is(401).problem("auth.invalid_token");
    refresh(&nobody, &granted.known, &granted.refresh).await.is(400);
}

#[tokio::test]
async fn who_is_let_go_grants_nothing_any_more() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = acme.asking(SCOPES).await;
        let invited = acme.take_on("mara", Role::Recruiter).await;
        let (person, browser) = (acme.enrol(&invited).await, acme.browser());
        browser.sign_in(&person).await;
        let waiting = code(&browser, &known.client_id).await;
        let taken = code(&browser, &known.client_id).await;
        let nobody = platform.stranger();
        let given = redeem(&nobody, &known, &taken).await.is(200);
        let app = nobody.with_token(given.text_of("/access_token"));
        app.get("/v1/jobs").await.is(200);

        acme.deactivate(invited.user).await;
        platform.clock().advance(Duration::from_secs(2));

        app.get("/v1/jobs").await.is(401).problem("auth.invalid_token");
        let next = given.text_of("/refresh_token");
        refresh(&nobody, &known, &next).await.is(400).problem("oauth.invalid_grant");
        redeem(&nobody, &known, &waiting).await.is(400).problem("oauth.invalid_grant");
    }
}

#[tokio::test]
async fn a_client_takes_back_its_own_grant_and_asks_what_it_is_worth() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let granted = granted(&platform, &acme).await;
    let other = acme.asking(SCOPES).await;
    let nobody = platform.stranger();
    let about = |path: &str, by: &testkit::Credentials, token: &str| {
        let ask = nobody.ask(Method::POST, path).form(&format!("token={token}"));
        ask.with_header("authorization", &by.basic())
    };
    let (own, token) = (&granted.known, granted.refresh.as_str());
    let app = nobody.with_token(&granted.access);

    let strange = about("/oauth/introspect", &other, token).await.is(200);
    about("/oauth/revoke", &other, token).await.is(200);
    let worth = about("/oauth/introspect", own, token).await.is(200).body();
    assert_eq!(strange.body(), json!({ "active": false }));
    assert_eq!(
        (&worth["active"], &worth["scope"]),
        (&json!(true), &json!("read:candidates read:jobs write:jobs"))
    );
    let access = about("/oauth/introspect", own, &granted.access).await.is(200).body();
    assert_eq!((&access["active"], &access["acr"]), (&json!(true), &json!("mfa")));
    about("/oauth/revoke", own, token).await.is(200);

    app.get("/v1/jobs").await.is(401).problem("auth.invalid_token");
    let gone = about("/oauth/introspect", own, token).await.is(200);
    assert_eq!(gone.body(), json!({ "active": false }));
    refresh(&nobody, own, token).await.is(400).problem("oauth.invalid_grant");
}
