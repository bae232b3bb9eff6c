//! Is the process alive, and can it serve?

use std::sync::Arc;

use axum::extract::State;
use gate::App;
use kernel::{Code, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use crate::reply::{Answer, Reply};

/// How we are.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    #[schema(value_type = String)]
    status: &'static str,
}

/// Is the process alive?
#[utoipa::path(
    get, path = "/healthz", operation_id = "health.live", tag = "Operating",
    responses((status = 200, description = "It is", body = Health)),
    extensions(("x-ringwall" = json!({"action": "health.read", "access": "public", "vital": true})))
)]
pub(crate) async fn live() -> Answer {
    Reply::ok(&Health { status: "ok" })
}

/// Can it serve requests?
#[utoipa::path(
    get, path = "/readyz", operation_id = "health.ready", tag = "Operating",
    responses((status = 200, description = "It can", body = Health)),
    extensions(("x-ringwall" = json!({"action": "health.read", "access": "public", "vital": true})))
)]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Answer {
    let answers = app.store.ping().await;
    answers.map_err(|error| Problem::new(&NOT_READY).header("retry-after", "5").because(error))?;
    Reply::ok(&Health { status: "ok" })
}

/// The database does not answer.
pub(crate) const NOT_READY: Code = Code {
    status: 503,
    name: "not_ready",
    title: "The server cannot serve requests now",
    mend: "Try again after `Retry-After` seconds.",
};
