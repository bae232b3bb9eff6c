//! The document's schemas: checked, tightened, and compiled into validators.

use std::collections::HashMap;
use std::sync::Arc;

use data_encoding::BASE64;
use jsonschema::{Draft, PatternCache, PatternOptions, Registry, ValidationOptions, Validator};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::ContractError;
use super::parameter::Shape;

/// Compiles validators for places of one document, each distinct schema once.
pub(super) struct Schemas<'d> {
    registry: Registry<'d>,
    options: ValidationOptions<'static>,
    compiled: HashMap<String, Arc<Validator>>,
}

impl<'d> Schemas<'d> {
    pub(super) fn new(document: &'d Value) -> Result<Self, ContractError> {
        let registry = Registry::new().draft(Draft::Draft202012).add(BASE, document);
        let registry = registry
            .and_then(jsonschema::RegistryBuilder::prepare)
            .map_err(|error| ContractError::new("", error.to_string()))?;
        Ok(Self { registry, options: options(), compiled: HashMap::new() })
    }

    /// The validator of the schema that stands at a pointer.
    pub(super) fn validator(
        &mut self,
        schema: &Value,
        pointer: &str,
    ) -> Result<Arc<Validator>, ContractError> {
        let key = schema.to_string();
        if let Some(validator) = self.compiled.get(&key) {
            return Ok(Arc::clone(validator));
        }
        let fragment = utf8_percent_encode(pointer, FRAGMENT);
        let reference = json!({ "$ref": format!("{BASE}#{fragment}") });
        let built = self.options.clone().with_registry(&self.registry).build(&reference);
        let validator = built.map_err(|error| ContractError::new(pointer, error.to_string()))?;
        let validator = Arc::new(validator);
        self.compiled.insert(key, Arc::clone(&validator));
        Ok(validator)
    }
}

fn options() -> ValidationOptions<'static> {
    let options = jsonschema::options()
        .with_draft(Draft::Draft202012)
        // The `regex` engine is linear in the input; look-around does not compile.
        .with_pattern_options(PatternOptions::regex())
        .with_pattern_cache(PatternCache::new())
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false)
        .with_format("byte", |text: &str| BASE64.decode(text.as_bytes()).is_ok());
    ANNOTATIONS.iter().fold(options, |options, name| options.with_format(*name, |_: &str| true))
}

/// A copy of the document whose schemas are checked and tightened.
pub(super) fn prepare(document: &Value, errors: &mut Vec<ContractError>) -> Value {
    let mut prepared = document.clone();
    Preparation { document, options: options(), errors }.node(&mut prepared, "");
    prepared
}

struct Preparation<'d, 'e> {
    document: &'d Value,
    options: ValidationOptions<'static>,
    errors: &'e mut Vec<ContractError>,
}

impl Preparation<'_, '_> {
    /// Finds the schemas below a node of the document that is none itself.
    fn node(&mut self, node: &mut Value, pointer: &str) {
        match node {
            Value::Object(members) => {
                for (name, child) in members.iter_mut() {
                    let at = format!("{pointer}/{}", escape(name));
                    match name.as_str() {
                        "example" | "examples" => {}
                        "schema" => self.root(child, &at),
                        "schemas" if pointer == "/components" => self.each_root(child, &at),
                        name if name.starts_with("x-") => {}
                        _ => self.node(child, &at),
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.node(item, &format!("{pointer}/{index}"));
                }
            }
            _ => {}
        }
    }

    fn each_root(&mut self, schemas: &mut Value, pointer: &str) {
        for (name, schema) in schemas.as_object_mut().into_iter().flatten() {
            self.root(schema, &format!("{pointer}/{}", escape(name)));
        }
    }

    fn root(&mut self, schema: &mut Value, pointer: &str) {
        if let Err(error) = jsonschema::draft202012::meta::validate(schema) {
            let at = format!("{pointer}{}", error.instance_path().as_str());
            self.refuse(&at, format!("expected a JSON Schema: {error}"));
            return;
        }
        self.schema(schema, pointer);
    }

    fn schema(&mut self, schema: &mut Value, pointer: &str) {
        let Some(members) = schema.as_object_mut() else {
            return;
        };
        self.check_reference(members, pointer);
        for name in UNSUPPORTED.iter().filter(|name| members.contains_key(**name)) {
            self.refuse(&format!("{pointer}/{name}"), format!("expected no `{name}` here"));
        }
        bound_integers(members);
        self.check_text_rules(members, pointer);
        for (name, child) in members.iter_mut() {
            let at = format!("{pointer}/{}", escape(name));
            match (name.as_str(), child) {
                (name, Value::Object(schemas)) if SCHEMA_MAPS.contains(&name) => {
                    for (name, schema) in schemas.iter_mut() {
                        self.schema(schema, &format!("{at}/{}", escape(name)));
                    }
                }
                (name, Value::Array(schemas)) if SCHEMA_LISTS.contains(&name) => {
                    for (index, schema) in schemas.iter_mut().enumerate() {
                        self.schema(schema, &format!("{at}/{index}"));
                    }
                }
                (name, schema) if SUBSCHEMAS.contains(&name) => self.schema(schema, &at),
                _ => {}
            }
        }
    }

    /// Patterns and formats are tried here, so that an error names the place and not its users.
    fn check_text_rules(&mut self, members: &Map<String, Value>, pointer: &str) {
        for (keyword, detail) in [
            ("pattern", "expected a regular expression without look-around"),
            ("format", "expected a format that can be checked"),
        ] {
            let rule = members.get(keyword).map(|rule| json!({ keyword: rule }));
            if rule.is_some_and(|rule| self.options.build(&rule).is_err()) {
                self.refuse(&format!("{pointer}/{keyword}"), detail);
            }
        }
    }

    /// References stay within the document's components: nothing is ever fetched.
    fn check_reference(&mut self, members: &Map<String, Value>, pointer: &str) {
        let Some(target) = members.get("$ref").and_then(Value::as_str) else {
            return;
        };
        let at = format!("{pointer}/$ref");
        match internal(target) {
            None => self.refuse(&at, "expected a reference to `#/components/…`"),
            Some(inner) if self.document.pointer(inner).is_none() => {
                self.refuse(&at, "expected a reference to something that is there");
            }
            Some(inner) if self.is_endless(inner, &mut vec![inner.to_owned()]) => {
                self.refuse(&at, "expected a reference that does not lead back to itself");
            }
            Some(_) => {}
        }
    }

    /// Whether a schema applies itself to the same value, which no check of it would survive.
    fn is_endless(&self, pointer: &str, path: &mut Vec<String>) -> bool {
        let Some(schema) = self.document.pointer(pointer) else {
            return false;
        };
        in_place(schema).iter().any(|target| {
            if path.contains(target) {
                return true;
            }
            path.push(target.clone());
            let is_endless = self.is_endless(target, path);
            path.pop();
            is_endless
        })
    }

    fn refuse(&mut self, pointer: &str, detail: impl Into<String>) {
        self.errors.push(ContractError::new(pointer, detail));
    }
}

/// The references that a schema applies to the same value as itself.
fn in_place(schema: &Value) -> Vec<String> {
    let mut targets = Vec::new();
    let reference = schema.get("$ref").and_then(Value::as_str).and_then(internal);
    targets.extend(reference.map(str::to_owned));
    for name in ["allOf", "anyOf", "oneOf"] {
        let several = schema.get(name).and_then(Value::as_array).into_iter().flatten();
        targets.extend(several.flat_map(in_place));
    }
    for name in ["not", "if", "then", "else"] {
        targets.extend(schema.get(name).into_iter().flat_map(in_place));
    }
    targets
}

/// OpenAPI's integer formats become bounds, so that the contract refuses what the types would.
fn bound_integers(members: &mut Map<String, Value>) {
    let bounds = match members.get("format").and_then(Value::as_str) {
        Some("int8") => (json!(i8::MIN), json!(i8::MAX)),
        Some("int16") => (json!(i16::MIN), json!(i16::MAX)),
        Some("int32") => (json!(i32::MIN), json!(i32::MAX)),
        Some("int64") => (json!(i64::MIN), json!(i64::MAX)),
        Some("uint8") => (json!(0), json!(u8::MAX)),
        Some("uint16") => (json!(0), json!(u16::MAX)),
        Some("uint32") => (json!(0), json!(u32::MAX)),
        Some("uint64") => (json!(0), json!(u64::MAX)),
        _ => return,
    };
    members.remove("format");
    if !members.contains_key("exclusiveMinimum") {
        members.entry("minimum").or_insert(bounds.0);
    }
    if !members.contains_key("exclusiveMaximum") {
        members.entry("maximum").or_insert(bounds.1);
    }
}

/// What the text of a parameter with this schema can stand for; `None` for an object.
pub(super) fn shape(document: &Value, schema: &Value) -> Option<Shape> {
    let mut shape = Shape::default();
    if !extend(&mut shape, document, schema, 0) {
        return None;
    }
    let is_anything = shape == Shape::default();
    Some(Shape { string: shape.string || is_anything, ..shape })
}

fn extend(shape: &mut Shape, document: &Value, schema: &Value, hops: usize) -> bool {
    if hops > HOPS_MAX {
        return false;
    }
    let types = schema.get("type");
    let types = types
        .and_then(Value::as_str)
        .into_iter()
        .chain(types.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str));
    for name in types {
        match name {
            "array" => {
                let items = schema.get("items").unwrap_or(&Value::Null);
                shape.array = self::shape(document, items).map(Box::new);
                if shape.array.as_ref().is_none_or(|items| items.array.is_some()) {
                    return false;
                }
            }
            "boolean" => shape.boolean = true,
            "integer" => shape.integer = true,
            "number" => shape.number = true,
            "object" => return false,
            "null" => {}
            _ => shape.string = true,
        }
    }
    let reference = schema.get("$ref").and_then(Value::as_str).and_then(internal);
    let target = reference.and_then(|inner| document.pointer(inner));
    let several = ["allOf", "anyOf", "oneOf"].map(|name| schema.get(name));
    let several = several.into_iter().flatten().filter_map(Value::as_array).flatten();
    target.into_iter().chain(several).all(|inner| extend(shape, document, inner, hops + 1))
}

/// The pointer of a reference into the components, or `None` for any other reference.
pub(super) fn internal(reference: &str) -> Option<&str> {
    reference.strip_prefix('#').filter(|pointer| pointer.starts_with("/components/"))
}

/// One segment of a JSON Pointer (RFC 6901 §3).
pub(super) fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

const BASE: &str = "ringwall:///contract";
const HOPS_MAX: usize = 16;
/// RFC 3986 §3.5: what a fragment may not hold.
const FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
/// OpenAPI formats that restrict no text.
const ANNOTATIONS: &[&str] = &["binary", "password", "float", "double"];
/// Keywords that move references elsewhere, or that OpenAPI 3.1 no longer has.
const UNSUPPORTED: &[&str] =
    &["$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$schema", "nullable"];
const SCHEMA_MAPS: &[&str] = &["properties", "patternProperties", "$defs", "dependentSchemas"];
const SCHEMA_LISTS: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
const SUBSCHEMAS: &[&str] = &[
    "items",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "propertyNames",
    "contains",
    "not",
    "if",
    "then",
    "else",
];
