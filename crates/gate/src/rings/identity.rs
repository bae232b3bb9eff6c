//! Who is calling: proven by an access token, an API key or a session, or nobody.

mod presented;

use std::sync::Arc;

use http::HeaderMap;
use kernel::{Code, Problem};
use oauth::{Confirmation, DpopError, ProofOf, TokenError, verify_proof};
use policy::Caller;
use watch::{Authentication, Person};

use crate::contract::Access;
use crate::keys::KeyDisbelief;
use crate::ring::{Next, Response, Ring, Visit};
use crate::sessions::SessionDisbelief;
use crate::tokens::{Believed, Disbelief};
use crate::{App, Dossier, revocations};
use presented::{Cookie, Presented, Scheme};

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
        Access::Optional | Access::Required => match visit.request.extensions().get() {
            Some(Proven(caller)) => Arc::clone(caller),
            None => {
                let head = Head::of(&visit);
                caller(&app, &visit.dossier, &head).await?
            }
        },
    };
    // Whoever was revoked may read for a moment longer where that cannot be known, not change.
    let is_change = access != Access::Public && !visit.request.method().is_safe();
    if is_change && app.revocations.is_deaf() {
        return Err(revocations::deaf());
    }
    visit.dossier.found_caller(caller);
    Ok(next.run(visit).await)
}

/// What of a request identity looks at. The body is not in it, so that it can be waited with.
struct Head {
    method: http::Method,
    path: String,
    headers: HeaderMap,
}

impl Head {
    fn of(visit: &Visit) -> Self {
        let request = &visit.request;
        let mut headers = HeaderMap::new();
        for name in presented::HEADERS {
            for value in request.headers().get_all(*name) {
                headers.append(*name, value.clone());
            }
        }
        let path = request.uri().path().to_owned();
        Self { method: request.method().clone(), path, headers }
    }
}

/// Whether a request brings credentials of any kind, good or bad.
pub(crate) fn brings_credentials(headers: &HeaderMap) -> bool {
    presented::is_any(headers)
}

/// Whether a request brings credentials that were believed a moment ago. What was revoked since,
/// or is used wrongly, identity still refuses.
pub(crate) fn is_known(app: &App, headers: &HeaderMap) -> bool {
    let Ok(presented) = Presented::read(headers) else { return false };
    let by_token =
        presented.token.is_some_and(|(_, token)| app.tokens.knows(token, app.clock.now()));
    by_token
        || presented.key.is_some_and(|key| app.keys.knows(key))
        || presented.session.is_some_and(|cookie| match cookie {
            Cookie::Once(text) => app.sessions.knows(text),
            Cookie::Several => false,
        })
}

async fn caller(app: &App, dossier: &Dossier, head: &Head) -> Result<Arc<Caller>, Problem> {
    let presented = Presented::read(&head.headers)?;
    if let Some(session) = presented.session {
        if presented.token.is_some() || presented.key.is_some() {
            refused(dossier, "session", None, "several_credentials");
            return Err(Problem::new(&INVALID_SESSION)
                .detail("expected a session or another credential, not both")
                .header("www-authenticate", CHALLENGE));
        }
        return by_session(app, dossier, session).await;
    }
    let believed = match presented.token {
        Some(token) => Some(by_token(app, dossier, head, token).await?),
        None => None,
    };
    let by_token = believed.as_ref().map(|believed| Arc::clone(&believed.caller));
    let by_key = match presented.key {
        Some(key) => Some(by_key(app, dossier, key).await?),
        None => None,
    };
    let caller = match (by_token, by_key) {
        (None, None) => Caller::anonymous().into(),
        (Some(caller), None) | (None, Some(caller)) => caller,
        // Both name one client, and the token says what it may.
        (Some(token), Some(key)) if token.id() == key.id() => token,
        (Some(token), Some(_)) => {
            refused(dossier, "api_key", Some(&token), "clients_differ");
            return Err(Problem::new(&INVALID_KEY).detail("token and API key are of two clients"));
        }
    };
    // Ours was written down where it was issued; another issuer's is, when it comes here.
    if let Some(attempt) = believed.and_then(|believed| believed.attempt()) {
        dossier.attempted(attempt);
    }
    Ok(caller)
}

async fn by_token(
    app: &App,
    dossier: &Dossier,
    head: &Head,
    (scheme, token): (Scheme, &str),
) -> Result<Believed, Problem> {
    let believed = app.tokens.believe(token, app.clock.as_ref()).await;
    let believed = believed.map_err(|disbelief| disbelieved(dossier, disbelief))?;
    if app.revocations.covers(&believed) {
        refused_token(dossier, "access_token", &believed, "revoked");
        // The caller learns no more than of any other bad token.
        return Err(TokenError::Signature.into());
    }
    if let Err(unbound) = check_binding(app, dossier, head, (scheme, token, &believed)) {
        let (method, reason) = unbound.reason();
        refused_token(dossier, method, &believed, reason);
        return Err(unbound.into());
    }
    Ok(believed)
}

/// RFC 9449 §7.1, RFC 8705 §3: a token that is bound to a key comes with a proof of that key, one
/// that is bound to a certificate over a connection with that certificate, and one that is neither
/// does not pretend to be.
fn check_binding(
    app: &App,
    dossier: &Dossier,
    head: &Head,
    (scheme, token, believed): (Scheme, &str, &Believed),
) -> Result<(), Unbound> {
    let bound_to = match (scheme, &believed.claims.cnf) {
        (Scheme::Bearer, None) => return Ok(()),
        (Scheme::Bearer, Some(Confirmation::Certificate(thumbprint))) => {
            let shown = dossier.certificate().filter(|shown| shown.holds(dossier.received_at));
            let is_it = shown.is_some_and(|shown| shown.thumbprint() == thumbprint);
            return if is_it { Ok(()) } else { Err(Unbound::Certificate) };
        }
        (Scheme::Bearer, Some(Confirmation::Key(_))) => return Err(DpopError::Missing.into()),
        (Scheme::Dpop, None | Some(Confirmation::Certificate(_))) => {
            return Err(DpopError::Token.into());
        }
        (Scheme::Dpop, Some(Confirmation::Key(thumbprint))) => thumbprint,
    };
    let proof = presented::single(&head.headers, presented::DPOP).ok_or(DpopError::Missing)?;
    let url = format!("{}{}", app.public_url, head.path);
    let (method, now) = (head.method.as_str(), dossier.received_at);
    let of = ProofOf { method, url: &url, token: Some(token), nonce: None, now };
    let proof = verify_proof(proof, &of)?;
    if proof.thumbprint != *bound_to {
        return Err(DpopError::Token.into());
    }
    if app.proofs.claim(&proof.claim, now) { Ok(()) } else { Err(DpopError::Replayed.into()) }
}

/// Why a token is not good with what came with it.
#[derive(Clone, Copy)]
enum Unbound {
    Dpop(DpopError),
    Certificate,
}

impl From<DpopError> for Unbound {
    fn from(error: DpopError) -> Self {
        Self::Dpop(error)
    }
}

impl Unbound {
    /// How it was tried, and why it is refused, for the audit trail.
    const fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::Dpop(error) => ("dpop", error.code()),
            Self::Certificate => ("client_certificate", "another_certificate"),
        }
    }
}

impl From<Unbound> for Problem {
    fn from(unbound: Unbound) -> Self {
        match unbound {
            Unbound::Dpop(error) => error.into(),
            // The caller learns no more than of any other bad token (RFC 8705 §3).
            Unbound::Certificate => TokenError::Signature.into(),
        }
    }
}

async fn by_key(app: &App, dossier: &Dossier, key: &str) -> Result<Arc<Caller>, Problem> {
    let believed = app.keys.believe(key, dossier.origin(), &app.revocations).await;
    believed.map_err(|refused| {
        dossier.attempted(Authentication {
            client_id: refused.client_id,
            tenant: refused.tenant,
            credential: refused.credential,
            ..Authentication::new("api_key", Err(refused.why.reason()))
        });
        match refused.why {
            KeyDisbelief::Store(error) => error.into(),
            // Which rule was broken helps nobody but a forger; a typing error helps its owner.
            why @ KeyDisbelief::Text(_) => {
                Problem::new(&INVALID_KEY).detail("this is no API key, or mistyped").because(why)
            }
            why => Problem::new(&INVALID_KEY).because(why),
        }
    })
}

async fn by_session(
    app: &App,
    dossier: &Dossier,
    cookie: Cookie<'_>,
) -> Result<Arc<Caller>, Problem> {
    // Two of a name are read as what is no session.
    let text = if let Cookie::Once(text) = cookie { text } else { "" };
    let believed = app.sessions.believe(text, &app.revocations).await;
    believed.map_err(|refused| {
        let session = refused.session.as_deref();
        dossier.attempted(Authentication {
            person: session.map(|session| Person { tenant: session.tenant, user: session.user }),
            credential: session.map(|session| session.id.to_string()),
            ..Authentication::new("session", Err(refused.why.reason()))
        });
        match refused.why {
            SessionDisbelief::Store(error) => error.into(),
            why => {
                let problem = Problem::new(&INVALID_SESSION).because(why);
                problem.header("www-authenticate", CHALLENGE)
            }
        }
    })
}

fn disbelieved(dossier: &Dossier, disbelief: Disbelief) -> Problem {
    match &disbelief {
        Disbelief::Outside(outside) => dossier.attempted(outside.attempt()),
        other => refused(dossier, "access_token", None, other.reason()),
    }
    match disbelief {
        Disbelief::Outside(outside) => outside.why.into(),
        Disbelief::Token(error) => error.into(),
        Disbelief::Claims => TokenError::Malformed.into(),
        Disbelief::Store(error) => error.into(),
    }
}

/// The same of a good token, which names who issued it.
fn refused_token(
    dossier: &Dossier,
    method: &'static str,
    believed: &Believed,
    reason: &'static str,
) {
    dossier.attempted(Authentication {
        client_id: Some(believed.caller.client_or_id().to_owned()),
        tenant: Some(believed.claims.tenant),
        person: believed.person(),
        credential: believed.caller.credential().map(ToOwned::to_owned),
        bound_to: believed.claims.cnf.as_ref().map(|cnf| cnf.thumbprint().to_owned()),
        vouched: believed.vouched.as_deref().cloned(),
        ..Authentication::new(method, Err(reason))
    });
}

fn refused(
    dossier: &Dossier,
    method: &'static str,
    caller: Option<&Arc<Caller>>,
    reason: &'static str,
) {
    dossier.attempted(Authentication {
        client_id: caller.map(|caller| caller.client_or_id().to_owned()),
        // Of the other credential's owner nothing is said: this one proved nothing of theirs.
        tenant: caller.and_then(|caller| caller.tenant()),
        credential: caller.and_then(|caller| caller.credential().map(ToOwned::to_owned)),
        ..Authentication::new(method, Err(reason))
    });
}

/// The problems that this ring makes, besides those of `oauth`.
pub(super) const CODES: &[&Code] = &[&INVALID_KEY, &INVALID_SESSION];

/// RFC 9110 §11.6.1: a 401 has a challenge. No scheme is registered for cookies.
const CHALLENGE: &str = r#"Bearer realm="ringwall""#;
/// The session is not good, or not any more.
const INVALID_SESSION: Code = Code {
    status: 401,
    name: "auth.invalid_session",
    title: "You are not signed in, or not any more",
    mend: "Sign in again at `/staff/sign-in`.",
};

/// The API key is not good.
const INVALID_KEY: Code = Code {
    status: 401,
    name: "auth.invalid_api_key",
    title: "The API key is not valid",
    mend: "Check that it is whole, live, and used from an address that it is allowed from.",
};
