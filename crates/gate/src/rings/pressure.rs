//! Deadline and concurrency: shed load before it hurts.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Code, Problem};

use crate::App;
use crate::ring::{Next, Response, Ring, Visit};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("pressure", app, pass)
}

async fn pass(app: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    // No queue: a caller who is told to come back beats one who waits behind a full house.
    let Ok(_slot) = app.slots.try_acquire() else {
        return Err(Problem::new(&OVERLOADED).header("retry-after", "1"));
    };
    let deadline = Duration::from_millis(app.config.request_timeout_ms);
    match tokio::time::timeout(deadline, next.run(visit)).await {
        Ok(response) => Ok(response),
        Err(_) => Err(Problem::new(&TIMEOUT).header("retry-after", "1")),
    }
}

/// Too many requests at once.
pub(super) const OVERLOADED: Code = Code {
    status: 503,
    name: "pressure.overloaded",
    title: "The server is at its limit",
    mend: "Try again after `Retry-After` seconds.",
};
/// The request took too long.
pub(super) const TIMEOUT: Code = Code {
    status: 503,
    name: "pressure.timeout",
    title: "The request took too long",
    mend: "Send the same request again with the same Idempotency-Key.",
};

/// The problems that this ring makes.
pub(super) const CODES: &[&Code] = &[&OVERLOADED, &TIMEOUT];
