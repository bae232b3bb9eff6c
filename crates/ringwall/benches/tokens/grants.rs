//! Grants of a person, and refresh tokens that are used again and again.

use std::fs;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use kernel::{Clock, Pii, SystemClock, TenantId};
use oauth::Scopes;
use oauth::grants::{CODE_LIFE, CodeGrant};
use oauth::opaque::{Code, GrantKey, RefreshToken};
use oauth::pkce::Challenge;
use policy::{Engine, Role};
use serde_json::Value;
use signin::SignInIndex;
use store::staff::Admitted;
use store::{Store, StoreConfig, Witness, grants, staff};
use tokio::runtime::Runtime;
use vault::{KeyFile, Keyring};

use crate::load::{Lane, lanes_to};
use crate::server::Server;

/// The server's database, opened beside it.
pub(super) async fn store(server: &Server) -> (Arc<Store>, Arc<Keyring>) {
    let data = server.data();
    let key = fs::read_to_string(data.join("keyring.key")).unwrap();
    let sealed = fs::read(data.join("keyring.sealed")).unwrap();
    let keyring = Keyring::open(&KeyFile::parse(&key).unwrap(), &sealed).unwrap();
    let keyring = Arc::new(keyring);
    let config = StoreConfig { url: server.database_url.clone(), connections_max: 2 };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = Store::open(&config, Arc::clone(&keyring), clock).await.unwrap();
    (Arc::new(store), keyring)
}

/// So many refresh tokens, each of a grant of its own.
pub(super) fn refresh_tokens(runtime: &Runtime, server: &Server, count: u32) -> Vec<String> {
    runtime.block_on(async {
        let codes = codes(server, count).await;
        let mut lane = Lane::open(&server.door).await;
        let mut tokens = Vec::new();
        for code in codes {
            let form =
                format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}");
            tokens.push(next(&lane.ask(&server.ask("/oauth/token", &form), 200).await));
        }
        tokens
    })
}

/// Uses each of them so often; the ones that are good then, and how long it took.
pub(super) async fn rotate(
    server: &Server,
    tokens: Vec<String>,
    times: u32,
) -> (Vec<String>, Duration) {
    let lanes = lanes_to(&server.door).await;
    let start = Instant::now();
    let all = join_all(lanes.into_iter().zip(tokens).map(async |(mut lane, mut token)| {
        for _ in 0..times {
            let form = format!("grant_type=refresh_token&refresh_token={token}");
            token = next(&lane.ask(&server.ask("/oauth/token", &form), 200).await);
        }
        token
    }))
    .await;
    (all, start.elapsed())
}

fn next(answer: &[u8]) -> String {
    let said: Value = serde_json::from_slice(answer).unwrap();
    said.get("refresh_token").unwrap().as_str().unwrap().to_owned()
}

/// What a person would have granted on the consent page.
async fn codes(server: &Server, count: u32) -> Vec<String> {
    let (store, keyring) = store(server).await;
    let key = GrantKey::new(&keyring.purpose_key("grants/1"));
    let tenant = TenantId::from_str(&server.tenant).unwrap();
    let permit = Engine::load().unwrap().system(tenant, "bench");
    let mut tx = store.tenant(&permit, &witness()).await.unwrap();
    let someone = Admitted {
        index: SignInIndex([7; 32]),
        provider: "bench".to_owned(),
        email: Pii::new("rui@acme.example".to_owned()),
        name: Pii::new("Rui".to_owned()),
        roles: vec![Role::Recruiter],
    };
    let person = staff::admit(&mut tx, someone).await.unwrap();
    let mut codes = Vec::new();
    for _ in 0..count {
        let (code, now) = (Code::generate(), SystemClock.now());
        let grant = CodeGrant {
            client_id: server.client_id.clone(),
            tenant,
            subject: person.id.to_string(),
            scopes: Scopes::parse("read:jobs").unwrap(),
            redirect_uri: "http://127.0.0.1/callback".to_owned(),
            challenge: Challenge::parse(Some("S256"), CHALLENGE).unwrap(),
            bound_to: None,
            auth_time: now,
            phishing_resistant: false,
            vouched: false,
            family: RefreshToken::new_family(),
            expires_at: now.plus(CODE_LIFE),
        };
        grants::add_code(&mut tx, code.hash(&key), &grant).await.unwrap();
        codes.push(code.whole().expose().clone());
    }
    tx.commit(None).await.unwrap();
    store.close().await.unwrap();
    codes
}

fn witness() -> Witness {
    let scene = watch::Scene {
        at: SystemClock.now(),
        request: None,
        trace: None,
        tenant: None,
        source_ip: None,
        user_agent: None,
    };
    Witness { scene, operation: "bench".to_owned(), claim: None }
}

/// RFC 7636 §B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
