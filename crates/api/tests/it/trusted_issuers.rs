//! Access tokens of issuers that are not ours: what is refused, and what the others may.

use std::sync::Arc;

use gate::bans::BansPlan;
use gate::trusted::{Application, Mapping, RoleRow, TenantClaim, person_id};
use gate::{TrustedIssuer, TrustedIssuers};
use issuers::{Issuer, IssuerConfig, Outside};
use kernel::{Clock, ManualClock, TenantId, Timestamp};
use oauth::jwk::Algorithm;
use oauth::{OutsideKind, OutsideRules};
use policy::{Environment, Role};
use serde_json::{Value, json};
use signin::federated::Assurance;
use store::revocations::Revoked;
use testkit::{
    Caller, Database, IdentityProvider, PUBLIC_URL, Platform, Setup, Signer, Tenant, minutes,
    samples,
};

/// A platform, two agencies, and two issuers whose tokens are taken.
struct Bench {
    provider: IdentityProvider,
    other: IdentityProvider,
    platform: Platform,
    acme: Tenant,
    beta: Tenant,
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

fn application(id: &str, tenant: Option<TenantId>, scopes: &[&str]) -> Application {
    Application { id: id.to_owned(), tenant, roles: vec![Role::Partner], scopes: words(scopes) }
}

fn row(value: &str, role: Role) -> RoleRow {
    RoleRow { value: value.to_owned(), roles: vec![role] }
}

/// Two agencies are named by a claim; one application works for the first alone.
fn mapping(acme: TenantId, beta: TenantId) -> Mapping {
    let tenants = vec![("acme".to_owned(), acme), ("beta".to_owned(), beta)];
    Mapping {
        tenant: None,
        tenant_claim: Some(TenantClaim { claim: "org".to_owned(), tenants }),
        applications: vec![
            application("app-1", None, &["read:jobs", "write:jobs", "read:candidates"]),
            application("app-acme", Some(acme), &["read:jobs"]),
            Application { roles: Vec::new(), ..application("app-bare", None, &["read:jobs"]) },
        ],
        roles_claim: Some("groups".to_owned()),
        roles: vec![
            row("recruiters", Role::Recruiter),
            row("admins", Role::SystemAdmin),
            row("developers", Role::DevUser),
            row("partners", Role::Partner),
        ],
        scopes: vec![("ringwall/jobs.read".to_owned(), "read:jobs".to_owned())],
        denied: words(&["thief"]),
        assurance: Assurance {
            two_factors: words(&["2fa"]),
            phishing_resistant: words(&["phr"]),
            is_enforced: false,
        },
    }
}

fn trusted(
    (name, kind): (&str, OutsideKind),
    (issuer, ca_pem): (String, String),
    mapping: Mapping,
    clock: Arc<dyn Clock>,
) -> TrustedIssuer {
    let algorithms = vec![Algorithm::Es256];
    let config = IssuerConfig {
        name: name.to_owned(),
        issuer: issuer.clone(),
        jwks_uri: None,
        algorithms: algorithms.clone(),
        own_origin_only: true,
    };
    let outside = Outside::new(Some(ca_pem.as_bytes())).unwrap();
    let rules = OutsideRules {
        issuer,
        kind,
        audiences: vec![PUBLIC_URL.to_owned()],
        algorithms,
        age_max_s: 3600,
        scope_claim: None,
        acr_claim: "acr".to_owned(),
        amr_claim: "amr".to_owned(),
    };
    let issuer = Arc::new(Issuer::new(config, outside, clock));
    TrustedIssuer { name: name.to_owned(), issuer, rules, mapping }
}

impl Bench {
    async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    async fn with(setup: Setup) -> Self {
        let (provider, other) = (IdentityProvider::start().await, IdentityProvider::start().await);
        let before = ManualClock::new(Timestamp::from_millis(1_795_372_200_000));
        let (acme, beta) = (TenantId::new(&before), TenantId::new(&before));
        let environment = setup.environment;
        let of = |provider: &IdentityProvider| (provider.issuer.clone(), provider.ca_pem.clone());
        let (first, second) = (of(&provider), of(&other));
        let made = move |clock: Arc<dyn Clock>| {
            let (idp, okta) = (("idp", OutsideKind::Rfc9068), ("okta", OutsideKind::Okta));
            let all = vec![
                trusted(idp, first, mapping(acme, beta), Arc::clone(&clock)),
                trusted(okta, second, mapping(acme, beta), clock),
            ];
            TrustedIssuers::new(all, environment)
        };
        let platform = Platform::with(Setup { trusted: Some(Box::new(made)), ..setup }).await;
        let acme = platform.tenant_of(acme, "acme").await;
        let beta = platform.tenant_of(beta, "beta").await;
        Self { provider, other, platform, acme, beta }
    }

    /// Of an application for itself.
    fn claims(&self) -> Value {
        let now = self.platform.now().seconds();
        json!({
            "iss": self.provider.issuer, "aud": PUBLIC_URL, "sub": "app-1", "client_id": "app-1",
            "jti": format!("j-{}", self.platform.now().millis()), "iat": now, "exp": now + 600,
            "scope": "read:jobs write:jobs openid", "org": "acme",
        })
    }

    /// Of a person for whom it acts.
    fn person(&self) -> Value {
        let more = [
            ("sub", json!("user-1")),
            ("groups", json!(["recruiters", "others"])),
            ("acr", json!("2fa")),
            ("amr", json!(["pwd", "otp"])),
            ("auth_time", json!(self.platform.now().seconds() - 60)),
        ];
        with(self.claims(), &more)
    }

    fn token(&self, claims: &Value) -> String {
        self.provider.sign(&json!({ "typ": "at+jwt" }), claims)
    }

    fn holder(&self, claims: &Value) -> Caller {
        self.platform.stranger().with_token(self.token(claims))
    }

    async fn last_attempt(&self) -> Value {
        let all = self.platform.audit().await;
        all.into_iter().rfind(|entry| entry["class_uid"] == 3002).unwrap()
    }

    async fn refuses(&self, token: String, why: &str) {
        let answer = self.platform.stranger().with_token(token).get("/v1/jobs").await.is(401);
        answer.problem("auth.invalid_token");
        let attempt = self.last_attempt().await;
        assert_eq!(attempt["status_code"], why);
        assert_eq!(attempt["auth_protocol"], "trusted_issuer", "{why}");
    }
}

fn with(mut claims: Value, changed: &[(&str, Value)]) -> Value {
    for (name, value) in changed {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(*name)),
            value => claims[*name] = value.clone(),
        }
    }
    claims
}

#[tokio::test]
async fn whatever_is_wrong_with_a_token_it_is_refused_for_its_reason() {
    let bench = Bench::new().await;
    let now = bench.platform.now().seconds();
    for (name, value, why) in [
        ("aud", json!("https://another.example"), "audience"),
        ("aud", json!("app-1"), "audience"),
        ("exp", json!(now - 40), "lifetime"),
        ("iat", json!(now - 4000), "lifetime"),
        ("iat", json!(now + 300), "issued_in_future"),
        ("nbf", json!(now + 300), "not_yet_valid"),
        ("nonce", json!("n"), "not_an_access_token"),
        ("client_id", json!("app-2"), "client_unknown"),
        ("client_id", json!(null), "claims"),
        ("org", json!("gamma"), "tenant_unknown"),
        ("org", json!(["acme", "beta"]), "tenant_unknown"),
        ("org", json!(null), "tenant_unknown"),
        ("org", json!(bench.acme.id().to_string()), "tenant_unknown"),
        ("scope", json!("admin:tenant read:candidates.pii"), "scope_unknown"),
        ("scope", json!(null), "scope_unknown"),
        ("sub", json!("thief"), "subject_denied"),
        ("cnf", json!({ "unheard": "of" }), "claims"),
    ] {
        let token = bench.token(&with(bench.claims(), &[(name, value)]));
        bench.refuses(token, why).await;
    }
    let old = [("iat", json!(now - 600)), ("exp", json!(now - 40))];
    bench.refuses(bench.token(&with(bench.claims(), &old)), "expired").await;
    let bare = [("client_id", json!("app-bare")), ("sub", json!("app-bare"))];
    bench.refuses(bench.token(&with(bench.claims(), &bare)), "role_unknown").await;
    let attempt = bench.last_attempt().await;
    assert_eq!(attempt["unmapped"]["issuer"], "idp");
    assert_eq!(attempt["unmapped"]["kid"], "k1");
    assert_eq!(attempt["user"]["uid"], "idp:app-bare");
}

#[tokio::test]
async fn a_header_that_is_not_an_access_tokens_is_refused_and_leads_nowhere() {
    let bench = Bench::new().await;
    let evil = IdentityProvider::start().await;
    let url = format!("{}/jwks", evil.issuer);
    for (header, why) in [
        (json!({ "typ": "JWT" }), "header_type"),
        (json!({ "typ": "at+jwt", "alg": "none" }), "signature"),
        (json!({ "typ": "at+jwt", "alg": "HS256" }), "signature"),
        (json!({ "typ": "at+jwt", "crit": ["exp"] }), "malformed"),
        (json!({ "typ": "at+jwt", "jku": url }), "header_key"),
        (json!({ "typ": "at+jwt", "x5u": url }), "header_key"),
        (json!({ "typ": "at+jwt", "jwk": { "kty": "EC" } }), "header_key"),
        (json!({ "typ": "at+jwt", "kid": url }), "unknown_key"),
    ] {
        bench.refuses(bench.provider.sign(&header, &bench.claims()), why).await;
    }
    // Who is called in vain is not even looked for.
    let stranger = with(bench.claims(), &[("iss", json!(evil.issuer))]);
    let token = evil.sign(&json!({ "typ": "at+jwt" }), &stranger);
    bench.platform.stranger().with_token(token).get("/v1/jobs").await.is(401);

    assert_eq!(bench.last_attempt().await["auth_protocol"], "access_token");
    assert!(evil.asked("").is_empty());
}

#[tokio::test]
async fn a_key_of_one_issuer_is_nothing_for_another() {
    let bench = Bench::new().await;
    // Both have a key of this name.
    let forged = bench.other.sign(&json!({ "typ": "at+jwt" }), &bench.claims());
    bench.refuses(forged, "signature").await;
    bench.other.rotate();
    let named = bench.other.sign(&json!({ "typ": "at+jwt" }), &bench.claims());
    bench.refuses(named, "unknown_key").await;
    // Nor are our own names theirs to give.
    let ours = with(bench.claims(), &[("iss", json!(PUBLIC_URL))]);
    bench.platform.stranger().with_token(bench.token(&ours)).get("/v1/jobs").await.is(401);
    assert_eq!(bench.last_attempt().await["auth_protocol"], "access_token");
}

#[tokio::test]
async fn an_application_may_what_the_issuer_and_its_row_both_say() {
    let bench = Bench::new().await;
    let job = samples::job(bench.acme.company());
    let narrow = bench.holder(&with(bench.claims(), &[("scope", json!("ringwall/jobs.read"))]));

    narrow.post("/v1/jobs", job.clone()).await.is(403);
    narrow.get("/v1/jobs").await.is(200);
    let wide = bench.holder(&with(
        bench.claims(),
        &[("scope", json!("read:jobs write:jobs read:clients admin:tenant manage:keys"))],
    ));
    wide.get("/v1/clients").await.is(403);
    wide.get("/v1/api-keys").await.is(403);
    wide.post("/v1/jobs", job).await.is(201);

    let all = bench.acme.audit().await;
    let changed = all.iter().rfind(|entry| entry["metadata"]["event_code"] == "change").unwrap();
    assert_eq!(changed["actor"]["user"]["uid"], "idp:app-1");
}

#[tokio::test]
async fn a_token_reaches_its_own_agency_and_no_other() {
    let bench = Bench::new().await;
    let acme = bench.holder(&bench.claims());
    let beta = bench.holder(&with(bench.claims(), &[("org", json!("beta"))]));
    let job = acme.post("/v1/jobs", samples::job(bench.acme.company())).await.is(201).id();

    beta.get(&format!("/v1/jobs/{job}")).await.is(404);
    let theirs = beta.post("/v1/jobs", samples::job(bench.acme.company())).await.status();
    assert!((400..500).contains(&theirs), "{theirs}");
    assert!(!bench.beta.company().is_empty());
    // An application of one agency is not led to another by a claim.
    let astray =
        [("client_id", json!("app-acme")), ("sub", json!("app-acme")), ("org", json!("beta"))];
    bench.refuses(bench.token(&with(bench.claims(), &astray)), "tenant_unknown").await;

    acme.get(&format!("/v1/jobs/{job}")).await.is(200);
}

#[tokio::test]
async fn a_person_is_what_the_tables_say_with_two_factors_or_nothing() {
    let bench = Bench::new().await;
    for (changed, why) in [
        (("groups", json!([])), "role_unknown"),
        (("groups", json!("Recruiters")), "role_unknown"),
        (("groups", json!(["partners"])), "role_unknown"),
        (("groups", json!({ "recruiters": true })), "claims"),
        (("groups", json!(["recruiters", "developers"])), "environment"),
    ] {
        bench.refuses(bench.token(&with(bench.person(), &[changed])), why).await;
    }
    for (acr, amr) in [
        (json!(null), json!(null)),
        (json!("1fa"), json!(["pwd"])),
        (json!("urn:okta:loa:2fa:any:ifpossible"), json!(["pwd"])),
        (json!(["2fa"]), json!("mfa")),
    ] {
        let one = with(bench.person(), &[("acr", acr), ("amr", amr)]);
        bench.refuses(bench.token(&one), "one_factor").await;
    }
    let mara = bench.holder(&with(bench.person(), &[("scope", json!("read:candidates"))]));

    mara.get("/v1/candidates").await.is(200);
    // What neither the application nor the token may, the person's role does not give.
    mara.get("/v1/jobs").await.is(403);
    let admin = [("groups", json!(["admins"])), ("acr", json!("phr"))];
    bench.holder(&with(bench.person(), &admin)).get("/v1/staff").await.is(403);

    let id = person_id("idp", "user-1").to_string();
    let all = bench.acme.audit().await;
    let taken = all.iter().find(|entry| entry["user"]["uid"] == id.as_str()).unwrap();
    assert_eq!(taken["unmapped"]["client_id"], "idp:app-1");
    assert_eq!(
        (&taken["unmapped"]["acr"], &taken["unmapped"]["amr"], &taken["unmapped"]["issuer"]),
        (&json!("2fa"), &json!("pwd otp"), &json!("idp"))
    );
    assert_ne!(person_id("idp", "user-1"), person_id("okta", "user-1"));
    assert_ne!(person_id("a", "bc"), person_id("ab", "c"));
}

#[tokio::test]
async fn developers_have_the_sandbox() {
    let environment = Environment::Sandbox;
    let bench = Bench::with(Setup { environment, ..Setup::default() }).await;
    let developer = [("groups", json!(["developers"]))];

    bench.holder(&with(bench.person(), &developer)).get("/v1/jobs").await.is(200);
}

#[tokio::test]
async fn a_token_is_written_down_when_it_comes_and_not_each_time() {
    let bench = Bench::new().await;
    let holder = bench.holder(&bench.claims());

    for _ in 0..3 {
        holder.get("/v1/jobs").await.is(200);
    }

    let all = bench.acme.audit().await;
    let taken = all.iter().filter(|entry| entry["auth_protocol"] == "trusted_issuer");
    let taken: Vec<_> = taken.collect();
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!(taken[0]["user"]["uid"], "idp:app-1");
    assert_eq!(taken[0]["status_id"], 1);
    assert_eq!(bench.provider.asked("/jwks").len(), 1);
}

#[tokio::test]
async fn whoever_sends_unknown_names_of_keys_has_them_asked_for_once_in_ten_seconds() {
    let bench = Bench::new().await;
    bench.holder(&bench.claims()).get("/v1/jobs").await.is(200);
    bench.platform.clock().advance(std::time::Duration::from_secs(10));
    let stranger = bench.platform.stranger();
    let forged = |kid: usize| {
        let header = json!({ "typ": "at+jwt", "kid": format!("forged-{kid}") });
        stranger.with_token(bench.provider.sign(&header, &bench.claims()))
    };

    let asked = (0..40).map(|kid| {
        let ask = forged(kid).get("/v1/jobs");
        async move { ask.await.status() }
    });
    let statuses = futures_util::future::join_all(asked).await;

    assert!(statuses.iter().all(|status| [401, 503].contains(status)), "{statuses:?}");
    assert!(bench.provider.asked("/jwks").len() <= 2);
    assert!(bench.provider.asked("openid-configuration").len() <= 2);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_signs_nothing_any_more() {
    let bench = Bench::new().await;
    let old = bench.holder(&bench.claims());
    old.get("/v1/jobs").await.is(200);
    bench.provider.rotate();
    bench.platform.clock().advance(std::time::Duration::from_secs(31));

    bench.holder(&bench.claims()).get("/v1/jobs").await.is(200);

    old.get("/v1/jobs").await.is(401).problem("auth.invalid_token");
}

#[tokio::test]
async fn keys_that_are_known_go_on_while_the_issuer_is_away() {
    let bench = Bench::new().await;
    bench.holder(&bench.claims()).get("/v1/jobs").await.is(200);
    bench.provider.set_down(true);
    bench.platform.clock().advance(minutes(60));

    bench.holder(&bench.claims()).get("/v1/jobs").await.is(200);
    let header = json!({ "typ": "at+jwt", "kid": "k2" });
    let unknown = bench.provider.sign(&header, &bench.claims());
    let unknown = bench.platform.stranger().with_token(unknown).get("/v1/jobs").await.is(503);
    unknown.problem("auth.issuer_silent");
}

#[tokio::test]
async fn an_issuer_that_never_answered_is_no_fault_of_the_token() {
    let bans = BansPlan { caller_points: 3, address_points: 3, ..testkit::bans::quick() };
    let bench = Bench::with(Setup { bans: Some(bans), ..Setup::default() }).await;
    bench.provider.set_down(true);
    let holder = bench.holder(&bench.claims());

    for _ in 0..5 {
        let answer = holder.get("/v1/jobs").await.is(503);
        assert_eq!(answer.header("retry-after"), Some("5"));
        answer.problem("auth.issuer_silent");
        bench.platform.judge().await;
    }
    assert_eq!(bench.last_attempt().await["status_code"], "issuer_silent");
    let metrics = bench.platform.metrics();
    assert!(metrics.contains("ringwall_issuer_keys_age_seconds{issuer=\"idp\"} NaN"), "{metrics}");
    assert!(
        metrics.contains("ringwall_issuer_fetch_failures_total{issuer=\"idp\"} 1"),
        "{metrics}"
    );

    bench.provider.set_down(false);
    bench.platform.clock().advance(std::time::Duration::from_secs(10));
    holder.get("/v1/jobs").await.is(200);
    let metrics = bench.platform.metrics();
    assert!(metrics.contains("ringwall_issuer_keys_age_seconds{issuer=\"idp\"} 0"), "{metrics}");
}

#[tokio::test]
async fn we_take_back_what_an_issuer_gave_within_two_seconds() {
    for database in Database::BOTH {
        let bench = Bench::with(Setup { database, ..Setup::default() }).await;
        let (app, mara) = (bench.holder(&bench.claims()), bench.holder(&bench.person()));
        app.get("/v1/jobs").await.is(200);
        mara.get("/v1/jobs").await.is(200);

        bench.acme.revoke(Revoked::Staff, &person_id("idp", "user-1").to_string()).await;
        bench.platform.clock().advance(std::time::Duration::from_secs(2));

        mara.get("/v1/jobs").await.is(401).problem("auth.invalid_token");
        let attempt = bench.last_attempt().await;
        assert_eq!(
            (&attempt["status_code"], &attempt["unmapped"]["issuer"]),
            (&json!("revoked"), &json!("idp"))
        );
        app.get("/v1/jobs").await.is(200);
        bench.acme.revoke(Revoked::Client, "idp:app-1").await;
        bench.platform.clock().advance(std::time::Duration::from_secs(2));
        app.get("/v1/jobs").await.is(401);
        // Whoever gets a new one afterwards is let in again.
        bench.holder(&bench.claims()).get("/v1/jobs").await.is(200);
    }
}

#[tokio::test]
async fn a_bound_token_is_good_with_a_proof_of_its_key_only() {
    let bench = Bench::new().await;
    let signer = Signer::new();
    let thumbprint = {
        let jwk = oauth::ForeignKey::parse(signer.jwk("k").as_bytes()).unwrap();
        jwk.thumbprint().to_owned()
    };
    let token = bench.token(&with(bench.claims(), &[("cnf", json!({ "jkt": thumbprint }))]));
    let stranger = bench.platform.stranger();

    stranger.with_token(&token).get("/v1/jobs").await.is(401);
    assert_eq!(bench.last_attempt().await["unmapped"]["issuer"], "idp");
    let proof = signer.proof("GET", "/v1/jobs", Some(&token), bench.platform.now());
    let ask = stranger.get("/v1/jobs").with_header("authorization", &format!("DPoP {token}"));
    ask.with_header("dpop", &proof).await.is(200);
}

#[tokio::test]
async fn a_token_of_okta_is_judged_by_its_own_rules() {
    let bench = Bench::new().await;
    let now = bench.platform.now().seconds();
    let claims = json!({
        "ver": 1, "jti": "AT.1", "iss": bench.other.issuer, "aud": PUBLIC_URL, "iat": now,
        "exp": now + 600, "cid": "app-1", "scp": ["read:jobs"], "sub": "app-1", "org": "acme",
    });
    let id_token = json!({
        "ver": 1, "sub": "00u1", "iss": bench.other.issuer, "aud": "app-1", "iat": now,
        "exp": now + 600, "jti": "ID.1", "amr": ["pwd"], "at_hash": "h", "org": "acme",
    });

    bench.refuses(bench.other.sign(&json!({}), &id_token), "not_an_access_token").await;
    let token = bench.other.sign(&json!({}), &claims);
    bench.platform.stranger().with_token(token).get("/v1/jobs").await.is(200);
    let attempt = bench.last_attempt().await;
    assert_eq!(attempt["user"]["uid"], "okta:app-1");
    assert_eq!(attempt["user"]["credential_uid"], "okta:AT.1");
}
