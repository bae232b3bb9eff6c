//! What a caller is told went wrong (RFC 9457), and what only the log learns.

use std::sync::Arc;

use serde::Serialize;

/// A kind of problem: its stable code, HTTP status and title.
///
/// Each crate declares its own as constants and lists them, so that the reference can print all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Code {
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// Stable, namespaced name: `jobs.illegal_transition`.
    pub name: &'static str,
    /// One sentence that is the same for every problem of this kind.
    pub title: &'static str,
    /// What the caller can do about it.
    pub mend: &'static str,
}

/// One member of the request that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the body, or `?name` / `Header-Name` style location.
    pub pointer: String,
    /// Stable name of the rule that was broken.
    pub code: &'static str,
    /// What was expected. Never what was found.
    pub detail: String,
}

/// A refusal or failure on its way to the caller.
///
/// `detail` is safe to show. `cause` never leaves the process: telemetry logs it once, beside the
/// request id that the caller sees.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Which kind.
    pub code: &'static Code,
    /// What the caller can mend in this case. Never a submitted value.
    pub detail: Option<String>,
    /// For validation: which members.
    pub errors: Vec<FieldError>,
    /// Response headers that belong to the refusal (`Allow`, `Retry-After`, `ETag`, …).
    pub headers: Vec<(&'static str, String)>,
    /// Further members of the problem document, such as `legal_transitions`.
    pub members: Vec<(&'static str, Vec<String>)>,
    /// For the log only.
    pub cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Problem {
    /// A problem of a kind, with nothing to add.
    #[must_use]
    pub const fn new(code: &'static Code) -> Self {
        Self {
            code,
            detail: None,
            errors: Vec::new(),
            headers: Vec::new(),
            members: Vec::new(),
            cause: None,
        }
    }

    /// Something failed on our side; the caller learns only that.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(&INTERNAL).because(cause)
    }

    /// What this caller can mend in this case.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names a member that does not fit.
    #[must_use]
    pub fn error(mut self, error: FieldError) -> Self {
        self.errors.push(error);
        self
    }

    /// Adds a response header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a member to the problem document.
    #[must_use]
    pub fn member(mut self, name: &'static str, values: Vec<String>) -> Self {
        self.members.push((name, values));
        self
    }

    /// What the log shall know.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(Arc::from(cause.into()));
        self
    }
}

impl FieldError {
    /// Names a member, the rule it breaks, and what was expected.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
}

/// Something failed on our side.
pub const INTERNAL: Code = Code {
    status: 500,
    name: "internal",
    title: "The request could not be completed",
    mend: "Try again; if it persists, report the request id to the operator.",
};

/// No such thing, or not yours: the two look the same.
pub const NOT_FOUND: Code = Code {
    status: 404,
    name: "not_found",
    title: "There is no such resource",
    mend: "Check the id and the path; a resource of another tenant looks the same as none.",
};

/// The body breaks a rule.
pub const INVALID: Code = Code {
    status: 422,
    name: "invalid",
    title: "The request does not fit the contract",
    mend: "Correct the members that `errors` points at.",
};

/// The problems that belong to no single area.
pub const CODES: &[&Code] = &[&INTERNAL, &NOT_FOUND, &INVALID];
