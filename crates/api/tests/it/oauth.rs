//! The token endpoint: client credentials, and the ways it refuses.

use policy::{Environment, Role};
use serde_json::{Value, json};
use testkit::{Answer, Database, Platform, minutes};

const SCOPES: &[&str] = &["read:jobs", "write:jobs"];

/// Everything but what differs between any two requests.
pub(crate) fn alike(answer: &Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    // What is left of a limit is one less each time.
    let differs = ["x-request-id", "ratelimit"];
    let headers = answer.headers().iter().filter(|(name, _)| !differs.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), format!("{value:?}")));
    (answer.status(), headers.collect(), answer.bytes().to_vec())
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_are_told_alike() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = acme.register(Role::Partner, SCOPES).await;
        let nobody = platform.stranger();
        let secret = known.secret.expose();

        let unknown = nobody.token("pc_aaaaaaaaaaaaaaaa", secret).await;
        let wrong = nobody.token(&known.client_id, &secret.replace("rws_", "rws_a")).await;
        let empty = nobody.token(&known.client_id, "").await;
        let nothing = nobody.token("pc_aaaaaaaaaaaaaaaa", "").await;

        assert_eq!(alike(&unknown), alike(&wrong));
        assert_eq!(alike(&empty), alike(&nothing));
        let unknown = unknown.is(401).problem("oauth.invalid_client");
        assert!(unknown.header("www-authenticate").unwrap().starts_with("Basic "));
    }
}

#[tokio::test]
async fn a_client_of_another_environment_gets_no_token() {
    let platform = Platform::new().await;
    let sandbox = platform.found("sand", Environment::Sandbox).await;
    let known = sandbox.register(Role::Partner, SCOPES).await;

    let answer = platform.stranger().token(&known.client_id, known.secret.expose()).await;

    answer.is(401).problem("oauth.invalid_client");
}

#[tokio::test]
async fn what_is_no_token_request_is_refused_in_oauth_form() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, SCOPES).await;
    let nobody = platform.stranger();
    let (id, secret) = (known.client_id.as_str(), known.secret.expose().as_str());
    let ask = |form: &str| nobody.token(id, secret).form(form);
    let grant = "grant_type=client_credentials";

    ask(grant).without("authorization").await.is(401).problem("oauth.invalid_client");
    ask(grant)
        .with_header("authorization", "Bearer x")
        .await
        .is(401)
        .problem("oauth.invalid_client");
    ask("grant_type=password").await.is(400).problem("oauth.unsupported_grant_type");
    ask("grant_type=authorization_code&code=x").await.is(400).problem("oauth.unauthorized_client");
    ask("grant_type=refresh_token&refresh_token=x")
        .await
        .is(400)
        .problem("oauth.unauthorized_client");
    ask("a=b").await.is(400).problem("oauth.invalid_request");
    ask(&format!("{grant}&{grant}")).await.is(400).problem("oauth.invalid_request");
    ask(&format!("{grant}&scope=a&scope=b")).await.is(400).problem("oauth.invalid_request");
    ask(&format!("{grant}&scope=read:candidates")).await.is(400).problem("oauth.invalid_scope");
    ask(&format!("{grant}&scope=admin:*")).await.is(400).problem("oauth.invalid_scope");
    ask(&format!("{grant}&resource=https://evil.example"))
        .await
        .is(400)
        .problem("oauth.invalid_target");
    let json = nobody.token(id, secret).json(&json!({ "grant_type": "client_credentials" })).await;
    json.is(415).problem("oauth.invalid_request");
    ask(&"a".repeat(70_000)).await.is(413).problem("oauth.invalid_request");
}

#[tokio::test]
async fn a_token_is_not_to_be_had_from_a_url() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let known = acme.register(Role::Partner, SCOPES).await;
    let nobody = platform.stranger();

    let query = nobody
        .ask(http::Method::POST, "/oauth/token?grant_type=client_credentials")
        .form("grant_type=client_credentials")
        .with_header("authorization", &known.basic());
    query.await.is(400).problem("oauth.invalid_request");
    let get = nobody.get("/oauth/token?grant_type=client_credentials");
    get.with_header("authorization", &known.basic()).await.is(405);
}

#[tokio::test]
async fn a_token_has_what_was_registered_or_less() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = acme.register(Role::Partner, SCOPES).await;
        let nobody = platform.stranger();
        let ask = || nobody.token(&known.client_id, known.secret.expose());

        let whole = ask().await.is(200);
        let less = ask().form("grant_type=client_credentials&scope=read:jobs").await.is(200);

        assert_eq!(whole.header("cache-control"), Some("no-store"));
        let body = whole.body();
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 900);
        assert_eq!(body["scope"], "read:jobs write:jobs");
        assert_eq!(less.body()["scope"], "read:jobs");
        assert!(body.get("refresh_token").is_none());
        let reader = nobody.with_token(less.text_of("/access_token"));
        reader.get("/v1/jobs").await.is(200);
        let job = testkit::samples::job(acme.company());
        reader.post("/v1/jobs", job).await.is(403).problem("auth.scope_missing");
    }
}

#[tokio::test]
async fn a_token_ends_after_fifteen_minutes_also_when_it_was_just_used() {
    let platform = Platform::new().await;
    let acme = platform.tenant("acme").await;
    let mara = acme.partner(SCOPES).await;
    platform.clock().advance(minutes(15) - std::time::Duration::from_secs(1));
    mara.get("/v1/jobs").await.is(200);

    platform.clock().advance(std::time::Duration::from_secs(7));

    mara.get("/v1/jobs").await.is(401).problem("auth.invalid_token");
}

#[tokio::test]
async fn the_metadata_leads_to_the_token_endpoint_and_to_the_keys() {
    let platform = Platform::new().await;
    let nobody = platform.stranger();
    let metadata = nobody.get("/.well-known/oauth-authorization-server").await.is(200).body();
    let path = |name: &str| {
        let url = metadata[name].as_str().unwrap();
        url.strip_prefix(testkit::PUBLIC_URL).unwrap().to_owned()
    };

    assert_eq!(metadata["issuer"], testkit::PUBLIC_URL);
    let grants = ["authorization_code", "client_credentials", "refresh_token"];
    assert_eq!(metadata["grant_types_supported"], json!(grants));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(path("authorization_endpoint"), "/oauth/authorize");
    assert_eq!(path("pushed_authorization_request_endpoint"), "/oauth/par");
    assert_eq!(path("token_endpoint"), "/oauth/token");
    let keys = nobody.get(&path("jwks_uri")).await.is(200).body();
    let keys = keys["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    assert!(keys.iter().all(|key| key.get("d").is_none() && key["alg"] == "ES256"));
}

#[tokio::test]
async fn every_attempt_is_recorded_and_no_secret_with_it() {
    for database in Database::BOTH {
        let platform = Platform::on(database).await;
        let acme = platform.tenant("acme").await;
        let known = acme.register(Role::Partner, SCOPES).await;
        let nobody = platform.stranger();
        // What a stranger says of their address is not believed.
        let guess = nobody.token(&known.client_id, "rws_guess");
        guess.with_header("x-forwarded-for", "203.0.113.1").await.is(401);
        nobody.token("pc_aaaaaaaaaaaaaaaa", "rws_guess").await.is(401);
        nobody.token(&known.client_id, known.secret.expose()).await.is(200);

        let trail = platform.audit().await;

        let attempts: Vec<_> = trail.iter().filter(|entry| entry["class_uid"] == 3002).collect();
        let last: Vec<&Value> = attempts.into_iter().rev().take(3).rev().collect();
        let outcomes: Vec<_> = last.iter().map(|entry| entry["status_id"].clone()).collect();
        assert_eq!(outcomes, [2, 2, 1]);
        assert_eq!(last[0]["user"]["uid"], known.client_id.as_str());
        assert_eq!(last[1]["user"]["uid"], "pc_aaaaaaaaaaaaaaaa");
        assert!(last.iter().all(|entry| entry["src_endpoint"]["ip"] == "198.51.100.7"));
        let text = Value::from(trail).to_string();
        assert!(!text.contains("rws_"));
    }
}
