//! Reports of credentials that somebody found in public, in the form of GitHub's secret scanning
//! partners: a list of tokens, signed over the bytes of the body with ECDSA on P-256 and SHA-256.
//!
//! What is reported is a secret until it is revoked: nothing here prints a token.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};
use data_encoding::BASE64;
use kernel::Secret;
use serde::{Deserialize, Deserializer, Serialize};

use crate::api_key::ApiKey;

/// The public keys that reports are signed with.
#[derive(Clone)]
pub struct ReportKeys(Vec<(String, ParsedPublicKey)>);

/// The text is no list of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `public_keys`, 1 to {KEYS_MAX} of them, each with `key_identifier` and `key`: a \
     public key of P-256 in PEM"
)]
pub struct ReportKeysError;

/// Nobody whom we know signed this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not one of a known key over this body")]
pub struct Unsigned;

/// One finding of a report.
#[derive(Deserialize)]
pub struct Leak {
    #[serde(deserialize_with = "secret")]
    token: Secret<String>,
    /// What the scanner takes it for.
    #[serde(rename = "type")]
    pub kind: String,
}

/// What a reported text is, by its form.
pub enum Found {
    /// An API key of ours, or what would be one.
    ApiKey(ApiKey),
    /// A client's secret.
    ClientSecret(Secret<String>),
    /// Nothing of ours.
    Nothing,
}

/// What the reporter is told of one finding. The token itself never goes back.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    /// SHA-256 of the token, in base64.
    pub token_hash: String,
    /// What the scanner took it for.
    pub token_type: String,
    /// `true_positive` or `false_positive`.
    pub label: &'static str,
}

#[derive(Deserialize)]
struct Listed {
    public_keys: Vec<ListedKey>,
}

#[derive(Deserialize)]
struct ListedKey {
    key_identifier: String,
    key: String,
}

impl ReportKeys {
    /// Reads the list that GitHub publishes under `/meta/public_keys/secret_scanning`.
    ///
    /// # Errors
    /// When it is none, or a key is not of P-256.
    pub fn parse(json: &[u8]) -> Result<Self, ReportKeysError> {
        if json.len() > LIST_BYTES_MAX {
            return Err(ReportKeysError);
        }
        let listed: Listed = serde_json::from_slice(json).map_err(|_| ReportKeysError)?;
        if !(1..=KEYS_MAX).contains(&listed.public_keys.len()) {
            return Err(ReportKeysError);
        }
        let keys = listed.public_keys.into_iter().map(|listed| {
            let key = point(&listed.key).ok_or(ReportKeysError)?;
            Ok((listed.key_identifier, key))
        });
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// Whether the named key signed exactly these bytes.
    ///
    /// # Errors
    /// When it did not, or there is no such key.
    pub fn verify(&self, identifier: &str, signature: &str, body: &[u8]) -> Result<(), Unsigned> {
        let known = self.0.iter().find(|(name, _)| name == identifier);
        let (_, key) = known.ok_or(Unsigned)?;
        let signature = BASE64.decode(signature.as_bytes()).map_err(|_| Unsigned)?;
        key.verify_sig(body, &signature).map_err(|_| Unsigned)
    }
}

/// The point of a `SubjectPublicKeyInfo` on P-256 (RFC 5480 §2), which has one form only.
fn point(pem: &str) -> Option<ParsedPublicKey> {
    let body = pem.trim().strip_prefix("-----BEGIN PUBLIC KEY-----")?;
    let body = body.strip_suffix("-----END PUBLIC KEY-----")?;
    let text: String = body.split_whitespace().collect();
    let der = BASE64.decode(text.as_bytes()).ok()?;
    let point = der.strip_prefix(SPKI_P256)?;
    ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).ok()
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Secret<String>, D::Error> {
    String::deserialize(from).map(Secret::new)
}

impl Leak {
    /// What it is, by its form.
    #[must_use]
    pub fn found(&self) -> Found {
        let text = self.token.expose();
        if let Ok(key) = ApiKey::parse(text) {
            return Found::ApiKey(key);
        }
        let secret = text.strip_prefix("rws_").filter(|rest| rest.len() == SECRET_CHARS);
        let is_secret =
            secret.is_some_and(|rest| rest.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7')));
        if is_secret { Found::ClientSecret(self.token.clone()) } else { Found::Nothing }
    }

    /// What the reporter is told.
    #[must_use]
    pub fn label(&self, is_ours: bool) -> Label {
        let hash = digest::digest(&digest::SHA256, self.token.expose().as_bytes());
        Label {
            token_hash: BASE64.encode(hash.as_ref()),
            token_type: self.kind.clone(),
            label: if is_ours { "true_positive" } else { "false_positive" },
        }
    }
}

/// What stands before the 65 bytes of a point on P-256.
const SPKI_P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const KEYS_MAX: usize = 64;
/// The most bytes of a list of keys.
pub const LIST_BYTES_MAX: usize = 64 * 1024;
const SECRET_CHARS: usize = 52;

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;
    use crate::api_key::KeyEnvironment;
    use crate::secret::generate_client_secret;

    fn pair() -> (EcdsaKeyPair, String) {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let spki = [SPKI_P256, pair.public_key().as_ref()].concat();
        let text = BASE64.encode(&spki);
        let (first, rest) = text.split_at(64);
        (pair, format!("-----BEGIN PUBLIC KEY-----\n{first}\n{rest}\n-----END PUBLIC KEY-----\n"))
    }

    fn list(keys: &[(&str, &str)]) -> Vec<u8> {
        let keys: Vec<_> = keys
            .iter()
            .map(|(id, key)| json!({ "key_identifier": id, "key": key, "is_current": true }))
            .collect();
        json!({ "public_keys": keys }).to_string().into_bytes()
    }

    fn sign(pair: &EcdsaKeyPair, body: &[u8]) -> String {
        BASE64.encode(pair.sign(&SystemRandom::new(), body).unwrap().as_ref())
    }

    #[test]
    fn what_is_no_list_of_keys_of_p256_is_refused() {
        let (_, pem) = pair();
        let many = vec![("a", pem.as_str()); KEYS_MAX + 1];
        let long = format!("{}{}", "x".repeat(LIST_BYTES_MAX), pem);
        let odd = pem.replace("MFkw", "MFgw");

        for text in [
            b"[]".to_vec(),
            b"{}".to_vec(),
            list(&[]),
            list(&many),
            list(&[("a", "no pem")]),
            list(&[("a", &odd)]),
            list(&[("a", &long)]),
        ] {
            assert!(ReportKeys::parse(&text).is_err());
        }
        assert!(ReportKeys::parse(&list(&[("a", &pem)])).is_ok());
    }

    #[test]
    fn only_the_named_key_over_the_same_bytes_is_believed() {
        let ((pair, pem), (other, foreign)) = (pair(), pair());
        let keys = ReportKeys::parse(&list(&[("a", &pem), ("b", &foreign)])).unwrap();
        let body = b"[{\"token\":\"x\"}]";
        let good = sign(&pair, body);

        for (identifier, signature, body) in [
            ("b", good.as_str(), &body[..]),
            ("c", &good, body),
            ("", &good, body),
            ("a", &good, b"[{\"token\":\"y\"}]"),
            ("a", &sign(&other, body), body),
            ("a", "", body),
            ("a", "not base64", body),
        ] {
            assert_eq!(keys.verify(identifier, signature, body), Err(Unsigned), "{identifier}");
        }
        assert_eq!(keys.verify("a", &good, body), Ok(()));
    }

    #[test]
    fn a_finding_is_told_by_its_form_and_never_printed() {
        let leak = |token: &str| {
            serde_json::from_value::<Leak>(json!({ "token": token, "type": "t", "url": "u" }))
                .unwrap()
        };
        let key = ApiKey::generate(KeyEnvironment::Live).whole().expose().clone();
        let secret = generate_client_secret().expose().clone();

        assert!(matches!(leak(&key).found(), Found::ApiKey(_)));
        assert!(matches!(leak(&secret).found(), Found::ClientSecret(_)));
        let (headless, short): (String, String) =
            (key.chars().skip(1).collect(), secret.chars().take(20).collect());
        for nothing in [headless, short, String::new(), secret.to_uppercase()] {
            assert!(matches!(leak(&nothing).found(), Found::Nothing), "{nothing}");
        }
        let label = serde_json::to_string(&leak(&key).label(true)).unwrap();
        assert!(!label.contains(&key) && label.contains("true_positive"), "{label}");
        assert_eq!(leak(&key).label(false).label, "false_positive");
    }
}
