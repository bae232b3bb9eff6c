//! Hosts, and origins of the web: scheme, host, port.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use super::words::Word;

/// A host as certificates and `Host` headers name it, lower case, without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// A DNS name.
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// An https origin: `https://host` or `https://host:port`, lower case, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpsOrigin(String);

/// An origin that pages come from: https, or http on the same machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BrowserOrigin(String);

/// Whom tokens are for: any URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Audience(String);

impl Host {
    /// Whether it is this machine.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Self::Address(address) => address.is_loopback(),
        }
    }
}

/// The host alone; an IPv6 address has no brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl HttpsOrigin {
    /// The origin of this host, and port unless it is 443.
    #[must_use]
    pub(crate) fn new(host: &Host, port: u16) -> Self {
        Self(origin("https", 443, host, port))
    }

    /// The origin.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl BrowserOrigin {
    /// The origin, as browsers write it.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Audience {
    /// The audience.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Word for Host {
    const EXPECTED: &'static str =
        "a host name or address without scheme and port, such as `api.example.com`";

    fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse() {
            return Some(Self::Address(address));
        }
        // RFC 1123 §2.1. A last label of digits only would be a mistyped address.
        let name = text.to_ascii_lowercase();
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let last = name.rsplit('.').next().unwrap_or_default();
        let fits = name.len() <= 253
            && name.split('.').all(is_label)
            && !last.bytes().all(|b| b.is_ascii_digit());
        fits.then_some(Self::Name(name))
    }
}

impl Word for HttpsOrigin {
    const EXPECTED: &'static str = "an https URL without a path, such as `https://api.example.com`";

    fn parse(text: &str) -> Option<Self> {
        let (host, port) = host_and_port(text.strip_prefix("https://")?)?;
        Some(Self::new(&host, port.unwrap_or(443)))
    }
}

impl Word for BrowserOrigin {
    const EXPECTED: &'static str =
        "an origin such as `https://app.example.com`; http is for localhost only";

    fn parse(text: &str) -> Option<Self> {
        if let Some(HttpsOrigin(origin)) = HttpsOrigin::parse(text) {
            return Some(Self(origin));
        }
        let (host, port) = host_and_port(text.strip_prefix("http://")?)?;
        host.is_local().then(|| Self(origin("http", 80, &host, port.unwrap_or(80))))
    }
}

impl Word for Audience {
    const EXPECTED: &'static str = "a URI such as `https://api.example.com`";

    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let fits = text.len() <= 200
            && !scheme.is_empty()
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric())
            && !rest.is_empty()
            && rest.bytes().all(|b| b.is_ascii_graphic() && !b"\"\\<>#".contains(&b));
        fits.then(|| Self(text.to_owned()))
    }
}

/// Reads `host`, `host:port`, `[address]` or `[address]:port`, with at most one slash after it.
pub(super) fn host_and_port(text: &str) -> Option<(Host, Option<u16>)> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']')?;
            let address: Ipv6Addr = address.parse().ok()?;
            let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
            (Host::Address(address.into()), port)
        }
        None => {
            let (name, port) =
                text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
            (Host::parse(name)?, port)
        }
    };
    let port = match port {
        None => None,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            Some(digits.parse().ok().filter(|port| *port != 0)?)
        }
        Some(_) => return None,
    };
    Some((host, port))
}

fn origin(scheme: &str, usual_port: u16, host: &Host, port: u16) -> String {
    let host = match host {
        Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
        host => host.to_string(),
    };
    if port == usual_port {
        format!("{scheme}://{host}")
    } else {
        format!("{scheme}://{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_https_origin_has_no_path_user_or_other_scheme() {
        for text in [
            "",
            "api.example.com",
            "http://api.example.com",
            "https://",
            "https://api.example.com/v1",
            "https://api.example.com//",
            "https://mara@api.example.com",
            "https://api.example.com:",
            "https://api.example.com:+1",
            "https://api.example.com:0",
            "https://api.example.com:65536",
            "https://::1",
            "https://[::1",
            "https://[::1]x",
            "https://exa mple.com",
            "https://-a.com",
            "https://1.2.3",
        ] {
            assert_eq!(HttpsOrigin::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_origin_is_written_as_browsers_do() {
        for (text, origin) in [
            ("https://API.example.com/", "https://api.example.com"),
            ("https://api.example.com:443", "https://api.example.com"),
            ("https://localhost:8443", "https://localhost:8443"),
            ("https://[::1]:8443", "https://[::1]:8443"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
        ] {
            let read = BrowserOrigin::parse(text);

            assert_eq!(read.as_ref().map(BrowserOrigin::as_str), Some(origin), "{text}");
        }
    }

    #[test]
    fn pages_from_elsewhere_must_come_over_https() {
        for text in ["http://app.example.com", "null", "*", "https://*.example.com"] {
            assert_eq!(BrowserOrigin::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_host_has_no_scheme_and_no_port() {
        for text in ["", "https://a.com", "a.com:443", "a..com", "a_b.com", "*.a.com", "1.2.3.4.5"]
        {
            assert_eq!(Host::parse(text), None, "{text}");
        }
        assert_eq!(
            Host::parse("API.Example.com").map(|h| h.to_string()),
            Some("api.example.com".into())
        );
        assert!(matches!(Host::parse("::1"), Some(Host::Address(_))));
    }

    #[test]
    fn an_audience_is_a_uri() {
        for text in ["", "api", "https:", ":x", "https://a b", "urn:x#y"] {
            assert_eq!(Audience::parse(text), None, "{text}");
        }
        assert!(Audience::parse("urn:ringwall:api").is_some());
    }
}
