//! The answer to a request whose bytes are refused, before anything has read it.

use std::sync::OnceLock;

use axum_core::body::Body;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use kernel::Code;
use serde_json::json;

use crate::listener::scan::{Reason, Refusal};

/// What the bytes of a connection were refused for, as its reader and its service share it.
#[derive(Debug, Default)]
pub(super) struct Verdict(OnceLock<Refusal>);

impl Verdict {
    /// There is only one: nothing is read behind it.
    pub(super) fn set(&self, refusal: Refusal) {
        let _first = self.0.set(refusal);
    }

    /// Why the head of the `request`th request was refused.
    pub(super) fn on_head(&self, request: u64) -> Option<Reason> {
        self.of(request, false)
    }

    /// Why the body of the `request`th request was refused.
    pub(super) fn on_body(&self, request: u64) -> Option<Reason> {
        self.of(request, true)
    }

    fn of(&self, request: u64, in_body: bool) -> Option<Reason> {
        let refusal = self.0.get()?;
        (refusal.request == request && refusal.in_body == in_body).then_some(refusal.reason)
    }
}

/// The last answer of an HTTP/1.1 connection.
pub(super) fn last_response(reason: Reason) -> Response<Body> {
    let mut response = response(reason);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A problem without anything of the request in it.
pub(super) fn response(reason: Reason) -> Response<Body> {
    let code = reason.code();
    let problem = json!({
        "status": code.status,
        "code": code.name,
        "title": code.title,
        "detail": reason.detail(),
    });
    let mut response = Response::new(Body::from(problem.to_string()));
    *response.status_mut() = StatusCode::from_u16(code.status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    crate::rings::harden(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A method or a coding that is not spoken.
pub(super) const NOT_IMPLEMENTED: Code = Code {
    status: 501,
    name: "http.not_implemented",
    title: "The method or transfer coding is not served here",
    mend: "Use the documented methods, and `Content-Length` or `Transfer-Encoding: chunked`.",
};
/// A request line beyond the limit.
pub(super) const TARGET_TOO_LONG: Code = Code {
    status: 414,
    name: "http.target_too_long",
    title: "The request line is too long",
    mend: "Send fewer or shorter parameters.",
};
