//! The style sheet of the pages.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

/// The style sheet of the pages on which people sign in.
#[utoipa::path(
    get, path = "/staff/style.css", operation_id = "staff.style", tag = "Staff pages",
    responses(
        (status = 200, description = "A style sheet", body = String, content_type = "text/css")),
    extensions(("x-ringwall" = json!({"action": "api.describe", "access": "public"})))
)]
pub(crate) async fn style() -> Response {
    let headers =
        [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, include_str!("style.css")).into_response()
}
