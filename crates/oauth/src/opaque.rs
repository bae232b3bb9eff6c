//! Authorization codes, refresh tokens and references to pushed requests: opaque to clients, kept
//! as keyed hashes.

use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use kernel::{Secret, random};

/// What codes and refresh tokens are hashed with, and what successors are derived with.
pub struct GrantKey(hmac::Key);

/// A code or refresh token as it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpaqueHash(pub [u8; 32]);

/// `ac_` and 256 random bits.
#[derive(Clone)]
pub struct Code(Secret<String>);

/// A reference to a pushed request (RFC 9126 §2.2): 256 random bits behind the URN of such
/// references.
#[derive(Clone)]
pub struct RequestUri(Secret<String>);

/// `rt_<family>_` and 256 bits: random in the first of a family, derived in those that follow.
#[derive(Clone)]
pub struct RefreshToken {
    family: String,
    secret: Secret<String>,
}

impl GrantKey {
    /// From a key that is used for nothing else.
    #[must_use]
    pub fn new(key: &Secret<[u8; 32]>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    fn mac(&self, label: &[u8], parts: [&[u8]; 2]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(label);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        out
    }
}

impl fmt::Debug for GrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantKey")
    }
}

impl OpaqueHash {
    /// In hexadecimal.
    #[must_use]
    pub fn to_text(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

impl fmt::Debug for OpaqueHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueHash")
    }
}

impl Code {
    /// A new code.
    #[must_use]
    pub fn generate() -> Self {
        Self(Secret::new(format!("ac_{}", base32(&random::bytes::<32>()))))
    }

    /// Reads a code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("ac_")?;
        is_base32(rest, SECRET_CHARS).then(|| Self(Secret::new(text.to_owned())))
    }

    /// The code itself, to be handed over.
    #[must_use]
    pub const fn whole(&self) -> &Secret<String> {
        &self.0
    }

    /// As it is kept.
    #[must_use]
    pub fn hash(&self, key: &GrantKey) -> OpaqueHash {
        OpaqueHash(key.mac(b"code", [self.0.expose().as_bytes(), b""]))
    }
}

impl RequestUri {
    /// A new reference.
    #[must_use]
    pub fn generate() -> Self {
        Self(Secret::new(base32(&random::bytes::<32>())))
    }

    /// Reads a reference.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(REQUEST_URI)?;
        is_base32(rest, SECRET_CHARS).then(|| Self(Secret::new(rest.to_owned())))
    }

    /// The reference itself, to be handed over.
    #[must_use]
    pub fn whole(&self) -> String {
        format!("{REQUEST_URI}{}", self.0.expose())
    }

    /// As it is kept.
    #[must_use]
    pub fn hash(&self, key: &GrantKey) -> OpaqueHash {
        OpaqueHash(key.mac(b"request_uri", [self.0.expose().as_bytes(), b""]))
    }
}

impl fmt::Debug for RequestUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestUri")
    }
}

impl RefreshToken {
    /// The name of a new family.
    #[must_use]
    pub fn new_family() -> String {
        base32(&random::bytes::<16>())
    }

    /// The first token of a family.
    #[must_use]
    pub fn first(family: &str) -> Self {
        let secret = Secret::new(base32(&random::bytes::<32>()));
        Self { family: family.to_owned(), secret }
    }

    /// Reads a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (family, secret) = text.strip_prefix("rt_")?.split_once('_')?;
        let is_form = is_base32(family, FAMILY_CHARS) && is_base32(secret, SECRET_CHARS);
        is_form.then(|| Self { family: family.to_owned(), secret: Secret::new(secret.to_owned()) })
    }

    /// The token itself, to be handed over.
    #[must_use]
    pub fn whole(&self) -> Secret<String> {
        Secret::new(format!("rt_{}_{}", self.family, self.secret.expose()))
    }

    /// Its family, which is no secret.
    #[must_use]
    pub fn family(&self) -> &str {
        &self.family
    }

    /// As it is kept.
    #[must_use]
    pub fn hash(&self, key: &GrantKey) -> OpaqueHash {
        let parts = [self.family.as_bytes(), self.secret.expose().as_bytes()];
        OpaqueHash(key.mac(b"refresh", parts))
    }

    /// The token that follows. It is derived from this one, a salt that the family keeps, and our
    /// key: whoever lost the answer gets the same one again, and nobody who lacks this token can
    /// make it from what we keep.
    #[must_use]
    pub fn successor(&self, key: &GrantKey, salt: &[u8; 32]) -> Self {
        let secret = key.mac(b"successor", [salt, self.secret.expose().as_bytes()]);
        Self { family: self.family.clone(), secret: Secret::new(base32(&secret)) }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("family", &self.family).finish_non_exhaustive()
    }
}

fn base32(bits: &[u8]) -> String {
    let mut text = BASE32_NOPAD.encode(bits);
    text.make_ascii_lowercase();
    text
}

fn is_base32(text: &str, chars: usize) -> bool {
    text.len() == chars && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
}

/// RFC 9126 §2.2.
const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";
const FAMILY_CHARS: usize = 26;
const SECRET_CHARS: usize = 52;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_has_not_the_form_is_refused() {
        let (code, token) = (Code::generate(), RefreshToken::first(&RefreshToken::new_family()));
        let (code, token) = (code.whole().expose(), token.whole());
        let cut = |text: &str| text.split_at(text.len() - 1).0.to_owned();
        for text in ["", "ac_", token.expose(), &cut(code), &code.to_uppercase()] {
            assert!(Code::parse(text).is_none(), "{text}");
        }
        let run_on = token.expose().replace('_', "");
        for text in ["", "rt_", "rt__", code, &cut(token.expose()), &run_on] {
            assert!(RefreshToken::parse(text).is_none(), "{text}");
        }
        let reference = RequestUri::generate().whole();
        for text in ["", REQUEST_URI, code, "https://a.example/x", &cut(&reference)] {
            assert!(RequestUri::parse(text).is_none(), "{text}");
        }
        assert!(RequestUri::parse(&reference).is_some());
    }

    #[test]
    fn a_successor_is_the_same_for_the_same_token_and_salt_and_for_no_other() {
        let keys = [1, 2].map(|byte| GrantKey::new(&Secret::new([byte; 32])));
        let token = RefreshToken::first(&RefreshToken::new_family());
        let other = RefreshToken::first(token.family());
        let whole = |token: &RefreshToken| token.whole().expose().clone();

        let successor = whole(&token.successor(&keys[0], &[7; 32]));

        assert_eq!(successor, whole(&token.successor(&keys[0], &[7; 32])));
        assert_ne!(successor, whole(&token.successor(&keys[0], &[8; 32])));
        assert_ne!(successor, whole(&token.successor(&keys[1], &[7; 32])));
        assert_ne!(successor, whole(&other.successor(&keys[0], &[7; 32])));
        assert_eq!(whole(&RefreshToken::parse(&successor).unwrap()), successor);
    }

    #[test]
    fn nothing_secret_is_printed() {
        let token = RefreshToken::first(&RefreshToken::new_family());
        let shown = format!("{token:?} {:?} {:?}", Code::generate(), token.whole());

        assert!(!shown.contains(token.secret.expose()) && !shown.contains("ac_"), "{shown}");
    }

    proptest! {
        #[test]
        fn arbitrary_text_does_not_panic(text in "(rt_|ac_|[a-z2-7]{26}|_|\\PC){0,8}") {
            drop((Code::parse(&text), RefreshToken::parse(&text), RequestUri::parse(&text)));
        }
    }
}
