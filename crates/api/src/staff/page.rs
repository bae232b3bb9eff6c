//! What the handlers of pages answer with.

use std::borrow::Cow;
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
    location: Option<Cow<'static, str>>,
    /// Where else than to us its form may lead.
    onward: Option<String>,
    retry_after_s: Option<u64>,
    cookies: Vec<String>,
    has_script: bool,
}

/// What a handler of a page returns.
pub(crate) type PageAnswer = Result<Page, Refused>;

impl Page {
    /// A page.
    pub(crate) fn new(status: StatusCode, body: String) -> Self {
        let (location, onward, retry_after_s) = (None, None, None);
        let (cookies, has_script) = (Vec::new(), false);
        Self { status, body, location, onward, retry_after_s, cookies, has_script }
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
        let policy = policy(self.has_script, self.onward.as_deref());
        headers.insert(CONTENT_SECURITY_POLICY, policy);
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

fn policy(has_script: bool, onward: Option<&str>) -> HeaderValue {
    let mut policy = Cow::Borrowed(if has_script { WITH_SCRIPT.as_str() } else { POLICY });
    if let Some(onward) = onward {
        policy = policy.replace(FORM_ACTION, &format!("{FORM_ACTION} {onward}")).into();
    }
    HeaderValue::try_from(policy.as_ref()).unwrap_or(HeaderValue::from_static(POLICY))
}

const FORM_ACTION: &str = "form-action 'self'";
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
