//! Keys that sign access tokens: ECDSA on P-256 with SHA-256 (ES256, RFC 7518 §3.4).

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use kernel::Secret;
use serde_json::{Value, json};

/// A private key with its public half.
pub struct SigningKey {
    pkcs8: Secret<Vec<u8>>,
    pub(crate) encoding: EncodingKey,
    public: PublicKey,
}

/// The public half: what relying parties are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    kid: String,
    x: String,
    y: String,
}

/// The keys whose tokens are taken. A token that names any other is refused.
#[derive(Clone, Default)]
pub struct VerifyingKeys(Vec<(PublicKey, DecodingKey)>);

/// The key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a P-256 private key in PKCS#8 form")]
pub struct KeyError;

impl SigningKey {
    /// A new key.
    ///
    /// # Panics
    /// When the system cannot make one, for the same reason as [`kernel::random::bytes`].
    #[must_use]
    #[expect(clippy::expect_used, reason = "no safe way to go on without randomness")]
    pub fn generate() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        let document = pair.and_then(|pair| pair.to_pkcs8v1());
        let document = document.expect("the system's key generator works");
        Self::from_pkcs8(document.as_ref()).expect("a generated key is well-formed")
    }

    /// Reads a key.
    ///
    /// # Errors
    /// When it is not a P-256 key in PKCS#8 form, or its halves do not fit.
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes);
        let pair = pair.map_err(|_| KeyError)?;
        Ok(Self {
            public: PublicKey::from_point(pair.public_key().as_ref()).ok_or(KeyError)?,
            encoding: EncodingKey::from_ec_der(bytes),
            pkcs8: Secret::new(bytes.to_vec()),
        })
    }

    /// The private key, to be sealed and stored.
    #[must_use]
    pub const fn pkcs8(&self) -> &Secret<Vec<u8>> {
        &self.pkcs8
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The key's name in tokens and in the key set.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// The public half as a JWK.
    #[must_use]
    pub fn jwk(&self) -> Value {
        self.public.jwk()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}

impl PublicKey {
    /// From an uncompressed point (SEC 1 §2.3.3): 4, then both coordinates.
    fn from_point(point: &[u8]) -> Option<Self> {
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(COORDINATE_BYTES)?;
        if y.len() != COORDINATE_BYTES {
            return None;
        }
        let (x, y) = (BASE64URL_NOPAD.encode(x), BASE64URL_NOPAD.encode(y));
        Some(Self { kid: thumbprint(&x, &y), x, y })
    }

    /// The key's thumbprint (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// As a JWK (RFC 7517).
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({
            "kty": "EC",
            "crv": "P-256",
            "x": self.x,
            "y": self.y,
            "use": "sig",
            "alg": "ES256",
            "kid": self.kid,
        })
    }
}

impl VerifyingKeys {
    /// The keys to take; a key given twice counts once.
    ///
    /// # Errors
    /// When a key cannot be used.
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Result<Self, KeyError> {
        let mut taken: Vec<(PublicKey, DecodingKey)> = Vec::new();
        for key in keys {
            if taken.iter().any(|(known, _)| known.kid == key.kid) {
                continue;
            }
            let decoding = DecodingKey::from_ec_components(&key.x, &key.y);
            taken.push((key, decoding.map_err(|_| KeyError)?));
        }
        Ok(Self(taken))
    }

    pub(crate) fn find(&self, kid: &str) -> Option<&DecodingKey> {
        self.0.iter().find(|(key, _)| key.kid == kid).map(|(_, decoding)| decoding)
    }

    /// The key set document (RFC 7517 §5). Nothing private is in reach here.
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({ "keys": self.0.iter().map(|(key, _)| key.jwk()).collect::<Vec<_>>() })
    }
}

impl fmt::Debug for VerifyingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(key, _)| key.kid())).finish()
    }
}

/// RFC 7638 §3: the required members, in order, without white space.
fn thumbprint(x: &str, y: &str) -> String {
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, members.as_bytes()).as_ref())
}

const COORDINATE_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING;

    use super::*;

    #[test]
    fn bytes_that_are_no_p_256_key_are_refused() {
        let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let mut cut = SigningKey::generate().pkcs8().expose().clone();
        cut.pop();

        assert_eq!(SigningKey::from_pkcs8(b"").unwrap_err(), KeyError);
        assert_eq!(SigningKey::from_pkcs8(&cut).unwrap_err(), KeyError);
        assert!(SigningKey::from_pkcs8(p384.to_pkcs8v1().unwrap().as_ref()).is_err());
    }

    #[test]
    fn the_key_set_has_no_private_member() {
        let key = SigningKey::generate();

        let jwks = VerifyingKeys::new([key.public().clone()]).unwrap().jwks();

        let members = jwks["keys"][0].as_object().unwrap();
        let mut names: Vec<_> = members.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    }

    #[test]
    fn a_key_given_twice_is_in_the_set_once() {
        let key = SigningKey::generate();
        let twice = [key.public().clone(), key.public().clone()];

        let jwks = VerifyingKeys::new(twice).unwrap().jwks();

        assert_eq!(jwks["keys"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_stored_key_is_the_same_key() {
        let key = SigningKey::generate();

        let again = SigningKey::from_pkcs8(key.pkcs8().expose()).unwrap();

        assert_eq!(again.public(), key.public());
        assert_eq!(again.jwk()["kid"], key.kid());
    }

    #[test]
    fn the_thumbprint_is_that_of_the_example_in_rfc_9449() {
        let kid = thumbprint(
            "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        );

        assert_eq!(kid, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    #[test]
    fn a_private_key_is_not_printed() {
        let key = SigningKey::generate();

        assert_eq!(format!("{key:?}"), format!("SigningKey {{ kid: {:?}, .. }}", key.kid()));
    }
}
