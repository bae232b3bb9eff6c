//! The wall's plan: an OpenAPI 3.1 document, compiled once into operations.
//!
//! The rings read nothing else about the API, so the same code guards the built-in API and a
//! proxied one. It knows nothing of any business, and it never repeats a submitted value.

mod body;
mod compile;
mod extension;
mod harmless;
mod json;
mod operation;
mod parameter;
mod place;
mod problem;
mod schema;
#[cfg(test)]
mod tests;
mod violation;
mod wire;

use std::path::Path;
use std::sync::Arc;

use http::Method;
use kernel::Problem;
use kernel::problem::NOT_FOUND;
use serde_json::Value;

pub use self::body::{BodyKind, BodySpec};
pub use self::harmless::Harmless;
pub use self::json::{DEPTH_MAX, ITEMS_MAX, JsonError, JsonRule, MEMBERS_MAX, read_json_strict};
pub use self::operation::{Access, ErrorForm, Operation, Sensitivity};
pub use self::problem::{
    BODY_MISSING, BODY_TOO_LARGE, BODY_UNEXPECTED, CODES, MALFORMED_FORM, MALFORMED_JSON,
    METHOD_NOT_ALLOWED, PARAMETER_INVALID, PRECONDITION_REQUIRED, UNSUPPORTED_MEDIA_TYPE,
};

/// A compiled OpenAPI document.
#[derive(Debug)]
pub struct Contract {
    operations: Vec<Arc<Operation>>,
    router: matchit::Router<Endpoint>,
}

/// The operations on one path.
#[derive(Clone, Debug, Default)]
struct Endpoint {
    operations: Vec<Arc<Operation>>,
    allow: String,
}

/// What a document has at a place that a contract cannot be made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("`{pointer}`: {detail}")]
pub struct ContractError {
    /// JSON Pointer into the document.
    pub pointer: String,
    /// What was expected there.
    pub detail: String,
}

/// What the contract has for a method and path.
#[derive(Debug)]
pub enum Find<'c> {
    /// A declared operation.
    Found {
        /// The operation.
        operation: &'c Arc<Operation>,
        /// The decoded parameters of the path, each of the declared shape.
        path_params: PathParams,
    },
    /// The path is declared, the method is not.
    MethodNotAllowed {
        /// The methods that are, for the `Allow` header.
        allow: &'c str,
    },
    /// The path is not declared, or a parameter in it cannot name anything.
    NotFound,
}

/// The decoded parameters of a path, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathParams(Vec<(Arc<str>, String)>);

impl Contract {
    /// Compiles a document.
    ///
    /// # Errors
    /// With everything in it that does not fit, at once.
    pub fn compile(document: &Value) -> Result<Self, Vec<ContractError>> {
        let operations = compile::operations(document)?;
        let mut router: matchit::Router<Endpoint> = matchit::Router::new();
        let mut errors = Vec::new();
        for on_path in operations.chunk_by(|a, b| a.path == b.path) {
            let endpoint = Endpoint { operations: on_path.to_vec(), allow: allow(on_path) };
            let path = on_path.first().map_or("", |operation| &operation.path);
            if let Err(error) = router.insert(path, endpoint) {
                let pointer = format!("/paths/{}", schema::escape(path));
                errors.push(ContractError::new(pointer, error.to_string().to_lowercase()));
            }
        }
        if errors.is_empty() { Ok(Self { operations, router }) } else { Err(errors) }
    }

    /// Compiles the JSON document in a file.
    ///
    /// # Errors
    /// When the file cannot be read, is not JSON, or is not a contract.
    pub fn from_file(path: &Path) -> Result<Self, Vec<ContractError>> {
        let whole = |error: String| vec![ContractError::new("", error)];
        let bytes = std::fs::read(path)
            .map_err(|error| whole(format!("expected a file at `{}`: {error}", path.display())))?;
        let document = serde_json::from_slice(&bytes)
            .map_err(|error| whole(format!("expected JSON in `{}`: {error}", path.display())))?;
        Self::compile(&document)
    }

    /// What is declared for a method and a raw, still encoded path.
    ///
    /// Only parameters may be percent-encoded; they are decoded once. `HEAD` is served as `GET`.
    #[must_use]
    pub fn find(&self, method: &Method, path: &str) -> Find<'_> {
        let found = if path.is_ascii() { self.router.at(path).ok() } else { None };
        let Some(found) = found else {
            return Find::NotFound;
        };
        let Some(operation) = found.value.operation(method) else {
            return Find::MethodNotAllowed { allow: &found.value.allow };
        };
        match PathParams::read(operation, &found.params) {
            Some(path_params) => Find::Found { operation, path_params },
            None => Find::NotFound,
        }
    }

    /// Every operation, in the order of its index.
    pub fn operations(&self) -> impl ExactSizeIterator<Item = &Arc<Operation>> {
        self.operations.iter()
    }
}

impl Endpoint {
    fn operation(&self, method: &Method) -> Option<&Arc<Operation>> {
        let declared = |method: &Method| self.operations.iter().find(|o| o.method == *method);
        declared(method)
            .or_else(|| if *method == Method::HEAD { declared(&Method::GET) } else { None })
    }
}

/// RFC 9110 §10.2.1: the methods of a path, `HEAD` beside `GET`.
fn allow(operations: &[Arc<Operation>]) -> String {
    let mut methods: Vec<&str> = operations.iter().map(|o| o.method.as_str()).collect();
    if methods.contains(&"GET") && !methods.contains(&"HEAD") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.join(", ")
}

impl<'c> Find<'c> {
    /// The operation, or what the caller is told instead.
    ///
    /// # Errors
    /// `not_found`, or `contract.method_not_allowed` with `Allow`.
    pub fn require(self) -> Result<(&'c Arc<Operation>, PathParams), Problem> {
        match self {
            Self::Found { operation, path_params } => Ok((operation, path_params)),
            Self::MethodNotAllowed { allow } => {
                Err(Problem::new(&METHOD_NOT_ALLOWED).header("Allow", allow))
            }
            Self::NotFound => Err(Problem::new(&NOT_FOUND)),
        }
    }
}

impl PathParams {
    /// `None` when a value cannot name anything: an id of the wrong shape does not exist.
    fn read(operation: &Operation, raw: &matchit::Params<'_, '_>) -> Option<Self> {
        let declared = &operation.parameters.path;
        let mut params = Vec::with_capacity(declared.len());
        for parameter in declared {
            let value = wire::decode(raw.get(&parameter.name)?, false)?;
            let is_segment = !value.is_empty()
                && !value.contains(['/', '\\'])
                && !matches!(value.as_ref(), "." | "..");
            if !is_segment || !parameter.takes(&value) {
                return None;
            }
            params.push((Arc::clone(&parameter.name), value.into_owned()));
        }
        Some(Self(params))
    }

    /// The value of a parameter.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| **own == *name).map(|(_, value)| value.as_str())
    }

    /// Names and values, in the order of the path.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, value.as_str()))
    }
}

impl ContractError {
    fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}
