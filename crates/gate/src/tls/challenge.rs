//! What a public authority sees that asks whether a name is ours: TLS-ALPN-01 (RFC 8737).
//!
//! The authority opens a connection to the name, asks for the protocol `acme-tls/1` and nothing
//! else, and reads one certificate, which says that we know what it asked. Nothing is served.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::Secret;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::ClientHello;
use rustls::sign::CertifiedKey;

use crate::tls::{ALPN_ACME, TlsError, provider};

/// The names that an authority is about to ask for. Clones share them.
#[derive(Clone, Default)]
pub struct Challenges(Arc<Mutex<HashMap<String, Arc<CertifiedKey>>>>);

/// One name's answer; given for as long as this lives.
pub struct Pending {
    challenges: Challenges,
    name: String,
}

/// A request for a certificate, and the key that it is for.
#[derive(Debug)]
pub struct Requested {
    /// PKCS #10 in DER form.
    pub csr: Vec<u8>,
    /// The private key in PEM form (PKCS #8); the authority never sees it.
    pub key_pem: Secret<String>,
}

impl Challenges {
    /// Answers for `name` with this SHA-256 of the key authorization, until the result is dropped.
    ///
    /// # Errors
    /// When the name is no DNS name, or no key can be made.
    pub fn answer(&self, name: &str, digest: &[u8; 32]) -> Result<Pending, TlsError> {
        let name = name.to_ascii_lowercase();
        let mut params = CertificateParams::new(vec![name.clone()])?;
        params.distinguished_name = DistinguishedName::new();
        // RFC 8737 §3: critical, and the name is the only one.
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        // Not `certified`: rustls's check knows no critical extension of RFC 8737.
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let key = provider().key_provider.load_private_key(key.into())?;
        let shown = CertifiedKey::new(vec![certificate.der().clone()], key);
        self.names().insert(name.clone(), Arc::new(shown));
        Ok(Pending { challenges: self.clone(), name })
    }

    /// The certificate for a client that asks for a challenge of a name that is being asked for.
    pub(super) fn shown(&self, hello: &ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_ascii_lowercase();
        self.names().get(&name).cloned()
    }

    fn names(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<CertifiedKey>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.challenges.names().remove(&self.name);
    }
}

impl std::fmt::Debug for Challenges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Challenges").finish_non_exhaustive()
    }
}

/// Whether a client asks for a challenge: for its protocol, and for nothing else.
pub(super) fn is_asked(hello: &ClientHello<'_>) -> bool {
    let mut protocols = hello.alpn().into_iter().flatten();
    protocols.next() == Some(ALPN_ACME) && protocols.next().is_none()
}

/// A new key, and the request for a certificate of these names.
///
/// # Errors
/// When one of them is no DNS name, or no key can be made.
pub fn request(names: &[String]) -> Result<Requested, TlsError> {
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name = DistinguishedName::new();
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let csr = params.serialize_request(&key)?.der().to_vec();
    Ok(Requested { csr, key_pem: Secret::new(key.serialize_pem()) })
}
