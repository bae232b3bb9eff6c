//! Fingerprints: SHA-256 of canonical JSON (RFC 8785).

use std::fmt;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// SHA-256 of something's canonical form, in lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a value.
    #[must_use]
    pub fn of<T: Serialize>(value: &T) -> Self {
        // The matcher's own types have string keys and integers: canonical JSON can hold them.
        let canonical = serde_json_canonicalizer::to_vec(value).unwrap_or_default();
        Self::of_bytes(&canonical)
    }

    /// The fingerprint of bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref()))
    }

    /// The 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_members_does_not_matter() {
        let one = serde_json::json!({ "b": 1, "a": 2 });
        let other = serde_json::json!({ "a": 2, "b": 1 });

        assert_eq!(Fingerprint::of(&one), Fingerprint::of(&other));
        assert_eq!(Fingerprint::of(&one).as_str().len(), 64);
    }
}
