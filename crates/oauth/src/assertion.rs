//! Client authentication by a signed assertion: `private_key_jwt` (RFC 7523 §3, as tightened by
//! RFC 7523bis: the issuer is the one audience).

use data_encoding::HEXLOWER;
use jsonwebtoken::Header;
use kernel::{Timestamp, random};
use serde::{Deserialize, Serialize};

use crate::jti::JtiClaim;
use crate::jwk::ForeignKey;
use crate::jws::{CLIENT_ALGORITHMS, Jws};
use crate::key::SigningKey;
use crate::members;
use crate::token::MintError;

/// The value of `client_assertion_type`.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Why an assertion proves nothing. The client learns none of it; the audit trail does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// Not a JWS that we read.
    #[error("not a JWT that is taken")]
    Malformed,
    /// No key of the client has this name, or it did not sign this.
    #[error("not signed by a key of the client")]
    Signature,
    /// A claim is missing, given twice or of the wrong type.
    #[error("a claim is missing, given twice or of the wrong type")]
    Claims,
    /// Issuer and subject are not both the client.
    #[error("issuer and subject are not the client")]
    Parties,
    /// Meant for somebody else, or for more than us.
    #[error("the audience is not the issuer alone")]
    Audience,
    /// Over, not begun, or longer than an assertion lives.
    #[error("the assertion is not of this moment")]
    Time,
}

impl AssertionError {
    /// The reason code for the audit trail and the metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "assertion_malformed",
            Self::Signature => "assertion_signature",
            Self::Claims => "assertion_claims",
            Self::Parties => "assertion_parties",
            Self::Audience => "assertion_audience",
            Self::Time => "assertion_time",
        }
    }
}

#[derive(Deserialize)]
struct Payload {
    iss: String,
    sub: String,
    aud: String,
    jti: String,
    exp: i64,
    #[serde(default)]
    iat: Option<i64>,
    #[serde(default)]
    nbf: Option<i64>,
}

/// Whom an assertion claims to come from. Nothing is proven by it.
pub(crate) fn claimed_client(jwt: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Subject {
        sub: String,
    }
    members::read::<Subject>(&Jws::parse(jwt)?.payload).map(|payload| payload.sub)
}

/// Checks an assertion against a client's keys; which key it was and the id to claim. A client
/// without such a key costs as much as one with: `decoy` is verified instead.
pub(crate) fn verify<'k>(
    jwt: &str,
    (client_id, keys, decoy): (&str, &'k [ForeignKey], &ForeignKey),
    issuer: &str,
    now: Timestamp,
) -> Result<(&'k ForeignKey, JtiClaim), AssertionError> {
    let jws = Jws::parse(jwt).ok_or(AssertionError::Malformed)?;
    if !matches!(jws.header.typ.as_deref(), None | Some("JWT" | "client-authentication+jwt")) {
        return Err(AssertionError::Malformed);
    }
    let named = jws.header.kid.as_deref();
    let key = keys.iter().find(|key| named.is_some() && key.kid() == named);
    let is_signed = jws.is_signed_by(key.unwrap_or(decoy), &CLIENT_ALGORITHMS);
    let key = key.filter(|_| is_signed).ok_or(AssertionError::Signature)?;
    let payload: Payload = members::read(&jws.payload).ok_or(AssertionError::Claims)?;
    check(&payload, client_id, issuer, now.seconds())?;
    let until = payload.exp.saturating_add(LEEWAY_SECONDS);
    Ok((key, JtiClaim::new("assertion", client_id, &payload.jti, until)))
}

/// Signs that we are who we say, where we are the client of somebody else's server.
///
/// # Errors
/// When signing fails.
pub fn sign_assertion(
    key: &SigningKey,
    client_id: &str,
    audience: &str,
    now: Timestamp,
) -> Result<String, MintError> {
    let mut header = Header::new(jsonwebtoken::Algorithm::ES256);
    header.kid = Some(key.kid().to_owned());
    let own = Own {
        iss: client_id,
        sub: client_id,
        aud: audience,
        jti: HEXLOWER.encode(&random::bytes::<16>()),
        iat: now.seconds(),
        exp: now.seconds().saturating_add(OWN_LIFE_SECONDS),
    };
    jsonwebtoken::encode(&header, &own, &key.encoding).map_err(MintError)
}

#[derive(Serialize)]
struct Own<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: String,
    iat: i64,
    exp: i64,
}

fn check(payload: &Payload, client_id: &str, issuer: &str, now: i64) -> Result<(), AssertionError> {
    if payload.iss != client_id || payload.sub != client_id {
        return Err(AssertionError::Parties);
    }
    if payload.aud != issuer {
        return Err(AssertionError::Audience);
    }
    if !(1..=JTI_BYTES_MAX).contains(&payload.jti.len()) {
        return Err(AssertionError::Claims);
    }
    let soon = now.saturating_add(LEEWAY_SECONDS);
    let is_over = now >= payload.exp.saturating_add(LEEWAY_SECONDS);
    let is_long = payload.exp > soon.saturating_add(LIFE_SECONDS_MAX);
    let has_begun = [payload.iat, payload.nbf].into_iter().flatten().all(|from| from <= soon);
    if is_over || is_long || !has_begun { Err(AssertionError::Time) } else { Ok(()) }
}

const LIFE_SECONDS_MAX: i64 = 300;
const OWN_LIFE_SECONDS: i64 = 60;
const LEEWAY_SECONDS: i64 = 5;
const JTI_BYTES_MAX: usize = 256;

#[cfg(test)]
mod tests;
