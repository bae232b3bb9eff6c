//! The client credentials grant (RFC 6749 §4.4): who asks, and what they get.

use kernel::{TenantId, Timestamp};

use crate::claims::Claims;
use crate::error::{OAuthError, OAuthErrorKind};
use crate::request::TokenRequest;
use crate::scope::Scopes;
use crate::secret::{Pepper, Presented, SecretHash};
use crate::token::ACCESS_TOKEN_SECONDS;

/// A client as it is registered.
#[derive(Clone, Debug)]
pub struct RegisteredClient {
    /// Its id, made by [`crate::generate_client_id`].
    pub client_id: String,
    /// Whose data it reaches.
    pub tenant: TenantId,
    /// Which environment it reaches.
    pub environment: String,
    /// The roles that the policy judges it by.
    pub roles: Vec<String>,
    /// The most that it may ask for.
    pub allowed: Scopes,
    /// Not suspended.
    pub active: bool,
    /// Its secrets. Those behind the first [`SECRETS_MAX`] are not looked at.
    pub secrets: Vec<ClientSecret>,
}

/// One of a client's secrets. There are several while one is being replaced.
#[derive(Clone, Debug)]
pub struct ClientSecret {
    /// Names the secret in the audit trail.
    pub id: String,
    /// The secret as it is kept.
    pub hash: SecretHash,
    /// When it ends, if ever.
    pub expires: Option<Timestamp>,
}

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
}

/// A token may be issued.
#[derive(Clone, Debug)]
pub struct Granted {
    /// What it shall say.
    pub claims: Claims,
    /// The id of the secret that proved the client, for the audit trail.
    pub credential: String,
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

/// Decides a token request. `client` is whom the store knows under the request's id, if anybody.
///
/// # Errors
/// When the client cannot be authenticated, or asks for what it may not have.
pub fn grant(
    client: Option<&RegisteredClient>,
    request: &TokenRequest,
    peppers: &[Pepper],
    issuance: &Issuance<'_>,
) -> Result<Granted, Refused> {
    let (client, secret) = authenticate(client, request, peppers, issuance.now)
        .map_err(|reason| Refused { error: UNAUTHENTICATED, reason })?;
    if request.resource.as_ref().is_some_and(|resource| resource != issuance.audience) {
        return Err(Refused { error: RESOURCE, reason: Reason::UnknownResource });
    }
    let scope = request.scope.as_ref().unwrap_or(&client.allowed);
    // RFC 6749 §3.3: without a scope to fall back on, a request without one is refused.
    if scope.is_empty() || !scope.is_subset(&client.allowed) {
        return Err(Refused { error: SCOPE, reason: Reason::ScopeNotAllowed });
    }
    Ok(Granted { claims: claims(client, scope.clone(), issuance), credential: secret.id.clone() })
}

/// Does the same work for every request: the presented secret is hashed once a pepper, and
/// compared [`SECRETS_MAX`] times, with decoys where the client has no secret or is not known.
fn authenticate<'a>(
    client: Option<&'a RegisteredClient>,
    request: &TokenRequest,
    peppers: &[Pepper],
    now: Timestamp,
) -> Result<(&'a RegisteredClient, &'a ClientSecret), Reason> {
    let client = client.filter(|client| client.client_id == request.client_id);
    let secrets = client.map_or(&[] as &[ClientSecret], |client| &client.secrets);
    let presented = Presented::new(peppers, request.secret.expose());
    let decoy = SecretHash::decoy();
    let mut matched = None;
    for place in 0..SECRETS_MAX {
        let secret = secrets.get(place);
        if presented.matches(secret.map_or(&decoy, |secret| &secret.hash)) {
            matched = secret;
        }
    }

    let client = client.ok_or(Reason::UnknownClient)?;
    let secret = matched.ok_or(Reason::WrongSecret)?;
    if secret.expires.is_some_and(|end| now >= end) {
        return Err(Reason::ExpiredSecret);
    }
    if client.active { Ok((client, secret)) } else { Err(Reason::SuspendedClient) }
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
    }
}

/// The most secrets that a client has at one time.
pub const SECRETS_MAX: usize = 8;

/// The same for every cause, so that it tells nobody which client ids exist.
const UNAUTHENTICATED: OAuthError =
    OAuthError::new(OAuthErrorKind::InvalidClient, "client authentication failed");
const RESOURCE: OAuthError =
    OAuthError::new(OAuthErrorKind::InvalidTarget, "no tokens are issued for this resource");
const SCOPE: OAuthError =
    OAuthError::new(OAuthErrorKind::InvalidScope, "more scope than the client is registered for");

#[cfg(test)]
mod tests {
    use kernel::Secret;

    use super::*;
    use crate::secret::hash_secret;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_999);
    const ISSUANCE: Issuance<'_> = Issuance {
        issuer: "https://id.example",
        audience: "https://api.example",
        jti: "t1",
        now: NOW,
    };

    fn peppers() -> [Pepper; 2] {
        [2, 1].map(|version| Pepper::new(version, &Secret::new([version; 32])))
    }

    fn kept(id: &str, secret: &str, expires: Option<Timestamp>) -> ClientSecret {
        ClientSecret { id: id.to_owned(), hash: hash_secret(&peppers()[1], secret), expires }
    }

    fn client() -> RegisteredClient {
        RegisteredClient {
            client_id: "pc_a".to_owned(),
            tenant: "ten_00000000000000000000000001".parse().unwrap(),
            environment: "sandbox".to_owned(),
            roles: vec!["partner".to_owned()],
            allowed: Scopes::parse("read:jobs write:jobs").unwrap(),
            active: true,
            secrets: vec![kept("s1", "old", Some(NOW)), kept("s2", "new", None)],
        }
    }

    fn request(secret: &str, scope: Option<&str>) -> TokenRequest {
        TokenRequest {
            client_id: "pc_a".to_owned(),
            secret: Secret::new(secret.to_owned()),
            scope: scope.map(|text| Scopes::parse(text).unwrap()),
            resource: None,
        }
    }

    fn refusal(client: Option<&RegisteredClient>, request: &TokenRequest) -> Refused {
        grant(client, request, &peppers(), &ISSUANCE).unwrap_err()
    }

    #[test]
    fn unknown_wrong_expired_and_suspended_are_one_error_to_the_client() {
        let suspended = RegisteredClient { active: false, ..client() };
        let other = RegisteredClient { client_id: "pc_b".to_owned(), ..client() };
        let secretless = RegisteredClient { secrets: Vec::new(), ..client() };
        let cases = [
            (None, "new", Reason::UnknownClient),
            (Some(&other), "new", Reason::UnknownClient),
            (Some(&client()), "guess", Reason::WrongSecret),
            (Some(&secretless), "new", Reason::WrongSecret),
            (Some(&client()), "old", Reason::ExpiredSecret),
            (Some(&suspended), "new", Reason::SuspendedClient),
            (Some(&suspended), "guess", Reason::WrongSecret),
        ];

        for (client, secret, reason) in cases {
            let refused = refusal(client, &request(secret, None));

            assert_eq!(refused, Refused { error: UNAUTHENTICATED, reason });
        }
    }

    #[test]
    fn a_secret_behind_the_most_is_not_looked_at() {
        let mut client = client();
        client.secrets = vec![kept("s", "other", None); SECRETS_MAX];
        client.secrets.push(kept("s9", "ninth", None));

        assert_eq!(refusal(Some(&client), &request("ninth", None)).reason, Reason::WrongSecret);
    }

    #[test]
    fn more_scope_than_registered_is_refused() {
        let request = request("new", Some("read:jobs admin"));

        let refused = refusal(Some(&client()), &request);

        assert_eq!(refused.error.kind(), OAuthErrorKind::InvalidScope);
        assert_eq!(refused.reason, Reason::ScopeNotAllowed);
    }

    #[test]
    fn a_client_without_scopes_gets_no_token() {
        let client = RegisteredClient { allowed: Scopes::default(), ..client() };

        let refused = refusal(Some(&client), &request("new", None));

        assert_eq!(refused.error.kind(), OAuthErrorKind::InvalidScope);
    }

    #[test]
    fn another_resource_is_refused() {
        let mut request = request("new", None);
        request.resource = Some("https://other.example".to_owned());

        let refused = refusal(Some(&client()), &request);

        assert_eq!(refused.error.kind(), OAuthErrorKind::InvalidTarget);
        assert_eq!(refused.reason, Reason::UnknownResource);
    }

    #[test]
    fn a_stranger_learns_nothing_about_scopes_and_resources() {
        let mut request = request("guess", Some("admin"));
        request.resource = Some("https://other.example".to_owned());

        assert_eq!(refusal(Some(&client()), &request).error, UNAUTHENTICATED);
    }

    #[test]
    fn without_a_scope_all_that_is_registered_is_granted() {
        let request = request("new", None);

        let granted = grant(Some(&client()), &request, &peppers(), &ISSUANCE).unwrap();

        assert_eq!(granted.claims.scope.to_string(), "read:jobs write:jobs");
        assert_eq!(granted.credential, "s2");
    }

    #[test]
    fn a_narrower_scope_and_our_own_resource_are_granted() {
        let mut request = request("new", Some("read:jobs"));
        request.resource = Some(ISSUANCE.audience.to_owned());

        let claims = grant(Some(&client()), &request, &peppers(), &ISSUANCE).unwrap().claims;

        assert_eq!(claims.scope.to_string(), "read:jobs");
        assert_eq!((claims.sub.as_str(), claims.client_id.as_str()), ("pc_a", "pc_a"));
        assert_eq!((claims.iat, claims.exp), (1_800_000_000, 1_800_000_900));
        assert_eq!(
            (claims.iss.as_str(), claims.aud.as_str()),
            (ISSUANCE.issuer, ISSUANCE.audience)
        );
    }

    #[test]
    fn a_secret_is_good_until_its_end() {
        let mut client = client();
        client.secrets = vec![kept("s1", "old", Some(Timestamp::from_millis(NOW.millis() + 1)))];

        assert!(grant(Some(&client), &request("old", None), &peppers(), &ISSUANCE).is_ok());
    }
}
