//! Authorization server metadata (RFC 8414).

use std::sync::Arc;

use axum::extract::State;
use http::header::CACHE_CONTROL;

use crate::Settings;
use crate::reply::{Answer, Reply};

/// What this authorization server offers.
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", operation_id = "oauth.metadata",
    tag = "OAuth",
    responses((status = 200, description = "The metadata", body = Value)),
    extensions(("x-ringwall" = json!({"action": "metadata.read", "access": "public"})))
)]
pub(crate) async fn read(State(api): State<Arc<Settings>>) -> Answer {
    let metadata = oauth::metadata(&api.issuer, policy::SCOPES, api.mutual_tls.as_ref());
    Ok(Reply::ok(&metadata)?.with(CACHE_CONTROL, "public, max-age=300".to_owned()))
}
