//! What the handlers of pages answer with.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE};
use http::{HeaderValue, StatusCode};

use crate::reply::Refused;

/// A page, or the way to another one.
pub(crate) struct Page {
    status: StatusCode,
    body: String,
    location: Option<Cow<'static, str>>,
    /// Where else than to us its form may lead.
    onward: Option<String>,
    retry_after_s: Option<u64>,
    cookies: Vec<String>,
}

/// What a handler of a page returns.
pub(crate) type PageAnswer = Result<Page, Refused>;

impl Page {
    /// A page.
    pub(crate) fn new(status: StatusCode, body: String) -> Self {
        let (location, onward, retry_after_s) = (None, None, None);
        Self { status, body, location, onward, retry_after_s, cookies: Vec::new() }
    }

    /// The way to a page of ours, or to an address that an application registered. Never 307 or
    /// 308: the browser must not send the form again (RFC 9700 §4.12).
    pub(crate) fn see(location: impl Into<Cow<'static, str>>) -> Self {
        let location = Some(location.into());
        Self { location, ..Self::new(StatusCode::SEE_OTHER, String::new()) }
    }

    /// Says where the answer to its form may lead: browsers ask the page's policy about that, too.
    #[must_use]
    pub(crate) fn onward(mut self, target: String) -> Self {
        self.onward = Some(target);
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
        headers.insert(CONTENT_SECURITY_POLICY, policy(self.onward.as_deref()));
        if let Some(location) = self.location
            && let Ok(location) = HeaderValue::try_from(location.as_ref())
        {
            headers.insert(LOCATION, location);
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

fn policy(onward: Option<&str>) -> HeaderValue {
    let wider =
        onward.map(|onward| POLICY.replace(FORM_ACTION, &format!("{FORM_ACTION} {onward}")));
    let wider = wider.and_then(|policy| HeaderValue::try_from(policy).ok());
    wider.unwrap_or(HeaderValue::from_static(POLICY))
}

const FORM_ACTION: &str = "form-action 'self'";
/// Our own style sheet, forms that come back to us, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";
