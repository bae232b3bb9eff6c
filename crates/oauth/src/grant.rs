//! The client credentials grant (RFC 6749 §4.4): who asks, and what they get.

use kernel::Timestamp;

use crate::assertion::AssertionError;
use crate::authentication::Authenticated;
use crate::claims::{Claims, Confirmation};
use crate::dpop::DpopError;
use crate::error::{OAuthError, OAuthErrorKind};
use crate::registered::{Profile, RegisteredClient};
use crate::request::TokenRequest;
use crate::scope::Scopes;
use crate::token::ACCESS_TOKEN_SECONDS;

/// What every token issued here and now has in common, and its own id.
#[derive(Clone, Copy, Debug)]
pub struct Issuance<'a> {
    /// Who issues.
    pub issuer: &'a str,
    /// The API that tokens are for.
    pub audience: &'a str,
    /// The new token's id.
    pub jti: &'a str,
    /// The present moment.
    pub now: Timestamp,
    /// The thumbprint of the key that the token is bound to, where the client proved one.
    pub bound_to: Option<&'a str>,
}

/// A token may be issued.
#[derive(Clone, Debug)]
pub struct Granted {
    /// What it shall say.
    pub claims: Claims,
}

/// No token is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Refused {
    /// What the client is told.
    pub error: OAuthError,
    /// What only the audit trail learns.
    pub reason: Reason,
}

/// Why no token was issued, more exactly than the client may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No such client.
    UnknownClient,
    /// None of the client's secrets.
    WrongSecret,
    /// A secret whose time is over.
    ExpiredSecret,
    /// The client is suspended.
    SuspendedClient,
    /// The client's profile does not take this method.
    MethodNotAllowed,
    /// The client assertion proves nothing.
    Assertion(AssertionError),
    /// The client assertion was used before.
    ReplayedAssertion,
    /// The DPoP proof is not good.
    Dpop(DpopError),
    /// More than the client may ask for.
    ScopeNotAllowed,
    /// Another API.
    UnknownResource,
}

impl Reason {
    /// The reason code for the audit trail and the metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownClient => "unknown_client",
            Self::WrongSecret => "wrong_secret",
            Self::ExpiredSecret => "expired_secret",
            Self::SuspendedClient => "suspended_client",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Assertion(error) => error.code(),
            Self::ReplayedAssertion => "assertion_replayed",
            Self::Dpop(error) => error.code(),
            Self::ScopeNotAllowed => "scope_not_allowed",
            Self::UnknownResource => "unknown_resource",
        }
    }
}

impl From<Refused> for OAuthError {
    fn from(refused: Refused) -> Self {
        refused.error
    }
}

impl From<DpopError> for Refused {
    fn from(error: DpopError) -> Self {
        Self { error: error.into(), reason: Reason::Dpop(error) }
    }
}

/// Decides a token request of a client that proved who it is.
///
/// # Errors
/// When the client asks for what it may not have.
pub fn grant(
    authenticated: &Authenticated<'_>,
    request: &TokenRequest,
    issuance: &Issuance<'_>,
) -> Result<Granted, Refused> {
    let client = authenticated.client();
    if request.resource.as_ref().is_some_and(|resource| resource != issuance.audience) {
        return Err(Refused { error: RESOURCE, reason: Reason::UnknownResource });
    }
    if client.profile == Profile::Fapi2 && issuance.bound_to.is_none() {
        return Err(DpopError::Missing.into());
    }
    let scope = request.scope.as_ref().unwrap_or(&client.allowed);
    // RFC 6749 §3.3: without a scope to fall back on, a request without one is refused.
    if scope.is_empty() || !scope.is_subset(&client.allowed) {
        return Err(Refused { error: SCOPE, reason: Reason::ScopeNotAllowed });
    }
    Ok(Granted { claims: claims(client, scope.clone(), issuance) })
}

fn claims(client: &RegisteredClient, scope: Scopes, issuance: &Issuance<'_>) -> Claims {
    let iat = issuance.now.seconds();
    Claims {
        iss: issuance.issuer.to_owned(),
        sub: client.client_id.clone(),
        aud: issuance.audience.to_owned(),
        client_id: client.client_id.clone(),
        jti: issuance.jti.to_owned(),
        iat,
        exp: iat.saturating_add(ACCESS_TOKEN_SECONDS),
        scope,
        tenant: client.tenant,
        env: client.environment.clone(),
        roles: client.roles.clone(),
        cnf: issuance.bound_to.map(|jkt| Confirmation { jkt: jkt.to_owned() }),
    }
}

const RESOURCE: OAuthError =
    OAuthError::new(OAuthErrorKind::InvalidTarget, "no tokens are issued for this resource");
const SCOPE: OAuthError =
    OAuthError::new(OAuthErrorKind::InvalidScope, "more scope than the client is registered for");

#[cfg(test)]
mod tests;
