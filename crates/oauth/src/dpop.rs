//! DPoP proofs (RFC 9449): a token that is bound to a key is good for who has the key.

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use kernel::{Code, Problem, Timestamp};
use serde::Deserialize;

use crate::error::{INVALID_TOKEN, OAuthError, OAuthErrorKind};
use crate::jti::JtiClaim;
use crate::jwk::{Algorithm, ForeignKey};
use crate::jws::{CLIENT_ALGORITHMS, Jws};
use crate::members;
use crate::registered::Profile;

/// The request that a proof must be about.
#[derive(Clone, Copy, Debug)]
pub struct ProofOf<'a> {
    /// The method.
    pub method: &'a str,
    /// The URL without query and fragment, in our own spelling.
    pub url: &'a str,
    /// The access token that it goes with, at a resource server.
    pub token: Option<&'a str>,
    /// The nonce that it must carry, where one was asked for.
    pub nonce: Option<&'a str>,
    /// The present moment.
    pub now: Timestamp,
}

/// A good proof: the key's thumbprint. The id still has to be claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The thumbprint (RFC 7638) of the key that signed.
    pub thumbprint: String,
    /// What makes it count once.
    pub claim: JtiClaim,
    algorithm: Algorithm,
}

impl Proof {
    /// Whether a client that is held to this profile may prove it so.
    ///
    /// # Errors
    /// [`DpopError::Algorithm`] when it may not.
    pub fn check(&self, profile: Profile) -> Result<(), DpopError> {
        let may = profile.algorithms().contains(&self.algorithm);
        if may { Ok(()) } else { Err(DpopError::Algorithm) }
    }
}

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DpopError {
    /// There is none, where one is needed.
    #[error("the DPoP proof is missing")]
    Missing,
    /// Not a `dpop+jwt` with a public key in its header.
    #[error("the DPoP proof is malformed")]
    Malformed,
    /// Not signed by the key in its header.
    #[error("the DPoP proof is not signed by its key")]
    Signature,
    /// Signed by what the client's profile does not take.
    #[error("the DPoP proof is not signed as the client's profile asks")]
    Algorithm,
    /// About another method or URL.
    #[error("the DPoP proof is for another request")]
    Request,
    /// Too old, or of the future.
    #[error("the DPoP proof is not of this moment")]
    Time,
    /// About another token, or by another key than the token's.
    #[error("the DPoP proof is for another token")]
    Token,
    /// Without the nonce that was asked for.
    #[error("the DPoP proof lacks the nonce")]
    Nonce,
    /// Seen before.
    #[error("the DPoP proof was used before")]
    Replayed,
}

impl DpopError {
    /// The reason code for the audit trail and the metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "dpop_missing",
            Self::Malformed => "dpop_malformed",
            Self::Signature => "dpop_signature",
            Self::Algorithm => "dpop_algorithm",
            Self::Request => "dpop_request",
            Self::Time => "dpop_time",
            Self::Token => "dpop_token",
            Self::Nonce => "dpop_nonce",
            Self::Replayed => "dpop_replayed",
        }
    }

    const fn detail(self) -> &'static str {
        match self {
            Self::Missing => "a DPoP proof is required",
            Self::Replayed => "the DPoP proof was used before",
            Self::Algorithm => "the DPoP proof must be signed by PS256, ES256 or EdDSA",
            Self::Time => "the DPoP proof is too old or of the future",
            _ => "the DPoP proof is not valid for this request",
        }
    }
}

impl From<DpopError> for OAuthError {
    fn from(error: DpopError) -> Self {
        Self::new(OAuthErrorKind::InvalidDpopProof, error.detail())
    }
}

impl From<DpopError> for Problem {
    /// As a resource server answers (RFC 9449 §7.1).
    fn from(error: DpopError) -> Self {
        let code: &'static Code = &INVALID_TOKEN;
        let challenge = format!(
            "DPoP realm=\"ringwall\", error=\"invalid_dpop_proof\", \
             error_description=\"{}\", algs=\"{ALGORITHMS}\"",
            error.detail()
        );
        Self::new(code).detail(error.detail()).header("WWW-Authenticate", challenge).because(error)
    }
}

#[derive(Deserialize)]
struct Payload {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    #[serde(default)]
    ath: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
}

/// Checks a proof (RFC 9449 §4.3).
///
/// # Errors
/// When any rule is broken; see [`DpopError`].
pub fn verify_proof(jwt: &str, of: &ProofOf<'_>) -> Result<Proof, DpopError> {
    let jws = Jws::parse(jwt).ok_or(DpopError::Malformed)?;
    if jws.header.typ.as_deref() != Some("dpop+jwt") {
        return Err(DpopError::Malformed);
    }
    let key = jws.header.jwk.as_ref().ok_or(DpopError::Malformed)?;
    let key = ForeignKey::from_members(key).map_err(|_| DpopError::Malformed)?;
    if !jws.is_signed_by(&key, &CLIENT_ALGORITHMS) {
        return Err(DpopError::Signature);
    }
    let payload: Payload = members::read(&jws.payload).ok_or(DpopError::Malformed)?;
    check(&payload, of)?;
    let until = payload.iat.saturating_add(AGE_SECONDS_MAX + 1);
    let claim = JtiClaim::new("dpop", key.thumbprint(), &payload.jti, until);
    let algorithm = key.algorithm();
    Ok(Proof { thumbprint: key.thumbprint().to_owned(), claim, algorithm })
}

fn check(payload: &Payload, of: &ProofOf<'_>) -> Result<(), DpopError> {
    if !(1..=JTI_BYTES_MAX).contains(&payload.jti.len()) {
        return Err(DpopError::Malformed);
    }
    if payload.htm != of.method || !is_same_url(&payload.htu, of.url) {
        return Err(DpopError::Request);
    }
    let now = of.now.seconds();
    // RFC 9449 §4.3: the proof's age is bounded.
    if payload.iat > now.saturating_add(LEEWAY_SECONDS)
        || payload.iat < now.saturating_sub(AGE_SECONDS_MAX)
    {
        return Err(DpopError::Time);
    }
    if of.nonce.is_some() && payload.nonce.as_deref() != of.nonce {
        return Err(DpopError::Nonce);
    }
    match of.token {
        Some(token) if payload.ath.as_deref() != Some(&token_hash(token)) => Err(DpopError::Token),
        _ => Ok(()),
    }
}

/// RFC 9449 §4.2: `ath`.
fn token_hash(token: &str) -> String {
    BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, token.as_bytes()).as_ref())
}

/// RFC 9449 §4.3: query and fragment do not count; scheme, host and default port are normalised
/// (RFC 3986 §6.2.2, §6.2.3).
fn is_same_url(said: &str, ours: &str) -> bool {
    let said = said.split(['?', '#']).next().unwrap_or_default();
    match (parted(said), parted(ours)) {
        (Some(said), Some(ours)) => said == ours,
        _ => false,
    }
}

/// Scheme and authority in lower case, and the path as it is.
fn parted(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let slash = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(slash)?;
    let scheme = scheme.to_ascii_lowercase();
    let authority = authority.to_ascii_lowercase();
    let authority = match scheme.as_str() {
        "https" => authority.strip_suffix(":443").unwrap_or(&authority),
        _ => &authority,
    };
    Some((format!("{scheme}://{authority}"), if path.is_empty() { "/" } else { path }))
}

/// What proofs may be signed with, as metadata and challenges state it.
pub const ALGORITHMS: &str = "ES256 ES384 EdDSA PS256";
/// How old a proof may be.
const AGE_SECONDS_MAX: i64 = 60;
const LEEWAY_SECONDS: i64 = 5;
const JTI_BYTES_MAX: usize = 256;

#[cfg(test)]
mod tests;
