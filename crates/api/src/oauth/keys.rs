//! The keys that verify our tokens (RFC 7517).

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use http::header::CACHE_CONTROL;
use oauth::schedule::JWKS_MAX_AGE;

use crate::extract::Facts;
use crate::reply::{Answer, Reply};

/// The public keys that access tokens are signed with.
#[utoipa::path(
    get, path = "/oauth/jwks", operation_id = "oauth.jwks", tag = "OAuth",
    responses((status = 200, description = "The key set", body = Value)),
    extensions(("x-ringwall" = json!({"action": "metadata.read", "access": "public"})))
)]
pub(crate) async fn list(State(app): State<Arc<App>>, Facts(dossier): Facts) -> Answer {
    let jwks = app.signing.jwks(dossier.received_at)?;
    let kept = format!("public, max-age={}", JWKS_MAX_AGE.as_secs());
    Ok(Reply::ok(&jwks)?.with(CACHE_CONTROL, kept))
}
