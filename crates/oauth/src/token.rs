//! Making access tokens (RFC 9068) and the answer that carries them (RFC 6749 §5.1).

use std::fmt;

use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;

use crate::claims::Claims;
use crate::key::SigningKey;

/// The success answer of the token endpoint.
#[derive(Clone, Serialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// `Bearer`, or `DPoP` where the token is bound to a key that each request proves.
    pub token_type: &'static str,
    /// Its life in seconds.
    pub expires_in: i64,
    /// What was granted; said always, also when it is what was asked for.
    pub scope: String,
    /// What gets the next access token, where a person granted this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

/// Signing failed.
#[derive(Debug, thiserror::Error)]
#[error("the token could not be signed")]
pub struct MintError(#[source] pub(crate) jsonwebtoken::errors::Error);

/// Signs claims into an access token.
///
/// # Errors
/// When signing fails, which is no fault of the caller.
pub fn mint(key: &SigningKey, claims: &Claims) -> Result<String, MintError> {
    let mut header = Header::new(Algorithm::ES256);
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(key.kid().to_owned());
    jsonwebtoken::encode(&header, claims, &key.encoding).map_err(MintError)
}

impl TokenResponse {
    /// Signs claims into the answer of the token endpoint.
    ///
    /// # Errors
    /// When signing fails, which is no fault of the caller.
    pub fn mint(key: &SigningKey, claims: &Claims) -> Result<Self, MintError> {
        Ok(Self {
            access_token: mint(key, claims)?,
            token_type: claims.token_type(),
            expires_in: claims.exp.saturating_sub(claims.iat),
            scope: claims.scope.to_string(),
            refresh_token: None,
        })
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// How long an access token lives, and may live at most.
pub const ACCESS_TOKEN_SECONDS: i64 = 900;

/// RFC 9068 §2.1: the type that keeps other JWTs from being taken for access tokens.
pub(crate) const TYPE: &str = "at+jwt";
