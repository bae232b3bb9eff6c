//! One method on one path of the contract, with everything the rings ask about it.

use counters::Spec;
use http::{HeaderMap, Method};
use kernel::Problem;

use super::body::{Bodies, BodySpec};
use super::harmless::Harmless;
use super::parameter::Parameters;

/// One method on one path.
#[derive(Debug)]
pub struct Operation {
    /// Its place in `Contract::operations`; stable for a document.
    pub index: usize,
    /// The method.
    pub method: Method,
    /// The path template: `/v1/jobs/{id}`.
    pub path: String,
    /// The `operationId`, unique in the document.
    pub id: String,
    /// Method and path template, for logs and metrics: `GET /v1/jobs/{id}`.
    pub label: String,
    /// What the caller must be allowed to do.
    pub action: String,
    /// Whether a caller must be known.
    pub access: Access,
    /// How closely it is watched.
    pub sensitivity: Sensitivity,
    /// Bytes that a body may have.
    pub body_max: usize,
    /// How problems are written.
    pub error_form: ErrorForm,
    /// Whether an `Idempotency-Key` is honoured.
    pub idempotency: bool,
    /// Whether an `Idempotency-Key` must be sent.
    pub idempotency_required: bool,
    /// How often it may be called, besides what every operation is charged.
    pub limits: Vec<Spec>,
    /// Whether it is served however busy the server is: health, and how people and clients end
    /// what they began.
    pub is_vital: bool,
    /// Where it takes values that can inject nothing.
    pub harmless: Harmless,
    pub(super) statuses: Vec<String>,
    pub(super) parameters: Parameters,
    pub(super) bodies: Bodies,
}

/// Whether a caller must be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Only for a known caller.
    #[default]
    Required,
    /// A caller may be known.
    Optional,
    /// For everybody; credentials are not looked at.
    Public,
}

/// How closely an operation is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitivity {
    /// Harmless.
    Low,
    /// The rule.
    #[default]
    Normal,
    /// Touches what must not leak.
    High,
}

/// How problems are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorForm {
    /// `application/problem+json` (RFC 9457).
    #[default]
    Problem,
    /// `error` and `error_description` (RFC 6749 §5.2).
    OAuth,
    /// A page, for people.
    Page,
}

impl Operation {
    /// Checks the query and the declared headers.
    ///
    /// # Errors
    /// `contract.parameter_invalid`, with each parameter that does not fit.
    pub fn check_parameters(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<(), Problem> {
        self.parameters.check(query, headers)
    }

    /// What checks the body of a request; `None` where there is none and none is needed.
    ///
    /// # Errors
    /// When the body is missing, unexpected, or of an undeclared media type.
    pub fn body(
        &self,
        content_type: Option<&str>,
        has_bytes: bool,
    ) -> Result<Option<&BodySpec>, Problem> {
        self.bodies.select(content_type, has_bytes)
    }

    /// The refusal of a media type, which says those that are taken.
    #[must_use]
    pub fn unsupported_media(&self) -> Problem {
        self.bodies.unsupported()
    }

    /// The declared bodies.
    #[must_use]
    pub fn bodies(&self) -> &[BodySpec] {
        &self.bodies.declared
    }

    /// Whether the document has a response for this status.
    #[must_use]
    pub fn documents(&self, status: u16) -> bool {
        let (exact, range) = (status.to_string(), format!("{}XX", status / 100));
        self.statuses
            .iter()
            .any(|s| *s == exact || s.eq_ignore_ascii_case(&range) || s == "default")
    }
}
