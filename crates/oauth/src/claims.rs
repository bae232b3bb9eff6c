//! What an access token says (RFC 9068 §2.2). No personal data, ever.

use kernel::TenantId;
use serde::{Deserialize, Serialize};

use crate::scope::Scopes;

/// The claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Whom it speaks for; for a client's own token the client.
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
    /// The roles that the policy judges by.
    pub roles: Vec<String>,
    /// The key that the token is bound to (RFC 9449 §6.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// The key that a token is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Its thumbprint (RFC 7638).
    pub jkt: String,
}

/// Claims as they come in: every one but `nbf` is required, times are integers, and issuer and
/// audience are one string each, never lists.
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
    cnf: Option<Confirmation>,
}

impl Payload {
    pub(crate) fn into_claims(self) -> Claims {
        Claims {
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
            cnf: self.cnf,
        }
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
