//! The local certificate authority: HTTPS from the first start, without anybody's help.
//!
//! Pure: text in, text out. Name constraints keep a stolen CA key from vouching for the internet.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use kernel::{Secret, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, DnsName};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};

use crate::tls::TlsError;

/// A certificate authority that may speak for this machine and the configured names only.
pub struct LocalCa {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A server certificate with its key.
#[derive(Debug)]
pub struct Issued {
    /// The server's certificate in PEM form.
    pub chain_pem: String,
    /// Its private key in PEM form (PKCS#8).
    pub key_pem: Secret<String>,
}

/// What a stored server certificate needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It is good for a while.
    NotYet,
    /// It runs out soon, lacks a name, or is of another authority.
    Due,
}

impl LocalCa {
    /// A new authority for this machine and `names`.
    ///
    /// # Errors
    /// When one of `names` is neither a DNS name nor an address, or no key can be made.
    pub fn create(names: &[String], now: Timestamp) -> Result<Self, TlsError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params("Ringwall local CA", now, CA_LIFETIME);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: parse(names)?.into_iter().map(Name::subtree).collect(),
            excluded_subtrees: Vec::new(),
        });
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// Reads an authority back.
    ///
    /// # Errors
    /// When the text is no certificate and key; [`TlsError::Strangers`] when they are, but not of
    /// each other.
    pub fn parse(certificate_pem: &str, key_pem: &Secret<String>) -> Result<Self, TlsError> {
        let certificate = certificate(certificate_pem)?;
        let key = KeyPair::from_pem(key_pem.expose())?;
        if read(&certificate)?.public_key().raw != key.subject_public_key_info() {
            return Err(TlsError::Strangers);
        }
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Self { certificate, certificate_pem: certificate_pem.to_owned(), issuer })
    }

    /// The authority's certificate, for the trust stores of its clients.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The authority's private key (PKCS#8).
    #[must_use]
    pub fn key_pem(&self) -> Secret<String> {
        Secret::new(self.issuer.key().serialize_pem())
    }

    /// True when certificates for `names` would be believed: the name constraints cover them.
    ///
    /// # Errors
    /// When one of `names` is neither a DNS name nor an address.
    pub fn covers(&self, names: &[String]) -> Result<bool, TlsError> {
        let parsed = read(&self.certificate)?;
        let permitted = parsed
            .name_constraints()
            .ok()
            .flatten()
            .and_then(|found| found.value.permitted_subtrees.as_ref())
            .map(|subtrees| subtrees.iter().filter_map(|tree| known(&tree.base)).collect());
        let permitted: BTreeSet<Name> = permitted.unwrap_or_default();
        Ok(parse(names)?.is_subset(&permitted))
    }

    /// A new server certificate for this machine and `names`.
    ///
    /// # Errors
    /// When one of `names` is neither a DNS name nor an address, or no key can be made.
    pub fn issue(&self, names: &[String], now: Timestamp) -> Result<Issued, TlsError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params("Ringwall", now, SERVER_LIFETIME);
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.subject_alt_names =
            parse(names)?.into_iter().map(Name::alternative).collect::<Result<_, _>>()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key_pem = Secret::new(key.serialize_pem());
        Ok(Issued { chain_pem: certificate.pem(), key_pem })
    }

    /// Whether the server certificate in `chain_pem` must be issued anew.
    ///
    /// # Errors
    /// When one of `names` is neither a DNS name nor an address, or the text is no certificate.
    pub fn renewal(
        &self,
        chain_pem: &str,
        names: &[String],
        now: Timestamp,
    ) -> Result<Renewal, TlsError> {
        let der = certificate(chain_pem)?;
        let server = read(&der)?;
        let ours = read(&self.certificate)?;
        let ends = server.validity().not_after.timestamp();
        let is_fresh = now.plus(RENEW_BEFORE).seconds() < ends;
        let is_ours = authority(&server).is_some() && authority(&server) == subject(&ours);
        let is_complete = parse(names)? == alternatives(&server);
        let is_good = is_fresh && is_ours && is_complete;
        Ok(if is_good { Renewal::NotYet } else { Renewal::Due })
    }
}

impl std::fmt::Debug for LocalCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalCa").finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Dns(String),
    Address(IpAddr),
}

impl Name {
    fn subtree(self) -> GeneralSubtree {
        match self {
            Self::Dns(name) => GeneralSubtree::DnsName(name),
            Self::Address(address) => {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits))
            }
        }
    }

    fn alternative(self) -> Result<SanType, TlsError> {
        Ok(match self {
            Self::Dns(name) => SanType::DnsName(name.try_into()?),
            Self::Address(address) => SanType::IpAddress(address),
        })
    }
}

/// The names of this machine and the configured ones, each once.
fn parse(names: &[String]) -> Result<BTreeSet<Name>, TlsError> {
    let mut all = BTreeSet::from([
        Name::Dns("localhost".to_owned()),
        Name::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        Name::Address(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ]);
    for text in names {
        let name = match text.parse() {
            Ok(address) => Name::Address(address),
            Err(_) => DnsName::try_from(text.as_str())
                .map(|name| Name::Dns(name.to_lowercase_owned().as_ref().to_owned()))
                .map_err(|_| TlsError::Name(text.clone()))?,
        };
        all.insert(name);
    }
    Ok(all)
}

fn params(common_name: &str, now: Timestamp, lifetime: Duration) -> CertificateParams {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Ringwall");
    name.push(DnType::CommonName, common_name);
    let mut serial = kernel::random::bytes::<16>();
    // RFC 5280 §4.1.2.2: positive; the first byte is neither negative nor a leading zero.
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    let now = date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.not_before = now - CLOCK_SKEW;
    params.not_after = now + lifetime;
    params
}

fn certificate(pem: &str) -> Result<CertificateDer<'static>, TlsError> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| malformed())
}

fn read<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, TlsError> {
    X509Certificate::from_der(der).map(|(_, parsed)| parsed).map_err(|_| malformed())
}

fn malformed() -> TlsError {
    TlsError::Malformed { expected: "a certificate", place: "the given text".to_owned() }
}

fn alternatives(certificate: &X509Certificate<'_>) -> BTreeSet<Name> {
    let found = certificate.subject_alternative_name().ok().flatten();
    found.map_or_else(BTreeSet::new, |found| {
        found.value.general_names.iter().filter_map(known).collect()
    })
}

fn known(name: &GeneralName<'_>) -> Option<Name> {
    match name {
        GeneralName::DNSName(name) => Some(Name::Dns((*name).to_owned())),
        GeneralName::IPAddress(bytes) => {
            // Of a name constraint the first half is the address, the second its mask.
            let bytes = match bytes.len() {
                8 | 32 => bytes.get(..bytes.len() / 2)?,
                _ => bytes,
            };
            let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok().map(Name::Address)
        }
        _ => None,
    }
}

fn authority<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(found) => {
            found.key_identifier.as_ref().map(|key| key.0)
        }
        _ => None,
    })
}

fn subject<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(key) => Some(key.0),
        _ => None,
    })
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const CA_LIFETIME: Duration = Duration::from_secs(3652 * DAY.as_secs());
const SERVER_LIFETIME: Duration = Duration::from_secs(90 * DAY.as_secs());
/// A third of the life is left for a renewal that fails at first.
const RENEW_BEFORE: Duration = Duration::from_secs(30 * DAY.as_secs());
/// Clients' clocks may be behind.
const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn days(days: u32) -> Duration {
        DAY * days
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in ["", "a b", "https://x", "*", "..", "a,b"] {
            let refused = LocalCa::create(&names(&[name]), NOW);

            assert!(matches!(refused, Err(TlsError::Name(_))), "{name}");
        }
    }

    #[test]
    fn a_certificate_is_renewed_in_its_last_third() {
        let ca = LocalCa::create(&[], NOW).unwrap();
        let chain = ca.issue(&[], NOW).unwrap().chain_pem;

        assert_eq!(ca.renewal(&chain, &[], NOW.plus(days(59))).unwrap(), Renewal::NotYet);
        assert_eq!(ca.renewal(&chain, &[], NOW.plus(days(61))).unwrap(), Renewal::Due);
    }

    #[test]
    fn a_new_name_or_a_new_authority_makes_a_renewal_due() {
        let extra = names(&["api.example.test", "192.0.2.7"]);
        let ca = LocalCa::create(&extra, NOW).unwrap();
        let chain = ca.issue(&extra, NOW).unwrap().chain_pem;
        let other = LocalCa::create(&extra, NOW).unwrap();

        assert_eq!(ca.renewal(&chain, &extra, NOW).unwrap(), Renewal::NotYet);
        assert_eq!(ca.renewal(&chain, &[], NOW).unwrap(), Renewal::Due);
        assert_eq!(other.renewal(&chain, &extra, NOW).unwrap(), Renewal::Due);
    }

    #[test]
    fn a_certificate_and_the_key_of_another_are_refused() {
        let (one, other) = (LocalCa::create(&[], NOW).unwrap(), LocalCa::create(&[], NOW).unwrap());

        let refused = LocalCa::parse(one.certificate_pem(), &other.key_pem());

        assert!(matches!(refused, Err(TlsError::Strangers)));
    }

    #[test]
    fn an_authority_survives_its_text() {
        let extra = names(&["api.example.test", "2001:db8::7"]);
        let ca = LocalCa::create(&extra, NOW).unwrap();
        let read = LocalCa::parse(ca.certificate_pem(), &ca.key_pem()).unwrap();
        let chain = read.issue(&extra, NOW).unwrap().chain_pem;

        assert!(read.covers(&extra).unwrap());
        assert!(!read.covers(&names(&["api.example.com"])).unwrap());
        assert_eq!(ca.renewal(&chain, &extra, NOW).unwrap(), Renewal::NotYet);
    }
}
