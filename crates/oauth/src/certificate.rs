//! Certificates of clients (RFC 8705): what one says, and which of them a client registered.
//!
//! Whoever brings a certificate here has seen proof of its key: in a TLS handshake of its own, or
//! through a proxy that it trusts. Whether an authority that it trusts issued it, it says too.

use std::net::IpAddr;

use data_encoding::{BASE64URL_NOPAD, HEXUPPER};
use kernel::Timestamp;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate, X509Name};

/// A certificate of somebody who proved to have its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    thumbprint: String,
    subject: Option<String>,
    names: Vec<CertificateRule>,
    not_before: Timestamp,
    not_after: Timestamp,
    is_trusted: bool,
}

/// Which certificates are a client's: exactly one thing to compare (RFC 8705 §2.1.2, §2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateRule {
    /// Of an authority that is trusted, with this subject, as RFC 4514 writes it.
    Subject(String),
    /// Of an authority that is trusted, with this DNS name.
    Dns(String),
    /// Of an authority that is trusted, with this URI.
    Uri(String),
    /// Of an authority that is trusted, with this address.
    Ip(IpAddr),
    /// Of an authority that is trusted, with this e-mail address.
    Email(String),
    /// This one and no other, whoever issued it: its SHA-256.
    Thumbprint(String),
}

/// Why a certificate is none of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not one X.509 certificate, or one that says something twice.
    #[error("expected one X.509 certificate of at most {CERTIFICATE_BYTES_MAX} bytes")]
    Malformed,
    /// Meant for something else.
    #[error("expected a certificate for signatures of a TLS client")]
    Usage,
}

impl Certificate {
    /// Reads a certificate. It is not trusted yet.
    ///
    /// # Errors
    /// When it is none, or is not meant for clients.
    pub fn read(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateError::Malformed);
        }
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        if !rest.is_empty() {
            return Err(CertificateError::Malformed);
        }
        check_usage(&certificate)?;
        let at = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
        Ok(Self {
            thumbprint: thumbprint(der),
            subject: subject(certificate.subject()),
            names: names(&certificate)?,
            not_before: at(certificate.validity().not_before.timestamp()),
            not_after: at(certificate.validity().not_after.timestamp()),
            is_trusted: false,
        })
    }

    /// The same, once its chain was proven to lead to an authority that is trusted.
    #[must_use]
    pub fn trusted(self) -> Self {
        Self { is_trusted: true, ..self }
    }

    /// What a token that is bound to it names (RFC 8705 §3.1).
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Its subject, as RFC 4514 writes it; nothing where that is empty or no text.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Whether it is of this time. Asked with each use: a connection outlives a certificate.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether it is one that a rule means.
    #[must_use]
    pub fn is_meant_by(&self, rule: &CertificateRule) -> bool {
        match rule {
            CertificateRule::Thumbprint(thumbprint) => self.thumbprint == *thumbprint,
            CertificateRule::Subject(subject) => {
                self.is_trusted && self.subject.as_ref() == Some(subject)
            }
            name => self.is_trusted && self.names.contains(name),
        }
    }
}

impl CertificateRule {
    /// Reads a rule as it is kept: its kind and its value.
    #[must_use]
    pub fn parse(kind: &str, value: &str) -> Option<Self> {
        let is_fit =
            (1..=VALUE_BYTES_MAX).contains(&value.len()) && !value.chars().any(char::is_control);
        let value = is_fit.then(|| value.to_owned())?;
        Some(match kind {
            "subject_dn" => Self::Subject(value),
            "san_dns" => Self::Dns(value.to_ascii_lowercase()),
            "san_uri" => Self::Uri(value),
            "san_ip" => Self::Ip(value.parse().ok()?),
            "san_email" => Self::Email(value),
            "thumbprint" => {
                let bytes = BASE64URL_NOPAD.decode(value.as_bytes()).ok()?;
                (bytes.len() == THUMBPRINT_BYTES).then_some(Self::Thumbprint(value))?
            }
            _ => return None,
        })
    }

    /// The stable name of its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Subject(_) => "subject_dn",
            Self::Dns(_) => "san_dns",
            Self::Uri(_) => "san_uri",
            Self::Ip(_) => "san_ip",
            Self::Email(_) => "san_email",
            Self::Thumbprint(_) => "thumbprint",
        }
    }

    /// What it compares with.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::Subject(value)
            | Self::Dns(value)
            | Self::Uri(value)
            | Self::Email(value)
            | Self::Thumbprint(value) => value.clone(),
            Self::Ip(address) => address.to_string(),
        }
    }
}

/// RFC 5280 §4.2.1.3, §4.2.1.12: a certificate that says what it is for is for nothing else.
fn check_usage(certificate: &X509Certificate<'_>) -> Result<(), CertificateError> {
    let extended = certificate.extended_key_usage().map_err(|_| CertificateError::Malformed)?;
    let is_clients = extended.is_none_or(|usage| usage.value.client_auth || usage.value.any);
    let usage = certificate.key_usage().map_err(|_| CertificateError::Malformed)?;
    let signs = usage.is_none_or(|usage| usage.value.digital_signature());
    if is_clients && signs { Ok(()) } else { Err(CertificateError::Usage) }
}

fn names(certificate: &X509Certificate<'_>) -> Result<Vec<CertificateRule>, CertificateError> {
    let found = certificate.subject_alternative_name().map_err(|_| CertificateError::Malformed)?;
    let listed = found.map_or(&[][..], |names| names.value.general_names.as_slice());
    if listed.len() > NAMES_MAX {
        return Err(CertificateError::Malformed);
    }
    Ok(listed.iter().filter_map(name).collect())
}

/// A wildcard is no name of a client.
fn name(name: &GeneralName<'_>) -> Option<CertificateRule> {
    Some(match name {
        GeneralName::DNSName(name) if !name.contains('*') => {
            CertificateRule::Dns(name.to_ascii_lowercase())
        }
        GeneralName::URI(uri) => CertificateRule::Uri((*uri).to_owned()),
        GeneralName::RFC822Name(email) => CertificateRule::Email((*email).to_owned()),
        GeneralName::IPAddress(bytes) => CertificateRule::Ip(address(bytes)?),
        _ => return None,
    })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from).ok();
    four.or_else(|| <[u8; 16]>::try_from(bytes).map(IpAddr::from).ok())
}

/// RFC 4514 §2: the last part first. Two subjects are written alike only if they say the same.
fn subject(name: &X509Name<'_>) -> Option<String> {
    let mut parts = Vec::new();
    for set in name.iter_rdn() {
        let mut attributes = Vec::new();
        for attribute in set.iter() {
            let kind = attribute.attr_type().to_id_string();
            let kind = SHORT
                .iter()
                .find(|(id, _)| *id == kind)
                .map_or(kind, |(_, short)| (*short).to_owned());
            attributes.push(format!("{kind}={}", escaped(attribute.as_str().ok()?)));
        }
        parts.push(attributes.join("+"));
    }
    parts.reverse();
    (!parts.is_empty()).then(|| parts.join(","))
}

/// RFC 4514 §2.4.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::with_capacity(value.len());
    for (place, character) in value.chars().enumerate() {
        let is_edge =
            (place == 0 && matches!(character, ' ' | '#')) || (place == last && character == ' ');
        if character.is_control() {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                text.push('\\');
                text.push_str(&HEXUPPER.encode(&[byte]));
            }
            continue;
        }
        if is_edge || matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

fn thumbprint(der: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
    BASE64URL_NOPAD.encode(digest.as_ref())
}

/// RFC 4514 §3.
const SHORT: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.6", "C"),
    ("2.5.4.9", "STREET"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
];
/// The largest certificate that is read.
pub const CERTIFICATE_BYTES_MAX: usize = 16 * 1024;
const NAMES_MAX: usize = 64;
const VALUE_BYTES_MAX: usize = 512;
const THUMBPRINT_BYTES: usize = 32;

#[cfg(test)]
mod tests;
