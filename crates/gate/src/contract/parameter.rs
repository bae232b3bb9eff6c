//! Query, header and path parameters: from text to JSON by their schema, then validated.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH};
use jsonschema::Validator;
use kernel::{FieldError, Problem};
use serde_json::Value;

use super::problem::{PARAMETER_INVALID, PRECONDITION_REQUIRED};
use super::violation::{ERRORS_MAX, first_violation};
use super::wire::{decode, is_name};

/// The parameters of one operation, by where they stand.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// Whether parameters of other names are left alone (RFC 6749 §3.1).
    pub(super) is_open: bool,
    pub(super) path: Vec<Parameter>,
    pub(super) query: Vec<Parameter>,
    pub(super) header: Vec<(HeaderName, Parameter)>,
}

/// One declared parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: Arc<str>,
    /// Where problems point: `?limit`, `header:If-Match`.
    pub(super) pointer: String,
    pub(super) required: bool,
    /// OpenAPI's `explode`: an array stands as repeated parameters, not as one with commas.
    pub(super) explode: bool,
    pub(super) shape: Shape,
    pub(super) validator: Arc<Validator>,
}

/// What a parameter's text can stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) array: Option<Box<Shape>>,
    pub(super) boolean: bool,
    pub(super) integer: bool,
    pub(super) number: bool,
    pub(super) string: bool,
}

type Broken = (&'static str, String);

impl Parameters {
    /// Checks the query and the declared headers of a request.
    pub(super) fn check(&self, query: Option<&str>, headers: &HeaderMap) -> Result<(), Problem> {
        let mut errors = Vec::new();
        self.check_precondition(headers)?;
        self.check_query(query.unwrap_or_default(), &mut errors);
        self.check_headers(headers, &mut errors);
        if errors.is_empty() {
            return Ok(());
        }
        errors.truncate(ERRORS_MAX);
        Err(Problem { errors, ..Problem::new(&PARAMETER_INVALID) })
    }

    fn check_query(&self, query: &str, errors: &mut Vec<FieldError>) {
        let mut values: Vec<Vec<&str>> = vec![Vec::new(); self.query.len()];
        for (count, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
            if count == PAIRS_MAX {
                errors.push(FieldError::new("?", "too_many", PAIRS));
                return;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(name) = decode(name, true) else {
                errors.push(FieldError::new("?", "encoding", ENCODING));
                continue;
            };
            let place = self.query.iter().position(|parameter| *parameter.name == *name);
            match place.and_then(|place| values.get_mut(place)) {
                Some(values) => values.push(value),
                None if self.is_open => {}
                None => errors.push(unknown(&name)),
            }
        }
        for (parameter, values) in self.query.iter().zip(values) {
            parameter.check(&values, Comma::Query, errors);
        }
    }

    /// RFC 6585 §3: a change that must be conditional and is not has a status of its own.
    fn check_precondition(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let required = self.header.iter().any(|(name, p)| name == IF_MATCH && p.required);
        if required && !headers.contains_key(IF_MATCH) {
            return Err(Problem::new(&PRECONDITION_REQUIRED));
        }
        Ok(())
    }

    fn check_headers(&self, headers: &HeaderMap, errors: &mut Vec<FieldError>) {
        for (name, parameter) in &self.header {
            // Who must send a key is for the replay ring: staff need not.
            if name == IDEMPOTENCY_KEY && !headers.contains_key(name) {
                continue;
            }
            let values: Option<Vec<&str>> = headers
                .get_all(name)
                .iter()
                .map(|v| std::str::from_utf8(v.as_bytes()).ok())
                .collect();
            match values {
                Some(values) => parameter.check(&values, Comma::Header, errors),
                None => errors.push(parameter.error(("encoding", ENCODING.to_owned()))),
            }
        }
    }
}

/// How a value with commas is taken apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comma {
    /// Split before decoding, so that `%2C` is data.
    Query,
    /// RFC 9110 §5.6.1: with optional white space; nothing is decoded.
    Header,
}

impl Parameter {
    /// Whether a decoded path segment is a value of this parameter.
    pub(super) fn takes(&self, segment: &str) -> bool {
        let value = match &self.shape.array {
            Some(items) => segment.split(',').map(|part| items.read(part)).collect(),
            None => self.shape.read(segment),
        };
        value.is_ok_and(|value| self.validator.is_valid(&value))
    }

    fn check(&self, values: &[&str], comma: Comma, errors: &mut Vec<FieldError>) {
        if values.is_empty() {
            if self.required {
                errors.push(self.error(("required", "expected this parameter".to_owned())));
            }
            return;
        }
        let broken = match self.value(values, comma) {
            Ok(value) => first_violation(&self.validator, &value),
            Err(broken) => Some(broken),
        };
        errors.extend(broken.map(|broken| self.error(broken)));
    }

    fn value(&self, values: &[&str], comma: Comma) -> Result<Value, Broken> {
        let Some(items) = &self.shape.array else {
            return match values {
                [value] => self.shape.read(&text(value, comma)?),
                _ => Err(("duplicate", "expected this parameter once".to_owned())),
            };
        };
        let is_list = comma == Comma::Header || !self.explode;
        if is_list && comma == Comma::Query && values.len() > 1 {
            return Err(("duplicate", "expected this parameter once, with commas".to_owned()));
        }
        let separator = if is_list { ',' } else { '\0' };
        let parts = values.iter().flat_map(|value| value.split(separator));
        parts.map(|part| items.read(&text(part, comma)?)).collect()
    }

    fn error(&self, (code, detail): Broken) -> FieldError {
        FieldError::new(self.pointer.clone(), code, detail)
    }
}

fn text(raw: &str, comma: Comma) -> Result<Cow<'_, str>, Broken> {
    let text = match comma {
        Comma::Query => decode(raw, true),
        Comma::Header => {
            (!raw.chars().any(char::is_control)).then(|| Cow::Borrowed(raw.trim_matches(' ')))
        }
    };
    text.ok_or_else(|| ("encoding", ENCODING.to_owned()))
}

fn unknown(name: &str) -> FieldError {
    let pointer = if is_name(name) { format!("?{name}") } else { "?".to_owned() };
    FieldError::new(pointer, "unknown_parameter", "expected no such parameter")
}

impl Shape {
    /// The JSON value that a text stands for.
    fn read(&self, text: &str) -> Result<Value, Broken> {
        let value = self.literal(text).or_else(|| self.string.then(|| Value::from(text)));
        value.ok_or_else(|| ("type", format!("expected {}", self.name())))
    }

    fn literal(&self, text: &str) -> Option<Value> {
        if self.boolean && matches!(text, "true" | "false") {
            return Some(Value::Bool(text == "true"));
        }
        if !(self.integer || self.number) || !is_json_number(text) {
            return None;
        }
        if let Ok(integer) = text.parse::<i64>() {
            return Some(Value::from(integer));
        }
        let number = text.parse::<f64>().ok().filter(|number| self.number && number.is_finite());
        number.and_then(serde_json::Number::from_f64).map(Value::Number)
    }

    fn name(&self) -> String {
        let kinds = [
            (self.boolean, "`true` or `false`"),
            (self.number, "a number"),
            (self.integer, "an integer"),
        ];
        let names: Vec<_> = kinds.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
        names.join(" or ")
    }
}

/// RFC 8259 §6: no leading zero or plus, digits on both sides of the point.
fn is_json_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && digits(fraction)
        && digits(exponent)
}

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const PAIRS_MAX: usize = 100;
const PAIRS: &str = "expected at most 100 query parameters";
const ENCODING: &str = "expected percent-encoded UTF-8 without control characters";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_written_as_in_json() {
        let shape = Shape { number: true, ..Shape::default() };
        for text in ["", "01", "+1", "1.", ".5", "0x10", "1e", "inf", "NaN", "1e999", " 1", "１"] {
            assert!(shape.read(text).is_err(), "{text:?}");
        }
        assert_eq!(shape.read("-1.5e2").unwrap(), json!(-150.0));
    }

    #[test]
    fn an_integer_has_no_fraction_and_a_boolean_no_other_spelling() {
        let integer = Shape { integer: true, ..Shape::default() };
        assert!(integer.read("1.0").is_err());
        assert!(integer.read("9223372036854775808").is_err());
        assert_eq!(integer.read("-7").unwrap(), json!(-7));
        let boolean = Shape { boolean: true, ..Shape::default() };
        for text in ["1", "TRUE", "yes", ""] {
            assert!(boolean.read(text).is_err(), "{text:?}");
        }
    }
}
