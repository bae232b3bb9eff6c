//! The server behind the proxy.

use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use super::head::{Fault, Head};

/// Where requests go.
pub(super) struct Upstream {
    authority: Authority,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// The text is no upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an upstream such as `http://127.0.0.1:8080`")]
pub struct UpstreamError;

impl Upstream {
    /// An upstream from `http://host:port`.
    pub(super) fn new(url: &str) -> Result<Self, UpstreamError> {
        let uri: Uri = url.parse().map_err(|_| UpstreamError)?;
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if uri.scheme() != Some(&Scheme::HTTP) || !is_bare {
            return Err(UpstreamError);
        }
        let authority = uri.authority().cloned().ok_or(UpstreamError)?;
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_MAX));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .set_host(false)
            .http1_title_case_headers(true)
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(POOL_MAX)
            .build(connector);
        Ok(Self { authority, client })
    }

    /// Asks the upstream.
    ///
    /// # Errors
    /// When the request cannot be written as one HTTP/1.1 request, or nobody answers.
    pub(super) async fn send(&self, head: &Head, body: Bytes) -> Result<Response<Incoming>, Fault> {
        let request = self.request(head, body)?;
        match tokio::time::timeout(ANSWER_MAX, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the upstream did not answer");
                Err(Fault { status: 502, detail: "the upstream did not answer" })
            }
            Err(_) => Err(Fault { status: 504, detail: "the upstream did not answer in time" }),
        }
    }

    fn request(&self, head: &Head, body: Bytes) -> Result<Request<Full<Bytes>>, Fault> {
        let unspeakable = |_| Fault::malformed("the request cannot be passed on");
        let method = Method::from_bytes(&head.method).map_err(|e| unspeakable(e.into()))?;
        let uri = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone())
            .path_and_query(target(&head.target)?)
            .build()
            .map_err(unspeakable)?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let dropped = hop_by_hop(head);
        for (name, value) in &head.fields {
            let name = HeaderName::from_bytes(name).map_err(|e| unspeakable(e.into()))?;
            if dropped.iter().any(|other| other.eq_ignore_ascii_case(name.as_str())) {
                continue;
            }
            let value = HeaderValue::from_bytes(value).map_err(|e| unspeakable(e.into()))?;
            request.headers_mut().append(name, value);
        }
        if request.headers().get_all("host").iter().count() > 1 {
            return Err(Fault::malformed("expected one Host"));
        }
        Ok(request)
    }
}

/// The target in origin form (RFC 9112 §3.2). What URIs may not hold is escaped: it means the same.
fn target(raw: &[u8]) -> Result<PathAndQuery, Fault> {
    let text = percent_encode(raw, NEVER_RAW).to_string();
    let text = text.split('#').next().unwrap_or_default();
    let parsed = match text {
        "*" => PathAndQuery::try_from("*").ok(),
        path if path.starts_with('/') => PathAndQuery::try_from(path).ok(),
        // Absolute form: RFC 9112 §3.2.2.
        other => other.parse::<Uri>().ok().and_then(|uri| {
            let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
            uri.path_and_query().filter(|_| is_http).cloned()
        }),
    };
    parsed.ok_or(Fault::malformed("the request target cannot be passed on"))
}

/// What is between two neighbours only (RFC 9110 §7.6.1), and the framing, which is made anew.
fn hop_by_hop(head: &Head) -> Vec<String> {
    let listed = head.values("connection").flat_map(|value| value.split(|byte| *byte == b','));
    let mut names: Vec<String> =
        listed.map(|name| String::from_utf8_lossy(name.trim_ascii()).into_owned()).collect();
    // RFC 9110 §7.6.1: a sender may not have these removed.
    names.retain(|name| !["host", "content-type"].contains(&name.to_ascii_lowercase().as_str()));
    names.extend(HOP_BY_HOP.map(str::to_owned));
    names
}

/// Fields that never pass a proxy, in either direction.
pub(super) const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
const NEVER_RAW: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
const CONNECT_MAX: Duration = Duration::from_secs(5);
const ANSWER_MAX: Duration = Duration::from_secs(60);
const POOL_IDLE: Duration = Duration::from_secs(15);
const POOL_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_http_authority_is_an_upstream() {
        for url in ["", "localhost", "https://a", "http://a/b", "ftp://a", "http://a?b"] {
            assert_eq!(Upstream::new(url).err(), Some(UpstreamError), "{url}");
        }
    }

    #[test]
    fn targets_are_passed_on_in_origin_form() {
        let written = |raw: &str| target(raw.as_bytes()).map(|target| target.to_string());
        assert!(written("www.example.org").is_err());
        assert!(written("ftp://a/b").is_err());
        assert_eq!(written("/a?b=<c>#d").unwrap(), "/a?b=%3Cc%3E");
        assert_eq!(written("/a%2e?é").unwrap(), "/a%2e?%C3%A9");
        assert_eq!(written("http://other/a?b").unwrap(), "/a?b");
        assert_eq!(written("*").unwrap(), "*");
    }

    #[test]
    fn a_caller_cannot_have_the_host_removed() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\nConnection: host, x-a\r\nX-A: 1\r\nX-B: 2\r\n\r\n";
        let head = Head::read(&Bytes::from_static(text.as_bytes()));
        let upstream = Upstream {
            authority: "a".parse().unwrap(),
            client: Client::builder(TokioExecutor::new()).build(HttpConnector::new()),
        };

        let request = upstream.request(&head, Bytes::new()).unwrap();

        let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["host", "x-b"]);
    }
}
