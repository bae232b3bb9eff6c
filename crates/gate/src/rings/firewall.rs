//! The verdict of the rule engine (controls: WAF-1, WAF-2). Behind the contract, so that it knows
//! the operation; before identity, so that credentials are not looked at for an attacker.

use std::sync::Arc;
use std::time::Instant;

use axum_core::body::Body;
use bytes::Bytes;
use firewall::{Interruption, Transaction, Verdict};
use http::{HeaderMap, Version};
use http_body_util::BodyExt;
use kernel::{Code, Problem};

use super::body::{self, Preread};
use crate::contract::Operation;
use crate::decided::Decided;
use crate::dossier::Finding;
use crate::inspection::{Inspector, MARKER, REFUSED, credentials};
use crate::listener::Connection;
use crate::ring::{Next, Request, Response, Ring, Visit};
use crate::{App, Dossier};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("firewall", app, pass)
}

async fn pass(app: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let shield = visit.dossier.posture().firewall.clone();
    let Some(shield) = shield.filter(|shield| shield.looks_at(&visit.dossier)) else {
        return Ok(next.run(visit).await);
    };
    let Visit { mut request, dossier } = visit;
    let Some(operation) = dossier.operation().cloned() else {
        return Err(Problem::internal("firewall asked without operation"));
    };
    let began = Instant::now();
    let marker = request.headers().get(MARKER).map(|value| value.as_bytes().to_vec());
    let mut transaction = shield.inspector.begin(Some(&operation));
    describe(&mut transaction, &request, &dossier, shield.inspector.trusts());
    let mut stop = transaction.phase1();
    let mut took = began.elapsed();
    if stop.is_none() && transaction.wants_request_body() {
        let bytes = preread(&mut request, &operation).await;
        let began = Instant::now();
        (transaction, stop) = judge_body(transaction, bytes).await?;
        took += began.elapsed();
    }
    app.metrics.inspected(took);
    if shield.response && stop.is_none() {
        let visit = Visit { request, dossier: Arc::clone(&dossier) };
        let response = next.run(visit).await;
        return answer(&app, &shield.inspector, transaction, response, (&dossier, marker)).await;
    }
    let verdict = shield.inspector.end(transaction, marker.as_deref());
    note(&app, &dossier, &verdict);
    if stop.is_some() {
        return Err(refuse(&app, &dossier, &verdict).await);
    }
    Ok(next.run(Visit { request, dossier }).await)
}

/// What the rules are told before the body.
fn describe(transaction: &mut Transaction, request: &Request, dossier: &Dossier, trusts: bool) {
    let connection = request.extensions().get::<Connection>();
    if let Some(connection) = connection {
        let origin = dossier.origin().unwrap_or_else(|| connection.peer.ip());
        let client = (origin, connection.peer.port());
        transaction.connection(client, (connection.local.ip(), connection.local.port()));
    }
    transaction.unique_id(&dossier.request_id.to_string());
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let method = request.method().as_str().as_bytes();
    transaction.request_line(method, target.as_bytes(), protocol(request.version()));
    let headers = request.headers();
    // HTTP/2 has the host in `:authority`; rules know it as `Host`.
    if let (None, Some(authority)) = (headers.get("host"), request.uri().authority()) {
        transaction.request_header(b"host", authority.as_str().as_bytes());
    }
    for (name, value) in headers {
        let value = value.as_bytes();
        let told = if trusts { credentials::told(name, value) } else { value };
        transaction.request_header(name.as_str().as_bytes(), told);
    }
}

fn protocol(version: Version) -> &'static [u8] {
    match version {
        Version::HTTP_2 => b"HTTP/2.0",
        Version::HTTP_10 => b"HTTP/1.0",
        _ => b"HTTP/1.1",
    }
}

/// Reads the body once. Validation finds it in the extensions, also the fault of one that could
/// not be read: who is refused, and why, does not depend on this ring.
async fn preread(request: &mut Request, operation: &Operation) -> Bytes {
    let read = body::read(request, operation).await;
    let bytes = read.clone().unwrap_or_default();
    request.extensions_mut().insert(Preread(read));
    bytes
}

/// Phase 2. A large body is judged beside the threads that serve.
async fn judge_body(
    mut transaction: Transaction,
    bytes: Bytes,
) -> Result<(Transaction, Option<Interruption>), Problem> {
    let is_large = bytes.len() > LARGE_BYTES;
    let judge = move || {
        transaction.request_body(&bytes);
        let stop = transaction.phase2();
        (transaction, stop)
    };
    if !is_large {
        return Ok(judge());
    }
    tokio::task::spawn_blocking(judge).await.map_err(Problem::internal)
}

/// Phases 3 and 4: the answer, before it leaves.
async fn answer(
    app: &App,
    inspector: &Inspector,
    mut transaction: Transaction,
    response: Response,
    (dossier, marker): (&Arc<Dossier>, Option<Vec<u8>>),
) -> Result<Response, Problem> {
    let (parts, body) = response.into_parts();
    tell_head(&mut transaction, parts.status.as_u16(), &parts.headers);
    let mut stop = transaction.phase3();
    let mut body = body;
    if stop.is_none() && transaction.wants_response_body() {
        // Our own answers are held whole already; this only takes them out and puts them back.
        let bytes = body.collect().await.map_err(Problem::internal)?.to_bytes();
        transaction.response_body(&bytes);
        stop = transaction.phase4();
        body = Body::from(bytes);
    }
    let verdict = inspector.end(transaction, marker.as_deref());
    note(app, dossier, &verdict);
    if stop.is_some() {
        return Err(Problem::new(&WITHHELD));
    }
    Ok(Response::from_parts(parts, body))
}

fn tell_head(transaction: &mut Transaction, status: u16, headers: &HeaderMap) {
    transaction.response_line(status, b"HTTP/1.1");
    for (name, value) in headers {
        transaction.response_header(name.as_str().as_bytes(), value.as_bytes());
    }
}

/// Puts what was found into the dossier and counts it. Never what the caller sent.
fn note(app: &App, dossier: &Dossier, verdict: &Verdict) {
    let logged = verdict.matched.iter().filter(|found| found.logged);
    let mut rules: Vec<u32> = logged.map(|found| found.id).collect();
    rules.dedup();
    if rules.is_empty() && !verdict.is_blocked() {
        return;
    }
    for rule in &rules {
        app.metrics.matched(*rule);
    }
    rules.truncate(RULES_MAX);
    dossier.found_finding(Finding { blocked: verdict.is_blocked(), score: verdict.score, rules });
}

/// The refusal, witnessed like every other: it waits until it is written down.
async fn refuse(app: &App, dossier: &Dossier, verdict: &Verdict) -> Problem {
    let rule = verdict.interruption.as_ref().map_or(0, |interruption| interruption.rule_id);
    let policies = vec![format!("firewall/{rule}")];
    dossier.decided(Decided { allowed: false, reason: Some("firewall"), policies });
    match super::audit::record(app, dossier).await {
        Ok(()) => Problem::new(&REFUSED),
        Err(error) => error.into(),
    }
}

/// What the ring does, and how much of the traffic it looks at.
pub struct Shield {
    /// The rules.
    pub inspector: Inspector,
    /// The share of requests that is inspected, in per cent.
    pub percent: u8,
    /// Whether answers are inspected too.
    pub response: bool,
}

impl Shield {
    fn looks_at(&self, dossier: &Dossier) -> bool {
        // The end of the id is random.
        dossier.request_id.uuid().as_u128() % 100 < u128::from(self.percent)
    }
}

const RULES_MAX: usize = 16;
/// What takes longer than a few milliseconds does not hold up other requests.
const LARGE_BYTES: usize = 32 * 1024;

/// A rule matched the answer.
pub(super) const WITHHELD: Code = Code {
    status: 500,
    name: "firewall.withheld",
    title: "The firewall withheld the answer",
    mend: "The answer holds what must not leave. What the request changed is changed.",
};

/// The problems that this ring makes.
pub(super) const CODES: &[&Code] = &[&REFUSED, &WITHHELD];
