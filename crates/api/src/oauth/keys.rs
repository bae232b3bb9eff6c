//! The keys that verify our tokens (RFC 7517).

use std::sync::Arc;

use axum::extract::State;
use http::header::CACHE_CONTROL;

use crate::Settings;
use crate::reply::{Answer, Reply};

/// The public keys that access tokens are signed with.
#[utoipa::path(
    get, path = "/oauth/jwks", operation_id = "oauth.jwks", tag = "OAuth",
    responses((status = 200, description = "The key set", body = Value)),
    extensions(("x-ringwall" = json!({"action": "metadata.read", "access": "public"})))
)]
pub(crate) async fn list(State(api): State<Arc<Settings>>) -> Answer {
    // Half of the time for which a new key is published before it signs.
    Ok(Reply::ok(&api.jwks)?.with(CACHE_CONTROL, "public, max-age=300".to_owned()))
}
