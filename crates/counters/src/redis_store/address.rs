//! Where Redis is, and that nobody in between can read or answer (control: TLS-4).

use redis::{Client, ConnectionAddr, TlsCertificates};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Redis cannot be asked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisError {
    /// The URL is none.
    #[error("expected `rediss://host:port/database`, or `redis://` on this machine")]
    Url,
    /// Whoever is on the way could read keys and make up counts.
    #[error("expected `rediss://`: a Redis on another machine is asked over TLS only")]
    PlainText,
    /// The name of a certificate would not be looked at.
    #[error("expected no `#insecure`: a Redis must prove its name")]
    Insecure,
    /// Authorities that nobody asks.
    #[error("expected `rediss://` where authorities are given")]
    NoTls,
    /// No certificate in PEM form.
    #[error("expected certificates of authorities in PEM form")]
    Authorities,
}

/// A client that does not connect yet.
pub(super) fn client(url: String, ca_pem: Option<Vec<u8>>) -> Result<Client, RedisError> {
    let client = Client::open(url.as_str()).map_err(|_| RedisError::Url)?;
    match (client.get_connection_info().addr(), ca_pem) {
        (ConnectionAddr::Tcp(host, _), _) if !is_here(host) => Err(RedisError::PlainText),
        (ConnectionAddr::TcpTls { insecure: true, .. }, _) => Err(RedisError::Insecure),
        (ConnectionAddr::TcpTls { .. }, Some(pem)) => believing(url, pem),
        (_, Some(_)) => Err(RedisError::NoTls),
        (_, None) => Ok(client),
    }
}

fn believing(url: String, pem: Vec<u8>) -> Result<Client, RedisError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    if !all.is_ok_and(|all| !all.is_empty()) {
        return Err(RedisError::Authorities);
    }
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem) };
    Client::build_with_tls(url, certificates).map_err(|_| RedisError::Authorities)
}

/// This machine.
fn is_here(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str, ca_pem: Option<&str>) -> Option<RedisError> {
        client(url.to_owned(), ca_pem.map(|pem| pem.as_bytes().to_vec())).err()
    }

    #[test]
    fn another_machine_is_asked_over_tls_only_and_proves_its_name() {
        for (url, expected) in [
            ("redis://cache:6379/0", RedisError::PlainText),
            ("redis://:hunter2@192.0.2.1/0", RedisError::PlainText),
            ("redis://localhost.example/0", RedisError::PlainText),
            ("redis://[2001:db8::1]:6379/0", RedisError::PlainText),
            ("rediss://cache:6379/0#insecure", RedisError::Insecure),
            ("cache:6379", RedisError::Url),
        ] {
            assert_eq!(refusal(url, None), Some(expected), "{url}");
        }
        for url in ["redis://127.0.0.1:6379/0", "redis://[::1]/1", "redis://localhost/0"] {
            assert_eq!(refusal(url, None), None, "{url}");
            assert_eq!(refusal(url, Some("")), Some(RedisError::NoTls), "{url}");
        }
        assert_eq!(refusal("rediss://cache:6379/0", None), None);
        assert_eq!(refusal("rediss://cache:6379/0", Some("x")), Some(RedisError::Authorities));
    }
}
