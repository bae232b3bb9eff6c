//! A request on its way.

use std::convert::Infallible;
use std::future::IntoFuture;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum_core::body::Body;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::future::BoxFuture;
use futures_util::stream;
use gate::contract::Find;
use gate::listener::{Connection, TlsFacts};
use gate::timed_body::{Pace, TimedBody};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use rustls::ProtocolVersion;
use rustls::pki_types::CertificateDer;
use serde_json::Value;

use crate::{Answer, Caller};

/// A request; await it to send it.
#[must_use = "a request that is not awaited is not sent"]
pub struct Ask {
    caller: Caller,
    method: Method,
    path: String,
    version: Version,
    headers: HeaderMap,
    body: Body,
    chain: Vec<CertificateDer<'static>>,
    peer: Ipv4Addr,
}

impl Ask {
    pub(crate) fn new(caller: Caller, method: Method, path: &str) -> Self {
        let ask = Self {
            caller,
            method,
            path: path.to_owned(),
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            body: Body::empty(),
            chain: Vec::new(),
            peer: PEER,
        };
        let mut ask = ask.with_header("host", "localhost").with_header("user-agent", "testkit");
        if let Some(token) = ask.caller.token.clone() {
            ask = ask.with_header("authorization", &format!("Bearer {token}"));
        }
        if ask.method == Method::POST {
            let key = HEXLOWER.encode(&kernel::random::bytes::<16>());
            ask = ask.with_header("idempotency-key", &key);
        }
        match ask.caller.seen(path) {
            Some(tag) if !ask.method.is_safe() => ask.with_header("if-match", &tag),
            _ => ask,
        }
    }

    /// With this header instead of any of its name.
    ///
    /// # Panics
    /// When it cannot stand in a request.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    /// With this header beside those of its name.
    ///
    /// # Panics
    /// When it cannot stand in a request.
    pub fn with_another(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        self.headers.append(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    /// Without any header of this name.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.bytes(body.to_string(), "application/json")
    }

    /// With a form as its body.
    pub fn form(self, body: &str) -> Self {
        self.bytes(body.to_owned(), "application/x-www-form-urlencoded")
    }

    /// With these bytes as its body.
    pub fn bytes(mut self, body: impl Into<Bytes>, content_type: &str) -> Self {
        self.body = Body::from(body.into());
        self.with_header("content-type", content_type)
    }

    /// With a JSON body of which nothing ever comes, for which a listener waits so long.
    pub fn stalled(mut self, idle: Duration) -> Self {
        let never = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let pace = Pace { idle, grace: idle, bytes_per_second_min: 1 };
        self.body = Body::new(TimedBody::new(never, pace));
        self.with_header("content-type", "application/json")
    }

    /// Over a connection on which these certificates were shown, the client's own first.
    pub fn showing(mut self, chain: &[CertificateDer<'static>]) -> Self {
        self.chain = chain.to_vec();
        self
    }

    /// From another address.
    pub const fn from_peer(mut self, peer: Ipv4Addr) -> Self {
        self.peer = peer;
        self
    }

    /// In another version of HTTP than 1.1.
    pub const fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    async fn send(self) -> Answer {
        let Self { caller, method, path, version, headers, body, chain, peer } = self;
        let running = Arc::clone(&caller.running);
        running.tick();
        running.hear().await;
        let mut request = http::Request::new(body);
        *request.method_mut() = method.clone();
        *request.version_mut() = version;
        *request.uri_mut() = path.parse().expect("a request target");
        *request.headers_mut() = headers;
        request.extensions_mut().insert(connection(peer, chain));
        if let Some(proven) = &caller.proven {
            request.extensions_mut().insert(proven.clone());
        }
        let route = request.uri().path().to_owned();
        let response = Arc::clone(&running.wall).admit(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body in memory").to_bytes();
        let answer = Answer::new(format!("{method} {path}"), parts, bytes);
        assert!(answer.is_documented(), "undocumented: {answer:?}");
        if let Find::Found { operation, .. } = running.app.contract.find(&method, &route) {
            // What a caller is told must be what the document says they can be told.
            assert!(operation.documents(answer.status()), "undocumented: {answer:?}");
        }
        if let Some(tag) = answer.header("etag").filter(|_| answer.status() < 300) {
            caller.saw(answer.header("location").unwrap_or(&route), tag);
        }
        answer
    }
}

impl IntoFuture for Ask {
    type Output = Answer;
    type IntoFuture = BoxFuture<'static, Answer>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// The listener puts one like this into each request's extensions.
fn connection(peer: Ipv4Addr, chain: Vec<CertificateDer<'static>>) -> Connection {
    let peer = SocketAddr::from((peer, 50_000));
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 8443));
    let agreed = (ProtocolVersion::TLSv1_3, None);
    let tls = Some(Arc::new(TlsFacts::new(agreed, false, None, chain)));
    Connection { id: 1, peer, local, tls }
}

const PEER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
