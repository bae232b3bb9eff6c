//! Who is calling: proven by a bearer token, or nobody.

use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use kernel::Problem;
use oauth::{INVALID_TOKEN, TokenError};
use policy::Caller;
use watch::Authentication;

use crate::contract::Access;
use crate::ring::{Next, Response, Ring, Visit};
use crate::tokens::Disbelief;
use crate::{App, Dossier};

/// A caller that was proven before the rings, by whoever put this into the request's extensions:
/// a session, a client certificate. Nothing on the wire can.
#[derive(Clone, Debug)]
pub struct Proven(pub Arc<Caller>);

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("identity", app, pass)
}

async fn pass(app: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let access = visit.dossier.operation().map_or(Access::Required, |operation| operation.access);
    let caller = match access {
        // The token endpoint reads `Authorization` itself; other public operations read none.
        Access::Public => Caller::anonymous().into(),
        Access::Optional | Access::Required => caller(&app, &visit)?,
    };
    visit.dossier.found_caller(caller);
    Ok(next.run(visit).await)
}

fn caller(app: &App, visit: &Visit) -> Result<Arc<Caller>, Problem> {
    if let Some(Proven(caller)) = visit.request.extensions().get() {
        return Ok(Arc::clone(caller));
    }
    let Some(token) = bearer(visit.request.headers())? else {
        return Ok(Caller::anonymous().into());
    };
    app.tokens
        .caller(token, app.clock.as_ref())
        .map_err(|disbelief| disbelieved(&visit.dossier, disbelief))
}

/// The token of `Authorization: Bearer` (RFC 6750 §2.1). Nowhere else is one looked for.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let value = value.to_str().map_err(|_| unsupported())?;
    let (scheme, token) = value.split_once(' ').ok_or_else(unsupported)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(unsupported());
    }
    Ok(Some(token.trim_start_matches(' ')))
}

fn disbelieved(dossier: &Dossier, disbelief: Disbelief) -> Problem {
    dossier.attempted(Authentication {
        method: "access_token",
        client_id: None,
        credential: None,
        outcome: Err(disbelief.reason()),
    });
    match disbelief {
        Disbelief::Token(error) => error.into(),
        Disbelief::Claims => TokenError::Malformed.into(),
    }
}

fn unsupported() -> Problem {
    let challenge = r#"Bearer realm="ringwall", error="invalid_request""#;
    Problem::new(&INVALID_TOKEN)
        .detail("expected `Authorization: Bearer <access token>`")
        .header("www-authenticate", challenge)
}
