//! A new passkey (WebAuthn §7.1).

use super::authenticator_data::AuthenticatorData;
use super::cbor::Map;
use super::client_data::{self, Ceremony};
use super::{Challenge, PART_MAX, PasskeyError, PasskeyKey, RelyingParty};

/// What a browser sends of a new passkey.
#[derive(Clone, Copy)]
pub struct SentRegistration<'a> {
    /// `clientDataJSON`.
    pub client_data: &'a [u8],
    /// `attestationObject`.
    pub attestation: &'a [u8],
}

/// A passkey to keep. Nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPasskey {
    /// What names it, chosen by the authenticator.
    pub credential_id: Vec<u8>,
    /// Its public key, a `COSE_Key`.
    pub key: Vec<u8>,
    /// How often it signed, where it counts.
    pub sign_count: u32,
    /// Whether it may be copied to other devices.
    pub is_backup_eligible: bool,
    /// Whether it was.
    pub is_backed_up: bool,
}

/// A new passkey, made now, here and by somebody whom the authenticator knows.
///
/// # Errors
/// The first thing that is not as it must be.
pub fn register(
    at: &RelyingParty,
    challenge: &Challenge,
    sent: SentRegistration<'_>,
) -> Result<NewPasskey, PasskeyError> {
    let hash = client_data::check(sent.client_data, Ceremony::Create, at, challenge)?;
    if sent.attestation.len() > PART_MAX {
        return Err(PasskeyError::Malformed);
    }
    let object = Map::read_whole(sent.attestation)?;
    let signed = object.bytes("authData").ok_or(PasskeyError::Malformed)?;
    let data = AuthenticatorData::read(signed, at)?;
    let attested = data.credential.ok_or(PasskeyError::Malformed)?;
    let key = PasskeyKey::parse(&attested.key)?;
    statement(&object, &key, &[signed, &hash].concat())?;
    Ok(NewPasskey {
        credential_id: attested.id,
        key: attested.key,
        sign_count: data.sign_count,
        is_backup_eligible: data.is_backup_eligible,
        is_backed_up: data.is_backed_up,
    })
}

/// We ask for no attestation. Browsers pass one on all the same where the authenticator merely
/// signed with the new key itself (§5.1.3, §8.2); then it must be right.
fn statement(object: &Map, key: &PasskeyKey, message: &[u8]) -> Result<(), PasskeyError> {
    let statement = object.map("attStmt")?;
    let is_right = match object.text("fmt") {
        Some("none") => statement.len() == 0,
        Some("packed") => {
            statement.len() == 2
                && statement.integer("alg") == Some(key.algorithm().into())
                && statement.bytes("sig").is_some_and(|sig| key.verifies(message, sig))
        }
        _ => false,
    };
    if is_right { Ok(()) } else { Err(PasskeyError::Attestation) }
}
