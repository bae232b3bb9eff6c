//! Does the message match the contract's schema? Handlers see nothing that does not
//! (control: EDG-3).

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use kernel::Problem;
use serde_json::Value;

use super::body;
use crate::App;
use crate::ring::{Next, Response, Ring, Visit};

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
    let Visit { mut request, dossier } = visit;
    let Some(operation) = dossier.operation() else {
        return Err(Problem::internal("validation asked without operation"));
    };
    let (query, headers) = (request.uri().query(), request.headers());
    operation.check_parameters(query, headers)?;
    let bytes = body::read(&mut request, operation).await?;
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
