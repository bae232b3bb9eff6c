//! The section about certificates of a public authority: `[acme]`.

use std::path::PathBuf;

use oauth::provider::is_https;
use serde::Deserialize;

use super::origin::Host;
use super::words::{Word, list, optional, word};

/// Who issues the certificate, and for which names.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acme {
    /// The names of the certificate; none: nobody is asked.
    #[serde(deserialize_with = "list")]
    pub(crate) domains: Vec<Domain>,
    /// Whom the authority may write to.
    #[serde(deserialize_with = "optional")]
    pub(crate) contact: Option<Contact>,
    /// Where the authority is.
    #[serde(deserialize_with = "word")]
    pub(crate) directory_url: DirectoryUrl,
    /// Whether its terms are agreed to.
    pub(crate) terms_accepted: bool,
    /// Authorities that it is itself believed by; the system's where none.
    #[serde(deserialize_with = "optional")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// A name that a public authority vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Domain(String);

/// An address of mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contact(String);

/// The URL of an authority's directory (RFC 8555 §7.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryUrl(String);

impl Domain {
    /// The name, lower case.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Contact {
    /// As the protocol has it.
    pub(crate) fn uri(&self) -> String {
        format!("mailto:{}", self.0)
    }
}

impl DirectoryUrl {
    /// The URL.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Word for Domain {
    const EXPECTED: &'static str = "a DNS name with a dot in it, such as `api.example.com`; no \
                                    address and no `*`";

    fn parse(text: &str) -> Option<Self> {
        match Host::parse(text)? {
            Host::Name(name) if name.contains('.') => Some(Self(name)),
            _ => None,
        }
    }
}

impl Word for Contact {
    const EXPECTED: &'static str = "an address of mail, such as `ops@example.com`";

    fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._%+-".contains(&b);
        let fits = !local.is_empty() && text.len() <= 200 && local.bytes().all(is_plain);
        (fits && Domain::parse(domain).is_some()).then(|| Self(text.to_owned()))
    }
}

impl Word for DirectoryUrl {
    const EXPECTED: &'static str = "an https URL of an ACME directory";

    fn parse(text: &str) -> Option<Self> {
        (text.len() <= 500 && is_https(text)).then(|| Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_public_authority_vouches_for_is_no_domain() {
        for text in ["", "localhost", "192.0.2.1", "::1", "*.example.com", "a b.test", "a..b"] {
            assert_eq!(Domain::parse(text), None, "{text}");
        }
        assert_eq!(Domain::parse("API.Example.com"), Some(Domain("api.example.com".to_owned())));
    }

    #[test]
    fn an_authority_is_asked_over_https_only() {
        assert_eq!(DirectoryUrl::parse("http://ca.example.com/directory"), None);
        assert_eq!(DirectoryUrl::parse("ca.example.com"), None);
        assert!(DirectoryUrl::parse("https://ca.example.com/directory").is_some());
    }

    #[test]
    fn a_contact_is_one_address() {
        for text in ["", "ops", "@example.com", "ops@", "a@b", "a@example.com,b@example.com"] {
            assert_eq!(Contact::parse(text), None, "{text}");
        }
        let contact = Contact::parse("ops+tls@example.com").map(|contact| contact.uri());
        assert_eq!(contact.as_deref(), Some("mailto:ops+tls@example.com"));
    }
}
