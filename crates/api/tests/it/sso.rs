//! Signing in on an identity provider's word: what is refused, and what it leaves.

use std::sync::Arc;

use http::Method;
use issuers::{Issuer, IssuerConfig, Outside};
use kernel::{Clock, Secret};
use oauth::jwk::Algorithm;
use policy::{Environment, Role};
use serde_json::{Value, json};
use signin::federated::{Assurance, GroupRow};
use testkit::{
    Answer, Browser, Database, IdentityProvider, PUBLIC_URL, Platform, Setup, Tenant, minutes,
};

const SESSION: &str = "__Host-ringwall";
const FLOW: &str = "__Host-ringwall-flow";

/// A platform, an agency and who vouches for its people.
pub(crate) struct Bench {
    pub(crate) provider: IdentityProvider,
    pub(crate) platform: Platform,
    pub(crate) acme: Tenant,
}

/// A sign-in that waits at the provider.
struct Sent {
    state: String,
    nonce: String,
    query: Vec<(String, String)>,
}

fn group(group: &str, agency: &str, role: Role) -> GroupRow<Role> {
    GroupRow { group: group.to_owned(), agency: agency.to_owned(), roles: vec![role] }
}

pub(crate) fn vouching(
    provider: &IdentityProvider,
    break_glass: Option<&str>,
) -> Box<dyn FnOnce(Arc<dyn Clock>) -> api::Sso + Send> {
    let (name, ca) = (provider.issuer.clone(), provider.ca_pem.clone());
    let break_glass = break_glass.map(|network| vec![network.parse().unwrap()]);
    Box::new(move |clock| {
        let config = IssuerConfig {
            name: "okta".to_owned(),
            issuer: name,
            jwks_uri: None,
            own_origin_only: false,
            algorithms: vec![Algorithm::Es256],
        };
        let outside = Outside::new(Some(ca.as_bytes())).unwrap();
        let provider = api::Provider {
            name: "okta".to_owned(),
            label: "Acme <Okta>".to_owned(),
            issuer: Arc::new(Issuer::new(config, outside, clock)),
            client_id: "ringwall".to_owned(),
            proof: api::ProviderProof::Secret(Secret::new("a secret".to_owned())),
            scope: "openid groups".to_owned(),
            acr_values: "phr".to_owned(),
            max_age_s: 43_200,
            assurance: Assurance {
                two_factors: vec!["2fa".to_owned()],
                phishing_resistant: vec!["phr".to_owned()],
                is_enforced: false,
            },
            groups_claim: "groups".to_owned(),
            groups: vec![
                group("recruiters", "acme", Role::Recruiter),
                group("admins", "acme", Role::SystemAdmin),
                group("developers", "acme", Role::DevUser),
                group("elsewhere", "globex", Role::Recruiter),
            ],
        };
        api::Sso { providers: vec![provider], break_glass }
    })
}

impl Bench {
    async fn new() -> Self {
        Self::with(None).await
    }

    async fn on(database: Database) -> Self {
        Self::made(database, None).await
    }

    pub(crate) async fn with(break_glass: Option<&str>) -> Self {
        Self::made(Database::Sqlite, break_glass).await
    }

    pub(crate) async fn made(database: Database, break_glass: Option<&str>) -> Self {
        let provider = IdentityProvider::start().await;
        let sso = Some(vouching(&provider, break_glass));
        let platform = Platform::with(Setup { database, sso, ..Setup::default() }).await;
        let acme = platform.tenant("acme").await;
        Self { provider, platform, acme }
    }

    fn claims(&self, nonce: &str) -> Value {
        let now = self.platform.now().seconds();
        json!({
            "iss": self.provider.issuer, "sub": "00u1", "aud": "ringwall", "nonce": nonce,
            "iat": now, "exp": now + 300, "auth_time": now - 60, "acr": "2fa", "amr": ["pwd"],
            "groups": ["recruiters"], "email": "mara@acme.example", "name": "Mara", "sid": "s1",
        })
    }

    async fn send(&self, browser: &Browser, path: &str) -> Sent {
        let answer = browser.open(path).await.is(303);
        let location = answer.header("location").unwrap().to_owned();
        let (to, query) = location.split_once('?').unwrap();
        assert_eq!(to, format!("{}/auth", self.provider.issuer));
        let query: Vec<(String, String)> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let of = |name: &str| query.iter().find(|(n, _)| n == name).unwrap().1.clone();
        Sent { state: of("state"), nonce: of("nonce"), query: query.clone() }
    }

    async fn back(&self, browser: &Browser, state: &str, code: &str) -> Answer {
        let iss = &self.provider.issuer;
        browser.open(&callback(&[("code", code), ("state", state), ("iss", iss)])).await
    }

    /// Signs in with these claims in place of the usual ones.
    pub(crate) async fn sign_in(&self, browser: &Browser, changed: &[(&str, Value)]) -> Answer {
        let sent = self.send(browser, "/staff/login").await;
        let mut claims = self.claims(&sent.nonce);
        for (name, value) in changed {
            claims[*name] = value.clone();
        }
        let code = self.provider.code(self.provider.sign(&json!({}), &claims));
        self.back(browser, &sent.state, &code).await
    }

    pub(crate) async fn last_reason(&self) -> String {
        let all = self.platform.audit().await;
        let mut attempts = all.iter().filter(|entry| entry["class_uid"] == 3002);
        attempts.next_back().unwrap()["status_code"].as_str().unwrap_or("ok").to_owned()
    }

    fn logout(&self, changed: &[(&str, Value)]) -> String {
        let now = self.platform.now().seconds();
        let mut claims = json!({
            "iss": self.provider.issuer, "aud": "ringwall", "jti": "j1", "iat": now,
            "exp": now + 60, "sid": "s1", "sub": "00u1",
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        for (name, value) in changed {
            claims[*name] = value.clone();
        }
        self.provider.sign(&json!({ "typ": "logout+jwt" }), &claims)
    }

    async fn tell_logout(&self, token: &str) -> Answer {
        let ask = self.platform.stranger().ask(Method::POST, "/staff/login/logout/okta");
        ask.form(&format!("logout_token={token}")).await
    }
}

fn callback(query: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("/staff/login/callback/okta?{query}")
}

#[tokio::test]
async fn whatever_is_wrong_with_an_id_token_nobody_gets_in() {
    for database in Database::BOTH {
        let bench = Bench::on(database).await;
        let now = bench.platform.now().seconds();
        for (changed, why) in [
            (("nonce", json!("of another sign-in")), "id_token_nonce"),
            (("iss", json!("https://evil.example")), "id_token_issuer"),
            (("aud", json!("another-client")), "id_token_audience"),
            (("aud", json!(["ringwall", "another-client"])), "id_token_audience"),
            (("azp", json!("another-client")), "id_token_audience"),
            (("exp", json!(now - 60)), "id_token_time"),
            (("auth_time", json!(now - 50_000)), "id_token_auth_time"),
            (("auth_time", Value::Null), "id_token_claims"),
            (("at_hash", json!("AAAA")), "id_token_access_token"),
            (("acr", json!("urn:okta:loa:2fa:any:ifpossible")), "one_factor"),
            (("acr", json!("1fa")), "one_factor"),
            (("groups", json!([])), "group_unknown"),
            (("groups", json!(["Recruiters"])), "group_unknown"),
            (("groups", json!("developers")), "account_role"),
            (("groups", json!(["elsewhere"])), "agency_unknown"),
        ] {
            let browser = bench.acme.browser();

            bench.sign_in(&browser, &[changed]).await.is(403);

            assert_eq!(bench.last_reason().await, why);
            assert_eq!(browser.cookie(SESSION), None, "{why}");
            bench.platform.clock().advance(minutes(16));
        }
    }
}

#[tokio::test]
async fn an_answer_counts_in_the_browser_that_asked_and_once() {
    for database in Database::BOTH {
        let bench = Bench::on(database).await;
        let (mine, other) = (bench.acme.browser(), bench.acme.browser());
        let sent = bench.send(&mine, "/staff/login").await;
        let token = bench.provider.sign(&json!({}), &bench.claims(&sent.nonce));
        let code = || bench.provider.code(token.clone());

        // Somebody else's answer is put into a browser that asked nothing, or something else.
        bench.back(&other, &sent.state, &code()).await.is(403);
        assert_eq!(bench.last_reason().await, "flow_unknown");
        bench.send(&other, "/staff/login").await;
        bench.back(&other, &sent.state, &code()).await.is(403);
        assert_eq!(bench.last_reason().await, "state_wrong");
        assert_eq!(other.cookie(SESSION), None);

        let flow = mine.cookie(FLOW).unwrap();
        bench.back(&mine, &sent.state, &code()).await.is(200);
        assert!(mine.cookie(SESSION).is_some());
        mine.plant(FLOW, &flow);
        bench.back(&mine, &sent.state, &code()).await.is(403);
        assert_eq!(bench.last_reason().await, "flow_used");
    }
}

#[tokio::test]
async fn an_answer_of_another_issuer_or_of_none_is_not_believed() {
    let bench = Bench::new().await;
    for (iss, why) in [(Some("https://evil.example"), "issuer_wrong"), (None, "issuer_wrong")] {
        let browser = bench.acme.browser();
        let sent = bench.send(&browser, "/staff/login").await;
        let token = bench.provider.sign(&json!({}), &bench.claims(&sent.nonce));
        let code = bench.provider.code(token);
        let mut query = vec![("code", code.as_str()), ("state", sent.state.as_str())];
        query.extend(iss.map(|iss| ("iss", iss)));

        browser.open(&callback(&query)).await.is(403);

        assert_eq!(bench.last_reason().await, why);
        // The code was not even redeemed.
        assert!(bench.provider.asked("/token").is_empty());
    }
}

#[tokio::test]
async fn a_token_that_nobody_signed_lets_nobody_in() {
    let bench = Bench::new().await;
    for header in [json!({ "alg": "none" }), json!({ "alg": "HS256" }), json!({ "kid": "k9" })] {
        let browser = bench.acme.browser();
        let sent = bench.send(&browser, "/staff/login").await;
        let token = bench.provider.sign(&header, &bench.claims(&sent.nonce));

        bench.back(&browser, &sent.state, &bench.provider.code(token)).await.is(403);

        let why = bench.last_reason().await;
        assert!(["id_token_signature", "id_token_unknown_key"].contains(&why.as_str()), "{why}");
    }
}

#[tokio::test]
async fn nobody_is_led_elsewhere() {
    let bench = Bench::new().await;
    let browser = bench.acme.browser();
    browser.open("/staff/login?return=https://evil.example").await.is(400);
    browser.open("/staff/login?provider=evil").await.is(404);

    let page = bench.sign_in(&browser, &[]).await.is(200);

    let page = String::from_utf8_lossy(page.bytes()).into_owned();
    assert!(page.contains("content=\"0; url=/staff\""), "{page}");
}

#[tokio::test]
async fn people_are_sent_with_all_that_binds_the_answer() {
    let bench = Bench::new().await;
    let browser = bench.acme.browser();

    let sent = bench.send(&browser, "/staff/login").await;

    let of = |name: &str| sent.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(of("response_type"), Some("code"));
    assert_eq!(of("code_challenge_method"), Some("S256"));
    assert_eq!(of("redirect_uri"), Some(&*format!("{PUBLIC_URL}/staff/login/callback/okta")));
    assert_eq!((of("max_age"), of("acr_values")), (Some("43200"), Some("phr")));
    let token = bench.provider.sign(&json!({}), &bench.claims(&sent.nonce));
    bench.back(&browser, &sent.state, &bench.provider.code(token)).await.is(200);
    let asked = bench.provider.asked("/token").pop().unwrap();
    assert_eq!(asked.authorization.as_deref(), Some("Basic cmluZ3dhbGw6YStzZWNyZXQ="));
    assert!(asked.form.contains("code_verifier="), "{}", asked.form);
}

#[tokio::test]
async fn groups_make_an_account_and_a_session_and_the_trail_names_who_vouched() {
    for database in Database::BOTH {
        let bench = Bench::on(database).await;
        let browser = bench.acme.browser();

        let answer = bench.sign_in(&browser, &[("groups", json!("recruiters"))]).await.is(200);

        let cookies = answer.headers().get_all("set-cookie").iter();
        let session =
            cookies.filter_map(|c| c.to_str().ok()).find(|c| c.starts_with("__Host-ringwall="));
        assert!(session.unwrap().contains("; SameSite=Strict"));
        browser.ask(Method::GET, "/v1/candidates").await.is(200);
        let page = browser.open("/staff").await.is(200);
        assert!(String::from_utf8_lossy(page.bytes()).contains("mara@acme.example"));
        let all = bench.acme.audit().await;
        let attempt = all.iter().rfind(|entry| entry["class_uid"] == 3002).unwrap();
        assert_eq!(attempt["auth_protocol"], "oidc");
        assert_eq!(attempt["unmapped"]["issuer"], "okta");
        assert_eq!(
            (&attempt["unmapped"]["acr"], &attempt["unmapped"]["amr"]),
            (&json!("2fa"), &json!("pwd"))
        );
        // The same person again is the same account.
        bench.sign_in(&bench.acme.browser(), &[]).await.is(200);
        let told = bench.acme.outbox().await.into_iter().map(|event| event.kind);
        assert_eq!(
            told.filter(|kind| kind.starts_with("staff")).collect::<Vec<_>>(),
            ["staff.admitted"]
        );
    }
}

#[tokio::test]
async fn a_group_that_was_lost_takes_what_it_gave() {
    for database in Database::BOTH {
        let bench = Bench::on(database).await;
        let (before, after) = (bench.acme.browser(), bench.acme.browser());
        let resistant = [("groups", json!(["admins"])), ("acr", json!("phr"))];
        bench.sign_in(&before, &resistant).await.is(200);
        before.ask(Method::GET, "/v1/staff").await.is(200);

        bench.sign_in(&after, &[("groups", json!(["recruiters"]))]).await.is(200);

        before.ask(Method::GET, "/v1/staff").await.is(401).problem("auth.invalid_session");
        after.ask(Method::GET, "/v1/staff").await.is(401).problem("auth.step_up_required");
        after.ask(Method::GET, "/v1/candidates").await.is(200);
        bench.sign_in(&bench.acme.browser(), &[("groups", json!([]))]).await.is(403);
        after.ask(Method::GET, "/v1/candidates").await.is(401).problem("auth.invalid_session");
    }
}

#[tokio::test]
async fn how_long_ago_it_was_proven_the_provider_says() {
    for database in Database::BOTH {
        let bench = Bench::on(database).await;
        let browser = bench.acme.browser();
        let hour_ago = json!(bench.platform.now().seconds() - 3600);
        let admin = [("groups", json!(["admins"])), ("acr", json!("phr")), ("auth_time", hour_ago)];
        bench.sign_in(&browser, &admin).await.is(200);

        let ask = browser.ask(Method::POST, "/v1/staff").json(&json!({}));
        ask.await.is(401).problem("auth.step_up_required");

        let sent = bench.send(&browser, "/staff/login?fresh=true").await;
        let max_age =
            sent.query.iter().find(|(name, _)| name == "max_age").map(|(_, age)| age.as_str());
        assert_eq!(max_age, Some("0"));
    }
}

#[tokio::test]
async fn a_logout_token_ends_the_sessions_once() {
    for database in Database::BOTH {
        let bench = Bench::on(database).await;
        let browser = bench.acme.browser();
        bench.sign_in(&browser, &[]).await.is(200);
        for changed in [("aud", json!("another")), ("nonce", json!("n")), ("events", json!({}))] {
            bench
                .tell_logout(&bench.logout(&[changed]))
                .await
                .is(400)
                .problem("staff.logout_token");
        }
        let id_token = bench.provider.sign(&json!({}), &bench.claims("n"));
        bench.tell_logout(&id_token).await.is(400).problem("staff.logout_token");
        browser.ask(Method::GET, "/v1/candidates").await.is(200);
        let token = bench.logout(&[]);

        bench.tell_logout(&token).await.is(200);

        browser.ask(Method::GET, "/v1/candidates").await.is(401).problem("auth.invalid_session");
        bench.tell_logout(&token).await.is(400).problem("staff.logout_token");
    }
}

#[tokio::test]
async fn a_logout_token_without_a_session_ends_all_of_the_person() {
    for database in Database::BOTH {
        let bench = Bench::on(database).await;
        let (one, other) = (bench.acme.browser(), bench.acme.browser());
        bench.sign_in(&one, &[("sid", json!("s1"))]).await.is(200);
        bench.sign_in(&other, &[("sid", json!("s2")), ("sub", json!("00u2"))]).await.is(200);
        let token = bench.logout(&[("sub", json!("00u1"))]);
        let claims = json!({ "typ": "logout+jwt" });
        let now = bench.platform.now().seconds();
        let by_subject = bench.provider.sign(
            &claims,
            &json!({
                "iss": bench.provider.issuer, "aud": "ringwall", "jti": "j9", "iat": now,
                "exp": now + 60, "sub": "00u2",
                "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
            }),
        );

        bench.tell_logout(&by_subject).await.is(200);

        one.ask(Method::GET, "/v1/candidates").await.is(200);
        other.ask(Method::GET, "/v1/candidates").await.is(401).problem("auth.invalid_session");
        bench.tell_logout(&token).await.is(200);
        one.ask(Method::GET, "/v1/candidates").await.is(401).problem("auth.invalid_session");
    }
}

#[tokio::test]
async fn a_provider_that_is_away_lets_nobody_in_and_ends_no_session() {
    for database in Database::BOTH {
        let bench = Bench::on(database).await;
        let browser = bench.acme.browser();
        bench.provider.set_down(true);
        browser.open("/staff/login").await.is(503);
        bench.provider.set_down(false);
        bench.platform.clock().advance(minutes(1));
        bench.sign_in(&browser, &[]).await.is(200);

        bench.provider.set_down(true);

        browser.ask(Method::GET, "/v1/candidates").await.is(200);
        let other = bench.acme.browser();
        let sent = bench.send(&other, "/staff/login").await;
        bench.back(&other, &sent.state, "code").await.is(403);
        assert_eq!(bench.last_reason().await, "provider_away");
    }
}

#[tokio::test]
async fn keys_that_were_changed_are_asked_for() {
    for database in Database::BOTH {
        let bench = Bench::on(database).await;
        bench.sign_in(&bench.acme.browser(), &[]).await.is(200);
        bench.provider.rotate();
        bench.platform.clock().advance(minutes(1));

        bench.sign_in(&bench.acme.browser(), &[]).await.is(200);

        assert_eq!(bench.provider.asked("/jwks").len(), 2);
    }
}

#[tokio::test]
async fn with_a_provider_nobody_signs_in_by_ourselves() {
    for database in Database::BOTH {
        let bench = Bench::on(database).await;
        let mara = bench.acme.enrolled("mara", Role::Recruiter).await;
        let browser = bench.acme.browser();

        let page = browser.open("/staff/sign-in").await.is(200);

        let page = String::from_utf8_lossy(page.bytes()).into_owned();
        assert!(!page.contains("<form") && page.contains("Acme &lt;Okta&gt;"), "{page}");
        let visit = "0".repeat(64);
        let fields = format!("form={visit}&agency=acme&email={}&password=tandem", mara.email);
        let ask = browser.ask(Method::POST, "/staff/sign-in").form(&fields.replace('@', "%40"));
        ask.await.is(403);
        assert_eq!(browser.cookie(SESSION), None);
    }
}

#[tokio::test]
async fn each_dead_end_has_a_name_in_the_access_log() {
    let provider = IdentityProvider::start().await;
    let sso = Some(vouching(&provider, None));
    let platform = Platform::with(Setup { sso, access_log: true, ..Setup::default() }).await;
    let acme = platform.tenant("acme").await;
    let browser = acme.browser();
    provider.set_down(true);
    browser.open("/staff/login").await.is(503);
    browser.open("/staff/login?provider=evil").await.is(404);
    let fields = format!("form={}&agency=acme&email=a%40b.example&password=x", "0".repeat(64));
    browser.ask(Method::POST, "/staff/sign-in").form(&fields).await.is(403);
    drop((acme, browser));

    let lines = platform.close().await.access_log();

    assert!(lines.contains(r#""code":"staff.provider_away""#), "{lines}");
    assert!(lines.contains(r#""code":"staff.no_provider""#), "{lines}");
    assert!(lines.contains(r#""code":"staff.local_closed""#), "{lines}");
}

#[tokio::test]
async fn in_an_emergency_who_was_flagged_signs_in_from_where_it_is_allowed() {
    let bench = Bench::with(Some("198.51.100.0/24")).await;
    let invited = bench.acme.take_on("glass", Role::SystemAdmin).await;
    let glass = bench.acme.enrol(&invited).await;
    let browser = bench.acme.browser();
    bench.platform.clock().advance(minutes(1));
    browser.prove_password(&glass).await.is(403);
    bench.acme.flag_break_glass(invited.user).await;
    let told = bench.acme.outbox().await.pop().map(|event| event.kind);
    assert_eq!(told.as_deref(), Some("staff.break_glass_changed"));

    browser.sign_in(&glass).await;

    let all = bench.acme.audit().await;
    let attempt = all.iter().rfind(|entry| entry["class_uid"] == 3002).unwrap();
    assert_eq!(attempt["auth_protocol"], "break_glass_totp");
    assert_eq!(attempt["severity_id"], 5);
    bench.platform.clock().advance(minutes(14));
    browser.open("/staff").await.is(200);
    for _ in 0..4 {
        bench.platform.clock().advance(minutes(12));
        browser.open("/staff").await;
    }
    browser.open("/staff").await.is(401);

    let elsewhere = Bench::with(Some("203.0.113.0/24")).await;
    let page = elsewhere.acme.browser().open("/staff/sign-in").await.is(200);
    assert!(!String::from_utf8_lossy(page.bytes()).contains("<form"));
}

#[tokio::test]
async fn a_developer_gets_into_the_sandbox() {
    let provider = IdentityProvider::start().await;
    let sso = Some(vouching(&provider, None));
    let environment = Environment::Sandbox;
    let platform = Platform::with(Setup { sso, environment, ..Setup::default() }).await;
    let acme = platform.tenant("acme").await;
    let bench = Bench { provider, platform, acme };

    bench.sign_in(&bench.acme.browser(), &[("groups", json!("developers"))]).await.is(200);

    assert_eq!(bench.last_reason().await, "ok");
}

#[tokio::test]
async fn who_is_vouched_for_adds_no_passkey_and_leaves_the_provider_too() {
    for database in Database::BOTH {
        let bench = Bench::on(database).await;
        let browser = bench.acme.browser();
        bench.sign_in(&browser, &[]).await.is(200);
        let mut device = testkit::Authenticator::default();

        let added =
            browser.make_passkey(("/staff/passkeys", "/staff/passkeys"), &mut device).await.is(403);

        assert!(String::from_utf8_lossy(added.bytes()).contains("organization"));
        browser.open("/staff").await.is(200);
        let page = browser.send("/staff/sign-out", &[]).await.is(200);
        assert!(String::from_utf8_lossy(page.bytes()).contains("/realm/end?client_id=ringwall"));
        browser.ask(Method::GET, "/v1/candidates").await.is(401);
    }
}
