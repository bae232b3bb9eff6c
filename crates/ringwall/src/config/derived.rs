//! What follows from the configuration once the listener is bound.

use std::net::SocketAddr;

use super::origin::{Host, HttpsOrigin};
use super::sections::Config;

/// The names by which callers and tokens know this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrls {
    /// Where callers find the API.
    pub(crate) public_url: String,
    /// Issuer of access tokens.
    pub(crate) issuer: String,
    /// Audience of access tokens.
    pub(crate) audience: String,
    /// Where clients are asked for certificates, if not at the public URL.
    pub(crate) mtls_url: Option<String>,
}

impl Config {
    /// The public names, where `bound` is the address that the listener has, its port taken.
    #[must_use]
    pub(crate) fn public_urls(&self, bound: SocketAddr) -> PublicUrls {
        let public_url = self.server.public_url.clone().unwrap_or_else(|| derive(bound));
        let public_url = public_url.as_str().to_owned();
        let issuer = self.identity.issuer.as_ref().map(|url| url.as_str().to_owned());
        let audience = self.identity.audience.as_ref().map(|uri| uri.as_str().to_owned());
        PublicUrls {
            issuer: issuer.unwrap_or_else(|| public_url.clone()),
            audience: audience.unwrap_or_else(|| public_url.clone()),
            public_url,
            mtls_url: None,
        }
    }
}

impl PublicUrls {
    /// With a listener of its own for certificates at `bound`.
    #[must_use]
    pub(crate) fn with_mtls(self, config: &Config, bound: Option<SocketAddr>) -> Self {
        let url =
            bound.map(|bound| config.server.mtls_url.clone().unwrap_or_else(|| derive(bound)));
        Self { mtls_url: url.map(|url| url.as_str().to_owned()), ..self }
    }
}

/// A listener on this machine, or on all addresses, is found as localhost.
fn derive(bound: SocketAddr) -> HttpsOrigin {
    let ip = bound.ip();
    let host = if ip.is_loopback() || ip.is_unspecified() {
        Host::Name("localhost".to_owned())
    } else {
        Host::Address(ip)
    };
    HttpsOrigin::new(&host, bound.port())
}
