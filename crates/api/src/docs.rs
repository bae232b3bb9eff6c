//! The API's documentation: the OpenAPI document, and pages made from it that need no script and
//! no outside resource.

mod page;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde_json::Value;

use crate::Settings;

/// What is written about this API, rendered once: the document itself is many times as large in
/// memory as its text.
#[derive(Clone, Debug)]
pub struct Documentation {
    openapi: Bytes,
    operations: Bytes,
    problems: Bytes,
}

impl Documentation {
    /// Renders everything.
    #[must_use]
    pub fn of(document: &Value) -> Self {
        Self {
            openapi: document.to_string().into(),
            operations: page::operations(document).into(),
            problems: page::problems().into(),
        }
    }
}

/// The OpenAPI 3.1 document of this API.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "docs.openapi", tag = "Documentation",
    responses((status = 200, description = "The document", body = Value)),
    extensions(("x-ringwall" = json!({"action": "api.describe", "access": "public"})))
)]
pub(crate) async fn openapi(State(api): State<Arc<Settings>>) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHED)];
    (headers, api.documentation.openapi.clone()).into_response()
}

/// The operations of this API, to read.
#[utoipa::path(
    get, path = "/docs", operation_id = "docs.index", tag = "Documentation",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({"action": "api.describe", "access": "public"})))
)]
pub(crate) async fn index(State(api): State<Arc<Settings>>) -> Response {
    html(api.documentation.operations.clone())
}

/// The problems that this API answers with, to read.
#[utoipa::path(
    get, path = "/docs/problems", operation_id = "docs.problems", tag = "Documentation",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
    extensions(("x-ringwall" = json!({"action": "api.describe", "access": "public"})))
)]
pub(crate) async fn problems(State(api): State<Arc<Settings>>) -> Response {
    html(api.documentation.problems.clone())
}

/// The style sheet of the pages.
#[utoipa::path(
    get, path = "/docs/style.css", operation_id = "docs.style", tag = "Documentation",
    responses(
        (status = 200, description = "A style sheet", body = String, content_type = "text/css")),
    extensions(("x-ringwall" = json!({"action": "api.describe", "access": "public"})))
)]
pub(crate) async fn style() -> Response {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, CACHED)];
    (headers, include_str!("docs/style.css")).into_response()
}

fn html(page: Bytes) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, CACHED),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, page).into_response()
}

const CACHED: &str = "public, max-age=300";
/// Our own style sheet and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'none'";
