//! Who comes too often, by address, before anything costs (control: THR-1).
//!
//! A request without credentials is charged at once. One that brings some is let through while its
//! address has not brought too many that proved nothing, and is counted when it leaves unproven.
//! So a stranger who exhausts an address shuts out no partner behind it, and whoever guesses is
//! slowed.

use std::net::IpAddr;
use std::sync::Arc;

use kernel::Problem;

use super::identity::{brings_credentials, is_known};
use crate::ring::{Next, Response, Ring, Visit};
use crate::{App, Dossier};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("flood", app, pass)
}

async fn pass(app: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let Some(origin) = visit.dossier.origin() else {
        return Err(Problem::internal("flood asked without origin"));
    };
    let headers = visit.request.headers();
    if !brings_credentials(headers) {
        let rules = Arc::clone(&visit.dossier.posture().limits);
        let told = app.limits.stranger(&rules, origin, visit.dossier.moment()).await?;
        let mut response = next.run(visit).await;
        told.tell(response.headers_mut());
        return Ok(response);
    }
    // Whom identity knows by heart costs no proof, and is kept out by nobody's guesses.
    if !is_known(&app, headers) {
        let dossier = &visit.dossier;
        app.limits.may_try(&dossier.posture().limits, origin, dossier.received_ms())?;
    }
    let _unproven = Unproven { dossier: Arc::clone(&visit.dossier), app: Arc::clone(&app), origin };
    Ok(next.run(visit).await)
}

/// Counts credentials that proved nothing, when the request leaves, also by hanging up.
struct Unproven {
    app: Arc<App>,
    dossier: Arc<Dossier>,
    origin: IpAddr,
}

impl Drop for Unproven {
    fn drop(&mut self) {
        if !self.dossier.is_proven() {
            let rules = &self.dossier.posture().limits;
            self.app.limits.proved_nothing(rules, self.origin, self.dossier.received_ms());
        }
    }
}
