//! The operators' listener: metrics and health, on an address of its own.

use std::sync::Arc;

use axum_core::body::Body;
use futures_util::future::BoxFuture;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};

use crate::App;
use crate::listener::{Connection, Handler, Tally};
use crate::ring::{Request, Response};
use crate::tasks::Tasks;

/// Answers `/metrics`, `/healthz` and `/readyz`, and nothing else.
pub struct Admin {
    app: Arc<App>,
    tally: Arc<Tally>,
    facing: Tasks,
}

impl Admin {
    /// For an application, the connections of its listeners and the tasks that serve them.
    #[must_use]
    pub fn new(app: Arc<App>, tally: Arc<Tally>, facing: Tasks) -> Arc<Self> {
        Arc::new(Self { app, tally, facing })
    }
}

impl Handler for Admin {
    fn call(&self, request: Request, _: Connection) -> BoxFuture<'static, Response> {
        let (app, tally) = (Arc::clone(&self.app), Arc::clone(&self.tally));
        let is_leaving = self.facing.is_stopping();
        let (parts, _) = request.into_parts();
        Box::pin(async move { answer(&app, &tally, is_leaving, &parts).await })
    }
}

async fn answer(app: &App, tally: &Tally, is_leaving: bool, request: &Parts) -> Response {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n".to_owned());
    }
    match request.uri.path() {
        "/metrics" => {
            text(StatusCode::OK, app.metrics.text(tally, app.tokens.trusted(), &app.limits))
        }
        "/healthz" => text(StatusCode::OK, "ok\n".to_owned()),
        // Balancers look elsewhere while the requests in flight are finished.
        "/readyz" if is_leaving => text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned()),
        "/readyz" => match app.store.ping().await {
            Ok(()) => text(StatusCode::OK, "ok\n".to_owned()),
            Err(_) => text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n".to_owned()),
        },
        _ => text(StatusCode::NOT_FOUND, "/metrics /healthz /readyz\n".to_owned()),
    }
}

fn text(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}
