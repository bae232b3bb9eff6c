//! Reads JSON from strangers: UTF-8 only, no duplicate names, bounded depth and length.
//!
//! `serde_json` alone keeps the last of two members with one name, so that two readers of the same
//! bytes may see two documents. Here the second one is refused.

use std::cell::Cell;
use std::fmt;

use kernel::Problem;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::problem::MALFORMED_JSON;

/// Arrays and objects within each other.
pub const DEPTH_MAX: usize = 16;
/// Items of one array.
pub const ITEMS_MAX: usize = 1000;
/// Members of one object.
pub const MEMBERS_MAX: usize = 1000;

/// The bytes are not a JSON document that we read. It says where and why, never what stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule} (line {line}, column {column})")]
pub struct JsonError {
    /// The rule that was broken.
    pub rule: JsonRule,
    /// Line, from one.
    pub line: usize,
    /// Column, from one.
    pub column: usize,
}

/// What holds for every JSON body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonRule {
    /// UTF-8 (RFC 8259 §8.1).
    #[error("expected text in UTF-8")]
    Utf8,
    /// The grammar of RFC 8259, with numbers that a double can hold.
    #[error("expected a well-formed JSON value")]
    Grammar,
    /// RFC 8259 §4: names within an object should be unique. Here they must.
    #[error("expected each member name once in an object")]
    Duplicate,
    /// At most [`DEPTH_MAX`].
    #[error("expected at most {DEPTH_MAX} levels of arrays and objects")]
    Depth,
    /// At most [`ITEMS_MAX`].
    #[error("expected at most {ITEMS_MAX} items in an array")]
    Items,
    /// At most [`MEMBERS_MAX`].
    #[error("expected at most {MEMBERS_MAX} members in an object")]
    Members,
}

/// Reads one JSON value.
///
/// A number without a fraction is read as an integer: `1.0` and `1` are the same number, as in
/// RFC 8785 §3.2.2.3.
///
/// # Errors
/// With the first rule that is broken.
pub fn read_json_strict(bytes: &[u8]) -> Result<Value, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        JsonError { rule: JsonRule::Utf8, line, column }
    })?;
    let broken = Cell::new(JsonRule::Grammar);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Node { depth: 0, broken: &broken }.deserialize(&mut reader);
    value.and_then(|value| reader.end().map(|()| value)).map_err(|error| JsonError {
        rule: broken.get(),
        line: error.line(),
        column: error.column(),
    })
}

/// One value at a depth. It notes the rule it broke beside serde's error, whose text may hold
/// input.
#[derive(Clone, Copy)]
struct Node<'s> {
    depth: usize,
    broken: &'s Cell<JsonRule>,
}

impl Node<'_> {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            return Err(self.broke(JsonRule::Depth));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn broke<E: serde::de::Error>(self, rule: JsonRule) -> E {
        self.broken.set(rule);
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        if value.fract() == 0.0 && value.abs() < EXACT_MAX {
            return Ok(Value::Number((value as i64).into()));
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("refused"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            if array.len() == ITEMS_MAX {
                return Err(self.broke(JsonRule::Items));
            }
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(self.broke(JsonRule::Duplicate));
            }
            if object.len() == MEMBERS_MAX {
                return Err(self.broke(JsonRule::Members));
            }
            object.insert(name, members.next_value_seed(inner)?);
        }
        Ok(Value::Object(object))
    }
}

impl From<JsonError> for Problem {
    fn from(error: JsonError) -> Self {
        Self::new(&MALFORMED_JSON).detail(error.to_string())
    }
}

/// 2^53: whole doubles below it are exact.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn rule(text: impl AsRef<[u8]>) -> JsonRule {
        read_json_strict(text.as_ref()).unwrap_err().rule
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        assert_eq!(rule(r#"{"role":"viewer","role":"admin"}"#), JsonRule::Duplicate);
        assert_eq!(rule(r#"{"a":[{"x":1,"\u0078":2}]}"#), JsonRule::Duplicate);
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let items = |count: usize| format!("[{}]", vec!["1"; count].join(","));
        let members = |count: usize| {
            let all: Vec<_> = (0..count).map(|n| format!("\"m{n}\":1")).collect();
            format!("{{{}}}", all.join(","))
        };

        assert_eq!(rule(nested(DEPTH_MAX + 1)), JsonRule::Depth);
        assert_eq!(rule("[".repeat(200_000)), JsonRule::Depth);
        assert_eq!(rule("{\"a\":".repeat(200_000)), JsonRule::Depth);
        assert_eq!(rule(items(ITEMS_MAX + 1)), JsonRule::Items);
        assert_eq!(rule(members(MEMBERS_MAX + 1)), JsonRule::Members);
        assert!(read_json_strict(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert!(read_json_strict(items(ITEMS_MAX).as_bytes()).is_ok());
        assert!(read_json_strict(members(MEMBERS_MAX).as_bytes()).is_ok());
    }

    #[test]
    fn what_rfc_8259_does_not_allow_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "{\"a\":1,}",
            "[1 2]",
            "NaN",
            "Infinity",
            "-",
            "01",
            "1.",
            "+1",
            "1e999",
            "'a'",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\u{1}\"",
            "1 1",
            "// c\n1",
            "\u{feff}1",
            "tru",
        ] {
            assert_eq!(rule(text), JsonRule::Grammar, "{text:?}");
        }
        assert_eq!(rule(b"{\"a\":\n \"\xff\"}"), JsonRule::Utf8);
    }

    #[test]
    fn a_refusal_says_where_and_not_what() {
        let error = read_json_strict(b"{\"canary\":1,\n \"canary\":2}").unwrap_err();

        assert_eq!(
            error.to_string(),
            "expected each member name once in an object (line 2, column 9)"
        );
    }

    #[test]
    fn whole_numbers_are_integers_however_written() {
        assert_eq!(read_json_strict(b"[1.0,-0.0,1e3,1.5]").unwrap(), json!([1, 0, 1000, 1.5]));
        assert_eq!(read_json_strict(b"18446744073709551615").unwrap(), json!(u64::MAX));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = read_json_strict(&bytes);
        }

        #[test]
        fn what_is_read_is_what_any_reader_sees(
            text in r#"[\[\]{}":,a0-9.e\\ -]{0,40}"#,
        ) {
            if let Ok(value) = read_json_strict(text.as_bytes()) {
                let plain: Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(read_json_strict(plain.to_string().as_bytes()).unwrap(), value);
            }
        }
    }
}
