//! Passkeys: what an authenticator signed, read strictly and believed or not (WebAuthn Level 3 §7).
//!
//! A passkey signs our challenge for our origin and no other, which is why it cannot be phished.
//! Nothing is asked of its maker: attestation is not looked at beyond its form.

mod assertion;
mod authenticator_data;
mod cbor;
mod challenge;
mod client_data;
mod key;
mod registration;
mod relying_party;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

pub use assertion::{Known, SentAssertion, Used, assert};
pub use challenge::Challenge;
pub use key::{ALGORITHMS, PasskeyKey};
pub use registration::{NewPasskey, SentRegistration, register};
pub use relying_party::RelyingParty;

/// Why what an authenticator sent is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// It has not the form that the standard gives it.
    #[error("this is not what an authenticator sends")]
    Malformed,
    /// It was made for another ceremony.
    #[error("it was made for another purpose")]
    Ceremony,
    /// It answers another challenge.
    #[error("it answers another challenge")]
    Challenge,
    /// It was made for another site.
    #[error("it was made for another site")]
    Origin,
    /// It was made in a frame of another site.
    #[error("it was made in a frame of another site")]
    CrossOrigin,
    /// Nobody touched the authenticator.
    #[error("nobody was present")]
    Absent,
    /// The authenticator did not ask who it was.
    #[error("the authenticator did not verify who it was")]
    Unverified,
    /// The key is of a kind that we did not offer, or is no key.
    #[error("expected a key for ES256, EdDSA or RS256")]
    Key,
    /// It attests itself, although we asked for nothing of the kind, and not rightly.
    #[error("expected no attestation")]
    Attestation,
    /// The signature does not fit.
    #[error("the signature is wrong")]
    Signature,
    /// Its counter went back: there are two of it.
    #[error("the authenticator's counter went back")]
    Cloned,
    /// It says of itself what a passkey cannot become.
    #[error("the passkey changed its kind")]
    Changed,
}

impl PasskeyError {
    /// A stable word for the audit trail.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Malformed => "passkey_malformed",
            Self::Ceremony => "passkey_ceremony",
            Self::Challenge => "passkey_challenge",
            Self::Origin => "passkey_origin",
            Self::CrossOrigin => "passkey_cross_origin",
            Self::Absent => "passkey_absent",
            Self::Unverified => "passkey_unverified",
            Self::Key => "passkey_key",
            Self::Attestation => "passkey_attestation",
            Self::Signature => "passkey_signature",
            Self::Cloned => "passkey_cloned",
            Self::Changed => "passkey_changed",
        }
    }
}

/// What a passkey is found by: a hash of its credential's id, which may be long.
#[must_use]
pub fn lookup(credential_id: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, credential_id).as_ref());
    out
}

/// The same, in hexadecimal digits.
#[must_use]
pub fn lookup_text(credential_id: &[u8]) -> String {
    HEXLOWER.encode(&lookup(credential_id))
}

/// The most bytes of any part of an answer. Larger than any that authenticators send without
/// attestation.
pub const PART_MAX: usize = 4096;
/// The most bytes of a credential's id (WebAuthn §7.1).
pub const CREDENTIAL_ID_MAX: usize = 1023;
