//! Signing in through an application of the agency's own: which applications may not, who does not
//! get in, and what they learn from that; what is given, and how it ends.

use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use policy::Role;
use serde_json::{Value, json};
use testkit::{
    Answer, Ask, Caller, Credentials, Database, PASSWORD, Person, Platform, Signer, Tenant,
};

use crate::granting::SCOPES;

pub(crate) const LOGIN: &str = "/v1/auth/login";
pub(crate) const REFRESH: &str = "/v1/auth/refresh";

pub(crate) async fn own(acme: &Tenant) -> Credentials {
    let known = acme.register(Role::Partner, SCOPES).await;
    acme.set_first_party(&known.client_id).await;
    known
}

pub(crate) fn ask(nobody: &Caller, known: &Credentials, path: &str, body: &Value) -> Ask {
    nobody.ask(Method::POST, path).json(body).with_header("authorization", &known.basic())
}

/// The API's own form of refusal, and not that of `/oauth`.
#[track_caller]
fn is_problem(answer: &Answer, code: &str) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    assert_eq!(answer.body()["code"], code, "{answer:?}");
}

async fn try_password(nobody: &Caller, known: &Credentials, email: &str, with: &str) -> Answer {
    ask(nobody, known, LOGIN, &json!({ "email": email, "password": with })).await
}

async fn try_code(nobody: &Caller, known: &Credentials, login: &str, code: &str) -> Answer {
    ask(nobody, known, LOGIN, &json!({ "login": login, "code": code })).await
}

/// A login whose password was right, at a moment whose code is unused.
pub(crate) async fn begun(platform: &Platform, known: &Credentials, person: &Person) -> String {
    platform.clock().advance(Duration::from_secs(30));
    let nobody = platform.stranger();
    let begun = try_password(&nobody, known, &person.email, PASSWORD).await.is(200);
    assert_eq!(begun.header("cache-control"), Some("no-store"));
    begun.text_of("/login")
}

pub(crate) async fn tokens(platform: &Platform, known: &Credentials, person: &Person) -> Answer {
    let login = begun(platform, known, person).await;
    try_code(&platform.stranger(), known, &login, &person.code()).await.is(200)
}

async fn last_attempt(platform: &Platform) -> Value {
    let trail = platform.audit().await;
    trail.into_iter().rfind(|entry| entry["class_uid"] == 3002).unwrap()
}

#[tokio::test]
async fn no_application_but_the_agencys_own_takes_a_password() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let nobody = platform.stranger();
    let partner = acme.asking(SCOPES).await;
    let wrong = Credentials {
        client_id: own(&acme).await.client_id,
        secret: oauth::generate_client_secret(),
    };

    let refused = try_password(&nobody, &partner, &mara.email, PASSWORD).await.is(400);
    is_problem(&refused, "oauth.unauthorized_client");
    assert_eq!(last_attempt(&platform).await["status_code"], "grant_not_allowed");
    let body = json!({ "refresh_token": format!("rt_{}_{}", "a".repeat(26), "a".repeat(52)) });
    let refused = ask(&nobody, &partner, REFRESH, &body).await.is(400);
    is_problem(&refused, "oauth.unauthorized_client");
    let refused = try_password(&nobody, &wrong, &mara.email, PASSWORD).await.is(401);
    is_problem(&refused, "oauth.invalid_client");
    let form = format!("grant_type=password&username={}&password={PASSWORD}", mara.email);
    let token = nobody.ask(Method::POST, "/oauth/token").form(&form);
    let token = token.with_header("authorization", &partner.basic()).await.is(400);
    token.problem("oauth.unsupported_grant_type");
}

#[tokio::test]
async fn who_does_not_exist_is_answered_as_who_mistyped() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let globex = platform.tenant("globex").await;
    let known = own(&acme).await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let elsewhere = globex.enrolled("zoe", Role::Recruiter).await;
    let rui = acme.take_on("rui", Role::Recruiter).await;
    let nobody = platform.stranger();
    let wrong = try_password(&nobody, &known, &mara.email, "another password").await.is(403);
    let told = |answer: &Answer| (answer.body()["detail"].clone(), answer.body()["type"].clone());

    for email in ["nobody@acme.example", elsewhere.email.as_str(), rui.email.as_str()] {
        let answer = try_password(&nobody, &known, email, PASSWORD).await.is(403);

        assert_eq!(told(&answer), told(&wrong), "{email}");
        answer.problem("login.refused");
    }
    let attempt = last_attempt(&platform).await;
    assert_eq!(attempt["unmapped"]["client_id"], known.client_id.as_str(), "{attempt}");
    let shown = format!("{attempt}");
    assert!(!shown.contains("acme.example") && !shown.contains(PASSWORD), "{shown}");
}

#[tokio::test]
async fn a_login_gives_what_the_code_grant_gives() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = own(&acme).await;
        let mara = acme.enrolled("mara", Role::Recruiter).await;
        let nobody = platform.stranger();

        let given = tokens(&platform, &known, &mara).await;

        assert_eq!(given.header("cache-control"), Some("no-store"));
        assert_eq!(given.body()["token_type"], "Bearer");
        // Of the application's scopes those that recruiters may use, too.
        assert_eq!(given.body()["scope"], "read:candidates read:jobs write:jobs");
        let attempt = last_attempt(&platform).await;
        assert_eq!((&attempt["status_id"], &attempt["auth_protocol"]), (&json!(1), &json!("totp")));
        let app = nobody.with_token(given.text_of("/access_token"));
        app.get("/v1/candidates").await.is(200);
        app.get("/v1/events").await.is(403);
        let first = given.text_of("/refresh_token");
        let body = json!({ "refresh_token": first });
        let next = ask(&nobody, &known, REFRESH, &body).await.is(200);
        // A lost answer is repeated; an older token ends everything.
        let again = ask(&nobody, &known, REFRESH, &body).await.is(200);
        assert_eq!(again.text_of("/refresh_token"), next.text_of("/refresh_token"));
        let second = json!({ "refresh_token": next.text_of("/refresh_token") });
        ask(&nobody, &known, REFRESH, &second).await.is(200);
        let stolen = ask(&nobody, &known, REFRESH, &body).await.is(400);
        is_problem(&stolen, "oauth.invalid_grant");
        app.get("/v1/candidates").await.is(401).problem("auth.invalid_token");
    }
}

#[tokio::test]
async fn five_wrong_codes_end_a_login() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = own(&acme).await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let nobody = platform.stranger();
    let login = begun(&platform, &known, &mara).await;
    for _ in 0..5 {
        try_code(&nobody, &known, &login, "000000").await.is(403).problem("login.refused");
    }
    platform.clock().advance(Duration::from_secs(30));

    let right = try_code(&nobody, &known, &login, &mara.code()).await.is(403);

    right.problem("login.over");
    assert_eq!(last_attempt(&platform).await["status_code"], "login_over");
}

#[tokio::test]
async fn guessing_is_slowed_as_on_the_pages() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = own(&acme).await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let nobody = platform.stranger();
    for _ in 0..5 {
        try_password(&nobody, &known, &mara.email, "wrong").await.is(403).problem("login.refused");
    }

    let waits = try_password(&nobody, &known, &mara.email, PASSWORD).await.is(429);

    assert_eq!(waits.header("retry-after"), Some("1"));
    waits.problem("login.wait");
    // On the pages the same person waits as well.
    let browser = acme.browser();
    browser.prove_password(&mara).await.is(429);
}

#[tokio::test]
async fn a_login_is_good_once_and_for_one_client() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let (known, other) = (own(&acme).await, own(&acme).await);
        let mara = acme.enrolled("mara", Role::Recruiter).await;
        let nobody = platform.stranger();
        let login = begun(&platform, &known, &mara).await;
        let code = mara.code();
        try_code(&nobody, &other, &login, &code).await.is(403).problem("login.over");

        let all = join_all((0..8).map(|_| try_code(&nobody, &known, &login, &code))).await;

        assert_eq!(all.iter().filter(|answer| answer.status() == 200).count(), 1);
        platform.clock().advance(Duration::from_secs(60));
        let later = try_code(&nobody, &known, &login, &mara.code()).await;
        assert_ne!(later.status(), 200);
        platform.clock().advance(Duration::from_secs(300));
        try_code(&nobody, &known, &login, &mara.code()).await.is(403).problem("login.over");
    }
}

#[tokio::test]
async fn a_bound_login_gives_bound_tokens() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = own(&acme).await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let nobody = platform.stranger();
    let (key, stranger) = (Signer::new(), Signer::new());
    let login = begun(&platform, &known, &mara).await;
    let body = json!({ "login": login, "code": mara.code() });
    let now = platform.now();
    let elsewhere = key.proof("POST", "/oauth/token", None, now);
    let refused = ask(&nobody, &known, LOGIN, &body).with_header("dpop", &elsewhere).await;
    is_problem(&refused.is(400), "oauth.invalid_dpop_proof");

    let proof = key.proof("POST", LOGIN, None, platform.now());
    let given = ask(&nobody, &known, LOGIN, &body).with_header("dpop", &proof).await.is(200);

    assert_eq!(given.body()["token_type"], "DPoP");
    let access = given.text_of("/access_token");
    nobody.with_token(access).get("/v1/jobs").await.is(401);
    let body = json!({ "refresh_token": given.text_of("/refresh_token") });
    let foreign = stranger.proof("POST", REFRESH, None, platform.now());
    let refused = ask(&nobody, &known, REFRESH, &body).with_header("dpop", &foreign).await;
    is_problem(&refused.is(400), "oauth.invalid_grant");
    let right = key.proof("POST", REFRESH, None, platform.now());
    ask(&nobody, &known, REFRESH, &body).with_header("dpop", &right).await.is(200);
}

#[tokio::test]
async fn more_scope_than_the_application_has_is_refused_and_the_code_stays_good() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = own(&acme).await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let nobody = platform.stranger();
    let login = begun(&platform, &known, &mara).await;
    let asked = |scope: &str| json!({ "login": login, "code": mara.code(), "scope": scope });

    let refused = ask(&nobody, &known, LOGIN, &asked("read:jobs read:employments")).await.is(400);
    is_problem(&refused, "oauth.invalid_scope");
    let refused = ask(&nobody, &known, LOGIN, &asked("read:events")).await.is(400);
    is_problem(&refused, "oauth.invalid_scope");

    let given = ask(&nobody, &known, LOGIN, &asked("read:jobs")).await.is(200);
    assert_eq!(given.body()["scope"], "read:jobs");
}

#[tokio::test]
async fn who_is_let_go_keeps_nothing() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = own(&acme).await;
    let invited = acme.take_on("rui", Role::Recruiter).await;
    let rui = acme.enrol(&invited).await;
    let given = tokens(&platform, &known, &rui).await;

    acme.deactivate(invited.user).await;

    let nobody = platform.stranger();
    let body = json!({ "refresh_token": given.text_of("/refresh_token") });
    let refused = ask(&nobody, &known, REFRESH, &body).await.is(400);
    is_problem(&refused, "oauth.invalid_grant");
    try_password(&nobody, &known, &rui.email, PASSWORD).await.is(403).problem("login.refused");
}
