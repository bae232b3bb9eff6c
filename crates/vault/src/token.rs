//! Opaque tokens, such as cursors: whoever carries one can neither read nor change it.

use data_encoding::BASE64URL_NOPAD;

use crate::Keyring;
use crate::nonce;
use crate::xaes::{TAG, Xaes};

/// The key of one kind of token: nonce, ciphertext and tag of XAES-256-GCM in base64url.
///
/// No key name and no commitment: there is one key for each purpose, and nobody can choose it.
pub struct TokenKey(Xaes);

impl TokenKey {
    /// The key for `purpose`: `cursor/1`.
    #[must_use]
    pub fn new(keyring: &Keyring, purpose: &str) -> Self {
        Self(Xaes::new(keyring.purpose_key(purpose).expose()))
    }

    /// Seals a token, bound to `aad`.
    #[must_use]
    pub fn seal(&self, aad: &[u8], plain: &[u8]) -> String {
        let nonce = nonce::next();
        let mut token = [nonce.as_slice(), plain].concat();
        let (_, body) = token.split_at_mut(nonce.len());
        let tag = self.0.seal(&nonce, aad, body);
        token.extend_from_slice(&tag);
        BASE64URL_NOPAD.encode(&token)
    }

    /// Opens a token; none when it is not one of ours for this `aad`.
    #[must_use]
    pub fn open(&self, aad: &[u8], token: &str) -> Option<Vec<u8>> {
        if token.len() > TOKEN_CHARS_MAX {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (nonce, rest) = bytes.split_first_chunk()?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG>()?;
        self.0.open(nonce, aad, ciphertext, tag).ok().map(|plain| plain.expose().clone())
    }
}

/// Longer text is refused unread.
const TOKEN_CHARS_MAX: usize = 8192;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> TokenKey {
        TokenKey::new(&Keyring::generate(), "cursor/1")
    }

    #[test]
    fn a_change_of_any_character_is_refused() {
        let key = key();
        let token = key.seal(b"jobs", b"after 7");

        for place in 0..token.len() {
            for other in ["A", "B", "_", "=", "+", " "] {
                let mut changed = token.clone();
                changed.replace_range(place..=place, other);
                assert!(changed == token || key.open(b"jobs", &changed).is_none(), "{changed}");
            }
            assert!(key.open(b"jobs", token.split_at(place).0).is_none());
        }
    }

    #[test]
    fn a_token_for_something_else_is_refused() {
        let keyring = Keyring::generate();
        let token = TokenKey::new(&keyring, "cursor/1").seal(b"jobs", b"after 7");

        assert!(TokenKey::new(&keyring, "cursor/1").open(b"candidates", &token).is_none());
        assert!(TokenKey::new(&keyring, "cursor/2").open(b"jobs", &token).is_none());
        assert!(key().open(b"jobs", &token).is_none());
    }

    #[test]
    fn a_token_too_long_to_be_ours_is_refused() {
        let key = key();
        let token = key.seal(b"jobs", &vec![0; TOKEN_CHARS_MAX]);

        assert!(key.open(b"jobs", &token).is_none());
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens(aad: Vec<u8>, plain: Vec<u8>) {
            let key = key();

            let token = key.seal(&aad, &plain);

            prop_assert_eq!(key.open(&aad, &token), Some(plain));
        }

        #[test]
        fn no_text_makes_opening_panic(text: String) {
            prop_assert!(key().open(b"", &text).is_none());
        }
    }
}
