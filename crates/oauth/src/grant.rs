//! What a token says: of a client that asks for itself (RFC 6749 §4.4), and of one that a person
//! granted something.

use kernel::Timestamp;

use crate::assertion::AssertionError;
use crate::authentication::Authenticated;
use crate::claims::{Claims, Confirmation, Delegation, PHISHING_RESISTANT, TWO_FACTORS};
use crate::dpop::DpopError;
use crate::error::{OAuthError, OAuthErrorKind};
use crate::grants::{Family, GrantError};
use crate::registered::{Profile, RegisteredClient};
use crate::request::{GrantRequest, TokenRequest};
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
    /// What the token is bound to, where the client proved a key or showed a certificate.
    pub bound_to: Option<&'a Confirmation>,
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
    /// No certificate of the client was shown.
    NoCertificate,
    /// A certificate whose time is over, or has not come.
    ExpiredCertificate,
    /// None of the client's certificates.
    WrongCertificate,
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
    /// A request that the client may not push.
    Request,
    /// A grant that the client is not registered for.
    GrantNotAllowed,
    /// The code or refresh token is not good.
    Grant(GrantError),
    /// Who granted it may not sign in any more, or may nothing of it any more.
    PersonGone,
    /// Nobody vouched for who granted it, where somebody has to.
    PersonUnvouched,
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
            Self::NoCertificate => "no_certificate",
            Self::ExpiredCertificate => "expired_certificate",
            Self::WrongCertificate => "wrong_certificate",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Assertion(error) => error.code(),
            Self::ReplayedAssertion => "assertion_replayed",
            Self::Dpop(error) => error.code(),
            Self::ScopeNotAllowed => "scope_not_allowed",
            Self::UnknownResource => "unknown_resource",
            Self::Request => "request_refused",
            Self::GrantNotAllowed => "grant_not_allowed",
            Self::Grant(error) => error.code(),
            Self::PersonGone => "person_gone",
            Self::PersonUnvouched => "person_unvouched",
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

impl From<GrantError> for Refused {
    fn from(error: GrantError) -> Self {
        Self { error: error.into(), reason: Reason::Grant(error) }
    }
}

impl Refused {
    /// The client is not registered for this grant.
    pub const GRANT_NOT_ALLOWED: Self = Self { error: GRANT_TYPE, reason: Reason::GrantNotAllowed };
    /// More scope than the client is registered for, or nothing that the person may do as well.
    pub const SCOPE_NOT_ALLOWED: Self = Self { error: SCOPE, reason: Reason::ScopeNotAllowed };
    /// The client's tokens are bound to a certificate, and it showed none that holds.
    pub const NOT_BOUND: Self = Self { error: UNBOUND, reason: Reason::NoCertificate };
    /// Who granted it is gone. To the client that is a grant like any other that is over.
    pub const PERSON_GONE: Self = Self { error: GONE, reason: Reason::PersonGone };
    /// No identity provider vouched for who granted it. To the client that is the same.
    pub const PERSON_UNVOUCHED: Self = Self { error: GONE, reason: Reason::PersonUnvouched };
}

/// Whether the client may have tokens for this API by this grant, bound as its profile asks.
///
/// # Errors
/// When it may not: before anything is used up.
pub fn may_ask(
    client: &RegisteredClient,
    request: &TokenRequest,
    issuance: &Issuance<'_>,
) -> Result<(), Refused> {
    if request.resource.as_ref().is_some_and(|resource| resource != issuance.audience) {
        return Err(Refused { error: RESOURCE, reason: Reason::UnknownResource });
    }
    let is_registered = match request.grant {
        GrantRequest::ClientCredentials => client.uses.client_credentials,
        GrantRequest::Code { .. } => client.uses.authorization_code,
        GrantRequest::Login { .. } => client.uses.first_party,
        GrantRequest::Refresh { .. } => client.uses.refresh_token || client.uses.first_party,
    };
    if !is_registered {
        return Err(Refused::GRANT_NOT_ALLOWED);
    }
    if client.profile == Profile::Fapi2 && issuance.bound_to.is_none() {
        return Err(DpopError::Missing.into());
    }
    Ok(())
}

/// Decides a request for client credentials of a client that proved who it is.
///
/// # Errors
/// When the client asks for what it may not have.
pub fn grant(
    authenticated: &Authenticated<'_>,
    request: &TokenRequest,
    issuance: &Issuance<'_>,
) -> Result<Granted, Refused> {
    let client = authenticated.client();
    may_ask(client, request, issuance)?;
    let scope = request.scope.as_ref().unwrap_or(&client.allowed);
    // RFC 6749 §3.3: without a scope to fall back on, a request without one is refused.
    if scope.is_empty() || !scope.is_subset(&client.allowed) {
        return Err(Refused::SCOPE_NOT_ALLOWED);
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
        person: None,
        cnf: issuance.bound_to.cloned(),
    }
}

/// Who granted something: as they are now, not as they were when they did.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// Their roles.
    pub roles: &'a [String],
}

/// The claims of a token that a person granted a client. `scope` is what both may have now.
#[must_use]
pub fn delegate(
    client: &RegisteredClient,
    family: &Family,
    (person, scope): (Person<'_>, Scopes),
    issuance: &Issuance<'_>,
) -> Claims {
    let acr = if family.phishing_resistant { PHISHING_RESISTANT } else { TWO_FACTORS };
    Claims {
        sub: family.subject.clone(),
        roles: person.roles.to_vec(),
        person: Some(Delegation {
            grant_id: family.id.clone(),
            auth_time: family.auth_time.seconds(),
            acr: acr.to_owned(),
            client_roles: client.roles.clone(),
        }),
        ..claims(client, scope, issuance)
    }
}

const GRANT_TYPE: OAuthError = OAuthError::new(
    OAuthErrorKind::UnauthorizedClient,
    "the client is not registered for this grant type",
);
const UNBOUND: OAuthError = OAuthError::request(
    "the client's tokens are bound to a certificate: show one in the TLS handshake",
);
const GONE: OAuthError =
    OAuthError::new(OAuthErrorKind::InvalidGrant, "the code or refresh token is not good");
const RESOURCE: OAuthError =
    OAuthError::new(OAuthErrorKind::InvalidTarget, "no tokens are issued for this resource");
const SCOPE: OAuthError =
    OAuthError::new(OAuthErrorKind::InvalidScope, "more scope than the client is registered for");

#[cfg(test)]
mod tests;
