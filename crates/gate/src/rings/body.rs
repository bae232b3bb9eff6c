//! A request's body, read once, whichever ring needs it first.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt, Limited};
use kernel::{Code, Problem};

use crate::contract::{BODY_TOO_LARGE, Operation};
use crate::ring::Request;
use crate::timed_body::{BodyFailure, body_failure};

/// A body that an outer ring has read, or why it could not.
#[derive(Clone)]
pub(super) struct Preread(pub(super) Result<Bytes, Problem>);

/// The body: as it was read before, or read now, never more of it than the operation takes.
pub(super) async fn read(request: &mut Request, operation: &Operation) -> Result<Bytes, Problem> {
    if let Some(Preread(read)) = request.extensions_mut().remove::<Preread>() {
        return read;
    }
    let most = operation.body_max;
    let too_large = || Problem::new(&BODY_TOO_LARGE).detail(format!("at most {most} bytes"));
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if declared.and_then(|text| text.parse::<usize>().ok()).is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let body = std::mem::take(request.body_mut());
    match Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
        Err(error) => Err(broken(error)),
    }
}

fn broken(error: Box<dyn std::error::Error + Send + Sync>) -> Problem {
    let code = match body_failure(error.as_ref()) {
        BodyFailure::Timeout | BodyFailure::TooSlow => &BODY_TIMEOUT,
        BodyFailure::Malformed | BodyFailure::Closed => &super::hygiene::BAD_REQUEST,
    };
    Problem::new(code).detail("the body could not be read").because(error)
}

/// The body came too slowly.
pub(super) const BODY_TIMEOUT: Code = Code {
    status: 408,
    name: "http.body_timeout",
    title: "The body did not arrive in time",
    mend: "Send the request again over a better connection.",
};

/// The problems of reading a body.
pub(super) const CODES: &[&Code] = &[&BODY_TIMEOUT];
