//! Authorities that issue certificates to clients, and clients that issue their own.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::pki_types::CertificateDer;

/// An authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new one of this name.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = params(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.extended_key_usages = Vec::new();
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// Its own certificate, for a bundle.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a client with this common name and these DNS names.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn issue(
        &self,
        name: &str,
        dns: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> CertificateDer<'static> {
        let mut params = params(name, dns);
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        params.signed_by(&key, &self.0).expect("a certificate").der().clone()
    }
}

/// A certificate that a client issued to itself.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn self_signed(name: &str, dns: &[&str]) -> CertificateDer<'static> {
    let key = KeyPair::generate().expect("a key");
    params(name, dns).self_signed(&key).expect("a certificate").der().clone()
}

fn params(name: &str, dns: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let names = dns.iter().map(|name| (*name).try_into().expect("a DNS name"));
    params.subject_alt_names = names.map(SanType::DnsName).collect();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}
