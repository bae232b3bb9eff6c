//! Does the message match the contract's schema? Handlers see nothing that does not
//! (control: EDG-3).

use std::sync::Arc;

use axum_core::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, Limited};
use kernel::Problem;
use serde_json::Value;

use crate::App;
use crate::contract::{BODY_TOO_LARGE, Operation};
use crate::ring::{Next, Request, Response, Ring, Visit};
use crate::timed_body::{BodyFailure, body_failure};

/// A request body that fits the contract, already read.
#[derive(Clone, Debug)]
pub enum Payload {
    /// JSON, as a value.
    Json(Arc<Value>),
    /// Something else, as bytes.
    Raw(Bytes),
}

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("validation", app, pass)
}

async fn pass(_: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let Visit { request, dossier } = visit;
    let Some(operation) = dossier.operation() else {
        return Err(Problem::internal("validation asked without operation"));
    };
    let (query, headers) = (request.uri().query(), request.headers());
    operation.check_parameters(query, headers)?;
    let (mut request, bytes) = read(request, operation).await?;
    let content_type = request.headers().get(CONTENT_TYPE).map(|value| value.to_str());
    let content_type = content_type.transpose().map_err(|_| operation.unsupported_media())?;
    if let Some(spec) = operation.body(content_type, !bytes.is_empty())? {
        let payload = match spec.check(&bytes)? {
            Some(value) => Payload::Json(Arc::new(value)),
            None => Payload::Raw(bytes),
        };
        request.extensions_mut().insert(payload);
    }
    let visit = Visit { request, dossier };
    Ok(next.run(visit).await)
}

/// Reads the body, never more than the operation takes.
async fn read(request: Request, operation: &Operation) -> Result<(Request, Bytes), Problem> {
    let most = operation.body_max;
    let too_large = || Problem::new(&BODY_TOO_LARGE).detail(format!("at most {most} bytes"));
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if declared.and_then(|text| text.parse::<usize>().ok()).is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let (parts, body) = request.into_parts();
    let bytes = match Limited::new(body, most).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => return Err(too_large()),
        Err(error) => return Err(broken(error)),
    };
    Ok((Request::from_parts(parts, Body::empty()), bytes))
}

fn broken(error: Box<dyn std::error::Error + Send + Sync>) -> Problem {
    let code = match body_failure(error.as_ref()) {
        BodyFailure::Timeout | BodyFailure::TooSlow => &BODY_TIMEOUT,
        BodyFailure::Malformed | BodyFailure::Closed => &super::hygiene::BAD_REQUEST,
    };
    Problem::new(code).detail("the body could not be read").because(error)
}

/// The body came too slowly.
pub(super) const BODY_TIMEOUT: kernel::Code = kernel::Code {
    status: 408,
    name: "http.body_timeout",
    title: "The body did not arrive in time",
    mend: "Send the request again over a better connection.",
};

/// The problems that this ring makes.
pub(super) const CODES: &[&kernel::Code] = &[&BODY_TIMEOUT];
