//! The token endpoint's decisions beside those of `oauth-as`, which others wrote from the same
//! standards: generated requests, and a reason for each kind of difference.
//!
//! Both are asked in process: ours reads, authenticates and grants; theirs answers HTTP. What is
//! compared is a token, or the `error`. docs/reference/oauth-differences.md explains the kinds.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails where it is wrong")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use data_encoding::BASE64;
use http::{Method, Request};
use kernel::{Secret, Timestamp};
use oauth::{
    Against, ClientSecret, GrantRequest, Issuance, OAuthError, Pepper, Profile, RegisteredClient,
    Scopes, Uses, authenticate, grant, hash_secret, may_ask, parse_token_request,
};
use oauth_as::client::{Client, ClientAuth, ClientId};
use oauth_as::grant::GrantType;
use oauth_as::http::{AuthorizationService, ServiceBuilder};
use oauth_as::scope::ScopeSet;
use oauth_as::server::{AuthorizationServer, ServerConfig, SystemClock};
use oauth_as::store::MemoryStorage;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const ISSUER: &str = "https://id.example";
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const ID: &str = "pc_a";
const SECRET: &str = "rws_secret-of-a";

/// A request in parts, of which each may be left out, doubled or wrong.
#[derive(Clone, Debug)]
struct Asked {
    authorization: Option<String>,
    form: Vec<(&'static str, &'static str)>,
}

impl Asked {
    fn body(&self) -> String {
        let pair = |(name, value): &(&str, &str)| {
            let value: String = value
                .bytes()
                .map(|byte| match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                        char::from(byte).to_string()
                    }
                    _ => format!("%{byte:02X}"),
                })
                .collect();
            format!("{name}={value}")
        };
        self.form.iter().map(pair).collect::<Vec<_>>().join("&")
    }

    fn values(&self, name: &str) -> Vec<&str> {
        self.form.iter().filter(|(known, _)| *known == name).map(|(_, value)| *value).collect()
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.values(name).into_iter().find(|value| !value.is_empty())
    }

    /// What is wrong with it, or unusual, each by a name.
    fn oddities(&self) -> Vec<&'static str> {
        let names = ["grant_type", "scope", "client_id", "client_secret", "resource", "foo"];
        let is_twice = names.iter().any(|name| self.values(name).len() > 1);
        let is_basic = self.authorization.is_some();
        let posted = self.value("client_secret");
        let right = BASE64.encode(format!("{ID}:{SECRET}").as_bytes());
        let is_right = match &self.authorization {
            Some(header) => header.ends_with(&right),
            None => posted == Some(SECRET) && self.value("client_id") == Some(ID),
        };
        let grant_type = self.value("grant_type");
        let found = [
            (is_twice, "repeated"),
            (is_basic && posted.is_some(), "two ways"),
            (is_basic && !self.values("client_secret").is_empty() && posted.is_none(), "empty"),
            (is_basic && !self.values("client_id").is_empty(), "client_id beside header"),
            (!is_basic && posted.is_none(), "no credentials"),
            (!is_right && (is_basic || posted.is_some()), "wrong credentials"),
            (self.values("grant_type").contains(&""), "empty grant_type"),
            (self.values("grant_type").is_empty(), "no grant_type"),
            (grant_type == Some("password"), "unknown grant_type"),
            (matches!(grant_type, Some("authorization_code" | "refresh_token")), "not registered"),
            (self.value("scope").is_some_and(|scope| scope.contains("  ")), "two spaces"),
            (matches!(self.value("scope"), Some("admin" | "a\"b")), "scope"),
            (self.value("resource").is_some_and(|uri| uri != ISSUER), "resource"),
        ];
        found.iter().filter(|(is_so, _)| *is_so).map(|(_, name)| *name).collect()
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let basic = |pair: &str| Some(format!("Basic {}", BASE64.encode(pair.as_bytes())));
    let right = format!("{ID}:{SECRET}");
    let authorization = prop_oneof![
        4 => Just(basic(&right)),
        2 => Just(None),
        1 => Just(basic(&format!("{ID}:wrong"))),
        1 => Just(basic(&format!("pc_nobody:{SECRET}"))),
        1 => Just(basic("no-colon")),
        1 => Just(Some("Basic !!".to_owned())),
        1 => Just(Some("Bearer abc".to_owned())),
        1 => Just(basic(&right).map(|text| text.replace("Basic", "bAsIc"))),
    ];
    let grant_type = prop_oneof![
        6 => Just(Some("client_credentials")),
        1 => Just(None),
        1 => Just(Some("")),
        1 => Just(Some("password")),
        1 => Just(Some("authorization_code")),
        1 => Just(Some("refresh_token")),
    ];
    let scope = prop_oneof![
        3 => Just(None),
        2 => Just(Some("read:jobs")),
        1 => Just(Some("read:jobs write:jobs")),
        1 => Just(Some("read:jobs read:jobs")),
        1 => Just(Some("admin")),
        1 => Just(Some("read:jobs  write:jobs")),
        1 => Just(Some("")),
        1 => Just(Some("a\"b")),
    ];
    let client_id = prop_oneof![
        4 => Just(None), 2 => Just(Some(ID)), 1 => Just(Some("pc_nobody")), 1 => Just(Some("")),
    ];
    let secret = prop_oneof![
        4 => Just(None), 2 => Just(Some(SECRET)), 1 => Just(Some("wrong")), 1 => Just(Some("")),
    ];
    let resource = prop_oneof![
        5 => Just(None), 1 => Just(Some(ISSUER)), 1 => Just(Some("https://other.example")),
        1 => Just(Some("no uri")),
    ];
    let again = prop_oneof![
        6 => Just(None),
        1 => Just(Some(("scope", "read:jobs"))),
        1 => Just(Some(("grant_type", "client_credentials"))),
        1 => Just(Some(("client_id", ID))),
        1 => Just(Some(("foo", "1"))),
    ];
    let parts = (authorization, grant_type, scope, client_id, secret, resource, again);
    parts.prop_map(|(authorization, grant_type, scope, client_id, secret, resource, again)| {
        let named = [
            ("grant_type", grant_type),
            ("scope", scope),
            ("client_id", client_id),
            ("client_secret", secret),
            ("resource", resource),
        ];
        let form = named.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        Asked { authorization, form: form.chain(again).collect() }
    })
}

/// `token`, or the name of the error.
fn ours(asked: &Asked) -> String {
    let pepper = || Pepper::new(1, &Secret::new([1; 32]));
    let hash = hash_secret(&pepper(), SECRET);
    let client = RegisteredClient {
        certificates: Vec::new(),
        certificate_bound: false,
        client_id: ID.to_owned(),
        tenant: "ten_00000000000000000000000001".parse().unwrap(),
        environment: "sandbox".to_owned(),
        roles: vec!["partner".to_owned()],
        allowed: Scopes::parse("read:jobs write:jobs").unwrap(),
        active: true,
        profile: Profile::Baseline,
        uses: Uses::default(),
        secrets: vec![ClientSecret { id: "s1".to_owned(), hash, expires: None }],
        keys: Vec::new(),
    };
    let decide = || -> Result<(), OAuthError> {
        let body = asked.body();
        let request = parse_token_request(asked.authorization.as_deref(), body.as_bytes())?;
        let peppers = [pepper()];
        let against = Against { peppers: &peppers, issuer: ISSUER, now: NOW, certificate: None };
        let proven = authenticate(Some(&client), &request.client, &against)?.settle(true)?;
        let issuance =
            Issuance { issuer: ISSUER, audience: ISSUER, jti: "j", now: NOW, bound_to: None };
        match request.grant {
            GrantRequest::ClientCredentials => grant(&proven, &request, &issuance).map(drop)?,
            _ => may_ask(&client, &request, &issuance)?,
        }
        Ok(())
    };
    decide().map_or_else(|error| error.kind().name().to_owned(), |()| "token".to_owned())
}

type Service = AuthorizationService<MemoryStorage, SystemClock>;

fn theirs_server() -> Service {
    let config = ServerConfig::new(ISSUER, format!("{ISSUER}/device"));
    let server = AuthorizationServer::new(config, MemoryStorage::new());
    let scopes = || ScopeSet::parse("read:jobs write:jobs").unwrap();
    let client = Client {
        client_id: ClientId::new(ID),
        auth: ClientAuth::ConfidentialSecret { secret: SECRET.to_owned() },
        grant_types: vec![GrantType::ClientCredentials],
        redirect_uris: Vec::new(),
        allowed_scopes: scopes(),
        default_scopes: scopes(),
        name: None,
        registration: None,
    };
    ready(server.register_client(client)).unwrap();
    let builder = ServiceBuilder::new(Arc::new(server));
    builder.dangerously_disable_verification_protections().build().unwrap()
}

fn theirs(service: &Service, asked: &Asked) -> String {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri("/token")
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(header) = &asked.authorization {
        request = request.header("authorization", header);
    }
    let answer = ready(service.handle(request.body(asked.body()).unwrap()));
    let bytes = answer.into_body().into_bytes();
    let said: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    match said.get("error").and_then(serde_json::Value::as_str) {
        Some(error) => error.to_owned(),
        None => "token".to_owned(),
    }
}

/// Runs what never waits.
fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a memory of one process does not wait"),
    }
}

/// Which kind of difference it is; each is a row of docs/reference/oauth-differences.md.
fn kind(asked: &Asked, ours: &str, theirs: &str) -> Option<&'static str> {
    let odd = asked.oddities();
    let has = |name| odd.contains(&name);
    match (ours, theirs) {
        ("token", "invalid_request") if has("client_id beside header") || has("empty") => {
            Some("beside Basic")
        }
        ("invalid_request", "token") if has("repeated") => Some("repeated"),
        ("invalid_request", "token") if has("two ways") => Some("two ways"),
        ("invalid_scope", "token") if has("two spaces") => Some("two spaces"),
        ("invalid_target", "token") if has("resource") => Some("resource"),
        // Nothing is given either way.
        (ours, theirs) if ours != "token" && theirs != "token" && !odd.is_empty() => Some("order"),
        _ => None,
    }
}

#[test]
fn every_difference_from_another_server_is_explained() {
    let service = theirs_server();
    let seen: RefCell<BTreeMap<&str, usize>> = RefCell::default();
    let mut runner =
        TestRunner::new(Config { cases: 5_000, failure_persistence: None, ..Config::default() });

    let run = runner.run(&asked(), |asked| {
        let (ours, theirs) = (ours(&asked), theirs(&service, &asked));
        if ours != theirs {
            let kind = kind(&asked, &ours, &theirs);
            prop_assert!(kind.is_some(), "ours `{ours}`, theirs `{theirs}`");
            *seen.borrow_mut().entry(kind.unwrap_or_default()).or_default() += 1;
        }
        Ok(())
    });

    run.unwrap();
    let kinds: Vec<&str> = seen.borrow().keys().copied().collect();
    // A kind that is met no more is explained no more.
    assert_eq!(kinds, ["beside Basic", "order", "repeated", "resource", "two spaces", "two ways"]);
}
