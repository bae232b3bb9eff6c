//! The answer to plain HTTP: go to HTTPS, or be refused. Nothing is ever served without TLS.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum_core::body::Body;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HOST, HeaderValue, LOCATION};
use http::uri::Authority;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use kernel::Code;
use serde::Deserialize;
use serde_json::json;

use crate::listener::refusal::{NOT_IMPLEMENTED, TARGET_TOO_LONG};
use crate::listener::{Connection, Handler};

/// Where plain HTTP is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedirectConfig {
    /// Host names of ours: a request for one of them is sent to the same host.
    pub hosts: Vec<String>,
    /// `host` or `host:port` for requests that name no host of ours; without it, they are refused.
    pub public_authority: Option<String>,
    /// The port of HTTPS as clients see it; default: the TLS port that was spoken to, else 443.
    pub https_port: Option<u16>,
}

/// Sends `GET` and `HEAD` to HTTPS, and refuses the rest.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// Shared by all copies, so that a reload reaches every listener.
    hosts: Arc<ArcSwap<BTreeSet<String>>>,
    public_authority: Option<Authority>,
    https_port: Option<u16>,
}

/// A name in the configuration is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a host name, with a port where one may stand, found `{0}`")]
pub struct RedirectError(String);

impl Redirect {
    /// Checks the names.
    ///
    /// # Errors
    /// When a host is not a plain host name, or the authority is not a host with or without port.
    pub fn new(config: &RedirectConfig) -> Result<Self, RedirectError> {
        let public_authority = config
            .public_authority
            .as_ref()
            .map(|text| authority(text).ok_or_else(|| RedirectError(text.clone())))
            .transpose()?;
        let hosts = Arc::new(ArcSwap::from_pointee(named(&config.hosts)?));
        Ok(Self { hosts, public_authority, https_port: config.https_port })
    }

    /// These are our host names from now on, for all copies.
    ///
    /// # Errors
    /// When a host is not a plain host name; all stay as they were.
    pub fn rename(&self, hosts: &[String]) -> Result<(), RedirectError> {
        self.hosts.store(Arc::new(named(hosts)?));
        Ok(())
    }

    /// HTTPS is on `port`, unless the configuration says otherwise.
    pub(super) fn at(mut self, port: u16) -> Self {
        self.https_port.get_or_insert(port);
        self
    }

    fn answer(&self, request: &Request<Body>, local: SocketAddr) -> Response<Body> {
        let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
        let target = is_safe.then(|| self.target(request.uri(), request.headers(), local));
        let mut response = match target.flatten() {
            Some(target) => redirection(target),
            None => refusal(),
        };
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    fn target(&self, uri: &Uri, headers: &HeaderMap, local: SocketAddr) -> Option<HeaderValue> {
        // A whole URI in the request line is a request to a proxy, which we are not.
        if uri.scheme().is_some() || uri.authority().is_some() {
            return None;
        }
        let authority = match self.own_host(headers, local) {
            Some(host) => match self.https_port {
                None | Some(443) => host,
                Some(port) => format!("{host}:{port}"),
            },
            None => self.public_authority.as_ref()?.to_string(),
        };
        let path = uri.path_and_query().filter(|path| path.as_str().starts_with('/'))?;
        HeaderValue::try_from(format!("https://{authority}{path}")).ok()
    }

    /// The host that the request names, if it is certainly ours. INVARIANT: nothing of an unknown
    /// `Host` reaches the response.
    fn own_host(&self, headers: &HeaderMap, local: SocketAddr) -> Option<String> {
        let mut named = headers.get_all(HOST).iter();
        let (Some(only), None) = (named.next(), named.next()) else { return None };
        let named = authority(only.to_str().ok()?)?;
        let host = named.host().to_ascii_lowercase();
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&host);
        let is_ours = match bare.parse::<IpAddr>() {
            Ok(address) => address.to_canonical() == local.ip().to_canonical(),
            Err(_) => host == "localhost" || self.hosts.load().contains(&host),
        };
        is_ours.then_some(host)
    }
}

impl Handler for Redirect {
    fn call(
        &self,
        request: Request<Body>,
        connection: Connection,
    ) -> BoxFuture<'static, Response<Body>> {
        std::future::ready(self.answer(&request, connection.local)).boxed()
    }
}

/// `host` or `host:port`, with nobody's name in front.
fn named(hosts: &[String]) -> Result<BTreeSet<String>, RedirectError> {
    let host = |text: &String| {
        authority(text)
            .filter(|parsed| parsed.port().is_none())
            .map(|parsed| parsed.host().to_ascii_lowercase())
            .ok_or_else(|| RedirectError(text.clone()))
    };
    hosts.iter().map(host).collect()
}

fn authority(text: &str) -> Option<Authority> {
    let parsed = text.parse::<Authority>().ok()?;
    let has_port = parsed.as_str().len() > parsed.host().len();
    let is_plain = !text.contains('@') && !parsed.host().is_empty();
    (is_plain && has_port == parsed.port_u16().is_some()).then_some(parsed)
}

fn redirection(target: HeaderValue) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, target);
    response
}

fn refusal() -> Response<Body> {
    let problem = json!({
        "status": HTTPS_REQUIRED.status,
        "code": HTTPS_REQUIRED.name,
        "title": HTTPS_REQUIRED.title,
        "detail": HTTPS_REQUIRED.mend,
    });
    let mut response = Response::new(Body::from(problem.to_string()));
    *response.status_mut() = StatusCode::FORBIDDEN;
    let problem_json = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, problem_json);
    response
}

/// Plain HTTP was spoken where it cannot be redirected.
pub const HTTPS_REQUIRED: Code = Code {
    status: 403,
    name: "transport.https_required",
    title: "This API answers over HTTPS only",
    mend: "Use an https:// URL; treat credentials that were sent without TLS as leaked.",
};

/// The problems of listeners.
pub const CODES: &[&Code] = &[&HTTPS_REQUIRED, &NOT_IMPLEMENTED, &TARGET_TOO_LONG];

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: &str = "192.0.2.7:8080";

    fn redirect(public_authority: Option<&str>) -> Redirect {
        Redirect::new(&RedirectConfig {
            hosts: vec!["API.example.test".to_owned()],
            public_authority: public_authority.map(str::to_owned),
            https_port: Some(8443),
        })
        .unwrap()
    }

    fn ask(redirect: &Redirect, method: &str, uri: &str, hosts: &[&str]) -> (u16, Option<String>) {
        let mut request = Request::builder().method(method).uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = redirect.answer(&request, LOCAL.parse().unwrap());
        let location = response.headers().get(LOCATION);
        let location = location.map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), location)
    }

    #[test]
    fn hosts_that_are_not_ours_are_never_reflected() {
        for hosts in [
            &["evil.test"][..],
            &["api.example.test.evil.test"],
            &["api.example.test@evil.test"],
            &["192.0.2.8"],
            &["api.example.test", "api.example.test"],
            &["api.example.test:99999"],
            &["api.example.test:"],
            &["[::1"],
            &[""],
            &[],
        ] {
            assert_eq!(ask(&redirect(None), "GET", "/", hosts), (403, None), "{hosts:?}");
            assert_eq!(
                ask(&redirect(Some("api.example.test")), "GET", "/a?b", hosts),
                (308, Some("https://api.example.test/a?b".to_owned())),
                "{hosts:?}"
            );
        }
    }

    #[test]
    fn only_reading_methods_are_redirected() {
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
            let answer = ask(&redirect(Some("api.example.test")), method, "/", &["localhost"]);

            assert_eq!(answer, (403, None), "{method}");
        }
    }

    #[test]
    fn requests_to_a_proxy_are_refused() {
        let answer = ask(&redirect(None), "GET", "http://localhost/", &["localhost"]);

        assert_eq!(answer, (403, None));
    }

    #[test]
    fn our_hosts_keep_their_name_and_path_and_get_the_port() {
        for (host, expected) in [
            ("api.Example.test:80", "https://api.example.test:8443/v1/jobs?q=%0d"),
            ("localhost", "https://localhost:8443/v1/jobs?q=%0d"),
            ("192.0.2.7:8080", "https://192.0.2.7:8443/v1/jobs?q=%0d"),
        ] {
            let answer = ask(&redirect(None), "GET", "/v1/jobs?q=%0d", &[host]);

            assert_eq!(answer, (308, Some(expected.to_owned())));
        }
    }

    #[test]
    fn names_in_the_configuration_are_checked() {
        for host in ["", "a b", "a@b", "https://a", "a:80", "a/b"] {
            let config = RedirectConfig { hosts: vec![host.to_owned()], ..Default::default() };

            assert!(Redirect::new(&config).is_err(), "{host}");
        }
    }
}
