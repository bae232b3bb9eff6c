//! Verifying access tokens: every rule in one place, the cheapest first.
//!
//! Of `jsonwebtoken` only the signature check is used. Its validation reads the system's clock,
//! and lets pass lists of issuers, missing claims and unknown critical headers.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::Algorithm;
use kernel::{Problem, Timestamp, UserId};
use serde::Deserialize;

use crate::claims::{Claims, Payload};
use crate::error::INVALID_TOKEN;
use crate::key::VerifyingKeys;
use crate::members;
use crate::token::{ACCESS_TOKEN_SECONDS, TYPE};

/// Whose tokens for whom.
#[derive(Clone, Copy, Debug)]
pub struct Expect<'a> {
    /// The one issuer.
    pub issuer: &'a str,
    /// The one audience: us.
    pub audience: &'a str,
}

/// Why a token is refused. The caller learns at most that it expired; the log learns the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Larger than any token of ours.
    #[error("the token is larger than {TOKEN_BYTES_MAX} bytes")]
    TooLarge,
    /// Not three parts of canonical base64url.
    #[error("expected three parts of base64url")]
    Malformed,
    /// A header that our tokens do not have: type, algorithm, critical or unknown members.
    #[error("expected a header of exactly `typ`, `alg` and `kid`, for an ES256 access token")]
    Header,
    /// Signed by a key that is not, or no longer, ours.
    #[error("the token names a key that is not in use")]
    UnknownKey,
    /// Not what was signed.
    #[error("the signature does not fit")]
    Signature,
    /// A claim is missing, given twice or of the wrong type.
    #[error("a claim is missing, given twice or of the wrong type")]
    Claims,
    /// Issued by somebody else.
    #[error("another issuer")]
    Issuer,
    /// Meant for somebody else.
    #[error("another audience")]
    Audience,
    /// Neither the client's own token nor one that a person granted.
    #[error("the subject is neither the client nor a person")]
    Subject,
    /// Its time is over.
    #[error("the token expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Issued later than now.
    #[error("the token was issued in the future")]
    IssuedInFuture,
    /// Lives longer than tokens of ours do, or ends before it begins.
    #[error("the token's life is not 1 to {ACCESS_TOKEN_SECONDS} seconds")]
    Lifetime,
}

impl TokenError {
    /// The reason code for the audit trail and the metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Header => "header",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Subject => "subject",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::Lifetime => "lifetime",
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        // RFC 6750 §3.1. Which rule was broken helps nobody but a forger; expiry helps a client.
        let detail = match error {
            TokenError::Expired => "the access token expired",
            _ => "the access token is not valid",
        };
        let challenge = format!(
            r#"Bearer realm="ringwall", error="invalid_token", error_description="{detail}""#
        );
        let problem = Self::new(&INVALID_TOKEN).detail(detail);
        problem.header("WWW-Authenticate", challenge).because(error)
    }
}

/// A good token.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What it says.
    pub claims: Claims,
    /// The key that signed it.
    pub kid: String,
}

/// Checks an access token and gives what it says.
///
/// # Errors
/// When any rule is broken; see [`TokenError`].
pub fn verify(
    token: &str,
    keys: &VerifyingKeys,
    expect: &Expect<'_>,
    now: Timestamp,
) -> Result<Verified, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::TooLarge);
    }
    let (payload, kid) = signed_bytes(token, keys)?;
    let payload: Payload = members::read(&payload).ok_or(TokenError::Claims)?;
    let nbf = payload.nbf;
    let claims = payload.into_claims().ok_or(TokenError::Claims)?;
    check_parties(&claims, expect)?;
    check_times(&claims, nbf, now.seconds())?;
    Ok(Verified { claims, kid })
}

/// The payload and the name of the key, once the signature fits.
fn signed_bytes(token: &str, keys: &VerifyingKeys) -> Result<(Vec<u8>, String), TokenError> {
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    // A fourth part leaves its dot in the payload, which is no base64url.
    let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
    let header: Protected = members::read(&decoded(header)?).ok_or(TokenError::Header)?;
    let payload = decoded(payload)?;
    decoded(signature)?;
    if header.typ != TYPE || header.alg != ALGORITHM_NAME {
        return Err(TokenError::Header);
    }
    let key = keys.find(&header.kid).ok_or(TokenError::UnknownKey)?;
    // The algorithm is the key's, whatever the header says: all our keys are ES256.
    match jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, Algorithm::ES256) {
        Ok(true) => Ok((payload, header.kid)),
        Ok(false) | Err(_) => Err(TokenError::Signature),
    }
}

/// The header of a token. Nobody but us makes these, so unlike RFC 7515 §4 unknown members are
/// refused: that leaves no room for `crit`, `b64`, `jku`, `jwk`, `x5u`, `zip` and what may come.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Protected {
    typ: String,
    alg: String,
    kid: String,
}

fn check_parties(claims: &Claims, expect: &Expect<'_>) -> Result<(), TokenError> {
    if claims.iss != expect.issuer {
        return Err(TokenError::Issuer);
    }
    if claims.aud != expect.audience {
        return Err(TokenError::Audience);
    }
    // RFC 9068 §5: a client's own token is never to be taken for a person's, nor the reverse.
    let is_subject = match &claims.person {
        None => claims.sub == claims.client_id && !claims.sub.is_empty(),
        Some(_) => claims.sub.parse::<UserId>().is_ok() && claims.sub != claims.client_id,
    };
    if !is_subject {
        return Err(TokenError::Subject);
    }
    if claims.jti.is_empty() { Err(TokenError::Claims) } else { Ok(()) }
}

fn check_times(claims: &Claims, nbf: Option<i64>, now: i64) -> Result<(), TokenError> {
    let life = claims.exp.checked_sub(claims.iat).ok_or(TokenError::Lifetime)?;
    if !(1..=ACCESS_TOKEN_SECONDS).contains(&life) {
        return Err(TokenError::Lifetime);
    }
    // RFC 7519 §4.1.4: on or after the expiration time it is over.
    if now >= claims.exp.saturating_add(LEEWAY_SECONDS) {
        return Err(TokenError::Expired);
    }
    let soon = now.saturating_add(LEEWAY_SECONDS);
    if claims.iat > soon {
        return Err(TokenError::IssuedInFuture);
    }
    if nbf.is_some_and(|nbf| nbf > soon) { Err(TokenError::NotYetValid) } else { Ok(()) }
}

fn decoded(part: &str) -> Result<Vec<u8>, TokenError> {
    BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| TokenError::Malformed)
}

/// RFC 7518 §3.1.
const ALGORITHM_NAME: &str = "ES256";
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// How far two clocks may be apart.
const LEEWAY_SECONDS: i64 = 5;

#[cfg(test)]
mod tests;
