//! Enrolling: links count once, and what is chosen is worth something.

use std::time::Duration;

use futures_util::future::join_all;
use policy::Role;
use testkit::{Answer, Browser, Invited, PASSWORD, Platform, days, secret_on};

async fn open(browser: &Browser, link: &str) -> Answer {
    browser.open(&format!("/staff/enrol/{link}")).await
}

async fn try_with(
    platform: &Platform,
    browser: &Browser,
    invited: &Invited,
    password: &str,
) -> Answer {
    let page = open(browser, &invited.link).await.is(200);
    let code = secret_on(page.bytes()).code(platform.now());
    let fields = [("password", password), ("repeated", password), ("code", code.as_str())];
    browser.send("/staff/enrol", &fields).await
}

fn says(answer: &Answer, text: &str) {
    let page = String::from_utf8_lossy(answer.bytes()).into_owned();
    assert!(page.contains(text), "{text}: {page}");
}

#[tokio::test]
async fn a_link_is_good_once() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let late = acme.browser();
    let page = open(&late, &invited.link).await.is(200);
    let code = secret_on(page.bytes()).code(platform.now());
    acme.enrol(&invited).await;

    open(&acme.browser(), &invited.link).await.is(404);

    // Nor does a page that was opened before it was used.
    let fields = [("password", PASSWORD), ("repeated", PASSWORD), ("code", code.as_str())];
    says(&late.send("/staff/enrol", &fields).await.is(404), "not good any more");
}

#[tokio::test]
async fn of_many_with_one_link_at_once_one_enrols() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let browser = acme.browser();
    let page = open(&browser, &invited.link).await.is(200);
    let code = secret_on(page.bytes()).code(platform.now());
    let fields = [("password", PASSWORD), ("repeated", PASSWORD), ("code", code.as_str())];

    let all = (0..8).map(|_| browser.prepared("/staff/enrol", &fields).into_future());
    let answers = join_all(all).await;

    let of = |status: u16| answers.iter().filter(|answer| answer.status() == status).count();
    assert_eq!((of(200), of(404)), (1, 7));
}

#[tokio::test]
async fn a_link_ends_after_a_day_and_with_the_next_one() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let next = acme.invite(invited.user).await;

    open(&acme.browser(), &invited.link).await.is(404);
    open(&acme.browser(), &next).await.is(200);
    platform.clock().advance(days(1));
    open(&acme.browser(), &next).await.is(404);
}

#[tokio::test]
async fn a_link_that_never_was_and_one_of_somebody_who_left_look_the_same() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    acme.deactivate(invited.user).await;

    let left = open(&acme.browser(), &invited.link).await.is(404);
    let never = open(&acme.browser(), &"a".repeat(64)).await.is(404);

    for answer in [left, never] {
        says(&answer, "not good any more");
        assert!(!String::from_utf8_lossy(answer.bytes()).contains("mara"));
    }
}

#[tokio::test]
async fn looking_neither_uses_a_link_up_nor_tells_the_secret() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let spy = open(&acme.browser(), &invited.link).await.is(200);
    let spied = secret_on(spy.bytes());

    let mara = acme.enrol(&invited).await;

    assert_ne!(spied.bytes(), mara.secret.bytes());
}

#[tokio::test]
async fn a_weak_password_is_refused_and_the_link_stays_good() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let browser = acme.browser();

    for (password, reason) in [
        ("short1!", "fewer than 8"),
        ("password123", "first that somebody would guess"),
        ("mara.silva2026", "first that somebody would guess"),
        ("Acme1234", "first that somebody would guess"),
    ] {
        says(&try_with(&platform, &browser, &invited, password).await.is(422), reason);
    }
    try_with(&platform, &browser, &invited, PASSWORD).await.is(200);
}

#[tokio::test]
async fn who_administers_chooses_a_longer_password() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("ada", Role::SystemAdmin).await;

    let answer = try_with(&platform, &acme.browser(), &invited, "v7 Qm!tz0pLw").await.is(422);

    says(&answer, "fewer than 15");
}

#[tokio::test]
async fn nothing_is_set_without_a_code_that_fits_and_two_equal_passwords() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let browser = acme.browser();
    let page = open(&browser, &invited.link).await.is(200);
    let secret = secret_on(page.bytes());
    let code = secret.code(platform.now());

    for (repeated, code) in [("tandem wicker plinth odd", code.as_str()), (PASSWORD, "000000")] {
        let fields = [("password", PASSWORD), ("repeated", repeated), ("code", code)];
        let again = browser.send("/staff/enrol", &fields).await.is(422);
        assert_eq!(secret_on(again.bytes()).bytes(), secret.bytes(), "nobody scans it twice");
    }
    acme.browser().open("/staff/sign-in").await.is(200);
    platform.clock().advance(Duration::from_secs(30));
    let code = secret.code(platform.now());
    let fields = [("password", PASSWORD), ("repeated", PASSWORD), ("code", code.as_str())];
    browser.send("/staff/enrol", &fields).await.is(200);
}

#[tokio::test]
async fn enrolling_anew_ends_what_was_before() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let before = acme.enrol(&invited).await;
    let browser = acme.browser();
    browser.sign_in(&before).await;
    let link = acme.invite(invited.user).await;
    browser.open("/staff").await.is(200);
    platform.clock().advance(Duration::from_secs(30));

    acme.enrol(&Invited { link, ..invited }).await;

    platform.clock().advance(Duration::from_secs(2));
    browser.open("/staff").await.is(401);
    let old = acme.browser();
    old.prove_password(&before).await.is(200);
    old.send("/staff/sign-in/code", &[("code", &before.code())]).await.is(403);
    old.send("/staff/sign-in/code", &[("code", &before.recovery_codes[0])]).await.is(403);
}
