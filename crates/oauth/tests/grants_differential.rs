//! What people granted, redeemed and refreshed, beside `oauth-as`, which others wrote from the same
//! standards: generated histories of one grant, and a reason for each kind of difference.
//!
//! A history is compared step by step until the first difference, for from there on the two
//! remember different things. docs/reference/oauth-differences.md explains the kinds.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails where it is wrong")]

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use data_encoding::BASE64;
use http::{Method, Request};
use kernel::{Secret, TenantId, Timestamp};
use oauth::grants::{
    CODE_LIFE, CodeGrant, Family, Given, GrantError, Grants, Halt, Redemption, Rotated, Rotation,
    Taken, redeem, refresh,
};
use oauth::opaque::{Code, GrantKey, OpaqueHash, RefreshToken};
use oauth::pkce::Challenge;
use oauth::{
    Against, Authenticated, ClientSecret, GrantRequest, Issuance, OAuthError, Pepper, Profile,
    RegisteredClient, Scopes, Uses, authenticate, hash_secret, may_ask, parse_token_request,
};
use oauth_as::authorization::AuthorizationRequest;
use oauth_as::client::{Client, ClientAuth, ClientId};
use oauth_as::grant::GrantType;
use oauth_as::http::{AuthorizationService, ServiceBuilder};
use oauth_as::scope::ScopeSet;
use oauth_as::server::{AuthorizationServer, ServerConfig, SystemClock, UserApproval};
use oauth_as::store::MemoryStorage;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const ISSUER: &str = "https://id.example";
const CALLBACK: &str = "https://app.example/cb";
const SCOPES: &str = "read:jobs write:jobs";
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// RFC 7636 §B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// One request of a history. Codes and tokens are named, for each server has its own.
#[derive(Clone, Debug)]
struct Step {
    by: &'static str,
    grant: Grant,
    scope: Option<&'static str>,
}

#[derive(Clone, Debug)]
enum Grant {
    Code { code: Presented, verifier: Option<&'static str>, redirect_uri: Option<&'static str> },
    Refresh(Presented),
}

/// Which code or refresh token is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presented {
    /// The code, or the token that so many followed.
    Known(usize),
    Guess,
    Empty,
    LeftOut,
}

impl Step {
    fn is_code(&self) -> bool {
        matches!(self.grant, Grant::Code { .. })
    }

    /// A redemption that is wrong in something but not in the code.
    fn is_wrong_redemption(&self) -> bool {
        let Grant::Code { code: Presented::Known(_), verifier, redirect_uri } = &self.grant else {
            return false;
        };
        self.by != "pc_a" || *verifier != Some(VERIFIER) || *redirect_uri == Some(ELSEWHERE)
    }

    fn leaves_out_the_address(&self) -> bool {
        matches!(&self.grant, Grant::Code { redirect_uri: None | Some(""), .. })
    }

    fn presents_nothing(&self) -> bool {
        let (Grant::Code { code: presented, .. } | Grant::Refresh(presented)) = &self.grant;
        *presented == Presented::Empty
    }

    fn presents(&self, token: usize) -> bool {
        matches!(self.grant, Grant::Refresh(Presented::Known(back)) if back == token)
    }

    fn body(&self, side: &Side) -> String {
        let mut form = Vec::new();
        match &self.grant {
            Grant::Code { code, verifier, redirect_uri } => {
                form.push(("grant_type", Some("authorization_code".to_owned())));
                form.push(("code", side.code(*code)));
                form.push(("code_verifier", verifier.map(str::to_owned)));
                form.push(("redirect_uri", redirect_uri.map(str::to_owned)));
            }
            Grant::Refresh(token) => {
                form.push(("grant_type", Some("refresh_token".to_owned())));
                form.push(("refresh_token", side.token(*token)));
            }
        }
        form.push(("scope", self.scope.map(str::to_owned)));
        let sent = form.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let pairs = sent.map(|(name, value)| format!("{name}={}", escaped(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    fn basic(&self) -> String {
        format!("Basic {}", BASE64.encode(format!("{}:s", self.by).as_bytes()))
    }
}

fn escaped(value: &str) -> String {
    let escape = |byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(escape).collect()
}

fn histories() -> impl Strategy<Value = Vec<Step>> {
    let by = || prop_oneof![6 => Just("pc_a"), 1 => Just("pc_b")];
    let scope = || {
        prop_oneof![
            5 => Just(None),
            1 => Just(Some("read:jobs")),
            1 => Just(Some(SCOPES)),
            1 => Just(Some("read:jobs admin")),
        ]
    };
    let code = prop_oneof![
        8 => Just(Presented::Known(0)),
        1 => Just(Presented::Guess),
        1 => Just(Presented::Empty),
        1 => Just(Presented::LeftOut),
    ];
    let verifier = prop_oneof![
        8 => Just(Some(VERIFIER)),
        1 => Just(None),
        1 => Just(Some("short")),
        1 => Just(Some("")),
        1 => Just(Some(CHALLENGE)),
    ];
    let redirect_uri = prop_oneof![
        8 => Just(Some(CALLBACK)),
        1 => Just(None),
        1 => Just(Some("")),
        1 => Just(Some(ELSEWHERE)),
    ];
    let redeem = (by(), code, verifier, redirect_uri).prop_map(|(by, code, verifier, to)| Step {
        by,
        grant: Grant::Code { code, verifier, redirect_uri: to },
        scope: None,
    });
    let token = prop_oneof![
        6 => Just(Presented::Known(0)),
        3 => Just(Presented::Known(1)),
        2 => Just(Presented::Known(2)),
        1 => Just(Presented::Guess),
        1 => Just(Presented::Empty),
        1 => Just(Presented::LeftOut),
    ];
    let refresh = (by(), token, scope()).prop_map(|(by, token, scope)| Step {
        by,
        grant: Grant::Refresh(token),
        scope,
    });
    let more = prop::collection::vec(prop_oneof![1 => redeem.clone(), 4 => refresh], 0..7);
    (redeem, more).prop_map(|(first, more)| std::iter::once(first).chain(more).collect())
}

/// One of the servers, and what a client has of it.
struct Side {
    code: String,
    guess: [String; 2],
    /// Refresh tokens in the order in which they came.
    tokens: Vec<String>,
}

impl Side {
    fn code(&self, which: Presented) -> Option<String> {
        match which {
            Presented::Known(_) => Some(self.code.clone()),
            Presented::Guess => self.guess.first().cloned(),
            Presented::Empty => Some(String::new()),
            Presented::LeftOut => None,
        }
    }

    fn token(&self, which: Presented) -> Option<String> {
        let guess = || self.guess.last().cloned();
        match which {
            Presented::Known(back) => self.tokens.iter().rev().nth(back).cloned().or_else(guess),
            Presented::Guess => guess(),
            Presented::Empty => Some(String::new()),
            Presented::LeftOut => None,
        }
    }

    fn keep(&mut self, token: &str) {
        if !self.tokens.iter().any(|known| known == token) {
            self.tokens.push(token.to_owned());
        }
    }
}

/// The scopes of a token and the refresh token beside it, or the name of the error.
type Outcome = Result<(String, String), String>;

#[derive(Default)]
struct Memory {
    codes: Mutex<HashMap<OpaqueHash, (CodeGrant, bool)>>,
    families: Mutex<HashMap<String, Family>>,
}

impl Grants for Memory {
    type Error = Infallible;

    async fn take_code(&self, _: TenantId, hash: OpaqueHash) -> Result<Taken, Infallible> {
        let mut codes = self.codes.lock().unwrap();
        let Some((grant, is_taken)) = codes.get_mut(&hash) else { return Ok(Taken::Unknown) };
        let grant = Box::new(grant.clone());
        if std::mem::replace(is_taken, true) {
            return Ok(Taken::Again { grant, taken_at: NOW });
        }
        Ok(Taken::First(grant))
    }

    async fn spoil_code(&self, _: TenantId, _: OpaqueHash) -> Result<(), Infallible> {
        Ok(())
    }

    async fn begin_family(&self, family: &Family) -> Result<bool, Infallible> {
        self.families.lock().unwrap().insert(family.id.clone(), family.clone());
        Ok(true)
    }

    async fn rotate_refresh(&self, step: &Rotation) -> Result<Rotated, Infallible> {
        let mut families = self.families.lock().unwrap();
        let Some(family) = families.get_mut(&step.family) else { return Ok(Rotated::Unknown) };
        let is_good = family.current == step.presented
            && family.client_id == step.client_id
            && family.is_live(step.now);
        if !is_good {
            return Ok(Rotated::Not(Box::new(family.clone())));
        }
        family.generation += 1;
        family.before = Some((family.current, step.successor.1));
        family.current = step.successor.0;
        family.rotated_at = step.now;
        Ok(Rotated::Done(Box::new(family.clone())))
    }

    async fn end_family(&self, _: TenantId, id: &str, now: Timestamp) -> Result<(), Infallible> {
        if let Some(family) = self.families.lock().unwrap().get_mut(id) {
            family.ended_at.get_or_insert(now);
        }
        Ok(())
    }
}

fn key() -> GrantKey {
    GrantKey::new(&Secret::new([7; 32]))
}

fn pepper() -> Pepper {
    Pepper::new(1, &Secret::new([1; 32]))
}

fn client(client_id: &str) -> RegisteredClient {
    RegisteredClient {
        client_id: client_id.to_owned(),
        tenant: "ten_00000000000000000000000001".parse().unwrap(),
        environment: "sandbox".to_owned(),
        roles: vec!["partner".to_owned()],
        allowed: Scopes::parse(SCOPES).unwrap(),
        active: true,
        profile: Profile::Baseline,
        uses: Uses { authorization_code: true, refresh_token: true, ..Uses::default() },
        secrets: vec![ClientSecret {
            id: "s1".to_owned(),
            hash: hash_secret(&pepper(), "s"),
            expires: None,
        }],
        keys: Vec::new(),
        certificates: Vec::new(),
        certificate_bound: false,
    }
}

/// A memory with one code that somebody granted to `pc_a`.
fn our_grant() -> (Memory, Side) {
    let (memory, code) = (Memory::default(), Code::generate());
    let grant = CodeGrant {
        client_id: "pc_a".to_owned(),
        tenant: client("pc_a").tenant,
        subject: "usr_1".to_owned(),
        scopes: Scopes::parse(SCOPES).unwrap(),
        redirect_uri: CALLBACK.to_owned(),
        challenge: Challenge::parse(Some("S256"), CHALLENGE).unwrap(),
        bound_to: None,
        auth_time: NOW,
        phishing_resistant: false,
        vouched: false,
        family: RefreshToken::new_family(),
        expires_at: NOW.plus(CODE_LIFE),
    };
    memory.codes.lock().unwrap().insert(code.hash(&key()), (grant, false));
    let guess = RefreshToken::first(&RefreshToken::new_family());
    let guess = [Code::generate().whole().expose().clone(), guess.whole().expose().clone()];
    (memory, Side { code: code.whole().expose().clone(), guess, tokens: Vec::new() })
}

fn ours(memory: &Memory, side: &Side, step: &Step) -> Outcome {
    let decide = || -> Result<Given, OAuthError> {
        let (basic, body) = (step.basic(), step.body(side));
        let request = parse_token_request(Some(&basic), body.as_bytes())?;
        let (client, peppers) = (client(&request.client.client_id), [pepper()]);
        let against = Against { peppers: &peppers, issuer: ISSUER, now: NOW, certificate: None };
        let proven = authenticate(Some(&client), &request.client, &against)?.settle(true)?;
        let issuance =
            Issuance { issuer: ISSUER, audience: ISSUER, jti: "j", now: NOW, bound_to: None };
        may_ask(&client, &request, &issuance)?;
        let given = given(memory, &proven, (&request.grant, request.scope.as_ref()));
        given.map_err(|halt| match halt {
            Halt::Refused(error) => error.into(),
            Halt::Stolen { .. } => GrantError::Reused.into(),
            Halt::Failed(never) => match never {},
        })
    };
    let given = decide().map_err(|error| error.kind().name().to_owned())?;
    Ok((given.scopes.to_string(), given.refresh.whole().expose().clone()))
}

/// As the token endpoint hands it on.
fn given(
    memory: &Memory,
    client: &Authenticated<'_>,
    (grant, scope): (&GrantRequest, Option<&Scopes>),
) -> Result<Given, Halt<Infallible>> {
    let unknown = || Halt::Refused(GrantError::Unknown);
    match grant {
        GrantRequest::Code { code, verifier, redirect_uri } => {
            let code = Code::parse(code.expose()).ok_or_else(unknown)?;
            let verifier = verifier.as_ref().map(|verifier| verifier.expose().as_str());
            let redirect_uri = redirect_uri.as_deref();
            let asked =
                Redemption { code: &code, verifier, redirect_uri, bound_to: None, now: NOW };
            ready(redeem(memory, &key(), client, &asked))
        }
        GrantRequest::Refresh { token } => {
            let token = RefreshToken::parse(token.expose()).ok_or_else(unknown)?;
            ready(refresh(memory, &key(), client, &token, (scope, None, NOW)))
        }
        GrantRequest::ClientCredentials | GrantRequest::Login { .. } => Err(unknown()),
    }
}

type Server = AuthorizationServer<MemoryStorage, SystemClock>;
type Service = AuthorizationService<MemoryStorage, SystemClock>;

/// The same two clients.
fn their_server() -> (Arc<Server>, Service) {
    let config = ServerConfig::new(ISSUER, format!("{ISSUER}/device"));
    let server = Arc::new(AuthorizationServer::new(config, MemoryStorage::new()));
    for client_id in ["pc_a", "pc_b"] {
        let scopes = || ScopeSet::parse(SCOPES).unwrap();
        let client = Client {
            client_id: ClientId::new(client_id),
            auth: ClientAuth::ConfidentialSecret { secret: "s".to_owned() },
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            redirect_uris: vec![CALLBACK.to_owned()],
            allowed_scopes: scopes(),
            default_scopes: scopes(),
            name: None,
            registration: None,
        };
        ready(server.register_client(client)).unwrap();
    }
    let builder = ServiceBuilder::new(Arc::clone(&server));
    (server, builder.dangerously_disable_verification_protections().build().unwrap())
}

fn their_grant(server: &Server) -> Side {
    let mut asked = AuthorizationRequest::default();
    asked.response_type = Some("code".into());
    asked.client_id = Some("pc_a".into());
    asked.redirect_uri = Some(CALLBACK.into());
    asked.scope = Some(SCOPES.into());
    asked.code_challenge = Some(CHALLENGE.into());
    asked.code_challenge_method = Some("S256".into());
    let valid = ready(server.validate_authorization_request(&asked)).unwrap();
    let approval = UserApproval::granted(&valid, "usr_1");
    let code = ready(server.issue_authorization_code(approval)).unwrap().code;
    Side { code, guess: ["no-code".to_owned(), "no-token".to_owned()], tokens: Vec::new() }
}

fn theirs(service: &Service, side: &Side, step: &Step) -> Outcome {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", step.basic());
    let answer = ready(service.handle(request.body(step.body(side)).unwrap()));
    let said: serde_json::Value = serde_json::from_slice(&answer.into_body().into_bytes()).unwrap();
    let text = |name: &str| said.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    match text("error") {
        Some(error) => Err(error),
        // RFC 6749 §5.1: a scope that is left out is the one that was asked for.
        None => Ok((text("scope").unwrap_or(SCOPES.to_owned()), text("refresh_token").unwrap())),
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
fn kind(before: &[Step], step: &Step, ours: &Outcome, theirs: &Outcome) -> Option<&'static str> {
    let error = |outcome: &Outcome| outcome.clone().err().unwrap_or_default();
    let wrong_before = before.iter().any(Step::is_wrong_redemption);
    let codes_before = before.iter().filter(|step| step.is_code()).count();
    let found_before = before.iter().any(|step| step.is_code() && step.by == "pc_b");
    let narrowed_before = before.iter().any(|step| step.scope == Some("read:jobs"));
    match (error(ours).as_str(), error(theirs).as_str()) {
        ("", "invalid_grant") if step.leaves_out_the_address() => Some("address left out"),
        ("invalid_grant", "") if step.is_code() && wrong_before => Some("burnt"),
        ("invalid_grant", "" | "invalid_scope") if found_before => Some("in other hands"),
        ("" | "invalid_scope", "invalid_grant") if !step.is_code() && codes_before > 1 => {
            Some("sent twice")
        }
        ("" | "invalid_scope", "invalid_grant") if step.presents(1) => Some("retry"),
        ("", "" | "invalid_scope") if narrowed_before => Some("narrowed"),
        ("invalid_request", "invalid_grant") if step.presents_nothing() => Some("empty"),
        _ => None,
    }
}

/// Whether both gave the same, or refused it for the same reason.
fn is_same(ours: &Outcome, theirs: &Outcome) -> bool {
    match (ours, theirs) {
        (Ok((ours, _)), Ok((theirs, _))) => ours == theirs,
        (Err(ours), Err(theirs)) => ours == theirs,
        _ => false,
    }
}

#[test]
fn every_difference_in_what_a_grant_gives_is_explained() {
    let (server, service) = their_server();
    let seen: RefCell<BTreeMap<&str, usize>> = RefCell::default();
    let mut runner =
        TestRunner::new(Config { cases: 2_000, failure_persistence: None, ..Config::default() });

    let run = runner.run(&histories(), |history| {
        let ((memory, mut us), mut them) = (our_grant(), their_grant(&server));
        for (place, step) in history.iter().enumerate() {
            let (ours, theirs) = (ours(&memory, &us, step), theirs(&service, &them, step));
            if !is_same(&ours, &theirs) {
                let kind = kind(&history[..place], step, &ours, &theirs);
                prop_assert!(kind.is_some(), "{place}: ours {ours:?}, theirs {theirs:?}");
                *seen.borrow_mut().entry(kind.unwrap_or_default()).or_default() += 1;
                return Ok(());
            }
            if let (Ok((_, ours)), Ok((_, theirs))) = (&ours, &theirs) {
                us.keep(ours);
                them.keep(theirs);
            }
        }
        Ok(())
    });

    run.unwrap();
    let kinds: Vec<&str> = seen.borrow().keys().copied().collect();
    // A kind that is met no more is explained no more.
    assert_eq!(
        kinds,
        ["address left out", "burnt", "empty", "in other hands", "narrowed", "retry", "sent twice",]
    );
}

const ELSEWHERE: &str = "https://app.example/cb/";
