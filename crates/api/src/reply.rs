//! What a handler answers with.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use kernel::Problem;
use serde::Serialize;
use store::idempotency::StoredReply;

/// A successful answer in JSON: rendered once, sent once, and kept as it is for a repeated request.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: String,
}

/// A problem on its way to the gate, which renders it.
#[derive(Debug)]
pub(crate) struct Refused(Box<Problem>);

/// What a handler returns.
pub(crate) type Answer = Result<Reply, Refused>;

impl Reply {
    /// 200 with a JSON body.
    ///
    /// # Errors
    /// When the body does not serialise, which is a fault of ours.
    pub(crate) fn ok(body: &impl Serialize) -> Result<Self, Refused> {
        Self::json(StatusCode::OK, body)
    }

    /// 201 with the new resource and where it is.
    ///
    /// # Errors
    /// When the body does not serialise, which is a fault of ours.
    pub(crate) fn created(location: String, body: &impl Serialize) -> Result<Self, Refused> {
        Ok(Self::json(StatusCode::CREATED, body)?.with(LOCATION, location))
    }

    /// 201 with what was made, which is no resource of its own.
    ///
    /// # Errors
    /// When the body does not serialise, which is a fault of ours.
    pub(crate) fn made(body: &impl Serialize) -> Result<Self, Refused> {
        Self::json(StatusCode::CREATED, body)
    }

    /// 202: it was received.
    ///
    /// # Errors
    /// When the body does not serialise, which is a fault of ours.
    pub(crate) fn accepted(body: &impl Serialize) -> Result<Self, Refused> {
        Self::json(StatusCode::ACCEPTED, body)
    }

    /// 200 with a text that is no JSON.
    pub(crate) fn text(media: &'static str, body: String) -> Self {
        let headers = vec![(CONTENT_TYPE, media.to_owned())];
        Self { status: StatusCode::OK, headers, body }
    }

    /// 204.
    #[must_use]
    pub(crate) const fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: Vec::new(), body: String::new() }
    }

    /// States the version of the resource in the body, as a strong entity tag.
    #[must_use]
    pub(crate) fn version(self, version: i64) -> Self {
        self.with(ETAG, etag(version))
    }

    /// States a strong entity tag of the body itself, for what has no version of its own.
    #[must_use]
    pub(crate) fn tagged(self) -> Self {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.body.as_bytes());
        let start = hash.as_ref().get(..TAG_BYTES).unwrap_or_default();
        let tag = data_encoding::BASE64URL_NOPAD.encode(start);
        self.with(ETAG, format!("\"b{tag}\""))
    }

    /// States where the next page is (RFC 8288).
    #[must_use]
    pub(crate) fn next_page(self, target: Option<String>) -> Self {
        match target {
            Some(target) => self.with(LINK, format!("<{target}>; rel=\"next\"")),
            None => self,
        }
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same, or 304 when the caller has this version already (RFC 9110 §13.1.2).
    #[must_use]
    pub(crate) fn unless_seen(self, headers: &HeaderMap) -> Self {
        let seen = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let tag = self.headers.iter().find(|(name, _)| *name == ETAG).map(|(_, tag)| tag.as_str());
        let (Some(seen), Some(tag)) = (seen, tag) else { return self };
        let matches = |one: &str| one.trim().trim_start_matches("W/") == tag;
        if seen.trim() == "*" || seen.split(',').any(matches) {
            let headers = self.headers.into_iter().filter(|(name, _)| *name != CONTENT_TYPE);
            let status = StatusCode::NOT_MODIFIED;
            return Self { status, headers: headers.collect(), body: String::new() };
        }
        self
    }

    /// What is kept to be repeated.
    #[must_use]
    pub(crate) fn stored(&self) -> StoredReply {
        let headers = self.headers.iter();
        StoredReply {
            status: self.status.as_u16(),
            headers: headers.map(|(name, value)| (name.to_string(), value.clone())).collect(),
            body: self.body.clone(),
        }
    }

    fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, Refused> {
        let body = serde_json::to_string(body).map_err(Problem::internal)?;
        let headers = vec![(CONTENT_TYPE, "application/json".to_owned())];
        Ok(Self { status, headers, body })
    }
}

/// Enough that two bodies never meet by chance.
const TAG_BYTES: usize = 15;

/// The strong entity tag of a version.
#[must_use]
pub(crate) fn etag(version: i64) -> String {
    format!("\"v{version}\"")
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(Box::new(error.into()))
    }
}

impl IntoResponse for Refused {
    /// Carried in an extension: the gate knows the request and renders it there.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response.extensions_mut().insert(*self.0);
        response
    }
}
