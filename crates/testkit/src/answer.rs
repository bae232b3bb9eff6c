//! What came back, and what a test expects of it.

use bytes::Bytes;
use http::HeaderMap;
use http::response::Parts;
use serde_json::Value;

/// A response, read to its end.
pub struct Answer {
    asked: String,
    status: u16,
    headers: HeaderMap,
    bytes: Bytes,
}

impl Answer {
    pub(crate) fn new(asked: String, parts: Parts, bytes: Bytes) -> Self {
        Self { asked, status: parts.status.as_u16(), headers: parts.headers, bytes }
    }

    /// Whether every reader of the reference knows what this is: no problem, or one of a documented
    /// code with its own status and title.
    pub(crate) fn is_documented(&self) -> bool {
        if self.header("content-type") != Some("application/problem+json") {
            return true;
        }
        let body = self.body();
        let is = |name: &str, value: Value| body.pointer(name) == Some(&value);
        api::problems().any(|code| {
            is("/code", code.name.into())
                && is("/title", code.title.into())
                && is("/status", code.status.into())
                && code.status == self.status
        })
    }

    /// Has this status.
    ///
    /// # Panics
    /// When it has another.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Is a problem of this code: of RFC 9457 with the status in its body, or of RFC 6749 §5.2 for
    /// a code of OAuth.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn problem(self, code: &str) -> Self {
        if let Some(error) = code.strip_prefix("oauth.") {
            assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
            assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
            assert_eq!(self.text_of("/error"), error, "{self:?}");
            return self;
        }
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body = self.body();
        assert_eq!(body.pointer("/code").and_then(Value::as_str), Some(code), "{self:?}");
        assert_eq!(body.pointer("/status"), Some(&Value::from(self.status)), "{self:?}");
        self
    }

    /// Is a problem that points at this place.
    ///
    /// # Panics
    /// When none of its errors does.
    #[track_caller]
    pub fn at(self, pointer: &str) -> Self {
        assert!(self.pointers().iter().any(|at| at == pointer), "{self:?}");
        self
    }

    /// Where a problem points.
    #[must_use]
    pub fn pointers(&self) -> Vec<String> {
        let body = self.body();
        let errors = body.pointer("/errors").and_then(Value::as_array).into_iter().flatten();
        let pointers = errors.filter_map(|error| error.pointer("/pointer")?.as_str());
        pointers.map(ToOwned::to_owned).collect()
    }

    /// Its status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// All headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    #[track_caller]
    pub fn body(&self) -> Value {
        match serde_json::from_slice(&self.bytes) {
            Ok(body) => body,
            Err(error) => panic!("no JSON ({error}): {self:?}"),
        }
    }

    /// The body as bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text that a JSON Pointer leads to in the body.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn text_of(&self, pointer: &str) -> String {
        match self.body().pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            _ => panic!("no text at `{pointer}`: {self:?}"),
        }
    }

    /// The id of the resource in the body.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn id(&self) -> String {
        self.text_of("/id")
    }

    /// The ids of the resources in a page.
    ///
    /// # Panics
    /// When the body is no page.
    #[must_use]
    #[track_caller]
    pub fn ids(&self) -> Vec<String> {
        let body = self.body();
        let Some(items) = body.pointer("/data").and_then(Value::as_array) else {
            panic!("no page: {self:?}");
        };
        let ids = items.iter().filter_map(|item| item.pointer("/id")?.as_str());
        ids.map(ToOwned::to_owned).collect()
    }

    /// Its entity tag.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    #[track_caller]
    pub fn etag(&self) -> String {
        match self.header("etag") {
            Some(tag) => tag.to_owned(),
            None => panic!("no entity tag: {self:?}"),
        }
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = String::from_utf8_lossy(&self.bytes);
        let shown: String = body.chars().take(2000).collect();
        write!(f, "{} -> {} {shown}", self.asked, self.status)
    }
}
