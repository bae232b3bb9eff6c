//! What an authenticator is asked to sign: random, and good once.

use data_encoding::BASE64URL_NOPAD;
use kernel::random;
use subtle::ConstantTimeEq;

/// 256 random bits (WebAuthn §13.4.3 asks for 128).
#[derive(Clone, Debug)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// A new one.
    #[must_use]
    pub fn generate() -> Self {
        Self(random::bytes())
    }

    /// From its bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As pages and client data write it.
    #[must_use]
    pub fn to_text(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// Whether a text is this one.
    pub(super) fn is(&self, text: &str) -> bool {
        self.to_text().as_bytes().ct_eq(text.as_bytes()).into()
    }
}
