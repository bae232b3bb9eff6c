//! Addresses that the edge lets in at all (control: WAF-2). Right behind origin, so that what it
//! refuses has cost nothing: no contract, no rule, no body, no entry on disk.

use std::sync::Arc;

use kernel::{Code, Problem};

use crate::App;
use crate::ring::{Next, Response, Ring, Visit};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("addresses", app, pass)
}

async fn pass(_: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let posture = Arc::clone(visit.dossier.posture());
    let Some(addresses) = &posture.addresses else { return Ok(next.run(visit).await) };
    let Some(origin) = visit.dossier.origin() else {
        return Err(Problem::internal("addresses asked without origin"));
    };
    if !addresses.admits(origin) {
        return Err(Problem::new(&REFUSED));
    }
    Ok(next.run(visit).await)
}

/// A list keeps the address out.
pub(crate) const REFUSED: Code = Code {
    status: 403,
    name: "addresses.refused",
    title: "Requests from this address are not accepted",
    mend: "Call from an address that was agreed on, or ask the operator, with the `request_id`.",
};

/// The problems that this ring makes.
pub(super) const CODES: &[&Code] = &[&REFUSED];
