//! How often somebody may call, and what they are told.

use std::future::IntoFuture;

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use gate::GateConfig;
use gate::limits::{Key, LimitsPlan, Per, Spec};
use policy::Role;
use serde_json::json;
use testkit::limits::{unreached, window};
use testkit::{Answer, Ask, Platform, Setup, minutes};

/// The address that the testkit's requests come from.
const PROXY: &str = "198.51.100.7";
const HERE: &str = "203.0.113.9";
const ELSEWHERE: &str = "203.0.113.10";
/// What `unreached` says of a tenant.
const CAP: &str = r#""tenant-concurrency";q=100000;qu="concurrent-requests""#;

/// A platform behind a proxy, with these limits.
async fn platform(limits: LimitsPlan) -> Platform {
    let gate = GateConfig { trusted_proxies: vec![PROXY.to_owned()], ..Setup::default().gate };
    Platform::with(Setup { gate, limits: Some(limits), access_log: true, ..Setup::default() }).await
}

fn from(address: &str, ask: Ask) -> Ask {
    ask.with_header("x-forwarded-for", address)
}

/// The same, where a request whose body never comes is at work: nothing reads it before its
/// handler needs it.
async fn patient(limits: LimitsPlan) -> Platform {
    let gate = GateConfig { trusted_proxies: vec![PROXY.to_owned()], ..Setup::default().gate };
    let setup = Setup { gate, limits: Some(limits), firewall: None, ..Setup::default() };
    Platform::with(setup).await
}

/// A request that is at work for as long as this is kept; carried on until `is_held` says so.
async fn at_work(ask: Ask, is_held: impl AsyncFn() -> bool) -> BoxFuture<'static, Answer> {
    let mut asked = ask.stalled(Duration::from_secs(3600)).into_future();
    while !is_held().await {
        assert!(asked.as_mut().now_or_never().is_none(), "it is answered");
    }
    asked
}

/// Is the refusal of these rules, in the words of the RateLimit draft.
#[track_caller]
fn refused(answer: Answer, rules: &[&str]) -> Answer {
    let answer = violates(answer.is(429).problem("limits.exceeded"), rules);
    let seconds = answer.header("retry-after").and_then(|text| text.parse::<u64>().ok());
    assert!(seconds.is_some_and(|seconds| (1..=960).contains(&seconds)), "{answer:?}");
    answer
}

/// Is the refusal for want of places of these rules.
#[track_caller]
fn busy(answer: Answer, rules: &[&str]) -> Answer {
    let answer = violates(answer.is(429).problem("limits.busy"), rules);
    assert_eq!(answer.header("retry-after"), Some("1"));
    answer
}

#[track_caller]
fn violates(answer: Answer, rules: &[&str]) -> Answer {
    let body = answer.body();
    assert_eq!(body["type"], "https://iana.org/assignments/http-problem-types#quota-exceeded");
    assert_eq!(body["violated-policies"], serde_json::json!(rules));
    answer
}

#[tokio::test]
async fn a_stranger_has_so_many_requests_in_any_window_whatever_they_ask_for() {
    let strangers = window("strangers", Key::Address, 3);
    let platform = platform(LimitsPlan { strangers, ..unreached() }).await;
    let nobody = platform.stranger();

    let first = from(HERE, nobody.get("/v1/jobs")).await.is(200);
    assert_eq!(first.header("ratelimit-policy"), Some(r#""strangers";q=3;w=900"#));
    assert!(
        first.header("ratelimit").is_some_and(|told| told.starts_with(r#""strangers";r=2;t="#))
    );
    from(HERE, nobody.get("/nowhere")).await.is(404);
    from(HERE, nobody.get("/v1/candidates")).await.is(401);
    for path in ["/v1/jobs", "/nowhere", "/v1/candidates"] {
        refused(from(HERE, nobody.get(path)).await, &["strangers"]);
    }
    from(ELSEWHERE, nobody.get("/v1/jobs")).await.is(200);

    platform.clock().advance(minutes(17));
    from(HERE, nobody.get("/v1/jobs")).await.is(200);

    assert!(platform.metrics().contains("limits.exceeded"), "{}", platform.metrics());
    drop(nobody);
    let lines = platform.close().await.access_log();
    assert!(lines.contains(r#""code":"limits.exceeded","refused_by":"flood""#), "{lines}");
}

#[tokio::test]
async fn ipv6_is_counted_by_its_first_64_bits() {
    let strangers = window("strangers", Key::Address, 1);
    let platform = platform(LimitsPlan { strangers, ..unreached() }).await;
    let nobody = platform.stranger();

    from("2001:db8:1:2::1", nobody.get("/v1/jobs")).await.is(200);
    refused(from("2001:db8:1:2:ffff::9", nobody.get("/v1/jobs")).await, &["strangers"]);
    from("2001:db8:1:3::1", nobody.get("/v1/jobs")).await.is(200);
}

#[tokio::test]
async fn a_stranger_who_exhausts_an_address_shuts_out_no_partner_behind_it() {
    let strangers = window("strangers", Key::Address, 1);
    let platform = platform(LimitsPlan { strangers, ..unreached() }).await;
    let acme = platform.tenant("acme").await;
    let credentials = acme.register(Role::Partner, &["read:jobs"]).await;
    let nobody = platform.stranger();
    from(HERE, nobody.get("/v1/jobs")).await.is(200);
    refused(from(HERE, nobody.get("/v1/jobs")).await, &["strangers"]);

    let secret = credentials.secret.expose();
    let token = from(HERE, nobody.token(&credentials.client_id, secret)).await.is(200);
    let mara = nobody.with_token(token.text_of("/access_token"));

    for _ in 0..5 {
        from(HERE, mara.get("/v1/jobs")).await.is(200);
    }
}

#[tokio::test]
async fn whoever_guesses_is_slowed_and_whoever_is_known_is_not() {
    let unproven = window("unproven", Key::Address, 3);
    let platform = platform(LimitsPlan { unproven, ..unreached() }).await;
    let acme = platform.tenant("acme").await;
    let mara = acme.partner(&["read:jobs"]).await;
    let nobody = platform.stranger();
    from(HERE, mara.get("/v1/jobs")).await.is(200);

    // A token, a key and a client's secret: three guesses are three guesses.
    from(HERE, nobody.with_token("guessed").get("/v1/jobs")).await.is(401);
    from(HERE, nobody.get("/v1/candidates").with_header("x-api-key", "guessed")).await.is(401);
    from(HERE, nobody.token("guessed", "guessed")).await.is(401);

    refused(from(HERE, nobody.with_token("guessed").get("/v1/jobs")).await, &["unproven"]);
    refused(from(HERE, nobody.token("guessed", "guessed")).await, &["unproven"]);
    from(HERE, mara.get("/v1/jobs")).await.is(200);
    from(ELSEWHERE, nobody.token("guessed", "guessed")).await.is(401);
}

#[tokio::test]
async fn credentials_that_no_operation_asked_for_prove_nothing() {
    let unproven = window("unproven", Key::Address, 2);
    let platform = platform(LimitsPlan { unproven, ..unreached() }).await;
    let guess = platform.stranger().with_token("guessed");

    from(HERE, guess.get("/healthz")).await.is(200);
    from(HERE, guess.get("/nowhere")).await.is(404);

    refused(from(HERE, guess.get("/healthz")).await, &["unproven"]);
}

#[tokio::test]
async fn each_client_has_its_own_room_and_a_refusal_takes_none() {
    let common = vec![window("client", Key::Client, 3), window("tenant", Key::Tenant, 5)];
    let platform = platform(LimitsPlan { common, ..unreached() }).await;
    let acme = platform.found("acme", policy::Environment::Production).await;
    let (mara, noor) = (acme.partner(&["read:jobs"]).await, acme.partner(&["read:jobs"]).await);

    let first = mara.get("/v1/jobs").await.is(200);
    let told = first.header("ratelimit-policy");
    assert_eq!(told, Some(format!(r#""client";q=3;w=900, "tenant";q=5;w=900, {CAP}"#).as_str()));
    mara.get("/v1/jobs").await.is(200);
    mara.get("/v1/jobs").await.is(200);
    for _ in 0..4 {
        refused(mara.get("/v1/jobs").await, &["client"]);
    }

    // What was refused was charged to nobody: the tenant has two left.
    noor.get("/v1/jobs").await.is(200);
    noor.get("/v1/jobs").await.is(200);
    refused(noor.get("/v1/jobs").await, &["tenant"]);
}

#[tokio::test]
async fn a_request_that_found_no_place_has_used_nothing() {
    let limits = LimitsPlan {
        common: vec![window("client", Key::Client, 1000)],
        tenant_concurrency_max: 1,
        ..unreached()
    };
    let platform = platform(limits).await;
    let acme = platform.found("acme", policy::Environment::Production).await;
    let mara = acme.partner(&["read:jobs"]).await;
    let left = |answer: &Answer| -> Option<usize> {
        answer.header("ratelimit")?.split(';').nth(1)?.strip_prefix("r=")?.parse().ok()
    };
    let before = left(&mara.get("/v1/jobs").await.is(200)).unwrap();

    // All at once: while one asks the database, the others find no place.
    let answers = join_all((0..32).map(|_| mara.get("/v1/jobs").into_future())).await;

    let busy = answers.iter().filter(|answer| answer.status() == 429).count();
    assert!((1..32).contains(&busy), "{busy} of 32");
    for answer in answers {
        if answer.status() == 429 {
            answer.problem("limits.busy");
        } else {
            answer.is(200);
        }
    }
    let after = left(&mara.get("/v1/jobs").await.is(200)).unwrap();
    assert_eq!(before - after, 32 - busy + 1, "who was refused was charged nothing");
}

#[tokio::test]
async fn who_has_as_many_at_work_as_they_may_is_refused_until_one_ends_and_charged_nothing() {
    let common = vec![window("client", Key::Client, 1000), Spec::at_once("few", Key::Client, 2)];
    let platform = patient(LimitsPlan { common, ..unreached() }).await;
    let acme = platform.found("acme", policy::Environment::Production).await;
    let scopes = &["read:jobs", "write:jobs"];
    let (mara, noor) = (acme.partner(scopes).await, acme.partner(scopes).await);
    let left = async || {
        let shown = mara.get("/v1/limits").await.is(200).body();
        let all = shown["data"].as_array().unwrap().clone();
        let named = |name: &str| all.iter().find(|one| one["name"] == name).unwrap().clone();
        (named("few"), named("client")["remaining"].as_u64().unwrap())
    };
    let few =
        |remaining| json!({ "name": "few", "max": 2, "at_once": true, "remaining": remaining });
    assert_eq!(left().await.0, few(1), "who asks is at work");

    let write = || mara.ask(http::Method::POST, "/v1/jobs");
    let first = at_work(write(), async || left().await.0 == few(0)).await;
    let answer = mara.get("/v1/jobs").await.is(200);
    let second = at_work(write(), async || mara.get("/v1/jobs").await.status() == 429).await;
    for _ in 0..3 {
        let refused = busy(mara.get("/v1/jobs").await, &["few"]);
        assert_eq!(refused.header("ratelimit"), Some(r#""few";r=0"#));
    }
    noor.get("/v1/jobs").await.is(200);
    drop(first);

    let (shown, before) = left().await;
    assert_eq!(shown, few(0));
    drop(second);
    assert_eq!(left().await, (few(1), before - 1));
    let policy = format!(r#""client";q=1000;w=900, "few";q=2;qu="concurrent-requests", {CAP}"#);
    assert_eq!(answer.header("ratelimit-policy"), Some(policy.as_str()));
    let told = answer.header("ratelimit").and_then(|told| told.split_once(", "));
    let (in_time, at_once) = told.expect("one in time, and one about places");
    assert!(in_time.starts_with(r#""client";r=9"#) && in_time.contains(";t="), "{in_time}");
    assert_eq!(at_once, r#""few";r=0"#);
}

#[tokio::test]
async fn who_has_no_room_in_time_holds_no_place() {
    let common = vec![window("client", Key::Client, 2), Spec::at_once("few", Key::Client, 1)];
    let platform = platform(LimitsPlan { common, ..unreached() }).await;
    let acme = platform.found("acme", policy::Environment::Production).await;
    let credentials = acme.register(Role::Partner, &["read:jobs"]).await;
    let mara = acme.sign_in(&credentials).await;
    mara.get("/v1/jobs").await.is(200);
    mara.get("/v1/jobs").await.is(200);

    for _ in 0..3 {
        refused(mara.get("/v1/jobs").await, &["client"]);
    }

    platform.clock().advance(minutes(17));
    let mara = acme.sign_in(&credentials).await;
    mara.get("/v1/jobs").await.is(200);
}

#[tokio::test]
async fn places_can_be_those_of_an_address_or_of_a_client_in_an_operation() {
    let each =
        Spec { by: vec![Key::Client, Key::Operation], ..Spec::at_once("each", Key::Client, 1) };
    let common = vec![each, Spec::at_once("behind", Key::Address, 2)];
    let platform = patient(LimitsPlan { common, ..unreached() }).await;
    let acme = platform.found("acme", policy::Environment::Production).await;
    let mara = acme.partner(&["read:jobs", "write:jobs"]).await;
    let nobody = platform.stranger();
    let write = || from("2001:db8:1:2::1", mara.ask(http::Method::POST, "/v1/jobs"));
    let rewrite = async || from(HERE, mara.post("/v1/jobs", json!({}))).await.status() == 429;

    let _first = at_work(write(), rewrite).await;
    busy(from(HERE, mara.post("/v1/jobs", json!({}))).await, &["each"]);
    from("2001:db8:1:2::1", mara.get("/v1/jobs")).await.is(200);
    let token = from("2001:db8:1:2::2", nobody.ask(http::Method::POST, "/oauth/token"));
    let look = || from("2001:db8:1:2:ffff::3", nobody.get("/v1/jobs"));
    let stranger = at_work(token, async || look().await.status() == 429).await;

    busy(look().await, &["behind"]);
    busy(from("2001:db8:1:2::1", mara.get("/v1/jobs")).await, &["behind"]);
    from("2001:db8:1:3::1", nobody.get("/v1/jobs")).await.is(200);
    drop(stranger);
    look().await.is(200);
}

#[tokio::test]
async fn the_token_endpoint_is_narrower_and_says_so_in_its_own_form() {
    let platform = platform(unreached()).await;
    let nobody = platform.stranger();
    let ask = || {
        let form = "grant_type=client_credentials&client_id=a&client_secret=b";
        from(HERE, nobody.post("/oauth/token", serde_json::Value::Null).form(form))
    };
    for _ in 0..60 {
        ask().await.is(401);
    }

    let refused = ask().await.is(429);

    assert_eq!(refused.text_of("/error"), "invalid_request");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    from(HERE, nobody.get("/v1/jobs")).await.is(200);
}

#[tokio::test]
async fn everybody_can_ask_how_they_stand() {
    let limits = LimitsPlan {
        strangers: window("strangers", Key::Address, 9),
        common: vec![window("client", Key::Client, 7)],
        ..unreached()
    };
    let platform = platform(limits).await;
    let acme = platform.found("acme", policy::Environment::Production).await;
    let mara = acme.partner(&["read:jobs"]).await;
    mara.get("/v1/jobs").await.is(200);

    let hers = mara.get("/v1/limits").await.is(200).body();
    let anybodys = from(HERE, platform.stranger().get("/v1/limits")).await.is(200).body();

    let garbage = from(HERE, mara.with_token("garbage").get("/v1/limits")).await;
    garbage.is(401).problem("auth.invalid_token");

    assert_eq!(hers["data"][0]["name"], "client");
    assert_eq!((&hers["data"][0]["max"], &hers["data"][0]["window_s"]), (&7.into(), &900.into()));
    assert_eq!(hers["data"][0]["remaining"], 5);
    assert_eq!(anybodys["data"][0]["name"], "strangers");
    assert_eq!(anybodys["data"][0]["remaining"], 8);
}

#[tokio::test]
async fn the_limits_of_operations_of_calendars_and_of_what_is_at_work_are_shown_too() {
    let daily = Spec {
        max: Some(40),
        per: Some(Per::Day),
        zone: Some("Asia/Tokyo".to_owned()),
        ..window("daily", Key::Client, 1)
    };
    let daily = Spec { window_s: None, ..daily };
    let limits = LimitsPlan {
        common: vec![window("client", Key::Client, 7), daily],
        tenant_concurrency_max: 9,
        ..unreached()
    };
    let platform = platform(limits).await;
    let acme = platform.found("acme", policy::Environment::Production).await;
    let mara = acme.partner(&["read:jobs"]).await;

    let shown = from(HERE, mara.get("/v1/limits")).await.is(200).body();

    let all = shown["data"].as_array().unwrap();
    let named = |name: &str| {
        let mut of_name = all.iter().filter(|limit| limit["name"] == name);
        let found = of_name.next().unwrap_or_else(|| panic!("`{name}` is shown"));
        assert!(of_name.next().is_none(), "`{name}` is shown once");
        let mut found = found.clone();
        found.as_object_mut().unwrap().remove("reset_s");
        found
    };
    assert_eq!(
        named("client"),
        json!({ "name": "client", "max": 7, "window_s": 900, "remaining": 6 })
    );
    let daily = json!({
        "name": "daily", "max": 40, "per": "day", "zone": "Asia/Tokyo", "remaining": 39
    });
    assert_eq!(named("daily"), daily);
    for (name, operation, max) in [
        ("imports", "POST /v1/imports", 60),
        ("import-parts", "PUT /v1/imports/{id}/parts/{number}", 1200),
        ("exports", "POST /v1/exports", 60),
    ] {
        let expected = json!({
            "name": name, "operations": [operation], "max": max, "window_s": 900, "remaining": max
        });
        assert_eq!(named(name), expected);
    }
    let token = named("token");
    let operations = token["operations"].as_array().unwrap();
    assert!(operations.contains(&json!("POST /oauth/token")) && operations.len() > 1, "{token}");
    let at_once = json!({ "name": "tenant-concurrency", "max": 9, "remaining": 8 });
    assert_eq!(shown["at_once"], at_once);

    let anybodys = from(HERE, platform.stranger().get("/v1/limits")).await.is(200).body();
    assert_eq!(anybodys["data"][0]["name"], "strangers");
    assert_eq!(anybodys.get("at_once"), None);
}

#[tokio::test]
async fn an_address_that_is_exempt_is_not_counted() {
    let limits = LimitsPlan {
        strangers: window("strangers", Key::Address, 1),
        exempt: vec!["203.0.113.9/32".parse().unwrap()],
        ..unreached()
    };
    let platform = platform(limits).await;
    let nobody = platform.stranger();

    for _ in 0..5 {
        from(HERE, nobody.get("/v1/jobs")).await.is(200);
    }
    from(ELSEWHERE, nobody.get("/v1/jobs")).await.is(200);
    refused(from(ELSEWHERE, nobody.get("/v1/jobs")).await, &["strangers"]);
}
