//! A client's API keys, which it makes, lists, replaces and revokes itself.

pub(crate) mod read;
pub(crate) mod write;

use kernel::{ApiKeyId, Code, Problem, Timestamp};
use policy::{AUTH_FORBIDDEN, Permit};
use serde::Serialize;
use store::api_keys::ApiKey;
use utoipa::ToSchema;

use crate::reply::Refused;

/// An API key, without the key.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyView {
    /// Its id.
    id: ApiKeyId,
    /// The beginning of the key: `rw_live_8f3kq2m1`.
    prefix: String,
    /// The last four characters of the key.
    last_four: String,
    /// What its owner calls it.
    name: String,
    /// What it may.
    scopes: Vec<String>,
    /// Networks that it may be used from; empty is any.
    networks: Vec<String>,
    /// The client or person who made it.
    created_by: String,
    /// When.
    created_at: Timestamp,
    /// When it ends.
    expires_at: Timestamp,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_used_at: Option<Timestamp>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_used_from: Option<String>,
}

/// A new API key. The key is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewApiKeyView {
    #[serde(flatten)]
    shown: ApiKeyView,
    /// The key itself, for `Authorization: Bearer` or `X-API-Key`.
    key: String,
}

/// A client's API keys, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyList {
    /// The keys; at most 100, those that ended among them.
    data: Vec<ApiKeyView>,
}

impl From<&ApiKey> for ApiKeyView {
    fn from(key: &ApiKey) -> Self {
        let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect();
        Self {
            id: key.id,
            prefix: format!("rw_{}_{}", key.environment, key.key_id),
            last_four: key.last_four.clone(),
            name: key.name.clone(),
            scopes: words(&key.scopes),
            networks: words(&key.networks),
            created_by: key.created_by.clone(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.used_at,
            last_used_from: key.used_from.clone(),
        }
    }
}

/// The client that a permit is for: keys belong to applications.
///
/// # Errors
/// When the caller is none; the policies let nobody else come so far.
fn owner(permit: &Permit) -> Result<&str, Refused> {
    let caller = permit.caller();
    match caller.kind() {
        policy::CallerKind::Client => Ok(caller.id()),
        _ => Err(Problem::new(&AUTH_FORBIDDEN).into()),
    }
}

/// The key can not be replaced any more.
pub(crate) const ENDED: Code = Code {
    status: 409,
    name: "api_keys.ended",
    title: "The API key has ended",
    mend: "Make a new API key.",
};
/// A client whose tokens are bound to keys.
pub(crate) const NOT_FOR_KEYS: Code = Code {
    status: 409,
    name: "api_keys.profile",
    title: "The client is held to FAPI 2.0, which has no API keys",
    mend: "Use `private_key_jwt` and DPoP.",
};
