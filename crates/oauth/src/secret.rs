//! Client ids and secrets: how they are made, kept and compared.
//!
//! A secret has 256 random bits, so a keyed hash keeps it as well as a slow one would; the key
//! (the pepper) stays outside the database, and has a version so that it can be changed.

use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use kernel::{Secret, random};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroize;

/// One version of the key that secrets are hashed with.
pub struct Pepper {
    version: u8,
    key: hmac::Key,
}

/// A secret as it is kept: HMAC-SHA-256 under a version of the pepper.
///
/// It has no `PartialEq`, so that it is only ever compared in constant time.
#[derive(Clone)]
pub struct SecretHash {
    version: u8,
    mac: [u8; MAC_BYTES],
}

/// The bytes are not those of a kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a version byte and {MAC_BYTES} bytes")]
pub struct SecretHashError;

/// A presented secret, hashed under every version of the pepper, once.
pub(crate) struct Presented(Vec<SecretHash>);

impl Pepper {
    /// A version of the pepper.
    #[must_use]
    pub fn new(version: u8, key: &Secret<[u8; 32]>) -> Self {
        Self { version, key: hmac::Key::new(hmac::HMAC_SHA256, key.expose()) }
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pepper").field("version", &self.version).finish_non_exhaustive()
    }
}

impl SecretHash {
    /// The form that is stored: version, then MAC.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 1 + MAC_BYTES] {
        let mut bytes = [self.version; 1 + MAC_BYTES];
        if let Some(mac) = bytes.get_mut(1..) {
            mac.copy_from_slice(&self.mac);
        }
        bytes
    }

    /// The stored form in hexadecimal.
    #[must_use]
    pub fn to_text(&self) -> String {
        HEXLOWER.encode(&self.to_bytes())
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When it has another length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretHashError> {
        let (version, mac) = bytes.split_first().ok_or(SecretHashError)?;
        Ok(Self { version: *version, mac: mac.try_into().map_err(|_| SecretHashError)? })
    }

    /// Stands in where there is nothing to compare with, so that the work is the same.
    #[must_use]
    pub const fn decoy() -> Self {
        Self { version: 0, mac: [0; MAC_BYTES] }
    }

    fn same(&self, other: &Self) -> Choice {
        self.version.ct_eq(&other.version) & self.mac.ct_eq(&other.mac)
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretHash").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Presented {
    pub(crate) fn new(peppers: &[Pepper], secret: &str) -> Self {
        Self(peppers.iter().map(|pepper| hash_secret(pepper, secret)).collect())
    }

    /// Takes as long for any hash, known or made up.
    pub(crate) fn matches(&self, kept: &SecretHash) -> bool {
        self.0.iter().fold(Choice::from(0), |found, hash| found | hash.same(kept)).into()
    }
}

/// A secret in the form that is kept.
#[must_use]
pub fn hash_secret(pepper: &Pepper, secret: &str) -> SecretHash {
    let tag = hmac::sign(&pepper.key, secret.as_bytes());
    let mut mac = [0; MAC_BYTES];
    // INVARIANT: HMAC-SHA-256 is 32 bytes long (RFC 2104), so the copy is whole.
    mac.copy_from_slice(tag.as_ref());
    SecretHash { version: pepper.version, mac }
}

/// Whether the secret is the one that was kept. Constant time; a hash of a pepper that is not
/// among these never matches.
#[must_use]
pub fn secret_matches(peppers: &[Pepper], secret: &str, kept: &SecretHash) -> bool {
    Presented::new(peppers, secret).matches(kept)
}

/// A new client id: `pc_` and 80 random bits. Never chosen, so it never looks like a person.
#[must_use]
pub fn generate_client_id() -> String {
    base32("pc_", &random::bytes::<10>())
}

/// A new client secret: `rws_` and 256 random bits, without characters that a form escapes.
#[must_use]
pub fn generate_client_secret() -> Secret<String> {
    let mut bits = random::bytes::<32>();
    let secret = Secret::new(base32("rws_", &bits));
    bits.zeroize();
    secret
}

fn base32(prefix: &str, bits: &[u8]) -> String {
    // Room for all from the start, so that no outgrown copy of a secret is left behind.
    let mut text = String::with_capacity(prefix.len() + BASE32_NOPAD.encode_len(bits.len()));
    text.push_str(prefix);
    BASE32_NOPAD.encode_append(bits, &mut text);
    text.make_ascii_lowercase();
    text
}

const MAC_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper(version: u8, byte: u8) -> Pepper {
        Pepper::new(version, &Secret::new([byte; 32]))
    }

    #[test]
    fn another_secret_pepper_or_version_does_not_match() {
        let kept = hash_secret(&pepper(1, 7), "a");

        assert!(!secret_matches(&[pepper(1, 7)], "b", &kept));
        assert!(!secret_matches(&[pepper(1, 8)], "a", &kept));
        assert!(!secret_matches(&[pepper(2, 7)], "a", &kept));
        assert!(!secret_matches(&[], "a", &kept));
    }

    #[test]
    fn an_older_pepper_still_matches() {
        let kept = hash_secret(&pepper(1, 7), "a");

        assert!(secret_matches(&[pepper(2, 8), pepper(1, 7)], "a", &kept));
    }

    #[test]
    fn the_stored_form_comes_back_and_no_other_length_does() {
        let bytes = hash_secret(&pepper(3, 7), "a").to_bytes();

        assert_eq!(SecretHash::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        assert_eq!(bytes[0], 3);
        for length in [0, 1, 32] {
            assert!(SecretHash::from_bytes(&bytes[..length]).is_err());
        }
        assert!(SecretHash::from_bytes(&[0; 34]).is_err());
    }

    #[test]
    fn the_hash_is_hmac_sha_256() {
        let kept = hash_secret(&pepper(1, 0x0b), "Hi There");

        assert_eq!(data_encoding::HEXLOWER.encode(&kept.to_bytes()[1..]), HI_THERE);
    }

    #[test]
    fn generated_ids_and_secrets_have_their_form() {
        let id = generate_client_id();
        let secret = generate_client_secret();

        let is_base32 =
            |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        assert!(id.strip_prefix("pc_").is_some_and(|rest| rest.len() == 16 && is_base32(rest)));
        let rest = secret.expose().strip_prefix("rws_").unwrap();
        assert!(rest.len() == 52 && is_base32(rest));
        assert_ne!(id, generate_client_id());
    }

    /// From an independent implementation (Python's `hmac`).
    const HI_THERE: &str = "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7";
}
