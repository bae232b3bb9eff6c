//! From schema errors to what the caller may read.
//!
//! The validator's own messages repeat the instance. These are written from the contract's side
//! alone: what was expected, never what was found.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError, Validator};
use kernel::FieldError;
use serde_json::Value;

use super::wire::{is_name, safe_pointer};

/// Errors that one problem carries.
pub(super) const ERRORS_MAX: usize = 20;

/// Everything that does not fit, up to [`ERRORS_MAX`]. Empty when the value fits.
pub(super) fn violations(validator: &Validator, value: &Value) -> Vec<FieldError> {
    // `is_valid` allocates nothing; the errors are collected only when there are some.
    if validator.is_valid(value) {
        return Vec::new();
    }
    let mut errors = Vec::new();
    for error in validator.iter_errors(value) {
        explain(&error, &mut errors);
        if errors.len() >= ERRORS_MAX {
            break;
        }
    }
    if errors.is_empty() {
        // Fail closed: what is not valid has an error.
        errors.push(FieldError::new("", "no_match", NO_MATCH));
    }
    errors.truncate(ERRORS_MAX);
    errors
}

/// Code and expectation of the first rule that a single value breaks, or `None` when it fits.
pub(super) fn first_violation(
    validator: &Validator,
    value: &Value,
) -> Option<(&'static str, String)> {
    let error = violations(validator, value).into_iter().next()?;
    Some((error.code, error.detail))
}

fn explain(error: &ValidationError<'_>, errors: &mut Vec<FieldError>) {
    let pointer = safe_pointer(error.instance_path().as_str());
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                let pointer =
                    if is_name(name) { format!("{pointer}/{name}") } else { pointer.clone() };
                errors.push(FieldError::new(pointer, "unknown_field", UNKNOWN_FIELD));
            }
        }
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            errors.push(FieldError::new(format!("{pointer}/{name}"), "required", REQUIRED));
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            match likely_branch(context, error.instance_path().as_str()) {
                Some(branch) => branch.iter().for_each(|inner| explain(inner, errors)),
                None => errors.push(FieldError::new(pointer, "no_match", NO_MATCH)),
            }
        }
        kind => {
            let (code, detail) = describe(kind);
            errors.push(FieldError::new(pointer, code, detail));
        }
    }
}

/// The one form that the caller can have meant: its type fits, and so do its tags.
fn likely_branch<'e>(
    branches: &'e [Vec<ValidationError<'static>>],
    at: &str,
) -> Option<&'e [ValidationError<'static>]> {
    let of_type: Vec<_> =
        branches.iter().filter(|errors| !errors.iter().any(|e| is_other_type(e, at))).collect();
    if let [only] = of_type.as_slice() {
        return Some(only);
    }
    let mut tagged = of_type.iter().filter(|errors| !errors.iter().any(|e| is_other_tag(e, at)));
    match (tagged.next(), tagged.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

fn is_other_type(error: &ValidationError<'_>, at: &str) -> bool {
    matches!(error.kind(), Kind::Type { .. }) && error.instance_path().as_str() == at
}

fn is_other_tag(error: &ValidationError<'_>, at: &str) -> bool {
    let is_tag = matches!(error.kind(), Kind::Constant { .. } | Kind::Enum { .. });
    let below = error.instance_path().as_str().strip_prefix(at).unwrap_or_default();
    is_tag && below.matches('/').count() <= 1
}

/// Stable code and expectation of one rule.
fn describe(kind: &Kind) -> (&'static str, String) {
    match kind {
        Kind::Type { kind } => ("type", format!("expected {}", types(kind))),
        Kind::Format { format } => ("format", format!("expected the format `{format}`")),
        Kind::Pattern { pattern } => ("pattern", format!("expected to match `{pattern}`")),
        Kind::Enum { options } => ("enum", one_of(options)),
        Kind::Constant { expected_value } => ("const", format!("expected `{expected_value}`")),
        Kind::MinLength { limit } => {
            ("min_length", format!("expected at least {limit} characters"))
        }
        Kind::MaxLength { limit } => ("max_length", format!("expected at most {limit} characters")),
        Kind::MinItems { limit } => ("min_items", format!("expected at least {limit} items")),
        Kind::MaxItems { limit } => ("max_items", format!("expected at most {limit} items")),
        Kind::MinProperties { limit } => {
            ("min_members", format!("expected at least {limit} members"))
        }
        Kind::MaxProperties { limit } => {
            ("max_members", format!("expected at most {limit} members"))
        }
        Kind::Minimum { limit } => ("minimum", format!("expected at least {limit}")),
        Kind::Maximum { limit } => ("maximum", format!("expected at most {limit}")),
        Kind::ExclusiveMinimum { limit } => ("minimum", format!("expected more than {limit}")),
        Kind::ExclusiveMaximum { limit } => ("maximum", format!("expected less than {limit}")),
        Kind::MultipleOf { multiple_of } => {
            ("multiple_of", format!("expected a multiple of {multiple_of}"))
        }
        other => describe_rare(other),
    }
}

fn describe_rare(kind: &Kind) -> (&'static str, String) {
    let (code, detail) = match kind {
        Kind::UniqueItems => ("unique_items", "expected no item twice"),
        Kind::AdditionalItems { .. } | Kind::UnevaluatedItems { .. } => {
            ("max_items", "expected no further items")
        }
        Kind::Contains => ("contains", "expected an item of the documented form"),
        Kind::PropertyNames { .. } => {
            ("member_name", "expected member names of the documented form")
        }
        Kind::ContentEncoding { .. } | Kind::FromUtf8 { .. } => {
            ("encoding", "expected the documented encoding")
        }
        Kind::ContentMediaType { .. } => ("encoding", "expected the documented media type"),
        Kind::FalseSchema => ("unknown_field", UNKNOWN_FIELD),
        Kind::Not { .. } => ("not", "expected none of the excluded forms"),
        Kind::OneOfMultipleValid { .. } => {
            ("ambiguous", "expected to fit exactly one of the documented forms")
        }
        // The remaining kinds are failures of the check itself: fail closed.
        _ => ("unverifiable", "expected a value that can be checked against the contract"),
    };
    (code, detail.to_owned())
}

fn types(kind: &TypeKind) -> String {
    let mut names: Vec<&str> = match kind {
        TypeKind::Single(only) => vec![name(*only)],
        TypeKind::Multiple(several) => several.iter().map(name).collect(),
    };
    names.sort_unstable();
    names.join(" or ")
}

const fn name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "an array",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    }
}

fn one_of(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    if options.len() > OPTIONS_SHOWN_MAX {
        return format!("expected one of the {} documented values", options.len());
    }
    let quoted: Vec<_> = options
        .iter()
        .map(|option| match option {
            Value::String(text) => format!("`{text}`"),
            other => format!("`{other}`"),
        })
        .collect();
    format!("expected one of {}", quoted.join(", "))
}

const OPTIONS_SHOWN_MAX: usize = 20;
const UNKNOWN_FIELD: &str = "expected no such member";
const REQUIRED: &str = "expected this member";
const NO_MATCH: &str = "expected one of the documented forms";
