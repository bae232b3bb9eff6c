//! Keys made from keys, and the one place that insists on the cryptographic module's success.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use kernel::{Secret, random};
use zeroize::Zeroizing;

/// A 256-bit key as bytes.
pub(crate) type KeyBytes = Secret<[u8; 32]>;

/// A fresh key.
pub(crate) fn fresh() -> KeyBytes {
    Secret::new(random::bytes())
}

/// A fresh random UUID (RFC 9562 §5.4) to name a key with.
pub(crate) fn fresh_id() -> [u8; 16] {
    let mut id = random::bytes::<16>();
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut id;
    *version = (*version & 0x0F) | 0x40;
    *variant = (*variant & 0x3F) | 0x80;
    id
}

/// HKDF-SHA256 (RFC 5869). `label` is one of ours and ends the ambiguity before `purpose` begins.
pub(crate) fn derive(key: &[u8; 32], label: Label, purpose: &str) -> KeyBytes {
    let extracted = Salt::new(HKDF_SHA256, b"ringwall/vault/v1").extract(key);
    let info = [label.text().as_bytes(), b"/", purpose.as_bytes()];
    let mut out = Zeroizing::new([0; 32]);
    must(extracted.expand(&info, HKDF_SHA256).and_then(|okm| okm.fill(out.as_mut_slice())));
    Secret::new(*out)
}

/// What a derived key is for. No label is the beginning of another one followed by `/`.
#[derive(Clone, Copy)]
pub(crate) enum Label {
    Encrypt,
    Commit,
    Name,
    Purpose,
}

impl Label {
    const fn text(self) -> &'static str {
        match self {
            Self::Encrypt => "enc",
            Self::Commit => "commit",
            Self::Name => "name",
            Self::Purpose => "purpose",
        }
    }
}

/// Unwraps what cannot fail.
///
/// # Panics
/// When it fails: memory is exhausted or the module is broken. There is no safe way to go on, least
/// of all one that stores plaintext.
#[expect(clippy::expect_used, reason = "lengths are fixed by types; see the panics section")]
#[track_caller]
pub(crate) fn must<T>(outcome: Result<T, Unspecified>) -> T {
    outcome.expect("the cryptographic module works")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_for_different_uses_differ() {
        let key = [7; 32];
        let derived = [
            derive(&key, Label::Encrypt, ""),
            derive(&key, Label::Commit, ""),
            derive(&key, Label::Name, ""),
            derive(&key, Label::Purpose, ""),
            derive(&key, Label::Purpose, "cursor/1"),
            derive(&key, Label::Purpose, "cursor/2"),
            derive(&[8; 32], Label::Purpose, "cursor/2"),
        ];

        let distinct: std::collections::HashSet<_> =
            derived.iter().map(|key| *key.expose()).collect();
        assert_eq!(distinct.len(), derived.len());
    }

    #[test]
    fn derivation_is_stable() {
        let key = derive(&[7; 32], Label::Purpose, "cursor/1");

        // HKDF computed with another implementation.
        let expected = "5fc3dc94a56c7843562df82cc7640ee9af93735c540ee915ef3fe0dacf7e5b56";
        assert_eq!(data_encoding::HEXLOWER.encode(key.expose()), expected);
    }
}
