//! Deadline, concurrency and queue delay: shed load before it hurts (control: THR-6).

use std::sync::Arc;
use std::time::Duration;

use kernel::{Code, Problem};

use super::identity::is_known;
use crate::App;
use crate::contract::Find;
use crate::limits::VIOLATED;
use crate::ring::{Next, Response, Ring, Visit};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("pressure", app, pass)
}

async fn pass(app: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let config = &visit.dossier.posture().config;
    if app.pressure.is_shedding()
        && let Some(refusal) = shed(&app, &visit)
    {
        return Err(refusal);
    }
    // No queue: a caller who is told to come back beats one who waits behind a full house.
    let Some(_place) = app.pressure.enter(config.concurrency_max) else {
        let refusal = Problem::new(&OVERLOADED).header("retry-after", "1");
        return Err(refusal.member(VIOLATED, vec![CONCURRENCY.to_owned()]));
    };
    let deadline = Duration::from_millis(config.request_timeout_ms);
    match tokio::time::timeout(deadline, next.run(visit)).await {
        Ok(response) => Ok(response),
        Err(_) => Err(Problem::new(&TIMEOUT).header("retry-after", "1")),
    }
}

/// The refusal, if this request is among those that are refused. Who is known is looked up only
/// now: while all is well, nobody pays for it.
fn shed(app: &App, visit: &Visit) -> Option<Problem> {
    let (method, path) = (visit.request.method(), visit.request.uri().path());
    let found = app.contract.find(method, path);
    if matches!(found, Find::Found { operation, .. } if operation.is_vital) {
        return None;
    }
    // Bits of the request's id that are random, and not those that the firewall draws by.
    let random = (visit.dossier.request_id.uuid().as_u128() >> 20) % 1000;
    let draw = u16::try_from(random).unwrap_or_default();
    let is_known = is_known(app, visit.request.headers());
    if !app.pressure.sheds(is_known, draw) {
        return None;
    }
    let seconds = app.pressure.retry_after_s(draw);
    let refusal = Problem::new(&SHED).header("retry-after", seconds.to_string());
    Some(refusal.member(VIOLATED, vec![QUEUE_DELAY.to_owned()]))
}

/// What `violated-policies` calls `gate.concurrency_max`.
const CONCURRENCY: &str = "concurrency";
/// What it calls `gate.queue_delay_target_ms`.
const QUEUE_DELAY: &str = "queue-delay";

/// Too many requests at once.
pub(crate) const OVERLOADED: Code = Code {
    status: 503,
    name: "pressure.overloaded",
    title: "The server is at its limit",
    mend: "Try again after `Retry-After` seconds.",
};
/// Work waits too long for a thread.
pub(crate) const SHED: Code = Code {
    status: 503,
    name: "pressure.shed",
    title: "The server is busy",
    mend: "Try again after `Retry-After` seconds. Requests with credentials that the server knows \
           are refused last.",
};
/// The request took too long.
pub(super) const TIMEOUT: Code = Code {
    status: 503,
    name: "pressure.timeout",
    title: "The request took too long",
    mend: "Send the same request again with the same Idempotency-Key.",
};

/// The problems that this ring makes.
pub(super) const CODES: &[&Code] = &[&OVERLOADED, &SHED, &TIMEOUT];
