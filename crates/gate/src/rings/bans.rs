//! Who is kept out for a while, by address (controls: THR-3, WAF-3). Behind the lists and before
//! everything that costs: no parse, no rule, no body, no entry on disk. Callers who are proven are
//! kept out where they are known, in `quota`.
//!
//! Most requests of somebody who is banned never come here: [`brief`] answers them.
//!
//! On the way out it sees what came of the request, which may count against its sender.

use std::sync::Arc;

use http::StatusCode;
use kernel::Problem;

use super::identity::{brings_credentials, is_known};
use crate::bans::brief;
use crate::ring::{Next, Response, Ring, Visit};
use crate::{App, Dossier};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("bans", app, pass)
}

async fn pass(app: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let dossier = Arc::clone(&visit.dossier);
    let Some(origin) = dossier.origin() else {
        return Err(Problem::internal("bans asked without origin"));
    };
    let headers = visit.request.headers();
    let rules = &dossier.posture().bans;
    if let Err(banned) = app.bans.admit_address(rules, origin, dossier.received_at)
        && !is_known(&app, headers)
    {
        // A stranger who is banned shuts out nobody whom this node knows behind the same address.
        brief::keep(&app, &dossier, &banned);
        return Err(banned);
    }
    let is_anonymous = !brings_credentials(headers);
    let mut seen = Seen { app, dossier, is_anonymous, answer: None };
    let response = next.run(visit).await;
    seen.answer = Some(response.status());
    Ok(response)
}

/// Scores what came of a request when it leaves, also by hanging up: whoever does not wait for a
/// refusal was refused all the same.
struct Seen {
    app: Arc<App>,
    dossier: Arc<Dossier>,
    is_anonymous: bool,
    answer: Option<StatusCode>,
}

impl Drop for Seen {
    fn drop(&mut self) {
        let status = self.answer.unwrap_or_else(|| self.dossier.status_without_answer());
        self.app.bans.saw(&self.dossier, status, self.is_anonymous);
    }
}
