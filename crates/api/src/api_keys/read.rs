//! Reading API keys.

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use kernel::id::kinds::ApiKey;
use store::api_keys;

use super::{ApiKeyList, ApiKeyView, owner};
use crate::extract::{At, Permit};
use crate::reply::{Answer, Reply};

/// List the API keys of the client that asks.
#[utoipa::path(
    get, path = "/v1/api-keys", operation_id = "api_key.list", tag = "API keys",
    responses((status = 200, description = "The keys, newest first", body = ApiKeyList)),
    extensions(("x-ringwall" = json!({"action": "api_key.list"})))
)]
pub(crate) async fn list(State(app): State<Arc<App>>, Permit(permit): Permit) -> Answer {
    let client_id = owner(&permit)?;
    let view = app.store.view(&permit).await?;
    let keys = api_keys::list(&view, client_id).await?;
    Reply::ok(&ApiKeyList { data: keys.iter().map(ApiKeyView::from).collect() })
}

/// Read one of the API keys of the client that asks.
#[utoipa::path(
    get, path = "/v1/api-keys/{id}", operation_id = "api_key.read", tag = "API keys",
    params(("id" = String, Path, pattern = "^key_[0-7][0-9a-hjkmnp-tv-z]{25}$")),
    responses((status = 200, description = "The key", body = ApiKeyView)),
    extensions(("x-ringwall" = json!({"action": "api_key.read"})))
)]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    Permit(permit): Permit,
    At(id): At<ApiKey>,
) -> Answer {
    let client_id = owner(&permit)?;
    let view = app.store.view(&permit).await?;
    Reply::ok(&ApiKeyView::from(&api_keys::require(&view, client_id, id).await?))
}
