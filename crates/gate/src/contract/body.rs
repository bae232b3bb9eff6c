//! What an operation takes as a body, and the check of one.

use std::sync::Arc;

use jsonschema::Validator;
use kernel::Problem;
use kernel::problem::INVALID;
use serde_json::{Map, Value};

use super::json::read_json_strict;
use super::problem::{
    BODY_MISSING, BODY_TOO_LARGE, BODY_UNEXPECTED, MALFORMED_FORM, UNSUPPORTED_MEDIA_TYPE,
};
use super::violation::violations;
use super::wire::{decode, media_type};

/// The bodies that one operation takes, by media type.
#[derive(Debug)]
pub(super) struct Bodies {
    pub(super) declared: Vec<BodySpec>,
    pub(super) required: bool,
    /// The response header that lists the media types beside a 415.
    pub(super) accept: &'static str,
}

/// One declared body of an operation.
#[derive(Debug)]
pub struct BodySpec {
    /// The media type, in lower case.
    pub media: String,
    /// How the bytes are read.
    pub kind: BodyKind,
    pub(super) bytes_max: usize,
    pub(super) validator: Option<Arc<Validator>>,
}

/// How the bytes of a body are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// `application/json` and `+json`.
    Json,
    /// A form, read to an object of strings.
    Form,
    /// The same, checked and then handed on byte by byte: for bodies that are signed.
    RawJson,
    /// A form that another engine reads, such as OAuth: only its size and encoding are checked.
    RawForm,
    /// Anything else: only its size is checked.
    Raw,
}

impl Bodies {
    /// What checks a body with this `Content-Type`; `None` where there is none and none is needed.
    pub(super) fn select(
        &self,
        content_type: Option<&str>,
        has_bytes: bool,
    ) -> Result<Option<&BodySpec>, Problem> {
        match (has_bytes, self.declared.is_empty()) {
            (false, _) if self.required => Err(Problem::new(&BODY_MISSING)),
            (false, _) => Ok(None),
            (true, true) => Err(Problem::new(&BODY_UNEXPECTED)),
            (true, false) => {
                let (media, is_plain) = media_type(content_type.unwrap_or_default());
                let found = self.declared.iter().find(|body| body.media == media);
                let fit = found.filter(|body| is_plain || body.kind == BodyKind::Raw);
                fit.map(Some).ok_or_else(|| self.unsupported())
            }
        }
    }

    /// Says which media types are taken.
    pub(super) fn unsupported(&self) -> Problem {
        let media: Vec<_> = self.declared.iter().map(|body| body.media.as_str()).collect();
        let media = media.join(", ");
        Problem::new(&UNSUPPORTED_MEDIA_TYPE)
            .detail(format!("expected one of: {media}"))
            .header(self.accept, media)
    }
}

impl BodySpec {
    /// Reads and checks a whole body. A value comes back where the contract gives the body one.
    ///
    /// # Errors
    /// When the body is too large, malformed, or breaks its schema.
    pub fn check(&self, bytes: &[u8]) -> Result<Option<Value>, Problem> {
        if bytes.len() > self.bytes_max {
            let detail = format!("expected at most {} bytes", self.bytes_max);
            return Err(Problem::new(&BODY_TOO_LARGE).detail(detail));
        }
        match self.kind {
            BodyKind::Json => self.fit(read_json_strict(bytes)?).map(Some),
            BodyKind::RawJson => self.fit(read_json_strict(bytes)?).map(|_| None),
            BodyKind::Form => self.fit(read_form(bytes)?).map(Some),
            BodyKind::RawForm if std::str::from_utf8(bytes).is_err() => Err(malformed_form()),
            BodyKind::RawForm | BodyKind::Raw => Ok(None),
        }
    }

    fn fit(&self, value: Value) -> Result<Value, Problem> {
        let Some(validator) = &self.validator else {
            return Ok(value);
        };
        let errors = violations(validator, &value);
        if errors.is_empty() {
            return Ok(value);
        }
        Err(Problem { errors, ..Problem::new(&INVALID) })
    }
}

fn read_form(bytes: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed_form())?;
    let mut object = Map::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name, true).ok_or_else(malformed_form)?;
        let value = decode(value, true).ok_or_else(malformed_form)?;
        let is_new = object.len() < FORM_MEMBERS_MAX
            && object.insert(name.into_owned(), Value::String(value.into_owned())).is_none();
        if !is_new {
            return Err(malformed_form());
        }
    }
    Ok(Value::Object(object))
}

fn malformed_form() -> Problem {
    Problem::new(&MALFORMED_FORM)
}

const FORM_MEMBERS_MAX: usize = 100;
