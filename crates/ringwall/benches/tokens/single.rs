//! What stands below every token, on one thread: the signature, and a token that is known already.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use gate::Tokens;
use gate::signing::Signing;
use kernel::{Clock, SystemClock, TenantId};
use oauth::{Claims, Schedule, Scopes, SigningKey};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;

use crate::server::Server;
use crate::{CACHED_MIN, grants, report};

/// Access tokens signed for each second of processor time: no server gives more.
pub(super) fn signatures() -> f64 {
    let (key, claims) = (SigningKey::generate(), claims());
    per_cpu_second(SIGNATURES, || {
        black_box(oauth::mint(&key, black_box(&claims)).unwrap());
    })
}

/// What the rings ask of a token that was verified a moment ago.
pub(super) fn verifications(runtime: &Runtime, server: &Server, token: &str) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (store, tokens) = runtime.block_on(async {
        let (store, _) = grants::store(server).await;
        let schedule = Schedule::new(Duration::from_secs(30 * 24 * 60 * 60));
        let signing = Signing::new(Arc::clone(&store), Arc::clone(&clock), schedule);
        signing.hear().await.unwrap();
        (store, Tokens::new(Arc::new(signing), server.url.clone(), server.url.clone()))
    });
    let shown = per_cpu_second(VERIFICATIONS, || {
        let known = runtime.block_on(tokens.believe(black_box(token), clock.as_ref()));
        black_box(known.unwrap());
    });
    runtime.block_on(store.close()).unwrap();
    let target = Some(("30000", shown >= CACHED_MIN));
    report(
        "tokens/cached-verification",
        (shown, "tokens/cpu-s"),
        (CACHED_MIN, "tokens/cpu-s"),
        target,
    );
}

fn per_cpu_second(count: u32, work: impl Fn()) -> f64 {
    let start = clock_gettime(ClockId::ThreadCPUTime);
    for _ in 0..count {
        work();
    }
    let end = clock_gettime(ClockId::ThreadCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "seconds of one thread")]
    let took = (end.tv_sec - start.tv_sec) as f64 + (end.tv_nsec - start.tv_nsec) as f64 / 1e9;
    f64::from(count) / took
}

fn claims() -> Claims {
    let now = SystemClock.now().seconds();
    let client_id = oauth::generate_client_id();
    Claims {
        iss: "https://localhost:8443".to_owned(),
        sub: client_id.clone(),
        aud: "https://localhost:8443".to_owned(),
        client_id,
        jti: "req_01kbz2w4d8e9tr6b3n5q7xv2ma".to_owned(),
        iat: now,
        exp: now + 900,
        scope: Scopes::parse("read:jobs read:candidates write:jobs").unwrap(),
        tenant: TenantId::new(&SystemClock),
        env: "production".to_owned(),
        roles: vec!["partner".to_owned()],
        person: None,
        cnf: None,
    }
}

const SIGNATURES: u32 = 20_000;
const VERIFICATIONS: u32 = 200_000;
