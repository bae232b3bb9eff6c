//! What handlers ask for: each says in its signature what it needs.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, Path};
use gate::{App, Dossier, Payload};
use http::HeaderMap;
use http::header::IF_MATCH;
use http::request::Parts;
use kernel::problem::{INVALID, NOT_FOUND};
use kernel::{FieldError, Id, Problem};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::reply::Refused;

/// What the router hands to each handler.
#[derive(Clone)]
pub struct Shared {
    /// The engines.
    pub app: Arc<App>,
    /// Our own settings.
    pub api: Arc<crate::Settings>,
}

impl FromRef<Shared> for Arc<App> {
    fn from_ref(shared: &Shared) -> Self {
        Arc::clone(&shared.app)
    }
}

impl FromRef<Shared> for Arc<crate::Settings> {
    fn from_ref(shared: &Shared) -> Self {
        Arc::clone(&shared.api)
    }
}

/// The facts that the rings found.
pub(crate) struct Facts(pub Arc<Dossier>);

/// The proof that the policy allowed this request.
pub(crate) struct Permit(pub policy::Permit);

/// The request body, which fits the contract, as a domain type.
pub(crate) struct Body<T>(pub T);

/// The request body as a JSON value, for merge patches.
pub(crate) struct Patch(pub Value);

/// The request body as bytes.
pub(crate) struct Raw(pub bytes::Bytes);

/// The id in the path.
pub(crate) struct At<K: kernel::Kind>(pub Id<K>);

/// The id in the path, and the id of a part of it.
pub(crate) struct Part<K: kernel::Kind, P: kernel::Kind>(pub Id<K>, pub Id<P>);

/// The id in the path, and the number of one of its parts.
pub(crate) struct PartOf<K: kernel::Kind>(pub Id<K>, pub i64);

/// The version that the caller read, from `If-Match` (RFC 9110 §13.1.1). Required.
pub(crate) struct IfMatch(pub i64);

/// Query parameters, which fit the contract, as a type.
pub(crate) struct Query<T>(pub T);

impl<S: Sync> FromRequestParts<S> for Facts {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        Ok(Self(dossier(parts)?))
    }
}

impl<S: Sync> FromRequestParts<S> for Permit {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let permit = dossier(parts)?.permit().cloned();
        Ok(Self(permit.ok_or_else(|| Problem::internal("a handler without permit"))?))
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        Ok(Self(parse(json(parts)?.as_ref())?))
    }
}

impl<S: Sync> FromRequestParts<S> for Patch {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        Ok(Self(json(parts)?.as_ref().clone()))
    }
}

impl<S: Sync> FromRequestParts<S> for Raw {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        match parts.extensions.remove::<Payload>() {
            Some(Payload::Raw(bytes)) => Ok(Self(bytes)),
            Some(Payload::Json(_)) | None => Ok(Self(bytes::Bytes::new())),
        }
    }
}

impl<S: Sync + Send, K: kernel::Kind> FromRequestParts<S> for At<K> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let id = Path::<Id<K>>::from_request_parts(parts, state).await;
        // What is no id cannot be the id of anything.
        Ok(Self(id.map_err(|_| Problem::new(&NOT_FOUND))?.0))
    }
}

impl<S: Sync + Send, K: kernel::Kind, P: kernel::Kind> FromRequestParts<S> for Part<K, P> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let ids = Path::<(Id<K>, Id<P>)>::from_request_parts(parts, state).await;
        let Path((whole, part)) = ids.map_err(|_| Problem::new(&NOT_FOUND))?;
        Ok(Self(whole, part))
    }
}

impl<S: Sync + Send, K: kernel::Kind> FromRequestParts<S> for PartOf<K> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path = Path::<(Id<K>, i64)>::from_request_parts(parts, state).await;
        let Path((id, number)) = path.map_err(|_| Problem::new(&NOT_FOUND))?;
        Ok(Self(id, number))
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        read_version(&parts.headers).map(Self)
    }
}

/// The version in `If-Match`.
///
/// # Errors
/// A 428 when there is none.
pub(crate) fn read_version(headers: &HeaderMap) -> Result<i64, Refused> {
    let Some(value) = headers.get(IF_MATCH) else {
        return Err(Problem::new(&gate::contract::PRECONDITION_REQUIRED).into());
    };
    let tag = value.to_str().unwrap_or_default().trim();
    let version = tag.strip_prefix("\"v").and_then(|tag| tag.strip_suffix('"'));
    // A tag that we never gave matches nothing.
    Ok(version.and_then(|version| version.parse().ok()).unwrap_or(0))
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(crate::query::parse(query)?))
    }
}

/// Parses a JSON value into a domain type, pointing at the member that does not fit.
///
/// # Errors
/// A 422 that says where, and never what was sent.
pub(crate) fn parse<T: DeserializeOwned>(value: &Value) -> Result<T, Refused> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = pointer(error.path());
        let detail = "expected a value that fits the schema of this member";
        Problem::new(&INVALID).error(FieldError::new(pointer, "format", detail)).into()
    })
}

/// A serde path as a JSON Pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => String::new(),
        })
        .collect()
}

fn dossier(parts: &Parts) -> Result<Arc<Dossier>, Refused> {
    let dossier = parts.extensions.get::<Arc<Dossier>>().cloned();
    Ok(dossier.ok_or_else(|| Problem::internal("a handler outside the rings"))?)
}

fn json(parts: &Parts) -> Result<Arc<Value>, Refused> {
    match parts.extensions.get::<Payload>() {
        Some(Payload::Json(value)) => Ok(Arc::clone(value)),
        Some(Payload::Raw(_)) | None => Err(Problem::internal("a handler without JSON").into()),
    }
}
