//! What the handlers of pages answer with.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE};
use http::{HeaderValue, StatusCode};

use super::html::SCRIPT;
use crate::reply::Refused;

/// A page, or the way to another one.
pub(crate) struct Page {
    status: StatusCode,
    body: String,
    location: Option<&'static str>,
    retry_after_s: Option<u64>,
    cookies: Vec<String>,
    has_script: bool,
}

/// What a handler of a page returns.
pub(crate) type PageAnswer = Result<Page, Refused>;

impl Page {
    /// A page.
    pub(crate) fn new(status: StatusCode, body: String) -> Self {
        Self {
            status,
            body,
            location: None,
            retry_after_s: None,
            cookies: Vec::new(),
            has_script: false,
        }
    }

    /// The way to a page of ours. Never 307 or 308: the browser must not send the form again
    /// (RFC 9700 §4.12).
    pub(crate) fn see(location: &'static str) -> Self {
        Self { location: Some(location), ..Self::new(StatusCode::SEE_OTHER, String::new()) }
    }

    /// Lets the page's script run: the one for passkeys, and no other.
    #[must_use]
    pub(crate) fn with_script(mut self) -> Self {
        self.has_script = true;
        self
    }

    /// With a cookie.
    #[must_use]
    pub(crate) fn with(mut self, cookie: String) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// Says how long to wait, in seconds.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        let policy = match self.has_script {
            true => HeaderValue::try_from(WITH_SCRIPT.as_str()),
            false => Ok(HeaderValue::from_static(POLICY)),
        };
        headers.insert(
            CONTENT_SECURITY_POLICY,
            policy.unwrap_or_else(|_| HeaderValue::from_static(POLICY)),
        );
        if let Some(location) = self.location {
            headers.insert(LOCATION, HeaderValue::from_static(location));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        for cookie in self.cookies {
            if let Ok(cookie) = HeaderValue::try_from(cookie) {
                headers.append(SET_COOKIE, cookie);
            }
        }
        response
    }
}

/// Our own style sheet, forms that come back to us, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// The same, and one script by its hash: no file, no address and no other text. It may write no
/// markup either.
static WITH_SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let hash = BASE64.encode(digest(&SHA256, SCRIPT.as_bytes()).as_ref());
    format!(
        "{POLICY}; script-src 'sha256-{hash}'; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    )
});
