//! What is learnt about one request on its way through the rings.
//!
//! Each fact is written once, by one ring, and read by any: outer rings see on the way out what
//! inner rings found.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use counters::{Moment, Patience};
use http::StatusCode;
use kernel::{Clock, Code, RequestId, Timestamp};
use oauth::Certificate;
use policy::{Action, Caller, Permit, Refusal};
use serde::Serialize;
use store::{Claim, Witness};
use watch::{Authentication, Scene};

use crate::contract::Operation;
use crate::decided::{Decided, Further};
use crate::posture::Posture;
use crate::trace::TraceContext;

/// Facts about one request.
pub struct Dossier {
    /// The request's id, as logs, problems and audit entries name it.
    pub request_id: RequestId,
    /// Its place in a distributed trace (W3C Trace Context).
    pub trace: TraceContext,
    /// When it arrived.
    pub received_at: Timestamp,
    /// For measuring how long it took.
    pub started: Instant,
    /// The name of its caller's program, cut to 256 bytes.
    pub user_agent: Option<String>,
    /// HTTP method and version, for the access line.
    pub method: http::Method,
    posture: Arc<Posture>,
    patience: Patience,
    origin: OnceLock<IpAddr>,
    certificate: OnceLock<Arc<Certificate>>,
    operation: OnceLock<Arc<Operation>>,
    caller: OnceLock<Arc<Caller>>,
    permit: OnceLock<Permit>,
    attempt: OnceLock<Authentication>,
    decision: OnceLock<Decided>,
    further: Mutex<Vec<Further>>,
    finding: OnceLock<Finding>,
    claim: OnceLock<Claim>,
    repeats: OnceLock<u64>,
    refused_by: OnceLock<&'static str>,
    code: OnceLock<&'static Code>,
}

/// What the firewall found. Ids of rules, never what the caller sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether the request was refused for it.
    pub blocked: bool,
    /// The anomaly score, where the rules count one.
    pub score: i64,
    /// The rules that matched, the first ones.
    pub rules: Vec<u32>,
}

impl Dossier {
    /// Opens the dossier of a request that has just arrived.
    #[must_use]
    pub fn open(
        clock: &dyn Clock,
        posture: Arc<Posture>,
        method: http::Method,
        headers: &http::HeaderMap,
    ) -> Self {
        let agent = headers.get(http::header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Self {
            request_id: RequestId::new(clock),
            trace: TraceContext::from_headers(headers),
            received_at: clock.now(),
            started: Instant::now(),
            user_agent: agent.map(|agent| agent.chars().take(256).collect()),
            method,
            posture,
            patience: Patience::default(),
            origin: OnceLock::new(),
            certificate: OnceLock::new(),
            operation: OnceLock::new(),
            caller: OnceLock::new(),
            permit: OnceLock::new(),
            attempt: OnceLock::new(),
            decision: OnceLock::new(),
            further: Mutex::default(),
            finding: OnceLock::new(),
            claim: OnceLock::new(),
            repeats: OnceLock::new(),
            refused_by: OnceLock::new(),
            code: OnceLock::new(),
        }
    }

    /// How the gate was set up when it arrived: the same for all rings.
    #[must_use]
    pub const fn posture(&self) -> &Arc<Posture> {
        &self.posture
    }

    /// When it arrived, in milliseconds since the Unix epoch, as limits count.
    #[must_use]
    pub fn received_ms(&self) -> u64 {
        u64::try_from(self.received_at.millis()).unwrap_or(0)
    }

    /// When it is counted. All questions to the store of limits share one waiting time.
    #[must_use]
    pub fn moment(&self) -> Moment<'_> {
        Moment { now_ms: self.received_ms(), patience: Some(&self.patience) }
    }

    /// Whether its credentials proved somebody: to the identity ring, or to a token endpoint.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.caller().is_some_and(|caller| !caller.is_anonymous())
            || self.attempt().is_some_and(|attempt| attempt.outcome.is_ok())
    }

    /// Who is on the wire. Written by the origin ring.
    pub fn origin(&self) -> Option<IpAddr> {
        self.origin.get().copied()
    }

    /// The certificate that the client showed, of this time when it was judged. Written by the
    /// origin ring.
    pub fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.certificate.get()
    }

    /// Which operation of the contract. Written by the contract ring.
    pub fn operation(&self) -> Option<&Arc<Operation>> {
        self.operation.get()
    }

    /// Who is calling. Written by the identity ring.
    pub fn caller(&self) -> Option<&Arc<Caller>> {
        self.caller.get()
    }

    /// What allows it. Written by the policy ring.
    pub fn permit(&self) -> Option<&Permit> {
        self.permit.get()
    }

    /// How the caller tried to prove who they are, where that is worth an audit entry.
    pub fn attempt(&self) -> Option<&Authentication> {
        self.attempt.get()
    }

    /// How the policy decided. Written by the policy ring.
    pub fn decision(&self) -> Option<&Decided> {
        self.decision.get()
    }

    /// What the firewall found, if it found anything.
    pub fn finding(&self) -> Option<&Finding> {
        self.finding.get()
    }

    /// How many requests of the same sender were answered like this one and have no line.
    pub fn repeats(&self) -> Option<u64> {
        self.repeats.get().copied()
    }

    /// The ring that refused, if one did.
    pub fn refused_by(&self) -> Option<&'static str> {
        self.refused_by.get().copied()
    }

    /// The code of the problem that was answered, if one was.
    pub fn code(&self) -> Option<&'static str> {
        self.code.get().map(|code| code.name)
    }

    /// What it was answered, or would have been: the status of the problem that was found, or that
    /// its caller left.
    pub(crate) fn status_without_answer(&self) -> StatusCode {
        let refused = self.code.get().map(|code| code.status);
        refused.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or_else(left)
    }

    /// The circumstances, as the audit trail states them.
    #[must_use]
    pub fn scene(&self) -> Scene {
        Scene {
            at: self.received_at,
            request: Some(self.request_id),
            trace: Some(self.trace.trace_id()),
            tenant: self.caller().and_then(|caller| caller.tenant()),
            source_ip: self.origin(),
            user_agent: self.user_agent.clone(),
        }
    }

    /// What a transaction knows about this request.
    #[must_use]
    pub fn witness(&self) -> Witness {
        Witness {
            scene: self.scene(),
            operation: self.operation().map_or_else(String::new, |op| op.label.clone()),
            claim: self.claim.get().copied(),
        }
    }

    pub(crate) fn found_origin(&self, origin: IpAddr) {
        write_once(&self.origin, origin, "origin");
    }

    pub(crate) fn found_certificate(&self, certificate: Arc<Certificate>) {
        write_once(&self.certificate, certificate, "certificate");
    }

    pub(crate) fn found_operation(&self, operation: Arc<Operation>) {
        write_once(&self.operation, operation, "operation");
    }

    pub(crate) fn found_caller(&self, caller: Arc<Caller>) {
        write_once(&self.caller, caller, "caller");
    }

    pub(crate) fn found_permit(&self, permit: Permit) {
        write_once(&self.permit, permit, "permit");
    }

    pub(crate) fn found_claim(&self, claim: Claim) {
        write_once(&self.claim, claim, "claim");
    }

    /// States how the caller tried to prove who they are. Token endpoints call it too.
    pub fn attempted(&self, attempt: Authentication) {
        write_once(&self.attempt, attempt, "attempt");
    }

    pub(crate) fn decided(&self, decided: Decided) {
        write_once(&self.decision, decided, "decision");
    }

    /// States how the policy answered a question that goes beyond the operation's own action.
    pub fn asked_further(
        &self,
        caller: &Arc<Caller>,
        action: &Action,
        judged: &Result<Permit, Refusal>,
    ) {
        let mut further = self.further.lock().unwrap_or_else(PoisonError::into_inner);
        further.push(Further::new(caller, action, judged));
    }

    /// Takes out the further answers, for the one who writes them down.
    pub(crate) fn take_further(&self) -> Vec<Further> {
        std::mem::take(&mut *self.further.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn found_finding(&self, finding: Finding) {
        write_once(&self.finding, finding, "finding");
    }

    pub(crate) fn stands_for(&self, repeats: u64) {
        write_once(&self.repeats, repeats, "repeats");
    }

    pub(crate) fn refused(&self, ring: &'static str, code: &'static Code) {
        // The innermost refusal is the one that counts, and it is the first to be written.
        let _first = self.refused_by.set(ring);
        let _first = self.code.set(code);
    }
}

/// 499: no status of HTTP, and how most logs say that a caller left before the answer.
pub(crate) fn left() -> StatusCode {
    StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST)
}

/// INVARIANT: each fact has one writer. A second write is a fault in the rings, not in the request.
fn write_once<T>(fact: &OnceLock<T>, value: T, name: &'static str) {
    let first = fact.set(value).is_ok();
    debug_assert!(first, "`{name}` was written twice");
    if !first {
        tracing::error!(fact = name, "a fact of the dossier was written twice");
    }
}
