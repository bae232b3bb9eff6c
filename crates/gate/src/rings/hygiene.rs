//! Strict HTTP: what hyper accepts but two readers could understand differently is refused here.
//!
//! Where a message ends is settled by the listener's scanner
//! (`docs/decisions/0021-edge-framing.md`); what it means is settled here: hosts, paths, repeated
//! headers, upgrades.

use std::collections::HashSet;
use std::sync::Arc;

use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, IF_MATCH, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, Method, Uri, Version};
use kernel::{Code, Problem};

use crate::App;
use crate::ring::{Next, Request, Response, Ring, Visit};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("hygiene", app, pass)
}

async fn pass(_: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let posture = visit.dossier.posture();
    method(visit.request.method())?;
    headers(visit.request.headers(), posture.config.header_bytes_max)?;
    host(&visit.request, &posture.named.hosts)?;
    path(visit.request.uri())?;
    Ok(next.run(visit).await)
}

/// CONNECT would turn the connection into a tunnel of raw bytes (RFC 9110 §9.3.6).
fn method(method: &Method) -> Result<(), Problem> {
    if *method == Method::CONNECT {
        return Err(refuse("CONNECT is not served here"));
    }
    Ok(())
}

fn headers(headers: &HeaderMap, bytes_max: usize) -> Result<(), Problem> {
    let bytes: usize =
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > bytes_max {
        return Err(Problem::new(&HEADERS_TOO_LARGE));
    }
    for name in &SINGLE {
        if headers.get_all(name).iter().nth(1).is_some() {
            return Err(refuse("a header that must stand once is repeated"));
        }
    }
    // RFC 9112 §6.1: both together are how requests are smuggled.
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err(refuse("Content-Length and Transfer-Encoding exclude each other"));
    }
    if headers.contains_key(UPGRADE) {
        return Err(refuse("no operation here upgrades the connection"));
    }
    if headers.get(EXPECT).is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(CONTINUE)) {
        return Err(Problem::new(&EXPECTATION));
    }
    // Servers behind servers read `X_Y` and `X-Y` as the same name.
    if headers.keys().any(|name| name.as_str().contains('_')) {
        return Err(refuse("header names may not contain underscores"));
    }
    Ok(())
}

/// Exactly one host, and one of ours (RFC 9110 §7.2, §15.5.20).
fn host(request: &Request, hosts: &HashSet<String>) -> Result<(), Problem> {
    let header = request.headers().get(HOST).map(|host| host.to_str().unwrap_or_default());
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let named = match (header, authority) {
        (Some(header), Some(authority)) if !header.eq_ignore_ascii_case(authority) => {
            return Err(refuse("Host and the request target name different hosts"));
        }
        (Some(host), _) | (None, Some(host)) => host,
        (None, None) => return Err(refuse("the Host header is missing")),
    };
    if request.version() < Version::HTTP_11 {
        return Err(Problem::new(&VERSION));
    }
    let name = without_port(named).ok_or_else(|| refuse("the Host header is malformed"))?;
    if hosts.contains(&name.to_ascii_lowercase()) {
        return Ok(());
    }
    Err(Problem::new(&MISDIRECTED))
}

fn without_port(host: &str) -> Option<&str> {
    let (name, port) = match host.rfind(']') {
        Some(end) => host.split_at_checked(end + 1)?,
        None => host.split_at_checked(host.find(':').unwrap_or(host.len()))?,
    };
    let port_fits =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    (port_fits && !name.is_empty()).then_some(name)
}

/// A path has one spelling. What would have to be normalised is refused instead.
fn path(uri: &Uri) -> Result<(), Problem> {
    let path = uri.path();
    let odd = || refuse("the path is not in normal form");
    if !path.starts_with('/') || path.len() > PATH_MAX || path.contains("//") {
        return Err(odd());
    }
    if path.bytes().any(|byte| matches!(byte, b'\\' | b';' | b'\0'..=b' ' | 0x7f..)) {
        return Err(odd());
    }
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(odd());
    }
    escapes(path).then_some(()).ok_or_else(odd)?;
    let query = uri.query().unwrap_or_default();
    if query.len() > QUERY_MAX || !complete_escapes(query) {
        return Err(refuse("the query is too long or badly escaped"));
    }
    Ok(())
}

/// Escapes are complete, and none hides a separator, a dot or a control character.
fn escapes(path: &str) -> bool {
    complete_escapes(path)
        && path.split('%').skip(1).all(|rest| {
            let byte = rest.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
            byte.is_some_and(|byte| {
                !matches!(byte, b'/' | b'\\' | b'.' | b'%' | b';' | 0..=0x1f | 0x7f)
            })
        })
}

fn complete_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        rest.get(..2).is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    })
}

fn refuse(detail: &'static str) -> Problem {
    Problem::new(&BAD_REQUEST).detail(detail)
}

/// Headers whose repetition changes what a request means.
static SINGLE: [HeaderName; 6] = [
    HOST,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    AUTHORIZATION,
    IF_MATCH,
    HeaderName::from_static("idempotency-key"),
];
const CONTINUE: &[u8] = b"100-continue";
const PATH_MAX: usize = 2048;
const QUERY_MAX: usize = 8192;

/// Not HTTP as we speak it.
pub(crate) const BAD_REQUEST: Code = Code {
    status: 400,
    name: "http.bad_request",
    title: "The request is not well-formed HTTP",
    mend: "Send the request with a standard HTTP client; `detail` says what is odd.",
};
/// Too many bytes of headers.
pub(crate) const HEADERS_TOO_LARGE: Code = Code {
    status: 431,
    name: "http.headers_too_large",
    title: "The request's headers are too large",
    mend: "Send fewer or shorter headers (`gate.header_bytes_max`).",
};
/// Not our host.
pub(super) const MISDIRECTED: Code = Code {
    status: 421,
    name: "http.misdirected",
    title: "This server does not answer for that host",
    mend: "Use the host of the documented URL, or add the name to `gate.hosts`.",
};
/// HTTP/1.0.
pub(crate) const VERSION: Code = Code {
    status: 505,
    name: "http.version",
    title: "HTTP/1.1 or HTTP/2 is needed",
    mend: "Use a client that speaks HTTP/1.1 or HTTP/2.",
};
/// An unknown `Expect`.
pub(super) const EXPECTATION: Code = Code {
    status: 417,
    name: "http.expectation",
    title: "The expectation cannot be met",
    mend: "Send `Expect: 100-continue` or no `Expect` header.",
};

/// The problems that this ring makes.
pub(super) const CODES: &[&Code] =
    &[&BAD_REQUEST, &HEADERS_TOO_LARGE, &MISDIRECTED, &VERSION, &EXPECTATION];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_two_readings_are_refused() {
        for text in [
            "//a",
            "/a//b",
            "/a/../b",
            "/a/./b",
            "/a/%2e%2e/b",
            "/a%2fb",
            "/a%5Cb",
            "/a;b",
            "/a%00",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%25",
        ] {
            assert!(
                path(&text.parse().unwrap_or_default()).is_err() || text.parse::<Uri>().is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn plain_paths_pass() {
        for text in ["/", "/v1/jobs/job_1", "/v1/jobs?q=a%2Fb&x=1", "/caf%C3%A9"] {
            assert!(path(&text.parse().unwrap()).is_ok(), "{text}");
        }
    }

    #[test]
    fn ports_are_cut_off_hosts() {
        assert_eq!(without_port("localhost:8443"), Some("localhost"));
        assert_eq!(without_port("[::1]:8443"), Some("[::1]"));
        assert_eq!(without_port("localhost:x"), None);
        assert_eq!(without_port(":8443"), None);
        assert_eq!(without_port("a:b:1"), None);
    }
}
