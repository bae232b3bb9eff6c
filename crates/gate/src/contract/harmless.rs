//! Which parameters and members the contract itself restricts to text that can inject nothing.
//!
//! A rule that looks for injection finds nothing in `^[a-z0-9-]+$`, a date or an integer. What does
//! not fit the schema never reaches a handler: validation refuses it. So such values need not be
//! looked at twice. In doubt a value counts as harmful.

use std::collections::BTreeSet;

use regex_syntax::hir::{Class, Hir, HirKind, Look};
use serde_json::Value;

use super::schema::internal;

/// Where an operation takes values that can inject nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Harmless {
    /// Query parameters, by name.
    pub query: Vec<String>,
    /// Whether all parameters of the path are harmless: then the whole path is.
    pub path: bool,
    /// Members of a JSON body that can inject nothing, or hold secrets which people choose, each as
    /// its way down: names, and `None` for the index of an array.
    pub body: Vec<Vec<Option<String>>>,
    /// Members of a JSON body that hold running text or addresses: not harmless, but full of words
    /// and signs that only rules made for them can judge.
    pub text: Vec<Vec<Option<String>>>,
    /// Query parameters that hold words to search for, or addresses.
    pub words: Vec<String>,
    /// Members of a form that can inject nothing, or hold secrets which people choose: hashed as
    /// they come, and read by nothing that could take them for anything else.
    pub form: Vec<String>,
    /// Members of a form that hold running text or addresses.
    pub form_text: Vec<String>,
    /// Parameters of query or form, and members of a JSON body, that the operation says it only
    /// compares with what it knows, or hands back as they are: an address that is registered, a
    /// client's own mark.
    pub opaque: Vec<String>,
}

/// Whether the schema is of a secret that somebody chose (`format: password`).
pub(super) fn is_secret(_: &Value, schema: &Value) -> bool {
    single_type(schema) == Some("string")
        && schema.get("format").and_then(Value::as_str) == Some("password")
}

/// Whether every text that fits the schema is made of harmless characters.
pub(super) fn is_harmless(document: &Value, schema: &Value) -> bool {
    harmless(document, schema, 0)
}

/// Whether the schema is of running text: strings in which people may write words and not only a
/// token, an address or a reference of a known form.
pub(super) fn is_text(document: &Value, schema: &Value) -> bool {
    let schema = one_way(target(document, schema).unwrap_or(schema));
    let schema = target(document, schema).unwrap_or(schema);
    single_type(schema) == Some("string")
        && ["format", "enum", "const"].iter().all(|member| schema.get(member).is_none())
        && schema.get("maxLength").and_then(Value::as_u64).is_some_and(|most| most >= TEXT_MIN)
        && schema.get("pattern").and_then(Value::as_str).is_none_or(admits_words)
}

/// Whether the schema is of running text, or of addresses: what our own rules judge alone.
pub(super) fn is_for_our_rules(document: &Value, schema: &Value) -> bool {
    is_text(document, schema) || is_address(document, schema)
}

/// Whether the schema is of addresses, of mail or of pages: strings in which nothing can call, open
/// a tag, fill in a template or begin a second command or statement. What is left (a quote, a way
/// up, another host) our own rules know.
fn is_address(document: &Value, schema: &Value) -> bool {
    let schema = one_way(target(document, schema).unwrap_or(schema));
    let schema = target(document, schema).unwrap_or(schema);
    single_type(schema) == Some("string")
        && schema
            .get("pattern")
            .and_then(Value::as_str)
            .is_some_and(|pattern| pattern_is_of(pattern, is_address_byte))
}

/// Whether a pattern admits words with a space between. One that cannot be read admits none.
fn admits_words(pattern: &str) -> bool {
    regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(WORDS))
}

/// Whether a schema is of the kind that is looked for.
type Kind = fn(&Value, &Value) -> bool;

/// The members of a JSON body whose schema is of a kind.
pub(super) fn members(document: &Value, schema: &Value, kind: Kind) -> Vec<Vec<Option<String>>> {
    let mut found = Vec::new();
    descend((document, kind), schema, &mut Vec::new(), &mut found);
    found
}

fn harmless(document: &Value, schema: &Value, hops: usize) -> bool {
    if hops > HOPS_MAX {
        return false;
    }
    let all = |name: &str| {
        let list = schema.get(name).and_then(Value::as_array);
        list.is_some_and(|list| list.iter().all(|inner| harmless(document, inner, hops + 1)))
    };
    let any = schema.get("allOf").and_then(Value::as_array);
    let any = any.is_some_and(|list| list.iter().any(|s| harmless(document, s, hops + 1)));
    let is_listed = schema.get("const").is_some_and(is_plain)
        || schema
            .get("enum")
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().all(is_plain));
    is_listed
        || any
        || all("anyOf")
        || all("oneOf")
        || target(document, schema).is_some_and(|inner| harmless(document, inner, hops + 1))
        || types(schema).is_some_and(|types| types.iter().all(|kind| is_tame(schema, kind)))
}

/// The schema's types; nothing where it does not say.
fn types(schema: &Value) -> Option<Vec<&str>> {
    match schema.get("type")? {
        Value::String(kind) => Some(vec![kind]),
        Value::Array(kinds) => kinds.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn is_tame(schema: &Value, kind: &str) -> bool {
    match kind {
        "integer" | "number" | "boolean" | "null" => true,
        "string" => {
            let text = |name: &str| schema.get(name).and_then(Value::as_str);
            text("format").is_some_and(|format| FORMATS.contains(&format))
                || text("pattern").is_some_and(|pattern| pattern_is_of(pattern, is_tame_byte))
        }
        _ => false,
    }
}

/// Whether a pattern, anchored at both ends, admits such characters only.
fn pattern_is_of(pattern: &str, fits: fn(u8) -> bool) -> bool {
    let parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build();
    let Ok(hir) = { parser }.parse(pattern) else { return false };
    begins(&hir) && ends(&hir) && text_is_of(&hir, fits)
}

/// Whether every way through begins at the text's start.
fn begins(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Look(look) => *look == Look::Start,
        HirKind::Capture(capture) => begins(&capture.sub),
        HirKind::Concat(parts) => parts.first().is_some_and(begins),
        HirKind::Alternation(branches) => branches.iter().all(begins),
        _ => false,
    }
}

/// Whether every way through stops at the text's end.
fn ends(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Look(look) => *look == Look::End,
        HirKind::Capture(capture) => ends(&capture.sub),
        HirKind::Concat(parts) => parts.last().is_some_and(ends),
        HirKind::Alternation(branches) => branches.iter().all(ends),
        _ => false,
    }
}

fn text_is_of(hir: &Hir, fits: fn(u8) -> bool) -> bool {
    match hir.kind() {
        HirKind::Empty => true,
        HirKind::Literal(literal) => literal.0.iter().all(|byte| fits(*byte)),
        HirKind::Class(Class::Bytes(class)) => {
            class.iter().all(|range| (range.start()..=range.end()).all(fits))
        }
        HirKind::Class(Class::Unicode(class)) => class
            .iter()
            .all(|range| (range.start()..=range.end()).all(|c| u8::try_from(c).is_ok_and(fits))),
        // A place takes up no character.
        HirKind::Look(_) => true,
        HirKind::Repetition(repetition) => text_is_of(&repetition.sub, fits),
        HirKind::Capture(capture) => text_is_of(&capture.sub, fits),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().all(|part| text_is_of(part, fits))
        }
    }
}

/// Letters, digits, hyphen and underscore: nothing that closes, separates, nests or escapes.
const fn is_tame_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// What addresses are made of: no space and no control, no `"` and no backtick, no bracket of any
/// kind, and none of `\ | ; $ ^ * !`.
const fn is_address_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'@' | b'\'' | b'~' | b'%')
        || matches!(byte, b':' | b'/' | b'?' | b'#' | b'&' | b'=' | b',')
}

fn is_plain(value: &Value) -> bool {
    match value {
        Value::String(text) => text.bytes().all(is_tame_byte),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn target<'d>(document: &'d Value, schema: &Value) -> Option<&'d Value> {
    document.pointer(internal(schema.get("$ref")?.as_str()?)?)
}

/// Goes down through objects that take no other members: a name with a dot in it, or in another
/// case, could otherwise pass for a declared one.
fn descend(
    (document, kind): (&Value, Kind),
    schema: &Value,
    way: &mut Vec<Option<String>>,
    found: &mut Vec<Vec<Option<String>>>,
) {
    if way.len() > HOPS_MAX || found.len() >= MEMBERS_MAX {
        return;
    }
    if !way.is_empty() && kind(document, schema) {
        found.push(way.clone());
        return;
    }
    let schema = one_way(schema);
    if let Some(inner) = target(document, schema) {
        return descend((document, kind), inner, way, found);
    }
    for branch in apart(document, schema) {
        descend((document, kind), branch, way, found);
    }
    if let (Some("array"), Some(items)) = (single_type(schema), schema.get("items")) {
        way.push(None);
        descend((document, kind), items, way, found);
        way.pop();
    }
    if !is_closed(schema) {
        return;
    }
    for (name, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        way.push(Some(name.clone()));
        descend((document, kind), inner, way, found);
        way.pop();
    }
}

/// The one schema besides `null` that `oneOf` or `anyOf` leaves.
fn one_way(schema: &Value) -> &Value {
    let several = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    let mut rest = several.into_iter().flatten().filter(|s| single_type(s) != Some("null"));
    match (rest.next(), rest.next()) {
        (Some(only), None) => only,
        _ => schema,
    }
}

/// The objects of which `oneOf` leaves one, where none takes a member of another.
fn apart<'d>(document: &'d Value, schema: &'d Value) -> Vec<&'d Value> {
    let several = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let branches: Vec<&Value> =
        several.map(|branch| target(document, branch).unwrap_or(branch)).collect();
    let mut names = BTreeSet::new();
    for branch in &branches {
        let own = branch.get("properties").and_then(Value::as_object).into_iter().flatten();
        let is_apart = own.fold(true, |apart, (name, _)| names.insert(name) && apart);
        if !(is_apart && is_closed(branch)) {
            return Vec::new();
        }
    }
    branches
}

fn single_type(schema: &Value) -> Option<&str> {
    match types(schema)?.as_slice() {
        [kind] => Some(kind),
        [kind, "null"] | ["null", kind] => Some(kind),
        _ => None,
    }
}

fn is_closed(schema: &Value) -> bool {
    let shut = |name: &str| schema.get(name) == Some(&Value::Bool(false));
    let names = schema.get("properties").and_then(Value::as_object);
    (shut("additionalProperties") || shut("unevaluatedProperties"))
        && schema.get("patternProperties").is_none()
        && names.is_some_and(|names| names.keys().all(|name| name.bytes().all(is_tame_byte)))
}

/// Formats whose texts are digits, letters and a few separators; the contract asserts formats.
const FORMATS: &[&str] = &["uuid", "date"];
/// A string that may have as many characters is running text.
const WORDS: &str = "Two words";
/// Characters. Whoever may write less writes no words.
const TEXT_MIN: u64 = 16;
const HOPS_MAX: usize = 16;
const MEMBERS_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whatever_could_inject_is_looked_at() {
        for schema in [
            json!({}),
            json!({"type": "string"}),
            json!({"type": "string", "maxLength": 3}),
            json!({"type": "object"}),
            json!({"type": ["string", "integer"]}),
            json!({"type": "string", "format": "email"}),
            json!({"type": "string", "pattern": "[a-z]+"}),
            json!({"type": "string", "pattern": "^[a-z]+"}),
            json!({"type": "string", "pattern": "(?m)^[a-z]+$"}),
            json!({"type": "string", "pattern": "^[a-z]+$|x"}),
            json!({"type": "string", "pattern": "^[a-z.]+$"}),
            json!({"type": "string", "pattern": "^[^<>]+$"}),
            json!({"type": "string", "pattern": "^.$"}),
            json!({"type": "string", "pattern": "^a b$"}),
            json!({"pattern": "^[a-z]+$"}),
            json!({"enum": ["a", "b'"]}),
            json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
            json!({"allOf": [{"type": "string"}]}),
            json!({"$ref": "#/components/schemas/Missing"}),
        ] {
            assert!(!is_harmless(&json!({}), &schema), "{schema}");
        }
    }

    #[test]
    fn what_admits_no_injection_is_harmless() {
        let id = json!({"type": "string", "pattern": "^job_[0-7][0-9a-z]{25}$"});
        let document = json!({"components": {"schemas": {"Id": id}}});
        for schema in [
            json!({"type": "integer"}),
            json!({"type": ["number", "null"]}),
            json!({"type": "string", "format": "uuid"}),
            json!({"type": "string", "format": "date"}),
            json!({"type": "string", "pattern": "^[a-z0-9-]{1,64}$"}),
            json!({"type": "string", "pattern": r"^\d{4}-\w+$|^$"}),
            json!({"type": "string", "enum": ["full_time", "part_time"]}),
            json!({"const": 7}),
            json!({"oneOf": [{"type": "null"}, {"type": "integer"}]}),
            json!({"allOf": [{"type": "string"}, {"type": "string", "pattern": "^a$"}]}),
            json!({"$ref": "#/components/schemas/Id"}),
        ] {
            assert!(is_harmless(&document, &schema), "{schema}");
        }
    }

    #[test]
    fn members_of_open_objects_are_looked_at() {
        let open = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
        let dotted = json!({"type": "object", "additionalProperties": false,
            "properties": {"a.b": {"type": "integer"}}});

        assert_eq!(members(&json!({}), &open, is_harmless), Vec::<Vec<_>>::new());
        assert_eq!(members(&json!({}), &dotted, is_harmless), Vec::<Vec<_>>::new());
    }

    #[test]
    fn only_strings_that_admit_words_are_running_text() {
        let document = json!({"components": {"schemas": {
            "Text": {"type": "string", "maxLength": 20000, "pattern": "^[^<]*$"},
        }}});
        for (schema, expected) in [
            (json!({"type": "string", "maxLength": 15}), false),
            (json!({"type": "string"}), false),
            (json!({"type": "string", "maxLength": 2048, "pattern": "^[a-z]+$"}), false),
            (json!({"type": "string", "maxLength": 255, "pattern": "^[!-~]+$"}), false),
            (json!({"type": "string", "maxLength": 255, "format": "uri"}), false),
            (json!({"type": "string", "maxLength": 128, "pattern": "^[^\\u0000-\\u001F]*$"}), true),
            (json!({"type": "array", "maxLength": 2000}), false),
            (json!({"$ref": "#/components/schemas/Text"}), true),
            (json!({"oneOf": [{"$ref": "#/components/schemas/Text"}, {"type": "null"}]}), true),
        ] {
            assert_eq!(is_text(&document, &schema), expected, "{schema}");
        }
    }

    #[test]
    fn addresses_are_restricted_to_signs_that_call_and_nest_nothing() {
        for (pattern, expected) in [
            ("^[a-z]+(\\.[a-z]+)*@[a-z.]+$", true),
            ("^[a-z']+@[a-z.]+$", true),
            ("^https://[a-z.]+/[a-z/?&=#%,~:]*$", true),
            ("^[a-z.`]+@[a-z.]+$", false),
            ("^[a-z$]+@[a-z.]+$", false),
            ("^[a-z{}]+@[a-z.]+$", false),
            ("^[a-z;]+$", false),
            ("^[a-z@]+", false),
            ("[a-z]+@[a-z]+$", false),
            ("^[^ ]+@[a-z]+$", false),
        ] {
            let schema = json!({"type": "string", "pattern": pattern});
            assert_eq!(is_address(&json!({}), &schema), expected, "{pattern}");
        }
        assert!(!is_address(&json!({}), &json!({"type": "string", "format": "email"})));
    }

    #[test]
    fn members_of_alternatives_count_where_none_takes_a_name_of_another() {
        let closed = |name: &str| {
            json!({"type": "object", "additionalProperties": false,
                "properties": {name: {"type": "integer"}}})
        };
        let open = json!({"type": "object", "properties": {"b": {"type": "string"}}});
        let of = |a: &Value, b: &Value| json!({"oneOf": [a, b]});
        let found = |schema: &Value| members(&json!({}), schema, is_harmless).len();

        assert_eq!(found(&of(&closed("a"), &closed("b"))), 2);
        assert_eq!(found(&of(&closed("a"), &closed("a"))), 0);
        assert_eq!(found(&of(&closed("a"), &open)), 0);
        assert_eq!(found(&of(&closed("a"), &json!({"type": "string"}))), 0);
    }

    #[test]
    fn only_members_that_say_so_are_secrets() {
        let schema = json!({"type": "object", "additionalProperties": false, "properties": {
            "email": {"type": "string", "format": "email"},
            "password": {"type": "string", "format": "password"},
            "note": {"type": "string", "maxLength": 900},
        }});

        let found = members(&json!({}), &schema, is_secret);

        assert_eq!(found, [vec![Some("password".to_owned())]]);
    }

    #[test]
    fn harmless_members_are_found_at_every_depth() {
        let schema = json!({
            "type": "object", "additionalProperties": false,
            "properties": {
                "title": {"type": "string"},
                "rate": {"oneOf": [{"type": "null"}, {
                    "type": "object", "additionalProperties": false,
                    "properties": {"minor": {"type": "integer"}},
                }]},
                "skills": {"type": "array", "items": {
                    "type": "object", "additionalProperties": false,
                    "properties": {"level": {"type": "integer"}, "label": {"type": "string"}},
                }},
            },
        });
        let way = |parts: &[&str]| {
            parts.iter().map(|p| (*p != "#").then(|| (*p).to_owned())).collect::<Vec<_>>()
        };

        let found = members(&json!({}), &schema, is_harmless);

        assert_eq!(found, [way(&["rate", "minor"]), way(&["skills", "#", "level"])]);
    }
}
