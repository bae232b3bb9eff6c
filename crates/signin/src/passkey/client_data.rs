//! What the browser says that it asked for, where, and for whom (WebAuthn §5.8.1).

use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;

use super::{Challenge, PART_MAX, PasskeyError, RelyingParty};

/// Members that nobody knows are allowed: the standard says that there will be more.
#[derive(Deserialize)]
struct ClientData<'a> {
    #[serde(rename = "type", borrow)]
    ceremony: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    challenge: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    origin: std::borrow::Cow<'a, str>,
    #[serde(rename = "crossOrigin", default)]
    is_cross_origin: bool,
    #[serde(rename = "topOrigin", default)]
    top_origin: Option<serde::de::IgnoredAny>,
}

/// What the browser was asked for.
#[derive(Clone, Copy)]
pub(super) enum Ceremony {
    Create,
    Get,
}

/// The hash that is signed, of client data that is about this challenge and this site.
pub(super) fn check(
    bytes: &[u8],
    ceremony: Ceremony,
    at: &RelyingParty,
    challenge: &Challenge,
) -> Result<[u8; 32], PasskeyError> {
    if bytes.len() > PART_MAX {
        return Err(PasskeyError::Malformed);
    }
    let data: ClientData<'_> =
        serde_json::from_slice(bytes).map_err(|_| PasskeyError::Malformed)?;
    if data.ceremony != ceremony.name() {
        return Err(PasskeyError::Ceremony);
    }
    if !challenge.is(&data.challenge) {
        return Err(PasskeyError::Challenge);
    }
    if !at.is_origin(&data.origin) {
        return Err(PasskeyError::Origin);
    }
    // Our pages are in nobody's frame.
    if data.is_cross_origin || data.top_origin.is_some() {
        return Err(PasskeyError::CrossOrigin);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    Ok(hash)
}

impl Ceremony {
    const fn name(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}
