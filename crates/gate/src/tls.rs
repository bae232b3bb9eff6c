//! TLS of the listeners: which versions and suites, and which certificate.
//!
//! TLS 1.3 unless the operator asks for 1.2 as well; nothing older exists.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use serde::Deserialize;

pub mod certificate;
pub mod challenge;
pub mod client;
pub mod local_ca;

pub use certificate::{Life, NextCertificate, ServerCertificate, life};
pub use challenge::{Challenges, Pending, Requested, request};
pub use client::{ClientCertificates, ShownBy, first_certificate};
pub use local_ca::{Issued, LocalCa, Renewal};

/// Which certificate a listener shows, and how old a client may be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// PEM file with the certificate and its intermediates; without it, the local CA issues one.
    pub cert_file: Option<PathBuf>,
    /// PEM file with the private key; only its owner may be able to read it.
    pub key_file: Option<PathBuf>,
    /// DNS names and addresses that the local CA adds to `localhost` and the loopback addresses.
    pub names: Vec<String>,
    /// Also TLS 1.2 (ECDHE and AEAD only), for old partners.
    pub tls12: bool,
    /// How often the files are looked at for a renewed certificate.
    pub reload_interval_ms: u64,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            cert_file: None,
            key_file: None,
            names: Vec::new(),
            tls12: false,
            reload_interval_ms: 60_000,
        }
    }
}

impl TlsConfig {
    /// The certificate's and the key's file; nothing when the local CA is to issue a certificate.
    ///
    /// # Errors
    /// When only one of the two is named.
    pub fn files(&self) -> Result<Option<(&Path, &Path)>, TlsError> {
        match (&self.cert_file, &self.key_file) {
            (Some(cert), Some(key)) => Ok(Some((cert, key))),
            (None, None) => Ok(None),
            (Some(_), None) | (None, Some(_)) => Err(TlsError::HalfNamed),
        }
    }
}

/// TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate without its key, or a key without its certificate.
    #[error("expected both `cert_file` and `key_file`, found one of them")]
    HalfNamed,
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        cause: std::io::Error,
    },
    /// Others than its owner may read the private key.
    #[error("key file `{path}` has mode {mode:o}: expected 600, readable by its owner only")]
    KeyExposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not the PEM that is expected.
    #[error("expected {expected} in PEM form in {place}")]
    Malformed {
        /// What is missing.
        expected: &'static str,
        /// Where it was looked for.
        place: String,
    },
    /// Not a DNS name or an IP address.
    #[error("expected a DNS name or an IP address, found `{0}`")]
    Name(String),
    /// The certificate and its key cannot be used.
    #[error("cannot use the certificate and its key")]
    Unusable(#[from] rustls::Error),
    /// A certificate and the key of another.
    #[error("the certificate and the key do not belong together")]
    Strangers,
    /// The local CA cannot make a certificate.
    #[error("cannot make a certificate")]
    Unmade(#[from] rcgen::Error),
}

/// The TLS side of a listener that shows `certificate`, and asks clients for theirs where somebody
/// judges them.
///
/// # Errors
/// When the cryptographic module has no randomness or does not support the versions.
pub fn server_config(
    certificate: Arc<ServerCertificate>,
    tls12: bool,
    clients: Option<Arc<ClientCertificates>>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let versions: &[_] = if tls12 {
        // control: TLS-2. rustls knows no TLS 1.2 suite without ECDHE and AEAD.
        &[&rustls::version::TLS13, &rustls::version::TLS12]
    } else {
        &[&rustls::version::TLS13]
    };
    let builder =
        ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions)?;
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(clients),
        None => builder.with_no_client_auth(),
    };
    let answers_challenges = certificate.answers_challenges();
    let mut config = builder.with_cert_resolver(certificate);
    // Equally strong suites all; but with TLS 1.2 we choose among them, not the client.
    config.ignore_client_order = tls12;
    config.alpn_protocols = vec![ALPN_H2.to_vec(), ALPN_HTTP11.to_vec()];
    if answers_challenges {
        config.alpn_protocols.push(ALPN_ACME.to_vec());
    }
    // Resumption is stateless, with keys that rotate by themselves; early data stays off (0-RTT
    // requests could be replayed).
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(Arc::new(config))
}

/// The one cryptographic module.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

pub(crate) const ALPN_H2: &[u8] = b"h2";
pub(crate) const ALPN_HTTP11: &[u8] = b"http/1.1";
pub(crate) const ALPN_ACME: &[u8] = b"acme-tls/1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_file_without_a_key_file_is_refused() {
        let config = TlsConfig { cert_file: Some("cert.pem".into()), ..TlsConfig::default() };

        assert!(matches!(config.files(), Err(TlsError::HalfNamed)));
    }

    #[test]
    fn every_suite_is_forward_secret_and_authenticated() {
        for suite in &provider().cipher_suites {
            let name = format!("{:?}", suite.suite());
            let is_modern = name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_");

            assert!(is_modern, "{name}");
            assert!(name.contains("_GCM_") || name.contains("CHACHA20_POLY1305"), "{name}");
        }
    }
}
