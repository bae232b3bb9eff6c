//! Where passkeys are good: one origin, and the name that authenticators know it by.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};

/// An origin with its relying party id, which is its host (WebAuthn §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    id: String,
    origin: String,
}

impl RelyingParty {
    /// Of the origin that people's browsers know us by. None where the host is an address: there
    /// browsers have no passkeys.
    #[must_use]
    pub fn of(public_url: &str) -> Option<Self> {
        let origin = public_url.trim_end_matches('/').to_ascii_lowercase();
        let authority = origin.strip_prefix("https://")?;
        let host = authority.split_once(':').map_or(authority, |(host, _)| host);
        let is_name = !host.is_empty()
            && host.parse::<IpAddr>().is_err()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        is_name.then(|| Self { id: host.to_owned(), origin: origin.clone() })
    }

    /// The relying party id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether a text is our origin, exactly (WebAuthn §13.4.9).
    pub(super) fn is_origin(&self, text: &str) -> bool {
        self.origin == text
    }

    /// Whether authenticator data was made for us.
    pub(super) fn is_hash(&self, hash: &[u8; 32]) -> bool {
        digest(&SHA256, self.id.as_bytes()).as_ref() == hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_named_host_under_https_has_passkeys() {
        for url in
            ["http://example.com", "https://192.0.2.1", "https://[::1]:8443", "https://", "ftp://x"]
        {
            assert_eq!(RelyingParty::of(url), None, "{url}");
        }
    }

    #[test]
    fn the_id_is_the_host_and_the_origin_has_the_port() {
        let at = RelyingParty::of("https://API.example.com:8443/").unwrap();

        assert_eq!(at.id(), "api.example.com");
        assert!(at.is_origin("https://api.example.com:8443"));
        assert!(!at.is_origin("https://api.example.com"));
        assert!(!at.is_origin("https://api.example.com:8443.evil.example"));
    }
}
