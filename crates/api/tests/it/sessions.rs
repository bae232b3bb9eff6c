//! Sessions: how they end, and whom they do not serve.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64;
use gate::contract::{Access, ErrorForm};
use http::Method;
use policy::Role;
use serde_json::json;
use testkit::{CALLBACK, Database, Platform, minutes, samples};

use crate::granting::{CONSENT, SCOPES, page, with};
use crate::operations::{Things, all, ask};

const SESSION: &str = "__Host-ringwall";

#[tokio::test]
async fn a_session_ends_when_nothing_is_heard_of_it() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (ada, mara) = (
        acme.enrolled("ada", Role::SystemAdmin).await,
        acme.enrolled("mara", Role::Recruiter).await,
    );
    let (admin, recruiter) = (acme.browser(), acme.browser());
    admin.sign_in(&ada).await;
    recruiter.sign_in(&mara).await;
    for _ in 0..3 {
        platform.clock().advance(minutes(14));
        admin.open("/staff").await.is(200);
    }

    platform.clock().advance(minutes(15));

    admin.open("/staff").await.is(401);
    recruiter.open("/staff").await.is(401);
}

#[tokio::test]
async fn a_session_ends_after_hours_however_it_is_used() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let ada = acme.enrolled("ada", Role::SystemAdmin).await;
    let browser = acme.browser();
    browser.sign_in(&ada).await;
    for _ in 0..47 {
        platform.clock().advance(minutes(10));
        browser.open("/staff").await.is(200);
    }

    platform.clock().advance(minutes(10));

    browser.open("/staff").await.is(401);
}

#[tokio::test]
async fn who_does_not_administer_stays_half_an_hour_and_half_a_day() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (mara, vic) = (
        acme.enrolled("mara", Role::Recruiter).await,
        acme.enrolled("vic", Role::ClientViewer).await,
    );
    for person in [&mara, &vic] {
        let (idle, busy) = (acme.browser(), acme.browser());
        idle.sign_in(person).await;
        platform.clock().advance(minutes(29));
        idle.open("/staff").await.is(200);
        platform.clock().advance(minutes(30));
        idle.open("/staff").await.is(401);

        busy.sign_in(person).await;
        for _ in 0..28 {
            platform.clock().advance(minutes(25));
            busy.open("/staff").await.is(200);
        }
        platform.clock().advance(minutes(19));
        busy.open("/staff").await.is(200);
        platform.clock().advance(minutes(1));
        busy.open("/staff").await.is(401);
    }
}

#[tokio::test]
async fn the_list_says_where_and_how_each_session_began() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (mara, ada) =
        (acme.enrolled("mara", Role::Recruiter).await, acme.enrolled("ada", Role::Recruiter).await);
    let (here, there, other) = (acme.browser(), acme.browser(), acme.browser());
    other.sign_in(&ada).await;
    there.sign_in(&mara).await;
    let began = platform.now().to_string();
    platform.clock().advance(minutes(5));
    here.sign_in(&mara).await;

    let shown = page(&here.open("/staff").await.is(200));

    let (_, list) = shown.split_once("<ul class=\"sessions\">").unwrap();
    let (list, _) = list.split_once("</ul>").unwrap();
    let sessions: Vec<_> = list.split("<li>").skip(1).collect();
    assert_eq!(sessions.len(), 2, "{list}");
    // The newest first; this one has no button.
    assert!(sessions[0].contains("this one") && !sessions[0].contains("<form"), "{list}");
    assert!(!sessions[1].contains("this one"), "{list}");
    assert!(sessions[1].contains("action=\"/staff/sessions/end\""), "{list}");
    for session in &sessions {
        for told in ["<strong>", "signed in <time", "last proven by a code", "last seen <time"] {
            assert!(session.contains(told), "{told}: {session}");
        }
    }
    let (day, time) = (&began[..10], &began[11..16]);
    assert!(sessions[1].contains(&format!(">{day} {time} UTC</time>")), "{began}: {list}");
}

#[tokio::test]
async fn one_other_session_is_ended_by_its_button() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let mara = acme.enrolled("mara", Role::Recruiter).await;
        let ada = acme.enrolled("ada", Role::Recruiter).await;
        let (here, there, third) = (acme.browser(), acme.browser(), acme.browser());
        let stranger = acme.browser();
        third.sign_in(&mara).await;
        there.sign_in(&mara).await;
        here.sign_in(&mara).await;
        stranger.sign_in(&ada).await;
        here.open("/staff").await.is(200);
        let session = here.hidden_of(END, "session");
        // Somebody else, with a form of their own; and the right person with a form of nobody.
        stranger.open("/staff").await.is(200);
        let form = stranger.hidden_of("/staff/sign-out", "form");
        let forged = format!("form={form}&session={session}");
        stranger.ask(Method::POST, END).form(&forged).await.is(404);
        let forged = format!("form={}&session={session}", "0".repeat(64));
        here.ask(Method::POST, END).form(&forged).await.is(403);
        there.open("/staff").await.is(200);

        let done = here.send(END, &[]).await.is(303);

        assert_eq!(done.header("location"), Some("/staff"));
        there.open("/staff").await.is(401);
        third.open("/staff").await.is(200);
        here.open("/staff").await.is(200);
    }
}

const END: &str = "/staff/sessions/end";

#[tokio::test]
async fn signing_out_ends_this_session_and_no_other() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let (here, there) = (acme.browser(), acme.browser());
    here.sign_in(&mara).await;
    there.sign_in(&mara).await;
    let cookie = format!("{SESSION}={}", here.cookie(SESSION).unwrap());
    here.open("/staff").await.is(200);

    here.send("/staff/sign-out", &[]).await.is(303);

    assert_eq!(here.cookie(SESSION), None);
    here.ask(Method::GET, "/staff").with_header("cookie", &cookie).await.is(401);
    there.open("/staff").await.is(200);
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_and_lets_in_again() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (mara, ada) =
        (acme.enrolled("mara", Role::Recruiter).await, acme.enrolled("ada", Role::Recruiter).await);
    let (here, there, other) = (acme.browser(), acme.browser(), acme.browser());
    here.sign_in(&mara).await;
    there.sign_in(&mara).await;
    other.sign_in(&ada).await;
    here.open("/staff").await.is(200);

    here.send("/staff/sign-out-everywhere", &[]).await.is(303);

    there.open("/staff").await.is(401);
    other.open("/staff").await.is(200);
    here.sign_in(&mara).await;
    here.open("/staff").await.is(200);
}

#[tokio::test]
async fn who_is_let_go_is_signed_out_within_two_seconds() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let mara = acme.enrol(&invited).await;
    let browser = acme.browser();
    browser.sign_in(&mara).await;
    browser.ask(Method::GET, "/v1/candidates").await.is(200);

    acme.deactivate(invited.user).await;
    platform.clock().advance(Duration::from_secs(2));

    browser.ask(Method::GET, "/v1/candidates").await.is(401).problem("auth.invalid_session");
    acme.browser().prove_password(&mara).await.is(403);
}

#[tokio::test]
async fn a_session_shows_nothing_of_another_tenant() {
    let platform = Platform::new().await;
    let (acme, globex) = (platform.tenant("acme").await, platform.tenant("globex").await);
    let partner = globex.caller(Role::Partner).await;
    let job = partner.post("/v1/jobs", samples::job(globex.company())).await.is(201).id();
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    browser.sign_in(&mara).await;

    browser.ask(Method::GET, &format!("/v1/jobs/{job}")).await.is(404).problem("not_found");

    assert!(browser.ask(Method::GET, "/v1/jobs").await.is(200).ids().is_empty());
}

#[tokio::test]
async fn what_is_no_session_opens_nothing() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    browser.sign_in(&mara).await;
    let good = format!("{SESSION}={}", browser.cookie(SESSION).unwrap());
    let partner = acme.caller(Role::Partner).await;

    for cookie in [
        format!("{SESSION}="),
        format!("{SESSION}={}", "a".repeat(64)),
        format!("{good}0"),
        good.to_uppercase().replace(&SESSION.to_uppercase(), SESSION),
        format!("{good}; {good}"),
    ] {
        let answer = browser.ask(Method::GET, "/v1/jobs").with_header("cookie", &cookie).await;
        let answer = answer.is(401).problem("auth.invalid_session");
        assert!(answer.header("www-authenticate").is_some());
    }
    // With another credential beside it nobody has to guess who is meant.
    let both = browser
        .ask(Method::GET, "/v1/jobs")
        .with_header("authorization", &format!("Bearer {}", partner.bearer()));
    both.await.is(401).problem("auth.invalid_session");
    browser.ask(Method::GET, "/v1/jobs").with_header("cookie", &good).await.is(200);
}

#[tokio::test]
async fn a_change_by_cookie_comes_from_our_own_pages() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    browser.sign_in(&mara).await;
    let job = || browser.ask(Method::POST, "/v1/jobs").json(&samples::job(acme.company()));

    for site in ["cross-site", "same-site", "none"] {
        job().with_header("sec-fetch-site", site).await.is(403).problem("http.cross_site");
    }
    let bare = job().without("sec-fetch-site").without("origin");
    bare.await.is(403).problem("http.cross_site");
    job().await.is(201);
}

#[tokio::test]
async fn a_form_of_another_session_is_refused() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let (mara, ada) =
        (acme.enrolled("mara", Role::Recruiter).await, acme.enrolled("ada", Role::Recruiter).await);
    let (own, other) = (acme.browser(), acme.browser());
    own.sign_in(&mara).await;
    other.sign_in(&ada).await;
    own.open("/staff").await.is(200);
    let cookie = format!("{SESSION}={}", other.cookie(SESSION).unwrap());

    for path in ["/staff/sign-out", "/staff/sign-out-everywhere"] {
        own.prepared(path, &[]).with_header("cookie", &cookie).await.is(403);
    }
    other.open("/staff").await.is(200);
}

#[tokio::test]
async fn a_reveal_asks_for_a_fresh_proof_and_the_proof_renames_the_session() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let partner = acme.caller(Role::Partner).await;
    let things = Things::of(&acme, &partner).await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    browser.sign_in(&mara).await;
    let path = format!("/v1/employments/{}/reveal", things.employment);
    let reveal = || {
        let body = json!({ "fields": ["tax_id"], "reason": "payroll" });
        browser.ask(Method::POST, &path).json(&body)
    };
    reveal().await.is(200);
    platform.clock().advance(minutes(16));

    let refused = reveal().await.is(401).problem("auth.step_up_required");

    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains(r#"error="insufficient_user_authentication""#), "{challenge}");
    assert!(challenge.contains(r#"max_age="900""#), "{challenge}");
    let before = browser.cookie(SESSION).unwrap();
    browser.open("/staff/step-up").await.is(200);
    browser.send("/staff/step-up", &[("code", "000000")]).await.is(403);
    browser.send("/staff/step-up", &[("code", &mara.code())]).await.is(303);
    assert_ne!(browser.cookie(SESSION).unwrap(), before);
    reveal().await.is(200);
    let old = format!("{SESSION}={before}");
    browser.ask(Method::GET, "/staff").with_header("cookie", &old).await.is(401);
}

#[tokio::test]
async fn a_session_that_is_proven_again_does_not_live_longer() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let ada = acme.enrolled("ada", Role::SystemAdmin).await;
    let browser = acme.browser();
    browser.sign_in(&ada).await;
    for _ in 0..47 {
        platform.clock().advance(minutes(10));
        browser.open("/staff/step-up").await.is(200);
        browser.send("/staff/step-up", &[("code", &ada.code())]).await.is(303);
    }

    platform.clock().advance(minutes(10));

    browser.open("/staff").await.is(401);
}

#[tokio::test]
async fn guessing_at_a_proof_is_slowed() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    browser.sign_in(&mara).await;
    browser.open("/staff/step-up").await.is(200);
    for guess in ["000001", "000002", "000003", "000004", "000005"] {
        browser.send("/staff/step-up", &[("code", guess)]).await.is(403);
    }

    browser.send("/staff/step-up", &[("code", &mara.code())]).await.is(429);
}

#[tokio::test]
async fn pages_behind_the_door_are_for_people_who_signed_in() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let partner = acme.caller(Role::Partner).await;
    let things = Things::of(&acme, &partner).await;
    let (stranger, forger) = (platform.stranger(), acme.forger());
    let pages = all(&platform).into_iter().filter(|o| o.error_form == ErrorForm::Page);
    let guarded: Vec<_> = pages.filter(|o| o.access != Access::Public).collect();
    assert_eq!(guarded.len(), 14);

    for operation in guarded {
        for (caller, status) in [(&stranger, 401), (&forger, 401), (&partner, 403)] {
            let answer = ask(caller, operation, &things).await.is(status);
            let kind = answer.header("content-type").unwrap();
            assert_eq!(kind, "text/html; charset=utf-8", "{}", operation.id);
        }
    }
}

#[tokio::test]
async fn every_page_runs_no_script_but_ours_and_can_be_read_by_everybody() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let browser = acme.browser();
    let mut pages = vec![
        browser.open(&format!("/staff/enrol/{}", invited.link)).await.is(200),
        browser.open(&format!("/staff/enrol/{}", "0".repeat(64))).await.is(404),
        browser.open("/staff").await.is(401),
    ];
    let mara = acme.enrol(&invited).await;
    pages.push(browser.prove_password(&mara).await.is(200));
    browser.sign_in(&mara).await;
    pages.push(browser.open("/staff").await.is(200));
    pages.push(browser.open("/staff/passkeys").await.is(200));
    pages.push(browser.open("/staff/applications").await.is(200));
    pages.push(acme.browser().open("/staff/sign-in").await.is(200));
    pages.push(browser.open("/staff/step-up").await.is(200));
    pages.push(browser.send("/staff/step-up", &[("code", "1")]).await.is(403));
    let known = acme.asking(SCOPES).await;
    browser.open(&format!("/oauth/authorize?{}", with(&known.client_id, &[]))).await.is(200);
    let consent = browser.open(CONSENT).await.is(200);
    assert!(String::from_utf8_lossy(consent.bytes()).contains("act for you?"));
    pages.push(consent);

    for page in pages {
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        // Where a consent leads is said as text.
        let text = String::from_utf8_lossy(page.bytes()).replace(CALLBACK, "");
        let text = without_our_script(&text, policy);
        for no in ["<script", "javascript:", " style=", " onclick", "http://", "https://"] {
            let text = text.replace("http://www.w3.org/2000/svg", "");
            assert!(!text.contains(no), "{no}: {text}");
        }
        assert!(text.contains("<html lang=\"en\">") && text.contains("<h1>"), "{text}");
        let inputs = text.matches("<input id=\"").count();
        assert_eq!(inputs, text.matches("<label for=\"").count(), "{text}");
    }
}

/// A page without the script whose hash its policy names, where it has it.
fn without_our_script(text: &str, policy: &str) -> String {
    let Some((before, rest)) = text.split_once("<script>") else { return text.to_owned() };
    let (script, after) = rest.split_once("</script>").unwrap();
    let hash = BASE64.encode(digest(&SHA256, script.as_bytes()).as_ref());
    assert!(policy.contains(&format!("script-src 'sha256-{hash}';")), "{policy}");
    format!("{before}{after}")
}
