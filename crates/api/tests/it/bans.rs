//! Who is kept out for a while, for how long, and who is not.

use std::future::IntoFuture;
use std::time::Duration;

use futures_util::FutureExt;
use gate::GateConfig;
use gate::bans::{BanMode, BansPlan};
use http::Method;
use policy::Role;
use serde_json::{Value, json};
use testkit::bans::quick;
use testkit::{Answer, Ask, Caller, Platform, Setup, minutes};

/// The address that the testkit's requests come from.
const PROXY: &str = "198.51.100.7";
const HERE: &str = "203.0.113.9";
const ELSEWHERE: &str = "203.0.113.10";

/// A platform behind a proxy, with these bans.
async fn platform(bans: BansPlan) -> Platform {
    let gate = GateConfig { trusted_proxies: vec![PROXY.to_owned()], ..Setup::default().gate };
    Platform::with(Setup { gate, bans: Some(bans), access_log: true, ..Setup::default() }).await
}

fn from(address: &str, ask: Ask) -> Ask {
    ask.with_header("x-forwarded-for", address)
}

/// Asks for what is not there, so often, and lets the platform judge.
async fn sweep(platform: &Platform, by: &Caller, address: &str, times: usize) {
    for _ in 0..times {
        from(address, by.get("/nowhere")).await.is(404);
    }
    platform.judge().await;
}

/// Is a ban that ends in about so many seconds.
#[track_caller]
fn banned(answer: Answer, about_s: u64) {
    let answer = answer.is(429).problem("bans.banned");
    let seconds = answer.header("retry-after").and_then(|text| text.parse::<u64>().ok());
    assert!(seconds.is_some_and(|s| (about_s - 5..=about_s).contains(&s)), "{answer:?}");
    let kind = "https://iana.org/assignments/http-problem-types#abnormal-usage-detected";
    assert_eq!(answer.body()["type"], kind);
    let scores = &answer.body()["violated-policies"];
    assert!(*scores == json!(["ban-address"]) || *scores == json!(["ban-caller"]), "{scores}");
}

/// Sends a request, looks at it so often, and hangs up: whether it was answered before.
async fn hangs_up(ask: Ask, looks: usize) -> bool {
    let mut asked = ask.into_future();
    for _ in 0..looks {
        if asked.as_mut().now_or_never().is_some() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test]
async fn whoever_does_not_wait_for_a_refusal_is_scored_and_leaves_a_line_all_the_same() {
    let platform = platform(BansPlan { address_points: 1, ..quick() }).await;
    let nobody = platform.stranger();
    let guess = nobody.with_token("guessed");

    // Longer each time, until one is refused: none is answered before its refusal is written down.
    let mut looks = 1;
    while from(HERE, nobody.get("/healthz")).await.status() == 200 {
        assert!(looks < 1 << 20, "it is not scored");
        let held = platform.hold_writes().await;
        let answered = hangs_up(from(HERE, guess.get("/v1/candidates")), looks).await;
        held.release().await;
        assert!(!answered, "answered without a trace");
        platform.judge().await;
        looks *= 2;
    }

    banned(from(HERE, nobody.get("/healthz")).await, 60);
    drop((nobody, guess));
    let lines = platform.close().await.access_log();
    let refused = r#""status":499,"code":"auth.invalid_token","refused_by":"identity""#;
    assert!(lines.contains(refused), "{lines}");
}

#[tokio::test]
async fn whoever_hangs_up_for_no_reason_is_not_scored_and_leaves_a_line() {
    let platform = platform(BansPlan { address_points: 1, ..quick() }).await;
    let nobody = platform.stranger();

    let stalled = nobody.ask(Method::POST, "/v1/jobs").stalled(Duration::from_secs(3600));
    assert!(!hangs_up(from(HERE, stalled), 1000).await);
    platform.judge().await;

    from(HERE, nobody.get("/healthz")).await.is(200);
    drop(nobody);
    let lines = platform.close().await.access_log();
    assert!(lines.contains(r#""status":499,"code":null"#), "{lines}");
}

/// The audit entries about bans.
async fn entries(platform: &Platform) -> Vec<Value> {
    let all = platform.audit().await.into_iter();
    all.filter(|entry| entry["resources"][0]["type"] == "ban").collect()
}

#[tokio::test]
async fn whoever_sweeps_is_banned_for_a_minute_then_a_quarter_of_an_hour_then_a_day() {
    let platform = platform(quick()).await;
    let nobody = platform.stranger();
    sweep(&platform, &nobody, HERE, 5).await;
    from(HERE, nobody.get("/v1/jobs")).await.is(200);

    for (seconds, label) in [(60, "first"), (900, "second"), (86_400, "third"), (86_400, "fourth")]
    {
        sweep(&platform, &nobody, HERE, 6).await;
        banned(from(HERE, nobody.get("/v1/jobs")).await, seconds);
        // Whoever is banned is not scored: the ban ends however much they send.
        for _ in 0..10 {
            assert_eq!(from(HERE, nobody.get("/nowhere")).await.status(), 429, "{label}");
        }
        from(ELSEWHERE, nobody.get("/v1/jobs")).await.is(200);
        platform.clock().advance(std::time::Duration::from_secs(seconds + 1));
        from(HERE, nobody.get("/v1/jobs")).await.is(200);
    }

    let entries = entries(&platform).await;
    assert_eq!(entries.len(), 4, "{entries:?}");
    assert_eq!(entries[0]["src_endpoint"]["ip"], HERE);
    assert_eq!(entries[0]["actor"]["user"]["name"], "system");
    let metrics = platform.metrics();
    assert!(metrics.contains("ringwall_bans_placed_total 4"), "{metrics}");
    drop(nobody);
    let lines = platform.close().await.access_log();
    assert!(lines.contains(r#""code":"bans.banned","refused_by":"bans""#), "{lines}");
}

#[tokio::test]
async fn one_line_a_second_stands_for_all_requests_of_somebody_who_is_banned() {
    let platform = platform(quick()).await;
    let nobody = platform.stranger();
    sweep(&platform, &nobody, HERE, 6).await;

    let first = from(HERE, nobody.get("/v1/jobs")).await;
    let id = first.header("x-request-id").unwrap().to_owned();
    for path in ["/v1/jobs", "/nowhere", "/v1/jobs"] {
        let again = from(HERE, nobody.get(path)).await;
        assert_eq!(again.header("x-request-id"), Some(id.as_str()), "{again:?}");
        assert_eq!(again.header("retry-after"), first.header("retry-after"));
        assert!(again.header("strict-transport-security").is_some());
        banned(again, 60);
    }
    // Credentials that mean nothing buy nobody a look.
    let guess = from(HERE, nobody.get("/v1/jobs").with_header("authorization", "Bearer x"));
    assert_eq!(guess.await.header("x-request-id"), Some(id.as_str()));
    platform.clock().advance(std::time::Duration::from_secs(1));
    let later = from(HERE, nobody.get("/v1/jobs")).await;
    assert_ne!(later.header("x-request-id"), Some(id.as_str()));
    banned(later, 59);

    let metrics = platform.metrics();
    let refusals = "ringwall_refusals_total{ring=\"bans\",code=\"bans.banned\"} 6";
    assert!(metrics.contains(refusals), "{metrics}");
    drop(nobody);
    let lines = platform.close().await.access_log();
    let lines: Vec<_> = lines.lines().filter(|line| line.contains("bans.banned")).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].contains(r#""repeats":4"#), "{lines:?}");
}

#[tokio::test]
async fn points_decay_and_a_ladder_is_forgotten() {
    let platform = platform(quick()).await;
    let nobody = platform.stranger();
    for _ in 0..4 {
        // Five points decay in ten minutes.
        sweep(&platform, &nobody, HERE, 5).await;
        platform.clock().advance(minutes(10));
    }
    from(HERE, nobody.get("/v1/jobs")).await.is(200);

    sweep(&platform, &nobody, HERE, 6).await;
    banned(from(HERE, nobody.get("/v1/jobs")).await, 60);
    platform.clock().advance(minutes(60 * 24 + 2));
    sweep(&platform, &nobody, HERE, 6).await;

    banned(from(HERE, nobody.get("/v1/jobs")).await, 60);
}

#[tokio::test]
async fn every_refusal_counts_and_what_is_no_fault_does_not() {
    let platform = platform(BansPlan { address_points: 4, ..quick() }).await;
    let nobody = platform.stranger();
    for _ in 0..20 {
        from(HERE, nobody.get("/v1/jobs")).await.is(200);
        from(HERE, nobody.get("/v1/jobs?limit=0")).await.is(400);
    }
    platform.judge().await;
    from(HERE, nobody.get("/v1/jobs")).await.is(200);

    from(HERE, nobody.get("/v1/candidates")).await.is(401);
    from(HERE, nobody.with_token("guessed").get("/v1/jobs")).await.is(401);
    from(HERE, nobody.token("guessed", "guessed")).await.is(401);
    from(HERE, nobody.get("/nowhere")).await.is(404);
    platform.judge().await;
    from(HERE, nobody.get("/v1/jobs")).await.is(200);
    sweep(&platform, &nobody, HERE, 1).await;

    banned(from(HERE, nobody.get("/v1/jobs")).await, 60);
}

#[tokio::test]
async fn an_attack_that_the_firewall_sees_counts_ten_times() {
    let platform = platform(BansPlan { address_points: 15, ..quick() }).await;
    let nobody = platform.stranger();
    let attack = || from(HERE, nobody.get("/v1/jobs?q=%3Cscript%3Ealert(1)%3C/script%3E"));

    attack().await.is(403);
    platform.judge().await;
    attack().await.is(403);
    platform.judge().await;

    banned(attack().await, 60);
}

#[tokio::test]
async fn a_ban_of_an_address_shuts_out_no_partner_who_is_known_behind_it() {
    let platform = platform(quick()).await;
    let acme = platform.tenant("acme").await;
    let mara = acme.partner(&["read:jobs"]).await;
    let nobody = platform.stranger();
    from(HERE, mara.get("/v1/jobs")).await.is(200);

    sweep(&platform, &nobody, HERE, 6).await;

    banned(from(HERE, nobody.get("/v1/jobs")).await, 60);
    banned(from(HERE, nobody.with_token("guessed").get("/v1/jobs")).await, 60);
    from(HERE, mara.get("/v1/jobs")).await.is(200);
}

#[tokio::test]
async fn a_partner_is_banned_by_name_and_not_its_address_nor_its_neighbours() {
    let platform = platform(quick()).await;
    let acme = platform.tenant("acme").await;
    let (mara, noor) = (acme.partner(&["read:jobs"]).await, acme.partner(&["read:jobs"]).await);
    from(HERE, noor.get("/v1/jobs")).await.is(200);

    // What a scope does not allow, and what is not there: both are swept.
    for _ in 0..6 {
        from(HERE, mara.get("/v1/candidates")).await.is(403);
    }
    platform.judge().await;

    banned(from(HERE, mara.get("/v1/jobs")).await, 60);
    banned(from(ELSEWHERE, mara.get("/v1/jobs")).await, 60);
    from(HERE, noor.get("/v1/jobs")).await.is(200);
    from(HERE, platform.stranger().get("/v1/jobs")).await.is(200);
    let told = acme.outbox().await.pop().unwrap();
    assert_eq!(
        (told.kind.as_str(), &told.payload["object"]["type"]),
        ("ban.placed", &"ban".into())
    );
    assert!(acme.audit().await.iter().any(|entry| entry["resources"][0]["type"] == "ban"));
}

#[tokio::test]
async fn an_api_key_is_banned_without_its_client() {
    let platform = platform(quick()).await;
    let acme = platform.tenant("acme").await;
    let mara = acme.partner(&["read:jobs", "manage:keys"]).await;
    let draft = serde_json::json!({ "name": "sync", "scopes": ["read:jobs"] });
    let key = mara.post("/v1/api-keys", draft).await.is(201).text_of("/key");
    let by_key = platform.stranger().with_token(&key);
    by_key.get("/v1/jobs").await.is(200);

    for _ in 0..6 {
        by_key.get("/v1/candidates").await.is(403);
    }
    platform.judge().await;

    banned(by_key.get("/v1/jobs").await, 60);
    mara.get("/v1/jobs").await.is(200);
}

#[tokio::test]
async fn an_administrator_sees_the_agencys_bans_and_lifts_them() {
    let platform = platform(quick()).await;
    let (acme, zeta) = (platform.tenant("acme").await, platform.tenant("zeta").await);
    let mara = acme.partner(&["read:jobs"]).await;
    let (ada, zoe) = (acme.person(Role::SystemAdmin), zeta.person(Role::SystemAdmin));
    for _ in 0..6 {
        mara.get("/v1/candidates").await.is(403);
    }
    platform.judge().await;
    banned(mara.get("/v1/jobs").await, 60);

    acme.person(Role::Recruiter).get("/v1/bans").await.is(403).problem("auth.forbidden");
    let long_ago = acme.signed_in(Role::SystemAdmin, 3600);
    long_ago.get("/v1/bans").await.is(401).problem("auth.step_up_required");
    let listed = ada.get("/v1/bans").await.is(200).body();
    let (id, ban) = (listed["data"][0]["id"].as_str().unwrap(), &listed["data"][0]);
    assert_eq!(
        (&ban["kind"], &ban["rung"], &ban["holds"]),
        (&"client".into(), &1.into(), &true.into())
    );
    assert_eq!(ban["cause"], "forbidden");
    assert!(zoe.get("/v1/bans").await.is(200).ids().is_empty());
    zoe.get(&format!("/v1/bans/{id}")).await.is(404);
    zoe.take(&format!("/v1/bans/{id}/lift")).await.is(404);
    ada.get("/v1/bans/ban_00000000000000000000000000").await.is(404);
    banned(mara.get("/v1/jobs").await, 60);

    let lifted = ada.take(&format!("/v1/bans/{id}/lift")).await.is(200).body();
    assert_eq!((&lifted["holds"], &lifted["version"]), (&false.into(), &2.into()));
    ada.take(&format!("/v1/bans/{id}/lift")).await.is(200);

    // A human's word holds: the points are still there.
    mara.get("/v1/jobs").await.is(200);
    mara.get("/v1/candidates").await.is(403);
    platform.judge().await;
    mara.get("/v1/jobs").await.is(200);
    let kinds: Vec<_> = acme.outbox().await.into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "ban.lifted").count(), 1, "{kinds:?}");
}

#[tokio::test]
async fn whoever_is_allowed_is_never_banned() {
    let allow = vec!["203.0.113.9/32".parse().unwrap()];
    let platform = platform(BansPlan { allow, ..quick() }).await;
    let nobody = platform.stranger();

    sweep(&platform, &nobody, HERE, 30).await;
    sweep(&platform, &nobody, ELSEWHERE, 6).await;

    from(HERE, nobody.get("/v1/jobs")).await.is(200);
    banned(from(ELSEWHERE, nobody.get("/v1/jobs")).await, 60);
}

#[tokio::test]
async fn a_dry_run_tells_and_keeps_nobody_out() {
    let platform = platform(BansPlan { mode: BanMode::LogOnly, ..quick() }).await;
    let nobody = platform.stranger();

    sweep(&platform, &nobody, HERE, 30).await;
    sweep(&platform, &nobody, HERE, 30).await;

    from(HERE, nobody.get("/v1/jobs")).await.is(200);
    let metrics = platform.metrics();
    assert!(metrics.contains("ringwall_bans_rehearsed_total 1"), "{metrics}");
    assert!(entries(&platform).await.is_empty());
}

#[tokio::test]
async fn no_more_than_a_share_of_callers_is_banned_without_a_human() {
    let platform = platform(BansPlan { share_floor: 2, ..quick() }).await;
    let nobody = platform.stranger();

    for last in 1..=5 {
        sweep(&platform, &nobody, &format!("192.0.2.{last}"), 6).await;
    }

    let mut kept_out = 0;
    for last in 1..=5 {
        let answer = from(&format!("192.0.2.{last}"), nobody.get("/v1/jobs")).await;
        kept_out += usize::from(answer.status() == 429);
    }
    assert_eq!(kept_out, 2);
    let metrics = platform.metrics();
    assert!(metrics.contains("ringwall_bans_capped_total 3"), "{metrics}");
}

#[tokio::test]
async fn ipv6_is_banned_by_its_first_64_bits() {
    let platform = platform(quick()).await;
    let nobody = platform.stranger();
    for host in 1..=6 {
        from(&format!("2001:db8:1:2::{host}"), nobody.get("/nowhere")).await.is(404);
    }
    platform.judge().await;

    banned(from("2001:db8:1:2:ffff::9", nobody.get("/v1/jobs")).await, 60);
    from("2001:db8:1:3::1", nobody.get("/v1/jobs")).await.is(200);
}
