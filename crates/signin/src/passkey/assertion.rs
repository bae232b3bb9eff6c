//! A proof by a passkey that is known (WebAuthn §7.2).

use super::authenticator_data::AuthenticatorData;
use super::client_data::{self, Ceremony};
use super::{Challenge, PasskeyError, PasskeyKey, RelyingParty};

/// What a browser sends of a passkey that signed.
#[derive(Clone, Copy)]
pub struct SentAssertion<'a> {
    /// `clientDataJSON`.
    pub client_data: &'a [u8],
    /// `authenticatorData`.
    pub authenticator_data: &'a [u8],
    /// `signature`.
    pub signature: &'a [u8],
}

/// A passkey as it is kept.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Its public key, a `COSE_Key`.
    pub key: &'a [u8],
    /// How often it had signed.
    pub sign_count: u32,
    /// Whether it may be copied to other devices.
    pub is_backup_eligible: bool,
}

/// What is to be kept of a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// How often it signed, where it counts.
    pub sign_count: u32,
    /// Whether it was copied to another device.
    pub is_backed_up: bool,
}

/// A proof made now and here, by the passkey that is known and somebody whom it knows. Whoever
/// keeps passkeys writes [`Used`] down by a statement that asks for the same order of counters.
///
/// # Errors
/// The first thing that is not as it must be.
pub fn assert(
    at: &RelyingParty,
    challenge: &Challenge,
    known: Known<'_>,
    sent: SentAssertion<'_>,
) -> Result<Used, PasskeyError> {
    let hash = client_data::check(sent.client_data, Ceremony::Get, at, challenge)?;
    let data = AuthenticatorData::read(sent.authenticator_data, at)?;
    if data.credential.is_some() {
        return Err(PasskeyError::Malformed);
    }
    let key = PasskeyKey::parse(known.key)?;
    let message = [sent.authenticator_data, &hash].concat();
    if !key.verifies(&message, sent.signature) {
        return Err(PasskeyError::Signature);
    }
    if data.is_backup_eligible != known.is_backup_eligible {
        return Err(PasskeyError::Changed);
    }
    let counts = data.sign_count != 0 || known.sign_count != 0;
    if counts && data.sign_count <= known.sign_count {
        return Err(PasskeyError::Cloned);
    }
    Ok(Used { sign_count: data.sign_count, is_backed_up: data.is_backed_up })
}
