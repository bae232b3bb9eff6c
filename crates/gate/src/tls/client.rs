//! Certificates of clients: asked for and not demanded, taken when well-formed and of this time.
//!
//! Whose a certificate is, and whether it had to be of an authority, is not for the handshake to
//! say: a self-signed one that a client registered is as good (RFC 8705 §2.2).

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use http::HeaderMap;
use kernel::Timestamp;
use oauth::Certificate;
use oauth::certificate::CERTIFICATE_BYTES_MAX;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};

use super::{TlsError, provider};

/// Who may show certificates, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownBy {
    /// The client itself, in its handshake with us.
    Handshake,
    /// A proxy that is trusted, in `Client-Cert` (RFC 9440).
    Proxy,
}

/// Judges what clients show.
#[derive(Debug)]
pub struct ClientCertificates {
    by: ShownBy,
    /// Judges chains; nothing where no authority is trusted.
    authorities: Option<Arc<dyn ClientCertVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertificates {
    /// Trusts the authorities of a PEM bundle for the names in what they issue; without one, none.
    ///
    /// # Errors
    /// When the bundle has no certificate, or one that cannot be an authority.
    pub fn new(by: ShownBy, authorities_pem: Option<&[u8]>) -> Result<Self, TlsError> {
        let provider = provider();
        let authorities = match authorities_pem {
            Some(pem) => {
                let roots = Arc::new(roots(pem)?);
                let built = WebPkiClientVerifier::builder_with_provider(roots, provider.clone());
                Some(built.build().map_err(|_| malformed())?)
            }
            None => None,
        };
        let algorithms = provider.signature_verification_algorithms;
        Ok(Self { by, authorities, algorithms })
    }

    /// How clients show them.
    #[must_use]
    pub const fn by(&self) -> ShownBy {
        self.by
    }

    /// What a chain of certificates, the client's first, is worth now; nothing where it is none of
    /// a client, or not of this time.
    #[must_use]
    pub fn judge(&self, chain: &[CertificateDer<'_>], now: Timestamp) -> Option<Certificate> {
        let seconds = u64::try_from(now.seconds()).ok()?;
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let certificate = read(chain, time).ok()?;
        let (first, others) = chain.split_first()?;
        let is_trusted = self
            .authorities
            .as_ref()
            .is_some_and(|known| known.verify_client_cert(first, others, time).is_ok());
        Some(if is_trusted { certificate.trusted() } else { certificate })
    }

    /// What a trusted proxy says that its client showed (RFC 9440 §2).
    #[must_use]
    pub fn told(&self, headers: &HeaderMap, now: Timestamp) -> Option<Certificate> {
        let mut first = headers.get_all(CLIENT_CERT).iter();
        let (Some(first), None) = (first.next(), first.next()) else { return None };
        let mut chain = vec![sequence(first.to_str().ok()?)?];
        for line in headers.get_all(CLIENT_CERT_CHAIN) {
            for item in line.to_str().ok()?.split(',') {
                if chain.len() >= CHAIN_MAX {
                    return None;
                }
                chain.push(sequence(item)?);
            }
        }
        self.judge(&chain, now)
    }
}

/// A structured field's byte sequence (RFC 9651 §3.3.5), without parameters.
fn sequence(item: &str) -> Option<CertificateDer<'static>> {
    let item = item.trim_matches([' ', '\t']);
    let text = item.strip_prefix(':')?.strip_suffix(':')?;
    if text.len() > CERTIFICATE_BYTES_MAX * 2 {
        return None;
    }
    Some(BASE64.decode(text.as_bytes()).ok()?.into())
}

/// What must hold for every certificate, before anything expensive is done for it.
fn read(chain: &[CertificateDer<'_>], now: UnixTime) -> Result<Certificate, CertificateError> {
    let bytes: usize = chain.iter().map(|one| one.len()).sum();
    if chain.len() > CHAIN_MAX || bytes > CHAIN_BYTES_MAX {
        return Err(CertificateError::BadEncoding);
    }
    let first = chain.first().ok_or(CertificateError::BadEncoding)?;
    let read = Certificate::read(first).map_err(|error| match error {
        oauth::CertificateError::Malformed => CertificateError::BadEncoding,
        oauth::CertificateError::Usage => CertificateError::InvalidPurpose,
    })?;
    let millis = i64::try_from(now.as_secs()).unwrap_or(i64::MAX).saturating_mul(1000);
    if read.holds(Timestamp::from_millis(millis)) {
        Ok(read)
    } else {
        Err(CertificateError::Expired)
    }
}

/// The first certificate of a PEM file.
///
/// # Errors
/// When it has none.
pub fn first_certificate(pem: &[u8]) -> Result<CertificateDer<'static>, TlsError> {
    CertificateDer::from_pem_slice(pem).map_err(|_| TlsError::Malformed {
        expected: "a certificate",
        place: "the file".to_owned(),
    })
}

fn roots(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| malformed())?;
        roots.add(certificate).map_err(|_| malformed())?;
    }
    if roots.is_empty() { Err(malformed()) } else { Ok(roots) }
}

fn malformed() -> TlsError {
    TlsError::Malformed {
        expected: "certificates of authorities",
        place: "the clients' authorities".to_owned(),
    }
}

impl ClientCertVerifier for ClientCertificates {
    fn offer_client_auth(&self) -> bool {
        self.by == ShownBy::Handshake
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No hints: whoever has a self-signed certificate would not show it.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let chain: Vec<CertificateDer<'_>> =
            std::iter::once(end_entity).chain(intermediates).cloned().collect();
        read(&chain, now).map_err(Error::InvalidCertificate)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// What a proxy says that its client showed.
pub(crate) const CLIENT_CERT: &str = "client-cert";
/// And with which certificates between it and an authority.
pub(crate) const CLIENT_CERT_CHAIN: &str = "client-cert-chain";
/// A client's certificate and what stands between it and an authority.
const CHAIN_MAX: usize = 5;
const CHAIN_BYTES_MAX: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn shown() -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    fn header(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(
            http::HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )])
    }

    /// In the middle of 2026.
    const NOW: Timestamp = Timestamp::from_millis(1_782_000_000_000);

    #[test]
    fn a_bundle_without_authorities_is_refused() {
        for pem in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let made = ClientCertificates::new(ShownBy::Handshake, Some(pem.as_bytes()));
            assert!(matches!(made, Err(TlsError::Malformed { .. })), "{pem:?}");
        }
    }

    #[test]
    fn what_is_no_byte_sequence_is_no_certificate() {
        let judge = ClientCertificates::new(ShownBy::Proxy, None).unwrap();
        let text = BASE64.encode(&shown());
        let good = header(CLIENT_CERT, &format!(":{text}:"));
        let mut twice = good.clone();
        twice.append(CLIENT_CERT, HeaderValue::from_str(&format!(":{text}:")).unwrap());
        let mut long = good.clone();
        let chain = vec![format!(":{text}:"); CHAIN_MAX].join(", ");
        long.append(CLIENT_CERT_CHAIN, HeaderValue::from_str(&chain).unwrap());

        assert!(judge.told(&good, NOW).is_some());
        for wrong in [
            header(CLIENT_CERT, &text),
            header(CLIENT_CERT, &format!(":{text}")),
            header(CLIENT_CERT, ":%%:"),
            header(CLIENT_CERT, "::"),
            header(CLIENT_CERT_CHAIN, &format!(":{text}:")),
            twice,
            long,
        ] {
            assert_eq!(judge.told(&wrong, NOW), None);
        }
        assert_eq!(judge.told(&good, Timestamp::from_millis(0)), None);
    }
}
