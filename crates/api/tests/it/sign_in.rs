//! Signing in: who does not get in, and what they learn from that.

use futures_util::future::join_all;
use http::Method;
use policy::{Environment, Role};
use testkit::{Answer, Browser, PASSWORD, Person, Platform, Setup, minutes};

const SESSION: &str = "__Host-ringwall";
const CODE: &str = "/staff/sign-in/code";

/// A page without what differs from visit to visit.
fn text(answer: &Answer) -> String {
    let page = String::from_utf8_lossy(answer.bytes()).into_owned();
    without(&without(&page, "value=\""), "data-options=\"")
}

fn without(page: &str, attribute: &str) -> String {
    let mut parts = page.split(attribute);
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once('"').map_or(part, |(_, rest)| rest));
    [first].into_iter().chain(rest).collect()
}

async fn try_password(browser: &Browser, agency: &str, email: &str, password: &str) -> Answer {
    browser.open("/staff/sign-in").await.is(200);
    let fields = [("agency", agency), ("email", email), ("password", password)];
    browser.send("/staff/sign-in", &fields).await
}

#[tokio::test]
async fn who_does_not_exist_is_answered_as_who_mistyped() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let rui = acme.take_on("rui", Role::Recruiter).await;
    let ada = acme.take_on("ada", Role::Recruiter).await;
    let gone = acme.enrol(&ada).await;
    acme.deactivate(ada.user).await;

    let wrong =
        try_password(&acme.browser(), "acme", &mara.email, "another password").await.is(403);

    for (agency, email, password) in [
        ("acme", "nobody@acme.example", PASSWORD),
        ("globex", mara.email.as_str(), PASSWORD),
        // Not enrolled.
        ("acme", rui.email.as_str(), PASSWORD),
        // Deactivated, with the right password.
        ("acme", gone.email.as_str(), PASSWORD),
    ] {
        let answer = try_password(&acme.browser(), agency, email, password).await.is(403);
        assert_eq!(text(&answer), text(&wrong), "{agency} {email}");
        let names = |answer: &Answer| {
            let names = answer.headers().keys().map(ToString::to_string);
            names.collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(names(&answer), names(&wrong), "{agency} {email}");
    }
    // The form says what an address looks like, whoever has one.
    try_password(&acme.browser(), "acme", "no address at all", PASSWORD).await.is(422);
}

#[tokio::test]
async fn what_was_sent_is_not_on_the_page() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;

    let answer =
        try_password(&acme.browser(), "acmeish", "canary@x.example", "birdsong canary").await;

    let page = String::from_utf8_lossy(answer.bytes()).into_owned();
    for sent in ["acmeish", "canary@x.example", "birdsong"] {
        assert!(!page.contains(sent), "{sent}");
    }
}

#[tokio::test]
async fn a_password_alone_opens_nothing() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();

    browser.prove_password(&mara).await.is(200);

    assert_eq!(browser.cookie(SESSION), None);
    browser.ask(Method::GET, "/staff").await.is(401);
    browser.ask(Method::GET, "/v1/candidates").await.is(401).problem("auth.required");
    browser.send(CODE, &[("code", "000000")]).await.is(403);
    assert_eq!(browser.cookie(SESSION), None);
}

#[tokio::test]
async fn a_password_and_a_code_open_what_the_role_may() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    browser.prove_password(&mara).await.is(200);
    platform.clock().advance(std::time::Duration::from_secs(30));

    let answer = browser.send(CODE, &[("code", &mara.code())]).await.is(303);

    assert_eq!(answer.header("location"), Some("/staff"));
    let cookies = answer.headers().get_all("set-cookie").iter();
    let cookies: Vec<&str> = cookies.map(|cookie| cookie.to_str().unwrap()).collect();
    for cookie in cookies {
        for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
            assert!(cookie.starts_with("__Host-") && cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let page = browser.open("/staff").await.is(200);
    assert!(String::from_utf8_lossy(page.bytes()).contains("mara@acme.example"));
    browser.ask(Method::GET, "/v1/candidates").await.is(200);
    browser.ask(Method::GET, "/v1/events").await.is(403).problem("auth.forbidden");
}

#[tokio::test]
async fn a_code_counts_once() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let (first, second) = (acme.browser(), acme.browser());
    platform.clock().advance(std::time::Duration::from_secs(30));
    first.prove_password(&mara).await.is(200);
    second.prove_password(&mara).await.is(200);
    let code = mara.code();

    first.send(CODE, &[("code", &code)]).await.is(303);

    second.send(CODE, &[("code", &code)]).await.is(403);
    assert_eq!(second.cookie(SESSION), None);
    // Nor does one of a step before, although it is still within the window.
    platform.clock().advance(std::time::Duration::from_secs(30));
    second.send(CODE, &[("code", &code)]).await.is(403);
    second.send(CODE, &[("code", &mara.code())]).await.is(303);
}

#[tokio::test]
async fn the_code_of_the_enrolment_does_not_sign_in() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    browser.prove_password(&mara).await.is(200);

    browser.send(CODE, &[("code", &mara.code())]).await.is(403);
}

#[tokio::test]
async fn of_many_with_one_code_at_once_one_gets_in() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    platform.clock().advance(std::time::Duration::from_secs(30));
    browser.prove_password(&mara).await.is(200);
    let code = mara.code();

    let all = (0..32).map(|_| browser.prepared(CODE, &[("code", &code)]).into_future());
    let answers = join_all(all).await;

    let of = |status: u16| answers.iter().filter(|answer| answer.status() == status).count();
    assert_eq!(of(303), 1);
    assert_eq!(of(303) + of(403) + of(429), 32);
}

#[tokio::test]
async fn guessing_codes_is_slowed_and_ends_the_sign_in() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    platform.clock().advance(std::time::Duration::from_secs(30));
    browser.prove_password(&mara).await.is(200);
    for guess in ["000001", "000002", "000003", "000004", "000005"] {
        browser.send(CODE, &[("code", guess)]).await.is(403);
    }

    let right = browser.prepared(CODE, &[("code", &mara.code())]).await.is(429);

    assert!(right.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    // A new sign-in waits as well: what is counted is the person's.
    browser.prove_password(&mara).await.is(200);
    browser.send(CODE, &[("code", &mara.code())]).await.is(429);
    // Nobody is locked out for good.
    platform.clock().advance(minutes(16));
    browser.sign_in(&mara).await;
}

#[tokio::test]
async fn guessing_passwords_is_slowed_and_locks_nobody_out() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    for _ in 0..5 {
        try_password(&acme.browser(), "acme", &mara.email, "guess number one").await.is(403);
    }

    let waits = acme.browser().prove_password(&mara).await.is(429);

    assert!(waits.header("retry-after").is_some());
    // Nobody learns from waiting whether there is such an account.
    for _ in 0..5 {
        try_password(&acme.browser(), "acme", "no@acme.example", "guess number one").await.is(403);
    }
    let unknown = try_password(&acme.browser(), "acme", "no@acme.example", "guess").await.is(429);
    assert_eq!(text(&unknown), text(&waits));
    platform.clock().advance(minutes(2));
    acme.browser().sign_in(&mara).await;
}

#[tokio::test]
async fn one_address_guesses_at_few_accounts() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;

    let mut refused = 0;
    for number in 0..40 {
        let email = format!("somebody{number}@acme.example");
        let answer = try_password(&acme.browser(), "acme", &email, "summer 2026").await;
        refused += usize::from(answer.status() == 429);
    }

    assert!(refused >= 15, "{refused}");
}

#[tokio::test]
async fn a_session_is_never_one_that_was_there_before() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let planted = "0".repeat(64);
    let victim = acme.browser();
    victim.plant(SESSION, &planted);

    victim.sign_in(&mara).await;

    let first = victim.cookie(SESSION).unwrap();
    assert_ne!(first, planted);
    victim.sign_in(&mara).await;
    assert_ne!(victim.cookie(SESSION).unwrap(), first);
    let attacker = acme.browser();
    attacker.plant(SESSION, &planted);
    attacker.ask(Method::GET, "/staff").await.is(401);
}

#[tokio::test]
async fn a_form_of_another_visit_or_from_elsewhere_is_refused() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let (own, other) = (acme.browser(), acme.browser());
    own.open("/staff/sign-in").await.is(200);
    other.open("/staff/sign-in").await.is(200);
    let fields =
        [("agency", "acme"), ("email", mara.email.as_str()), ("password", mara.password.as_str())];

    // Its form, with another visit's cookie; without a cookie; and sent by another site.
    let cookie = other.cookie("__Host-ringwall-visit").unwrap();
    let cookie = format!("__Host-ringwall-visit={cookie}");
    own.prepared("/staff/sign-in", &fields).with_header("cookie", &cookie).await.is(403);
    own.prepared("/staff/sign-in", &fields).without("cookie").await.is(403);
    let cross = own.prepared("/staff/sign-in", &fields).with_header("sec-fetch-site", "cross-site");
    cross.await.is(403).problem("http.cross_site");

    own.send("/staff/sign-in", &fields).await.is(200);
    // The second step belongs to the visit of the first.
    let stolen = own.prepared(CODE, &[("code", &mara.code())]);
    stolen.with_header("cookie", &cookie).await.is(403);
}

#[tokio::test]
async fn a_sign_in_that_takes_too_long_starts_again() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    browser.prove_password(&mara).await.is(200);
    platform.clock().advance(minutes(6));

    browser.send(CODE, &[("code", &mara.code())]).await.is(403);

    assert_eq!(browser.cookie(SESSION), None);
}

#[tokio::test]
async fn a_developer_does_not_enter_production() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("dev", Role::DevUser).await;
    acme.browser().open(&format!("/staff/enrol/{}", invited.link)).await.is(404);

    let setup = Setup { environment: Environment::Sandbox, ..Setup::default() };
    let sandbox = Platform::with(setup).await;
    let sand = sandbox.tenant("sand").await;
    let dev = sand.enrolled("dev", Role::DevUser).await;
    let browser = sand.browser();
    browser.sign_in(&dev).await;
    browser.ask(Method::GET, "/v1/jobs").await.is(200);
}

#[tokio::test]
async fn a_recovery_code_counts_once() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let ada = acme.enrolled("ada", Role::Recruiter).await;
    assert_eq!(mara.recovery_codes.len(), 10);
    let code = mara.recovery_codes[3].clone();
    let by = async |person: &Person, code: &str| {
        let browser = acme.browser();
        browser.prove_password(person).await.is(200);
        browser.send(CODE, &[("code", code)]).await.status()
    };

    assert_eq!(by(&ada, &code).await, 403, "somebody else's");
    assert_eq!(by(&mara, &code.to_lowercase().replace('-', " ")).await, 303);
    assert_eq!(by(&mara, &code).await, 403, "used");
    assert_eq!(by(&mara, &mara.recovery_codes[4]).await, 303);
}

#[tokio::test]
async fn a_password_may_look_like_an_attack() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let browser = acme.browser();
    let page = browser.open(&format!("/staff/enrol/{}", invited.link)).await.is(200);
    let secret = testkit::secret_on(page.bytes());
    let odd = "' or 1=1 -- <script>alert(1)</script> ../../etc/passwd";
    let code = secret.code(platform.now());
    let fields = [("password", odd), ("repeated", odd), ("code", code.as_str())];

    browser.send("/staff/enrol", &fields).await.is(200);

    try_password(&acme.browser(), "acme", &invited.email, odd).await.is(200);
    // The other fields have no such freedom.
    let attack =
        try_password(&acme.browser(), "' or 1=1 --", "<script>alert(1)</script>", odd).await;
    assert_eq!(attack.status(), 403);
    let page = String::from_utf8_lossy(attack.bytes()).into_owned();
    assert!(!page.contains("Agency, e-mail address or password"), "{page}");
}

#[tokio::test]
async fn every_attempt_is_recorded_and_no_secret_or_address_with_it() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.enrolled("mara", Role::Recruiter).await;
    let browser = acme.browser();
    try_password(&browser, "acme", "stranger@acme.example", PASSWORD).await.is(403);
    try_password(&browser, "acme", &mara.email, "wrong wrong wrong").await.is(403);
    browser.prove_password(&mara).await.is(200);
    browser.send(CODE, &[("code", "123456")]).await.is(403);
    browser.send(CODE, &[("code", &mara.recovery_codes[0])]).await.is(303);
    let session = browser.cookie(SESSION).unwrap();
    acme.browser()
        .ask(Method::GET, "/staff")
        .with_header("cookie", "__Host-ringwall=x")
        .await
        .is(401);

    let trail = platform.audit().await;

    let attempts: Vec<(&str, Option<&str>)> = trail
        .iter()
        .filter(|entry| entry["class_uid"] == 3002)
        .filter_map(|entry| Some((entry["auth_protocol"].as_str()?, entry["status_code"].as_str())))
        .filter(|(method, _)| !method.starts_with("client_secret"))
        .collect();
    assert_eq!(
        attempts,
        [
            ("enrolment", None),
            ("password", Some("account_unknown")),
            ("password", Some("password_wrong")),
            ("password", None),
            ("totp", Some("code_wrong")),
            ("recovery_code", None),
            ("session", Some("session_malformed")),
        ]
    );
    let own = acme.audit().await;
    let is_of_people = |entry: &&serde_json::Value| {
        let method = entry["auth_protocol"].as_str().unwrap_or_default();
        entry["class_uid"] == 3002 && !method.starts_with("client_secret")
    };
    let of_tenant = own.iter().filter(is_of_people).count();
    assert_eq!(of_tenant, 5, "attempts at an account are in its tenant's trail");
    let whole = serde_json::to_string(&trail).unwrap();
    for secret in [
        PASSWORD,
        "wrong wrong",
        "stranger",
        "mara@",
        "mara Silva",
        &session,
        &mara.recovery_codes[0],
        &mara.recovery_codes[0].replace('-', ""),
    ] {
        assert!(!whole.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn nothing_secret_or_personal_is_in_the_files_in_clear() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let invited = acme.take_on("mara", Role::Recruiter).await;
    let mara = acme.enrol(&invited).await;
    let browser = acme.browser();
    browser.sign_in(&mara).await;
    let session = browser.cookie(SESSION).unwrap();

    let files = platform.files();

    let key = mara.secret.to_text().replace(' ', "");
    let raw = mara.secret.bytes().to_vec();
    let code = mara.recovery_codes[0].replace('-', "");
    let secrets: [&[u8]; 8] = [
        PASSWORD.as_bytes(),
        session.as_bytes(),
        invited.link.as_bytes(),
        key.as_bytes(),
        &raw,
        code.as_bytes(),
        mara.email.as_bytes(),
        b"mara Silva",
    ];
    for secret in secrets {
        let found = files.windows(secret.len()).any(|window| window == secret);
        assert!(!found, "{}", String::from_utf8_lossy(secret));
    }
}

#[tokio::test]
async fn a_form_of_no_page_and_a_link_of_nobody_are_told_apart_in_the_log() {
    let platform = Platform::with(Setup { access_log: true, ..Setup::default() }).await;
    let nobody = platform.stranger();
    let zeros = "0".repeat(64);
    let form = format!("form={zeros}&agency=acme&email=a%40b.example&password=x");
    nobody.ask(Method::POST, "/staff/sign-in").form(&form).await.is(403);
    nobody.get(&format!("/staff/enrol/{zeros}")).await.is(404);

    drop(nobody);
    let lines = platform.close().await.access_log();
    assert!(lines.contains(r#""code":"staff.form_stale""#), "{lines}");
    assert!(lines.contains(r#""code":"staff.link_over""#), "{lines}");
}
