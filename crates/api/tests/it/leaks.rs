//! Reports of leaked credentials: whose are believed, what they end, and what nobody learns from
//! the answer.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use data_encoding::{BASE64, HEXLOWER};
use http::Method;
use oauth::leaks::ReportKeys;
use oauth::{ApiKey, KeyEnvironment};
use policy::Role;
use serde_json::{Value, json};
use testkit::{Answer, Caller, Database, Platform, Setup};

const PATH: &str = "/security/leaked-keys";
/// What stands before a point on P-256 in a `SubjectPublicKeyInfo`.
const SPKI: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

/// A scanner that finds credentials in public.
struct Scanner(EcdsaKeyPair);

impl Scanner {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    fn keys(&self) -> ReportKeys {
        let spki = HEXLOWER.decode(SPKI.as_bytes()).unwrap();
        let text = BASE64.encode(&[&spki, self.0.public_key().as_ref()].concat());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n");
        let list = json!({ "public_keys": [{ "key_identifier": "k1", "key": pem }] });
        ReportKeys::parse(list.to_string().as_bytes()).unwrap()
    }

    async fn platform(&self, database: Database) -> Platform {
        let leak_keys = Some(self.keys());
        Platform::with(Setup { database, leak_keys, ..Setup::default() }).await
    }

    async fn report(&self, nobody: &Caller, tokens: &[&str]) -> Answer {
        let findings = tokens.iter().map(|token| {
            json!({ "token": token, "type": "ringwall_api_key", "source": "content",
                "url": "https://code.example/r/blob/1/a.txt" })
        });
        let body = Value::from_iter(findings).to_string();
        let signature =
            BASE64.encode(self.0.sign(&SystemRandom::new(), body.as_bytes()).unwrap().as_ref());
        send(nobody, &body, &signature).await
    }
}

async fn send(nobody: &Caller, body: &str, signature: &str) -> Answer {
    let ask = nobody.ask(Method::POST, PATH).bytes(body.to_owned(), "application/json");
    let ask = ask.with_header("github-public-key-identifier", "k1");
    ask.with_header("github-public-key-signature", signature).await
}

fn labels(answer: &Answer) -> Vec<String> {
    let all = answer.body();
    let all = all.as_array().unwrap().iter();
    all.map(|label| label["label"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn nobody_is_believed_until_an_operator_says_whom() {
    let platform = Platform::new().await;

    let answer = Scanner::new().report(&platform.stranger(), &["rw_x"]).await.is(404);

    answer.problem("not_found");
}

#[tokio::test]
async fn a_report_that_nobody_known_signed_ends_nothing() {
    let scanner = Scanner::new();
    let platform = scanner.platform(Database::Sqlite).await;
    let acme = platform.tenant("acme").await;
    let partner = acme.partner(&["read:jobs", "manage:keys"]).await;
    let asked = json!({ "name": "sync", "scopes": ["read:jobs"] });
    let key = partner.post("/v1/api-keys", asked).await.is(201).text_of("/key");
    let nobody = platform.stranger();
    let body = json!([{ "token": key, "type": "t" }]).to_string();
    let signature = BASE64.encode(b"no signature at all");

    send(&nobody, &body, &signature).await.is(403).problem("leak.unsigned");
    Scanner::new().report(&nobody, &[&key]).await.is(403).problem("leak.unsigned");
    let bare = nobody.ask(Method::POST, PATH).bytes(body, "application/json").await.is(403);
    bare.problem("leak.unsigned");

    nobody.with_token(key).get("/v1/jobs").await.is(200);
    let trail = platform.audit().await;
    let attempt = trail.iter().rfind(|entry| entry["status_code"] == "report_unsigned");
    assert_eq!(attempt.unwrap()["auth_protocol"], "leak_report");
}

#[tokio::test]
async fn a_reported_key_is_revoked_at_once_and_its_owner_is_told() {
    for database in Database::BOTH {
        let scanner = Scanner::new();
        let platform = scanner.platform(database).await;
        let acme = platform.tenant("acme").await;
        let partner = acme.partner(&["read:jobs", "read:events", "manage:keys"]).await;
        let asked = json!({ "name": "sync", "scopes": ["read:jobs"] });
        let made = partner.post("/v1/api-keys", asked).await.is(201);
        let (id, key) = (made.id(), made.text_of("/key"));
        let nobody = platform.stranger();
        let app = nobody.with_token(key.clone());
        app.get("/v1/jobs").await.is(200);
        let forged = ApiKey::generate(KeyEnvironment::Live).whole().expose().clone();
        let mistyped = format!("{}x", &key[..key.len() - 1]);

        let told = scanner.report(&nobody, &[&forged, &mistyped, "no key", &key]).await.is(200);

        let (no, yes) = ("false_positive", "true_positive");
        assert_eq!(labels(&told), [no, no, no, yes]);
        let text = String::from_utf8_lossy(told.bytes()).into_owned();
        assert!(!text.contains(&key) && !text.contains(&forged), "{text}");
        app.get("/v1/jobs").await.is(401).problem("auth.invalid_api_key");
        let events = partner.get("/v1/events?type=api_key.leaked").await.is(200);
        assert_eq!(events.body()["data"].as_array().unwrap().len(), 1, "{events:?}");
        let trail = acme.audit().await;
        let entry = trail.iter().rfind(|entry| entry["resources"][0]["uid"] == id.as_str());
        assert!(!format!("{:?}", entry.unwrap()).contains(&key));
        // Told again it is still ours, and nothing happens twice.
        assert_eq!(labels(&scanner.report(&nobody, &[&key]).await.is(200)), [yes]);
        assert_eq!(acme.outbox().await.last().unwrap().kind, "api_key.leaked");
        let events = partner.get("/v1/events?type=api_key.leaked").await.is(200);
        assert_eq!(events.body()["data"].as_array().unwrap().len(), 1, "{events:?}");
    }
}

#[tokio::test]
async fn a_reported_secret_ends_with_the_tokens_that_it_got() {
    for database in Database::BOTH {
        let scanner = Scanner::new();
        let platform = scanner.platform(database).await;
        let acme = platform.tenant("acme").await;
        let known = acme.register(Role::Partner, &["read:jobs"]).await;
        let other = acme.register(Role::Partner, &["read:jobs"]).await;
        let app = acme.sign_in(&known).await;
        let nobody = platform.stranger();
        let foreign = oauth::generate_client_secret();
        let found = [foreign.expose().as_str(), known.secret.expose()];

        let told = scanner.report(&nobody, &found).await.is(200);

        assert_eq!(labels(&told), ["false_positive", "true_positive"]);
        app.get("/v1/jobs").await.is(401).problem("auth.invalid_token");
        let refused = nobody.token(&known.client_id, known.secret.expose()).await.is(401);
        refused.problem("oauth.invalid_client");
        acme.sign_in(&other).await.get("/v1/jobs").await.is(200);
        let outbox = acme.outbox().await;
        assert_eq!(outbox.last().unwrap().kind, "partner.secret_leaked");
    }
}

#[tokio::test]
async fn a_report_has_a_size_and_a_number_of_findings() {
    let scanner = Scanner::new();
    let platform = scanner.platform(Database::Sqlite).await;
    let nobody = platform.stranger();

    let many = vec!["x"; 101];
    scanner.report(&nobody, &many).await.is(422).problem("leak.too_many");
    let large = "x".repeat(140_000);
    scanner.report(&nobody, &[&large]).await.is(413);
    let long = "x".repeat(513);
    scanner.report(&nobody, &[&long]).await.is(422);
}
