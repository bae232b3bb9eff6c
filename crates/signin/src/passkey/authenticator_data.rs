//! What the authenticator says of itself, and signs (WebAuthn §6.1).

use super::cbor::Map;
use super::{CREDENTIAL_ID_MAX, PART_MAX, PasskeyError, RelyingParty};

/// Authenticator data of somebody who was present and verified, made for this site.
#[derive(Debug)]
pub(super) struct AuthenticatorData {
    pub(super) is_backup_eligible: bool,
    pub(super) is_backed_up: bool,
    pub(super) sign_count: u32,
    pub(super) credential: Option<Attested>,
}

/// A new credential.
#[derive(Debug)]
pub(super) struct Attested {
    pub(super) id: Vec<u8>,
    /// A `COSE_Key`.
    pub(super) key: Vec<u8>,
}

impl AuthenticatorData {
    pub(super) fn read(bytes: &[u8], at: &RelyingParty) -> Result<Self, PasskeyError> {
        if bytes.len() > PART_MAX {
            return Err(PasskeyError::Malformed);
        }
        let (hash, rest) = take::<32>(bytes)?;
        let ([flags], rest) = take::<1>(rest)?;
        let (count, rest) = take::<4>(rest)?;
        if !at.is_hash(&hash) {
            return Err(PasskeyError::Origin);
        }
        let has = |flag: u8| flags & flag != 0;
        if !has(USER_PRESENT) {
            return Err(PasskeyError::Absent);
        }
        if !has(USER_VERIFIED) {
            return Err(PasskeyError::Unverified);
        }
        // A copy of what cannot be copied, and bits that mean nothing yet.
        if (has(BACKED_UP) && !has(BACKUP_ELIGIBLE)) || has(RESERVED) {
            return Err(PasskeyError::Malformed);
        }
        let (credential, rest) = match has(ATTESTED) {
            true => attested(rest).map(|(credential, rest)| (Some(credential), rest))?,
            false => (None, rest),
        };
        let rest = match has(EXTENDED) {
            true => rest.get(Map::read(rest)?.1..).unwrap_or_default(),
            false => rest,
        };
        if !rest.is_empty() {
            return Err(PasskeyError::Malformed);
        }
        Ok(Self {
            is_backup_eligible: has(BACKUP_ELIGIBLE),
            is_backed_up: has(BACKED_UP),
            sign_count: u32::from_be_bytes(count),
            credential,
        })
    }
}

/// The maker's number, which is zero without attestation, a length, an id and a key.
fn attested(bytes: &[u8]) -> Result<(Attested, &[u8]), PasskeyError> {
    let (_, rest) = take::<16>(bytes)?;
    let (length, rest) = take::<2>(rest)?;
    let length = usize::from(u16::from_be_bytes(length));
    if length == 0 || length > CREDENTIAL_ID_MAX {
        return Err(PasskeyError::Malformed);
    }
    let (id, rest) = rest.split_at_checked(length).ok_or(PasskeyError::Malformed)?;
    let (_, taken) = Map::read(rest)?;
    let (key, rest) = rest.split_at_checked(taken).ok_or(PasskeyError::Malformed)?;
    Ok((Attested { id: id.to_vec(), key: key.to_vec() }, rest))
}

fn take<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), PasskeyError> {
    let (head, rest) = bytes.split_first_chunk::<N>().ok_or(PasskeyError::Malformed)?;
    Ok((*head, rest))
}

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const RESERVED: u8 = 0x22;
const ATTESTED: u8 = 0x40;
const EXTENDED: u8 = 0x80;
