//! ID tokens of a foreign identity provider (OpenID Connect Core 1.0 §3.1.3.7), and the tokens by
//! which it says that somebody signed out (Back-Channel Logout 1.0 §2.6). The signature is checked
//! always.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use data_encoding::BASE64URL_NOPAD;
use kernel::Timestamp;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use crate::jti::JtiClaim;
use crate::jwk::{Algorithm, ForeignKey};
use crate::jws::Jws;
use crate::members;

/// Whose tokens for whom.
#[derive(Clone, Copy, Debug)]
pub struct Between<'a> {
    /// The identity provider.
    pub issuer: &'a str,
    /// Us, as it knows us.
    pub client_id: &'a str,
    /// What it may sign with.
    pub algorithms: &'a [Algorithm],
    /// The present moment.
    pub now: Timestamp,
}

/// What an ID token must belong to.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// The nonce that the person was sent with.
    pub nonce: &'a str,
    /// How long ago they may have proven who they are, in seconds.
    pub max_age_s: i64,
    /// The access token beside it.
    pub access_token: Option<&'a str>,
    /// The claim that holds groups.
    pub groups_claim: &'a str,
}

/// What an ID token says about somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who, to the issuer. Together with the issuer it is the identity; an address never is.
    pub subject: String,
    /// The session with the provider.
    pub session: Option<String>,
    /// When they proved who they are, in seconds.
    pub auth_time: i64,
    /// How strongly.
    pub acr: Option<String>,
    /// By which methods, where that is a list.
    pub amr: Vec<String>,
    /// Their groups.
    pub groups: Vec<String>,
    /// Their address, for showing.
    pub email: Option<String>,
    /// Their name, for showing.
    pub name: Option<String>,
}

/// Who signed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOut {
    /// Who, to the issuer; everybody of the session where it is not said.
    pub subject: Option<String>,
    /// The session with the provider; all of theirs where it is not said.
    pub session: Option<String>,
    /// What must not have been seen.
    pub claim: JtiClaim,
}

/// Why a token proves nothing. The person learns none of it; the audit trail does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// Not a JWS that we read, or of another type.
    #[error("not a JWT of this type")]
    Malformed,
    /// The key did not sign it, or not with an algorithm that is taken.
    #[error("not signed by the provider")]
    Signature,
    /// A claim is missing, given twice or of the wrong type.
    #[error("a claim is missing, given twice or of the wrong type")]
    Claims,
    /// Issued by somebody else.
    #[error("another issuer")]
    Issuer,
    /// Meant for somebody else, or for more than us.
    #[error("another audience")]
    Audience,
    /// Not of this sign-in.
    #[error("not of this sign-in")]
    Nonce,
    /// Over, not begun, or not of this moment.
    #[error("not of this moment")]
    Time,
    /// They proved who they are too long ago, or it is not said when.
    #[error("proven too long ago")]
    AuthTime,
    /// The access token beside it is another one's.
    #[error("the access token is of another answer")]
    AccessToken,
}

impl IdTokenError {
    /// The reason code for the audit trail.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "id_token_malformed",
            Self::Signature => "id_token_signature",
            Self::Claims => "id_token_claims",
            Self::Issuer => "id_token_issuer",
            Self::Audience => "id_token_audience",
            Self::Nonce => "id_token_nonce",
            Self::Time => "id_token_time",
            Self::AuthTime => "id_token_auth_time",
            Self::AccessToken => "id_token_access_token",
        }
    }
}

/// Checks an ID token by the key that it names.
///
/// # Errors
/// When any rule is broken; see [`IdTokenError`].
pub fn verify_id_token(
    jwt: &str,
    key: &ForeignKey,
    between: &Between<'_>,
    sought: &Sought<'_>,
) -> Result<Identity, IdTokenError> {
    let claims = signed(jwt, key, between, &[None, Some("JWT")])?;
    check_parties(&claims, between)?;
    let nonce = text(&claims, "nonce")?.ok_or(IdTokenError::Nonce)?;
    if !bool::from(nonce.as_bytes().ct_eq(sought.nonce.as_bytes())) {
        return Err(IdTokenError::Nonce);
    }
    check_times(&claims, between.now.seconds())?;
    let auth_time = check_auth_time(&claims, sought.max_age_s, between.now.seconds())?;
    check_access_token(&claims, key.algorithm(), sought.access_token)?;
    Ok(Identity {
        subject: subject(&claims)?.ok_or(IdTokenError::Claims)?,
        session: named(&claims, "sid")?,
        auth_time,
        acr: named(&claims, "acr")?,
        amr: listed(claims.get("amr").filter(|amr| amr.is_array()))?,
        groups: listed(claims.get(sought.groups_claim))?,
        email: shown(&claims, "email"),
        name: shown(&claims, "name"),
    })
}

/// Checks a logout token by the key that it names.
///
/// # Errors
/// When any rule is broken; see [`IdTokenError`].
pub fn verify_logout_token(
    jwt: &str,
    key: &ForeignKey,
    between: &Between<'_>,
) -> Result<SignedOut, IdTokenError> {
    let claims = signed(jwt, key, between, &[Some("logout+jwt")])?;
    check_parties(&claims, between)?;
    check_times(&claims, between.now.seconds())?;
    // §2.4: a nonce would make it an ID token of somebody.
    let is_logout = claims.get("events").and_then(|events| events.get(LOGOUT_EVENT));
    if claims.contains_key("nonce") || !is_logout.is_some_and(Value::is_object) {
        return Err(IdTokenError::Claims);
    }
    let (subject, session) = (subject(&claims)?, named(&claims, "sid")?);
    if subject.is_none() && session.is_none() {
        return Err(IdTokenError::Claims);
    }
    let jti = named(&claims, "jti")?.ok_or(IdTokenError::Claims)?;
    let exp = integer(&claims, "exp")?.ok_or(IdTokenError::Claims)?;
    let until = exp.saturating_add(SKEW_S);
    Ok(SignedOut { subject, session, claim: JtiClaim::new("logout", between.issuer, &jti, until) })
}

fn signed(
    jwt: &str,
    key: &ForeignKey,
    between: &Between<'_>,
    types: &[Option<&str>],
) -> Result<Map<String, Value>, IdTokenError> {
    let jws = Jws::parse(jwt).ok_or(IdTokenError::Malformed)?;
    if !types.contains(&jws.header.typ.as_deref()) {
        return Err(IdTokenError::Malformed);
    }
    let is_named = jws.header.kid.is_some() && jws.header.kid.as_deref() == key.kid();
    if !jws.is_signed_by(key, between.algorithms) || !is_named {
        return Err(IdTokenError::Signature);
    }
    members::read(&jws.payload).ok_or(IdTokenError::Claims)
}

/// OpenID Connect Core §3.1.3.7: the issuer exactly, and us alone.
fn check_parties(claims: &Map<String, Value>, between: &Between<'_>) -> Result<(), IdTokenError> {
    if text(claims, "iss")? != Some(between.issuer) {
        return Err(IdTokenError::Issuer);
    }
    let is_ours = match claims.get("aud") {
        Some(Value::String(aud)) => aud == between.client_id,
        Some(Value::Array(list)) => list.len() == 1 && list.iter().all(|a| a == between.client_id),
        _ => return Err(IdTokenError::Claims),
    };
    let azp = text(claims, "azp")?;
    if is_ours && azp.is_none_or(|azp| azp == between.client_id) {
        Ok(())
    } else {
        Err(IdTokenError::Audience)
    }
}

fn check_times(claims: &Map<String, Value>, now: i64) -> Result<(), IdTokenError> {
    let iat = integer(claims, "iat")?.ok_or(IdTokenError::Claims)?;
    let exp = integer(claims, "exp")?.ok_or(IdTokenError::Claims)?;
    let nbf = integer(claims, "nbf")?;
    let soon = now.saturating_add(SKEW_S);
    let is_now = now < exp.saturating_add(SKEW_S)
        && iat <= soon
        && iat.saturating_add(AGE_MAX_S) >= now
        && nbf.is_none_or(|nbf| nbf <= soon);
    if is_now { Ok(()) } else { Err(IdTokenError::Time) }
}

/// `max_age` was sent, so that `auth_time` has to be there (OpenID Connect Core §2).
fn check_auth_time(
    claims: &Map<String, Value>,
    max_age_s: i64,
    now: i64,
) -> Result<i64, IdTokenError> {
    let at = integer(claims, "auth_time")?.ok_or(IdTokenError::AuthTime)?;
    let oldest = now.saturating_sub(max_age_s).saturating_sub(SKEW_S);
    let is_recent = at >= oldest && at <= now.saturating_add(SKEW_S);
    if is_recent { Ok(at) } else { Err(IdTokenError::AuthTime) }
}

/// OpenID Connect Core §3.1.3.8: the left half of the hash that belongs to the algorithm.
fn check_access_token(
    claims: &Map<String, Value>,
    algorithm: Algorithm,
    access_token: Option<&str>,
) -> Result<(), IdTokenError> {
    let Some(said) = text(claims, "at_hash")? else { return Ok(()) };
    let access_token = access_token.ok_or(IdTokenError::AccessToken)?;
    let hash = match algorithm {
        Algorithm::Es256 | Algorithm::Ps256 | Algorithm::Rs256 => &SHA256,
        Algorithm::Es384 | Algorithm::Ps384 | Algorithm::Rs384 => &SHA384,
        Algorithm::EdDsa | Algorithm::Ps512 | Algorithm::Rs512 => &SHA512,
    };
    let whole = digest::digest(hash, access_token.as_bytes());
    let (left, _) = whole.as_ref().split_at(whole.as_ref().len() / 2);
    if said == BASE64URL_NOPAD.encode(left) { Ok(()) } else { Err(IdTokenError::AccessToken) }
}

/// OpenID Connect Core §2: at most 255 ASCII characters.
fn subject(claims: &Map<String, Value>) -> Result<Option<String>, IdTokenError> {
    let subject = named(claims, "sub")?;
    match subject.as_ref().is_none_or(|sub| sub.is_ascii()) {
        true => Ok(subject),
        false => Err(IdTokenError::Claims),
    }
}

/// A text that is left out, or not empty and not long.
fn named(claims: &Map<String, Value>, name: &str) -> Result<Option<String>, IdTokenError> {
    match text(claims, name)? {
        Some(text) if text.is_empty() || text.len() > NAME_BYTES_MAX => Err(IdTokenError::Claims),
        text => Ok(text.map(ToOwned::to_owned)),
    }
}

/// A text that decides nothing: what does not fit is not shown.
fn shown(claims: &Map<String, Value>, name: &str) -> Option<String> {
    let text = claims.get(name)?.as_str()?;
    (!text.is_empty() && text.len() <= NAME_BYTES_MAX).then(|| text.to_owned())
}

/// Texts of a list, or one text alone: some providers write a list of one so.
fn listed(value: Option<&Value>) -> Result<Vec<String>, IdTokenError> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(list)) if list.len() <= LISTED_MAX => list
            .iter()
            .map(|each| each.as_str().map(ToOwned::to_owned).ok_or(IdTokenError::Claims))
            .collect(),
        Some(_) => Err(IdTokenError::Claims),
    }
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, IdTokenError> {
    claims.get(name).map(|value| value.as_str().ok_or(IdTokenError::Claims)).transpose()
}

fn integer(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, IdTokenError> {
    claims.get(name).map(|value| value.as_i64().ok_or(IdTokenError::Claims)).transpose()
}

const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How far two clocks may be apart.
const SKEW_S: i64 = 30;
/// A token is used when it is made.
const AGE_MAX_S: i64 = 600;
const NAME_BYTES_MAX: usize = 255;
const LISTED_MAX: usize = 500;

#[cfg(test)]
mod tests;
