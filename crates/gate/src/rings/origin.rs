//! Who is on the wire: the true address, also behind proxies that we trust.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use kernel::Problem;
use oauth::Certificate;

use crate::App;
use crate::cidr::Cidr;
use crate::listener::Connection;
use crate::ring::{Next, Response, Ring, Visit};
use crate::tls::ShownBy;
use crate::tls::client::{CLIENT_CERT, CLIENT_CERT_CHAIN};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("origin", app, pass)
}

async fn pass(app: Arc<App>, mut visit: Visit, next: Next) -> Result<Response, Problem> {
    let Some(connection) = visit.request.extensions().get::<Connection>().cloned() else {
        return Err(Problem::internal("a request without a connection"));
    };
    let peer = connection.peer.ip().to_canonical();
    let headers = visit.request.headers_mut();
    let trusted = &visit.dossier.posture().named.proxies;
    visit.dossier.found_origin(true_address(peer, headers, trusted));
    let is_proxy = trusted.iter().any(|cidr| cidr.contains(peer));
    if let Some(shown) = certificate(&app, (&connection, is_proxy), headers) {
        visit.dossier.found_certificate(shown);
    }
    strip(headers);
    Ok(next.run(visit).await)
}

/// RFC 9700 §4.13: what a proxy may assert must not reach the inside from a stranger.
fn strip(headers: &mut HeaderMap) {
    for name in ASSERTED_BY_PROXIES {
        headers.remove(*name);
    }
}

/// The client's certificate: of its handshake with us, or with a proxy that we trust. Never both: a
/// proxy's own certificate is none of its clients'.
fn certificate(
    app: &App,
    (connection, is_proxy): (&Connection, bool),
    headers: &HeaderMap,
) -> Option<Arc<Certificate>> {
    let judge = app.certificates.as_ref()?;
    let now = app.clock.now();
    match judge.by() {
        ShownBy::Handshake if !is_proxy => connection.tls.as_ref()?.certificate(judge, now),
        ShownBy::Proxy if is_proxy => judge.told(headers, now).map(Arc::new),
        ShownBy::Handshake | ShownBy::Proxy => None,
    }
}

/// Walks `X-Forwarded-For` from the right, past proxies that we trust, to the first address that
/// we do not: everything left of it is hearsay.
pub(crate) fn true_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Cidr]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|cidr| cidr.contains(address));
    if !is_trusted(peer) {
        return peer;
    }
    let mut nearest = peer;
    let hops = headers.get_all("x-forwarded-for").iter().rev();
    for hop in hops.filter_map(|value| value.to_str().ok()).flat_map(|list| list.rsplit(',')) {
        let Ok(address) = hop.trim().parse::<IpAddr>() else { return nearest };
        nearest = address.to_canonical();
        if !is_trusted(nearest) {
            return nearest;
        }
    }
    nearest
}

const ASSERTED_BY_PROXIES: &[&str] = &[
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-real-ip",
    CLIENT_CERT,
    CLIENT_CERT_CHAIN,
    "x-client-cert",
    "x-ssl-client-cert",
    "x-forwarded-user",
    "x-remote-user",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, forwarded: &[&str]) -> IpAddr {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        true_address(peer.parse().unwrap(), &headers, &trusted)
    }

    #[test]
    fn what_a_proxy_may_assert_does_not_come_in_from_a_stranger() {
        let mut headers = HeaderMap::new();
        for name in ["Client-Cert", "Forwarded", "X-Forwarded-User", "X-Remote-User", "Accept"] {
            headers.append(http::HeaderName::try_from(name).unwrap(), "a".parse().unwrap());
            headers.append(http::HeaderName::try_from(name).unwrap(), "b".parse().unwrap());
        }

        strip(&mut headers);

        assert_eq!(headers.keys().collect::<Vec<_>>(), ["accept"]);
    }

    #[test]
    fn a_stranger_cannot_claim_another_address() {
        assert_eq!(address("203.0.113.9", &["198.51.100.1"]).to_string(), "203.0.113.9");
    }

    #[test]
    fn hearsay_left_of_an_untrusted_hop_is_ignored() {
        let found = address("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.2.2.2"]);

        assert_eq!(found.to_string(), "198.51.100.7");
    }

    #[test]
    fn garbage_from_a_proxy_leaves_the_nearest_known_hop() {
        assert_eq!(address("10.0.0.1", &["unknown, 10.0.0.9"]).to_string(), "10.0.0.9");
    }

    #[test]
    fn several_header_lines_are_one_list() {
        let found = address("10.0.0.1", &["9.9.9.9", "198.51.100.7, 10.0.0.3"]);

        assert_eq!(found.to_string(), "198.51.100.7");
    }
}
