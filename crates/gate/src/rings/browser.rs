//! What browsers may do with our answers, and with a user's cookies.

use std::collections::HashSet;
use std::sync::Arc;

use axum_core::body::Body;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, COOKIE, ORIGIN, SERVER, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use kernel::{Code, Problem};

use crate::App;
use crate::contract::{ErrorForm, Find};
use crate::ring::{Next, Request, Response, Ring, Visit};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("browser", app, pass)
}

async fn pass(app: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let posture = Arc::clone(visit.dossier.posture());
    let origins = &posture.named.origins;
    let origin = visit.request.headers().get(ORIGIN).cloned();
    let allowed = origin.filter(|origin| is_listed(origin, origins));
    let allowed = allowed.filter(|_| !is_page(&app, &visit.request));
    let mut response = match preflight(&app, &visit.request, allowed.as_ref()) {
        Some(response) => response,
        None => {
            same_site(&app, &visit.request)?;
            next.run(visit).await
        }
    };
    harden(response.headers_mut());
    if let Some(origin) = allowed {
        share(response.headers_mut(), origin);
    }
    if !origins.is_empty() {
        response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
    }
    Ok(response)
}

fn is_listed(origin: &HeaderValue, origins: &HashSet<String>) -> bool {
    origin.to_str().is_ok_and(|origin| origins.contains(origin))
}

/// What people see in a browser no other origin reads, listed or not (OAuth 2.1 §4.1).
fn is_page(app: &App, request: &Request) -> bool {
    let found = app.contract.find(request.method(), request.uri().path());
    matches!(found, Find::Found { operation, .. } if operation.error_form == ErrorForm::Page)
}

/// Answers a listed origin's preflight for a declared operation (Fetch §4.9). All others go on,
/// to be refused as the undeclared OPTIONS requests that they are.
fn preflight(app: &App, request: &Request, origin: Option<&HeaderValue>) -> Option<Response> {
    let wanted = request.headers().get(ACCESS_CONTROL_REQUEST_METHOD)?;
    if request.method() != Method::OPTIONS || origin.is_none() {
        return None;
    }
    let method = Method::from_bytes(wanted.as_bytes()).ok()?;
    let Find::Found { .. } = app.contract.find(&method, request.uri().path()) else { return None };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, wanted.clone());
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(SENDABLE));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    Some(response)
}

/// A write that carries a cookie must come from our own pages: a browser attaches cookies to what
/// other sites make it send (control: EDG-5). Tokens and API keys are never attached by a browser.
fn same_site(app: &App, request: &Request) -> Result<(), Problem> {
    if request.method().is_safe() || !request.headers().contains_key(COOKIE) {
        return Ok(());
    }
    let site = request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    let origin = request.headers().get(ORIGIN).map(HeaderValue::as_bytes);
    let ours = match (site, origin) {
        (Some(site), _) => site == b"same-origin",
        (None, Some(origin)) => origin == app.public_url.as_bytes(),
        (None, None) => false,
    };
    if ours { Ok(()) } else { Err(Problem::new(&CROSS_SITE)) }
}

/// Security headers on everything, also on refusals. A handler may set a narrower policy itself.
pub(crate) fn harden(headers: &mut HeaderMap) {
    headers.remove(SERVER);
    headers.reserve(DEFAULTS.len());
    for (name, value) in &DEFAULTS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
}

/// Never with a wildcard, and credentials only for origins that were listed by name.
fn share(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(READABLE));
}

const SENDABLE: &str = "authorization, content-type, dpop, idempotency-key, if-match, \
                        if-none-match, traceparent, x-api-key";
const READABLE: &str = "etag, link, location, ratelimit, ratelimit-policy, retry-after, \
                        x-request-id, idempotency-replayed";

static DEFAULTS: [(HeaderName, HeaderValue); 9] = [
    default("strict-transport-security", "max-age=63072000; includeSubDomains"),
    default("x-content-type-options", "nosniff"),
    default("x-frame-options", "DENY"),
    default(
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    ),
    default("referrer-policy", "no-referrer"),
    default("cross-origin-resource-policy", "same-origin"),
    default("cross-origin-opener-policy", "same-origin"),
    default("permissions-policy", "interest-cohort=()"),
    default("cache-control", "no-store"),
];

/// Parsed when the program is built, not for each response.
const fn default(name: &'static str, value: &'static str) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// A write with a cookie from elsewhere.
pub(super) const CROSS_SITE: Code = Code {
    status: 403,
    name: "http.cross_site",
    title: "A write with a cookie must come from our own pages",
    mend: "Call the API with a token or an API key and without cookies.",
};

/// The problems that this ring makes.
pub(super) const CODES: &[&Code] = &[&CROSS_SITE];
