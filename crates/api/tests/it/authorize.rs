//! The authorization endpoint and the page on which people decide: who is sent nowhere, who is sent
//! back with an error, and what is granted.

use gate::GateConfig;
use http::Method;
use policy::{Environment, Role};
use store::partners::PartnerUses;
use testkit::{CALLBACK, PUBLIC_URL, Platform, Setup, asking};

use crate::granting::{
    CONSENT, LEFT_OUT, SCOPES, agreed, asked, handed, page, redeem, signed_in, with,
};

#[tokio::test]
async fn nobody_is_sent_to_where_no_client_is_registered() {
    let platform = Platform::with(Setup { access_log: true, ..Setup::default() }).await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    let id = known.client_id.as_str();
    let sand = platform.found("sand", Environment::Sandbox).await;
    let elsewhere = sand.asking(SCOPES).await;
    let unasking = acme.register(Role::Partner, SCOPES).await;
    let nobody = platform.stranger();
    let reference = format!("urn:ietf:params:oauth:request_uri:{}", "a".repeat(52));

    for query in [
        String::new(),
        with("pc_aaaaaaaaaaaaaaaa", &[]),
        with(id, &[("client_id", LEFT_OUT)]),
        with(&elsewhere.client_id, &[]),
        with(&unasking.client_id, &[]),
        with(id, &[("redirect_uri", LEFT_OUT)]),
        with(id, &[("redirect_uri", "https://evil.example/cb")]),
        with(id, &[("redirect_uri", "https://app.example/cb/x")]),
        with(id, &[("redirect_uri", "https://app.example/cb?x=1")]),
        with(id, &[("redirect_uri", "https://app.example.evil.example/cb")]),
        with(id, &[("redirect_uri", "http://app.example/cb")]),
        with(id, &[("redirect_uri", "javascript:alert(1)")]),
        with(id, &[("state", &"s".repeat(513))]),
        with(id, &[("state", "a\u{e9}b")]),
        format!("{}&state=again", with(id, &[])),
        format!("{}&redirect_uri=https%3A%2F%2Fevil.example", with(id, &[])),
        // Nothing is fetched, and no stranger's reference is believed.
        with(id, &[("request_uri", "https://evil.example/request.jwt")]),
        with(id, &[("request_uri", &reference)]),
    ] {
        let answer = nobody.get(&format!("/oauth/authorize?{query}")).await.is(400);

        assert_eq!(answer.header("location"), None, "{query}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{query}");
        assert!(!page(&answer).contains("evil.example"), "{query}");
    }
    drop((nobody, acme, sand));
    let lines = platform.close().await.access_log();
    assert!(lines.contains(r#""code":"authorize.unproven""#), "{lines}");
}

#[tokio::test]
async fn an_error_goes_back_with_the_issuer_and_the_exact_state() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    let id = known.client_id.as_str();
    let nobody = platform.stranger();

    for (changes, error) in [
        (&[("response_type", "token")][..], "unsupported_response_type"),
        (&[("response_type", "code id_token")], "unsupported_response_type"),
        (&[("response_type", LEFT_OUT)], "invalid_request"),
        (&[("code_challenge", LEFT_OUT)], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", "too-short")], "invalid_request"),
        (&[("code_challenge_method", LEFT_OUT)], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "S512")], "invalid_request"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("request", "e30.e30.")], "request_not_supported"),
        (&[("scope", "read:jobs read:reports")], "invalid_scope"),
        (&[("resource", "https://other.example")], "invalid_target"),
    ] {
        let path = format!("/oauth/authorize?{}", with(id, changes));
        let answer = nobody.get(&path).await.is(303);

        let told = handed(&answer);
        assert_eq!(told["error"], error, "{changes:?}");
        assert_eq!((told["iss"].as_str(), told["state"].as_str()), (PUBLIC_URL, "s 1&"));
        assert!(!told.contains_key("code"));
    }
}

#[tokio::test]
async fn unknown_parameters_are_left_alone_and_empty_ones_count_as_left_out() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    let more = [("nonce", "n-0S6"), ("prompt", "consent"), ("scope", ""), ("ui_locales", "pt")];

    let query = with(&known.client_id, &more);

    platform.stranger().get(&format!("/oauth/authorize?{query}")).await.is(200);
}

#[tokio::test]
async fn no_other_origin_reads_or_frames_the_pages() {
    let listed = "https://board.example";
    let gate = GateConfig { cors_origins: vec![listed.to_owned()], ..Setup::default().gate };
    let platform = Platform::with(Setup { gate, ..Setup::default() }).await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    let browser = signed_in(&acme, Role::Recruiter).await;
    let path = format!("/oauth/authorize?{}", with(&known.client_id, &[]));
    let onward = browser.open(&path).await.is(200);
    let consent = browser.open(CONSENT).await.is(200);

    let foreign = platform.stranger().get(&path).with_header("origin", listed).await.is(200);

    let mut names = foreign.headers().keys();
    assert!(!names.any(|name| name.as_str().starts_with("access-control")), "{foreign:?}");
    for answer in [&onward, &consent] {
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        let text = page(answer);
        assert!(!text.contains("<script") && !text.contains("src="), "{text}");
        assert!(!text.contains("href=\"http"), "{text}");
    }
    let policy = consent.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https://app.example;"), "{policy}");
}

#[tokio::test]
async fn signing_in_leads_back_to_the_request() {
    for database in testkit::Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = acme.asking(SCOPES).await;
        let person = acme.enrolled("mara", Role::Recruiter).await;
        let browser = acme.browser();
        let query = with(&known.client_id, &[("scope", "read:jobs read:candidates read:events")]);
        asked(&browser, &query).await.is(401);

        browser.prove_password(&person).await.is(200);
        platform.clock().advance(std::time::Duration::from_secs(30));
        let code = person.code();
        let led = browser.send("/staff/sign-in/code", &[("code", &code)]).await.is(303);

        assert_eq!(led.header("location"), Some(CONSENT));
        let shown = page(&browser.open(CONSENT).await.is(200));
        assert!(shown.contains("partner of acme") && shown.contains("mara@acme.example"));
        assert!(shown.contains("see jobs") && shown.contains("see candidates"), "{shown}");
        // What recruiters may not do is not asked of them.
        assert!(!shown.contains("see what happened"), "{shown}");
        let told = handed(&browser.send(CONSENT, &[("decision", "allow")]).await.is(303));
        assert!(told["code"].starts_with("ac_"));
        assert_eq!((told["iss"].as_str(), told["state"].as_str()), (PUBLIC_URL, "s 1&"));
        // Once decided there is nothing left to lead to.
        browser.open(CONSENT).await.is(404);
    }
}

#[tokio::test]
async fn signing_in_with_a_passkey_leads_back_as_well() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let mut device = acme.enrol_with_passkey(&invited).await;
    let browser = acme.browser();
    asked(&browser, &with(&known.client_id, &[])).await.is(401);

    let led = browser.sign_in_with(&mut device).await.is(303);

    assert_eq!(led.header("location"), Some(CONSENT));
    browser.open(CONSENT).await.is(200);
}

#[tokio::test]
async fn who_refuses_grants_nothing() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    let browser = signed_in(&acme, Role::Recruiter).await;
    asked(&browser, &with(&known.client_id, &[])).await.is(200);

    let told = handed(&browser.send(CONSENT, &[("decision", "refuse")]).await.is(303));

    assert_eq!(told["error"], "access_denied");
    assert_eq!((told["iss"].as_str(), told["state"].as_str()), (PUBLIC_URL, "s 1&"));
    assert!(!told.contains_key("code"));
    let trail = acme.audit().await;
    assert!(!trail.iter().any(|entry| entry["resources"][0]["type"] == "grant"));
}

#[tokio::test]
async fn a_form_that_was_not_on_this_persons_page_decides_nothing() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    let mine = signed_in(&acme, Role::Recruiter).await;
    let other = signed_in(&acme, Role::ClientViewer).await;
    let query = with(&known.client_id, &[]);
    asked(&mine, &query).await.is(200);
    asked(&other, &query).await.is(200);
    let allow = |browser: &testkit::Browser| browser.prepared(CONSENT, &[("decision", "allow")]);
    let cookie = |browser: &testkit::Browser| {
        format!("__Host-ringwall={}", browser.cookie("__Host-ringwall").unwrap())
    };

    // The form of another person, a form from another site, one with another button, and none.
    allow(&other).with_header("cookie", &cookie(&mine)).await.is(403);
    allow(&mine).with_header("sec-fetch-site", "cross-site").await.is(403);
    mine.prepared(CONSENT, &[("decision", "perhaps")]).await.is(422);
    let zeros = format!("form={}&asked=00&decision=allow", "0".repeat(64));
    mine.ask(Method::POST, CONSENT).form(&zeros).await.is(403);
    platform.stranger().ask(Method::POST, CONSENT).form(&zeros).await.is(401);
    // Nor does one that was left open for too long.
    let late = allow(&mine);
    platform.clock().advance(std::time::Duration::from_secs(601));
    late.await.is(403);
    let trail = acme.audit().await;
    assert!(!trail.iter().any(|entry| entry["resources"][0]["type"] == "grant"));
}

#[tokio::test]
async fn people_of_another_agency_are_not_asked() {
    let platform = Platform::with(Setup { access_log: true, ..Setup::default() }).await;
    let (acme, zeta) = (platform.tenant("acme").await, platform.tenant("zeta").await);
    let known = acme.asking(SCOPES).await;
    let stranger = signed_in(&zeta, Role::Recruiter).await;

    asked(&stranger, &with(&known.client_id, &[])).await.is(403);

    stranger.open("/staff").await.is(200);
    let nothing = signed_in(&acme, Role::Recruiter).await;
    nothing.open(CONSENT).await.is(404);
    drop((stranger, nothing, acme, zeta));
    let lines = platform.close().await.access_log();
    assert!(lines.contains(r#""code":"authorize.elsewhere""#), "{lines}");
    assert!(lines.contains(r#""code":"authorize.over""#), "{lines}");
}

#[tokio::test]
async fn a_client_that_is_not_registered_any_more_is_not_granted_anything() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    let browser = signed_in(&acme, Role::Recruiter).await;
    asked(&browser, &with(&known.client_id, &[])).await.is(200);

    let moved = vec!["https://elsewhere.example/cb".to_owned()];
    let uses = PartnerUses { redirect_uris: moved, ..asking() };
    acme.set_uses(&known.client_id, &uses).await;

    browser.send(CONSENT, &[("decision", "allow")]).await.is(400);
}

#[tokio::test]
async fn no_more_is_granted_than_both_may() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    let viewer = signed_in(&acme, Role::ClientViewer).await;
    let admin = signed_in(&acme, Role::SystemAdmin).await;

    let told = agreed(&viewer, &with(&known.client_id, &[])).await;
    let given = redeem(&platform.stranger(), &known, &told["code"]).await.is(200);
    assert_eq!(given.body()["scope"], "read:jobs");

    // Administration is apart from data: of candidates there is nothing to grant.
    let query = with(&known.client_id, &[("scope", "read:candidates")]);
    let shown = page(&asked(&admin, &query).await.is(200));
    assert!(!shown.contains("value=\"allow\""), "{shown}");
    let told = handed(&admin.send(CONSENT, &[("decision", "allow")]).await.is(303));
    assert_eq!(told["error"], "access_denied");
}

#[tokio::test]
async fn an_address_of_the_own_device_may_have_any_port() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.asking(SCOPES).await;
    let uris = vec!["http://127.0.0.1/callback".to_owned()];
    acme.set_uses(&known.client_id, &PartnerUses { redirect_uris: uris, ..asking() }).await;
    let browser = signed_in(&acme, Role::Recruiter).await;
    let query = |uri: &str| with(&known.client_id, &[("redirect_uri", uri)]);

    for other in ["http://localhost:5000/callback", "http://127.0.0.1:5000/other", CALLBACK] {
        browser.open(&format!("/oauth/authorize?{}", query(other))).await.is(400);
    }
    let told = agreed(&browser, &query("http://127.0.0.1:51004/callback")).await;

    assert!(told["code"].starts_with("ac_"));
}
