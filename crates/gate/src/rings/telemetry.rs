//! Outermost: whatever happens inside, it is logged, counted and timed once, and a panic becomes
//! a 500 instead of a lost connection. Who hangs up before the answer leaves a line with 499.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::{HeaderValue, StatusCode};
use kernel::Problem;

use crate::access_log::AccessLine;
use crate::dossier::left;
use crate::ring::{Next, Response, Ring, Visit};
use crate::{App, Dossier, render};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("telemetry", app, pass)
}

async fn pass(app: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let dossier = Arc::clone(&visit.dossier);
    let mut in_flight = InFlight::enter(&app, &dossier);
    let answered = AssertUnwindSafe(next.run(visit)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_panic| {
        // The panic hook has logged the place already; its payload may hold anything.
        let problem = Problem::internal("a panic while answering");
        render::problem(&app, &dossier, "telemetry", problem)
    });
    in_flight.answer = Some(response.status());
    drop(in_flight);
    if let Ok(id) = HeaderValue::try_from(dossier.request_id.to_string()) {
        response.headers_mut().insert("x-request-id", id);
    }
    Ok(response)
}

fn report(app: &App, dossier: &Dossier, status: u16) {
    let took = dossier.started.elapsed();
    let operation = dossier.operation().map(AsRef::as_ref);
    app.metrics.answered(operation, status, took);
    if let (Some(ring), Some(code)) = (dossier.refused_by(), dossier.code()) {
        app.metrics.refused(ring, code);
    }
    let caller = dossier.caller();
    let line = AccessLine {
        time: dossier.received_at,
        request_id: dossier.request_id,
        traceparent: dossier.trace.to_string(),
        client_ip: dossier.origin(),
        tenant: caller.and_then(|caller| caller.tenant()),
        caller: caller.map(|caller| caller.id()),
        method: dossier.method.as_str(),
        operation: operation.map(|operation| operation.label.as_str()),
        status,
        code: dossier.code(),
        refused_by: dossier.refused_by(),
        repeats: dossier.repeats(),
        firewall: dossier.finding(),
        latency_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
    };
    if !app.access_log.line(&line) {
        app.metrics.lines_dropped.inc();
    }
}

/// Counts a request as at work for as long as it is, and reports it when it ends, also when its
/// connection goes away.
struct InFlight {
    app: Arc<App>,
    dossier: Arc<Dossier>,
    answer: Option<StatusCode>,
}

impl InFlight {
    fn enter(app: &Arc<App>, dossier: &Arc<Dossier>) -> Self {
        app.metrics.in_flight.inc();
        Self { app: Arc::clone(app), dossier: Arc::clone(dossier), answer: None }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.app.metrics.in_flight.dec();
        let status = self.answer.unwrap_or_else(left);
        report(&self.app, &self.dossier, status.as_u16());
    }
}
