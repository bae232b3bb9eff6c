//! Idempotency keys: the same request twice is one change
//! (draft-ietf-httpapi-idempotency-key-header).

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use axum_core::body::Body;
use http::{HeaderName, HeaderValue, StatusCode};
use kernel::{Code, Problem};
use policy::CallerKind;
use store::Claim;
use store::idempotency::{Known, StoredReply, find};

use super::Payload;
use crate::ring::{Next, Request, Response, Ring, Visit};
use crate::{App, Dossier};

pub(super) fn ring(app: &Arc<App>) -> Ring {
    Ring::new("replay", app, pass)
}

async fn pass(app: Arc<App>, visit: Visit, next: Next) -> Result<Response, Problem> {
    let dossier = &visit.dossier;
    let Some(operation) = dossier.operation().filter(|operation| operation.idempotency) else {
        return Ok(next.run(visit).await);
    };
    let key = visit.request.headers().get(IDEMPOTENCY_KEY).map(HeaderValue::as_bytes);
    let by_client = dossier
        .caller()
        .is_some_and(|caller| caller.kind() == CallerKind::Client || caller.through().is_some());
    let Some(key) = key else {
        return if by_client && operation.idempotency_required {
            Err(Problem::new(&KEY_MISSING))
        } else {
            Ok(next.run(visit).await)
        };
    };
    let Some(permit) = dossier.permit() else {
        return Err(Problem::internal("replay asked without permit"));
    };
    let claim = claim(&visit.request, dossier, key)?;
    match find(&app.store, permit, &claim, dossier.received_at).await? {
        Known::New => {
            dossier.found_claim(claim);
            Ok(next.run(visit).await)
        }
        Known::Same(reply) => Ok(again(reply)),
        Known::Other => Err(Problem::new(&KEY_REUSED)),
    }
}

/// The key belongs to one caller and one operation; the body is hashed in canonical form (RFC
/// 8785), so that white space and member order do not make another request of it.
fn claim(request: &Request, dossier: &Dossier, key: &[u8]) -> Result<Claim, Problem> {
    let caller = dossier.caller().map(|caller| caller.id()).unwrap_or_default();
    let key_hash = hash(&[
        caller.as_bytes(),
        request.method().as_str().as_bytes(),
        request.uri().path().as_bytes(),
        key,
    ]);
    let body = match request.extensions().get::<Payload>() {
        Some(Payload::Json(value)) => {
            serde_json_canonicalizer::to_vec(value.as_ref()).map_err(Problem::internal)?
        }
        Some(Payload::Raw(bytes)) => bytes.to_vec(),
        None => Vec::new(),
    };
    let expires_at = dossier.received_at.plus(KEY_LIFE);
    Ok(Claim { key_hash, body_hash: hash(&[&body]), expires_at })
}

/// SHA-256 over parts, each behind its length, so that no two lists of parts run together.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// The reply as it was first given.
fn again(reply: StoredReply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const KEY_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// A creating request of a client has no key.
pub(super) const KEY_MISSING: Code = Code {
    status: 400,
    name: "idempotency_key_missing",
    title: "This operation needs an Idempotency-Key header",
    mend: "Send `Idempotency-Key` with a new unique value, and the same value when you retry.",
};
/// The key was used for another request.
pub(super) const KEY_REUSED: Code = Code {
    status: 422,
    name: "idempotency_key_reused",
    title: "The Idempotency-Key was used for another request",
    mend: "Use a new key for a new request.",
};

/// The problems that this ring makes.
pub(super) const CODES: &[&Code] = &[&KEY_MISSING, &KEY_REUSED];
