//! Proof Key for Code Exchange (RFC 7636): S256 and nothing else.

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// What a client commits to when it asks for a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge(String);

/// The challenge or its method is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `code_challenge_method=S256` and a challenge of 43 base64url characters")]
pub struct ChallengeError;

impl Challenge {
    /// Reads a challenge. Method `plain`, and a method that is left out, which means `plain`, are
    /// refused.
    ///
    /// # Errors
    /// When it is no S256 challenge.
    pub fn parse(method: Option<&str>, text: &str) -> Result<Self, ChallengeError> {
        let is_hash = text.len() == 43 && BASE64URL_NOPAD.decode(text.as_bytes()).is_ok();
        let is_taken = method == Some("S256") && is_hash;
        if is_taken { Ok(Self(text.to_owned())) } else { Err(ChallengeError) }
    }

    /// What a verifier of our own commits to.
    #[must_use]
    pub fn of(verifier: &str) -> Self {
        let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
        Self(BASE64URL_NOPAD.encode(hash.as_ref()))
    }

    /// Whether the verifier is the one that was committed to (RFC 7636 §4.6).
    #[must_use]
    pub fn is_met_by(&self, verifier: &str) -> bool {
        // RFC 7636 §4.1: 43 to 128 unreserved characters.
        let is_verifier = (43..=128).contains(&verifier.len())
            && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
        is_verifier && bool::from(Self::of(verifier).0.as_bytes().ct_eq(self.0.as_bytes()))
    }

    /// As it was sent, and as it is kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 §B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn any_method_but_s256_and_any_text_but_a_hash_is_refused() {
        let long = format!("{CHALLENGE}A");
        for method in [None, Some("plain"), Some("s256"), Some("")] {
            assert_eq!(Challenge::parse(method, CHALLENGE), Err(ChallengeError), "{method:?}");
        }
        for text in ["", VERIFIER.split_at(42).0, &long, &CHALLENGE.replace('-', "+")] {
            assert_eq!(Challenge::parse(Some("S256"), text), Err(ChallengeError), "{text}");
        }
    }

    #[test]
    fn only_the_verifier_of_the_example_meets_its_challenge() {
        let challenge = Challenge::parse(Some("S256"), CHALLENGE).unwrap();
        let long = "a".repeat(129);
        for verifier in ["", CHALLENGE, VERIFIER.split_at(42).0, &long, "é"] {
            assert!(!challenge.is_met_by(verifier), "{verifier}");
        }
        assert!(challenge.is_met_by(VERIFIER));
    }

    #[test]
    fn a_verifier_with_other_characters_is_refused_although_it_would_fit() {
        let odd = format!("{}+{}", "a".repeat(21), "b".repeat(21));
        let hash = digest::digest(&digest::SHA256, odd.as_bytes());
        let challenge = Challenge(BASE64URL_NOPAD.encode(hash.as_ref()));

        assert!(!challenge.is_met_by(&odd));
    }
}
