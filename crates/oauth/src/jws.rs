//! Compact JWS of others (RFC 7515 §7.1): client assertions, DPoP proofs, ID tokens and access
//! tokens of issuers that are trusted.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::jwk::{Algorithm, ForeignKey};
use crate::members;

/// A JWS that is well-formed. Nothing is proven yet.
pub(crate) struct Jws<'a> {
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
    message: &'a str,
    signature: Vec<u8>,
}

/// The members that are understood. RFC 7515 §4: others are ignored, unless `crit` names them,
/// and nothing that `crit` may name is understood here.
#[derive(Deserialize)]
pub(crate) struct Header {
    alg: String,
    #[serde(default)]
    pub(crate) typ: Option<String>,
    #[serde(default)]
    pub(crate) kid: Option<String>,
    #[serde(default)]
    pub(crate) jwk: Option<Map<String, Value>>,
    #[serde(default)]
    jku: Option<IgnoredAny>,
    #[serde(default)]
    x5u: Option<IgnoredAny>,
    #[serde(default)]
    x5c: Option<IgnoredAny>,
    #[serde(default)]
    crit: Option<IgnoredAny>,
    #[serde(default)]
    b64: Option<IgnoredAny>,
}

impl<'a> Jws<'a> {
    /// Reads one; `None` when it is too large, not canonical, or carries critical members.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > JWS_BYTES_MAX {
            return None;
        }
        let (message, signature) = text.rsplit_once('.')?;
        // A fourth part leaves its dot in the payload, which is no base64url.
        let (header, payload) = message.split_once('.')?;
        let header: Header = members::read(&decoded(header)?)?;
        if header.crit.is_some() || header.b64.is_some() {
            return None;
        }
        Some(Self { header, payload: decoded(payload)?, message, signature: decoded(signature)? })
    }

    /// Whether the key signed it. The algorithm is the key's: a header that names another one is a
    /// refusal, as is a key of an algorithm that is not among `taken`.
    pub(crate) fn is_signed_by(&self, key: &ForeignKey, taken: &[Algorithm]) -> bool {
        let is_named = match key.algorithm() {
            // RFC 9864 gives the algorithm a second name.
            Algorithm::EdDsa => matches!(self.header.alg.as_str(), "EdDSA" | "Ed25519"),
            other => self.header.alg == other.name(),
        };
        let is_taken = is_named && taken.contains(&key.algorithm());
        // Verified in any case: how long it takes says nothing about what was wrong.
        key.verifies(self.message.as_bytes(), &self.signature) && is_taken
    }
}

/// What one of these keys signed, by an algorithm that is taken. A header that names a key is about
/// that key; one that names none is about the only one.
#[must_use]
pub fn signed(text: &str, keys: &[ForeignKey], taken: &[Algorithm]) -> Option<Vec<u8>> {
    let jws = Jws::parse(text)?;
    let named = keys.iter().find(|key| jws.header.kid.is_some() && key.kid() == jws.header.kid());
    let key = match (named, keys) {
        (Some(key), _) => key,
        (None, [only]) if jws.header.kid.is_none() || only.kid().is_none() => only,
        (None, _) => return None,
    };
    jws.is_signed_by(key, taken).then_some(jws.payload)
}

impl Header {
    /// Whether it brings a key of its own, or says where one is. Nobody here ever goes by that; who
    /// has no use for it refuses it.
    pub(crate) fn brings_key(&self) -> bool {
        self.jwk.is_some() || self.jku.is_some() || self.x5u.is_some() || self.x5c.is_some()
    }

    fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

fn decoded(part: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(part.as_bytes()).ok()
}

/// Everything that is verified here; who signs decides which of it is taken.
pub const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
];
/// What clients may sign with: what is no weaker than FAPI 2.0 allows, and no PKCS #1 v1.5.
pub const CLIENT_ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa, Algorithm::Ps256];
/// What clients may that are held to FAPI 2.0 (Security Profile §5.4.1).
pub const FAPI_ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ps256];
pub(crate) const JWS_BYTES_MAX: usize = 8 * 1024;
