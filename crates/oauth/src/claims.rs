//! What an access token says (RFC 9068 §2.2). No personal data, ever.

use kernel::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::scope::Scopes;

/// The claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Whom it speaks for: the client, or the person who granted it.
    pub sub: String,
    /// The one API that it is for.
    pub aud: String,
    /// The client that it was issued to.
    pub client_id: String,
    /// Its own id, so that it can be revoked.
    pub jti: String,
    /// When it was issued, in seconds.
    pub iat: i64,
    /// When it ends, in seconds.
    pub exp: i64,
    /// What was granted.
    pub scope: Scopes,
    /// Whose data it reaches.
    pub tenant: TenantId,
    /// Which environment it reaches.
    pub env: String,
    /// The roles that the policy judges its subject by.
    pub roles: Vec<String>,
    /// What a token says that a person granted.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub person: Option<Delegation>,
    /// The key or certificate that the token is bound to (RFC 9449 §6.1, RFC 8705 §3.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// What a token says that a person granted: how they signed in, and through which client it speaks
/// for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delegation {
    /// The grant that the token came from, so that all of its tokens can be revoked.
    pub grant_id: String,
    /// When the person proved who they are, in seconds (RFC 9068 §2.2.1).
    pub auth_time: i64,
    /// How: [`PHISHING_RESISTANT`] or [`TWO_FACTORS`].
    pub acr: String,
    /// The roles of the client, which the policy judges as well.
    pub client_roles: Vec<String>,
}

impl Claims {
    /// How the token is presented (RFC 6749 §7.1).
    #[must_use]
    pub const fn token_type(&self) -> &'static str {
        match self.cnf {
            Some(Confirmation::Key(_)) => "DPoP",
            Some(Confirmation::Certificate(_)) | None => "Bearer",
        }
    }
}

/// The `acr` of a sign-in with a factor that cannot be phished.
pub const PHISHING_RESISTANT: &str = "phr";
/// The `acr` of any other sign-in with two factors.
pub const TWO_FACTORS: &str = "mfa";

/// What a token is bound to, and good with nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirmation {
    /// A key, by its thumbprint (RFC 7638): each request proves it anew.
    #[serde(rename = "jkt")]
    Key(String),
    /// A certificate, by its SHA-256 (RFC 8705 §3.1): each connection proves it anew.
    #[serde(rename = "x5t#S256")]
    Certificate(String),
}

impl Claims {
    /// The same, of a second later than each revocation of what the client or the person had:
    /// claims have whole seconds (RFC 7519 §2), and a revocation ends what was issued in its own.
    /// Whoever signs in anew within that second is not refused for it.
    #[must_use]
    pub fn issued_after(mut self, revoked_at: impl IntoIterator<Item = Timestamp>) -> Self {
        if revoked_at.into_iter().any(|at| at.seconds() == self.iat) {
            self.iat += 1;
            self.exp += 1;
        }
        self
    }
}

impl Confirmation {
    /// The key, if it is one. A grant is bound to nothing else (RFC 8705 §6.3): a refresh token is
    /// its client's, whatever the client's certificate is by then.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Key(thumbprint) => Some(thumbprint),
            Self::Certificate(_) => None,
        }
    }

    /// The thumbprint of either.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        let (Self::Key(thumbprint) | Self::Certificate(thumbprint)) = self;
        thumbprint
    }
}

/// Claims as they come in: every one but `nbf` is required, and those of a delegation all or none.
/// Times are integers, and issuer and audience are one string each, never lists.
#[derive(Deserialize)]
pub(crate) struct Payload {
    iss: String,
    sub: String,
    aud: String,
    client_id: String,
    jti: String,
    iat: i64,
    exp: i64,
    #[serde(default, deserialize_with = "present")]
    pub(crate) nbf: Option<i64>,
    scope: Scopes,
    tenant: TenantId,
    env: String,
    roles: Vec<String>,
    #[serde(default, deserialize_with = "present")]
    grant_id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    auth_time: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    acr: Option<String>,
    #[serde(default, deserialize_with = "present")]
    client_roles: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    cnf: Option<Confirmation>,
}

impl Payload {
    /// `None` when a delegation is told in part.
    pub(crate) fn into_claims(self) -> Option<Claims> {
        let told = (self.grant_id, self.auth_time, self.acr, self.client_roles);
        let person = match told {
            (None, None, None, None) => None,
            (Some(grant_id), Some(auth_time), Some(acr), Some(client_roles)) => {
                Some(Delegation { grant_id, auth_time, acr, client_roles })
            }
            _ => return None,
        };
        Some(Claims {
            iss: self.iss,
            sub: self.sub,
            aud: self.aud,
            client_id: self.client_id,
            jti: self.jti,
            iat: self.iat,
            exp: self.exp,
            scope: self.scope,
            tenant: self.tenant,
            env: self.env,
            roles: self.roles,
            person,
            cnf: self.cnf,
        })
    }
}

/// A claim that may be left out, but is not `null` when it is there.
fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}
