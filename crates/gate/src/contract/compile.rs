//! From the document to operations, with every error at once.

use std::collections::HashSet;
use std::sync::Arc;

use http::Method;
use http::header::HeaderName;
use jsonschema::Validator;
use serde_json::Value;

use super::ContractError;
use super::body::{Bodies, BodyKind, BodySpec};
use super::extension::Extension;
use super::harmless::{self, Harmless};
use super::operation::{ErrorForm, Operation};
use super::parameter::{Parameter, Parameters};
use super::place::Place;
use super::schema::{self, Schemas, internal};

/// Compiles every operation of a document, ordered by path and method.
pub(super) fn operations(document: &Value) -> Result<Vec<Arc<Operation>>, Vec<ContractError>> {
    let mut errors = Vec::new();
    let prepared = schema::prepare(document, &mut errors);
    // Broken schemas are already named; building them would only repeat that.
    let schemas = if errors.is_empty() {
        Schemas::new(&prepared).map_err(|error| errors.push(error)).ok()
    } else {
        None
    };
    let mut compiler = Compiler { document: &prepared, schemas, errors };
    let mut operations = compiler.document();
    if compiler.errors.is_empty() {
        operations.sort_by(|a, b| (&a.path, a.method.as_str()).cmp(&(&b.path, b.method.as_str())));
        let indexed = operations.into_iter().enumerate();
        return Ok(indexed.map(|(index, o)| Arc::new(Operation { index, ..o })).collect());
    }
    // What a path says is met again for each of its operations.
    let mut seen = HashSet::new();
    compiler.errors.retain(|error| seen.insert(error.clone()));
    Err(compiler.errors)
}

struct Compiler<'d> {
    document: &'d Value,
    schemas: Option<Schemas<'d>>,
    errors: Vec<ContractError>,
}

impl<'d> Compiler<'d> {
    fn refuse(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.errors.push(ContractError::new(pointer, detail));
    }

    fn document(&mut self) -> Vec<Operation> {
        let root = Place { value: self.document, pointer: String::new() };
        if !root.text("openapi").is_some_and(|version| version.starts_with("3.1.")) {
            self.refuse("/openapi", "expected an OpenAPI 3.1 document");
        }
        let mut operations = Vec::new();
        let mut ids = HashSet::new();
        let Some(paths) = root.member("paths").filter(|paths| paths.value.is_object()) else {
            self.refuse("/paths", "expected the paths of the API");
            return operations;
        };
        for (path, item) in paths.members() {
            let names = self.template(path, &item.pointer);
            if item.member("$ref").is_some() {
                self.refuse(&item.pointer, "expected the path's operations here, not elsewhere");
            }
            for (name, place) in item.members() {
                if name == "trace" {
                    // TRACE echoes the request, credentials included (RFC 9110 §9.3.8).
                    self.refuse(&place.pointer, "expected no TRACE operation");
                }
                let Some(method) = METHODS.iter().find(|method| method.0 == name) else {
                    continue;
                };
                let operation = self.operation(path, &names, &method.1, &item, &place);
                if !ids.insert(operation.id.clone()) {
                    self.refuse(&place.pointer, "expected an `operationId` of its own");
                }
                operations.push(operation);
            }
        }
        operations
    }

    /// The names of the parameters in a path template.
    fn template(&mut self, path: &str, pointer: &str) -> Vec<String> {
        let mut names = Vec::new();
        let mut is_good = path.starts_with('/');
        for part in path.split('{').skip(1) {
            let name = part.split_once('}').map_or("", |(name, _)| name);
            let is_name = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            is_good &= is_name && !names.iter().any(|other| other == name);
            names.push(name.to_owned());
        }
        is_good &= path.matches('}').count() == names.len()
            && path.bytes().all(|byte| byte.is_ascii_graphic() && !b"%?#\\".contains(&byte));
        if !is_good {
            self.refuse(pointer, "expected a path such as `/jobs/{id}`, in plain ASCII");
        }
        names
    }

    fn operation(
        &mut self,
        path: &str,
        names: &[String],
        method: &Method,
        item: &Place<'d>,
        place: &Place<'d>,
    ) -> Operation {
        let id = place.text("operationId").unwrap_or_default().to_owned();
        if id.is_empty() {
            self.refuse(&place.pointer, "expected an `operationId`");
        }
        let extension = Extension::read(place, &mut self.errors);
        let mut parameters = self.parameters(names, item, place);
        parameters.is_open = extension.is_open;
        let mut harmless = self.harmless(item, place);
        harmless.opaque.clone_from(&extension.opaque);
        let key = parameters.header.iter().find(|(name, _)| name == "idempotency-key");
        Operation {
            index: 0,
            method: method.clone(),
            path: path.to_owned(),
            id,
            label: format!("{method} {path}"),
            action: extension.action.clone(),
            access: extension.access,
            sensitivity: extension.sensitivity,
            body_max: extension.body_max,
            error_form: extension.error_form,
            limits: extension.limits.clone(),
            is_vital: extension.is_vital,
            idempotency: key.is_some(),
            idempotency_required: key.is_some_and(|(_, parameter)| parameter.required),
            harmless,
            statuses: self.statuses(place),
            bodies: self.bodies(method, &extension, place),
            parameters,
        }
    }

    /// Follows references to components.
    fn resolve(&mut self, place: Place<'d>) -> Option<Place<'d>> {
        let Some(reference) = place.text("$ref") else {
            return Some(place);
        };
        let target = internal(reference).and_then(|pointer| {
            let value = self.document.pointer(pointer)?;
            Some(Place { value, pointer: pointer.to_owned() })
        });
        // A component that is itself a reference is not followed: OpenAPI has no need of it.
        let target = target.filter(|target| target.text("$ref").is_none());
        if target.is_none() {
            let pointer = format!("{}/$ref", place.pointer);
            self.refuse(pointer, "expected a reference to `#/components/…` that is there");
        }
        target
    }

    fn parameters(
        &mut self,
        names: &[String],
        item: &Place<'d>,
        operation: &Place<'d>,
    ) -> Parameters {
        let refused = self.errors.len();
        let declared = self.declared(item, operation);
        let mut parameters = Parameters::default();
        for place in &declared {
            self.parameter(place, names, &mut parameters);
        }
        let is_declared = |name: &String| {
            declared.iter().any(|p| p.text("in") == Some("path") && p.text("name") == Some(name))
        };
        let missing = names.iter().find(|name| !is_declared(name));
        if let Some(name) = missing.filter(|_| self.errors.len() == refused) {
            let detail = format!("expected a declaration of the path parameter `{name}`");
            self.refuse(&operation.pointer, detail);
        }
        parameters.path.sort_by_key(|own| names.iter().position(|name| **name == *own.name));
        parameters
    }

    /// The declarations that hold for an operation: its path's, with its own above them.
    fn declared(&mut self, item: &Place<'d>, operation: &Place<'d>) -> Vec<Place<'d>> {
        let mut declared: Vec<Place<'d>> = Vec::new();
        for owner in [item, operation] {
            let inherited = declared.len();
            for place in owner.member("parameters").iter().flat_map(Place::items) {
                let Some(place) = self.resolve(place) else {
                    continue;
                };
                let key = (place.text("name"), place.text("in"));
                let is_same = |other: &Place<'d>| (other.text("name"), other.text("in")) == key;
                match declared.iter_mut().enumerate().find(|(_, other)| is_same(other)) {
                    Some((index, other)) if index < inherited => {
                        *other = place;
                    }
                    Some(_) => self.refuse(&place.pointer, "expected each parameter once"),
                    None => declared.push(place),
                }
            }
        }
        declared
    }

    fn parameter(&mut self, place: &Place<'d>, names: &[String], to: &mut Parameters) {
        let name = place.text("name").unwrap_or_default();
        match place.text("in") {
            Some("query") => {
                to.query.extend(self.typed(place, name, format!("?{name}"), "form"));
            }
            Some("path") => {
                if !names.iter().any(|own| own == name) || !place.is("required") {
                    self.refuse(&place.pointer, "expected a required part of the path template");
                }
                to.path.extend(self.typed(place, name, name.to_owned(), "simple"));
            }
            Some("header") => {
                let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
                    self.refuse(&place.pointer, "expected the name of a header");
                    return;
                };
                // OpenAPI 3.1 §4.8.12.2: these three are declared elsewhere.
                if !["accept", "content-type", "authorization"].contains(&header.as_str()) {
                    let parameter = self.typed(place, name, format!("header:{name}"), "simple");
                    to.header.extend(parameter.map(|parameter| (header, parameter)));
                }
            }
            Some("cookie") => {}
            _ => self.refuse(&place.pointer, "expected `in` query, path, header or cookie"),
        }
    }

    /// Where the operation takes values that can inject nothing.
    fn harmless(&mut self, item: &Place<'d>, operation: &Place<'d>) -> Harmless {
        let mut harmless = Harmless { path: true, ..Harmless::default() };
        for place in self.declared(item, operation) {
            let schema = place.value.get("schema").unwrap_or(&Value::Null);
            let schema = match schema.get("type").and_then(Value::as_str) {
                Some("array") => schema.get("items").unwrap_or(&Value::Null),
                _ => schema,
            };
            let is_harmless = harmless::is_harmless(self.document, schema);
            match place.text("in") {
                Some("path") => harmless.path &= is_harmless,
                Some("query") if is_harmless => {
                    harmless.query.extend(place.text("name").map(str::to_owned));
                }
                Some("query") if harmless::is_for_our_rules(self.document, schema) => {
                    harmless.words.extend(place.text("name").map(str::to_owned));
                }
                _ => {}
            }
        }
        let body = operation.member("requestBody").and_then(|body| self.resolve(body));
        let content = body.and_then(|body| body.member("content"));
        let bodies: Vec<_> = content.iter().flat_map(Place::members).collect();
        // A form's members have no path of their own: a query parameter could pass for one.
        if bodies.iter().any(|(media, _)| *media == FORM) {
            harmless.query.clear();
            harmless.words.clear();
            // No operation that takes a form declares a query parameter of a member's name.
            let schemas: Vec<_> =
                bodies.iter().filter_map(|(_, body)| body.value.get("schema")).collect();
            let members = |fits: fn(&Value, &Value) -> bool| -> Vec<String> {
                let ways = schemas.iter().flat_map(|s| harmless::members(self.document, s, fits));
                ways.filter_map(|way| way.into_iter().next().flatten()).collect()
            };
            harmless.form = members(harmless::is_harmless);
            harmless.form.extend(members(harmless::is_secret));
            harmless.form_text = members(harmless::is_for_our_rules);
            return harmless;
        }
        let mut schemas = bodies.iter().map(|(_, body)| body.value.get("schema"));
        if let Some(Some(schema)) = schemas.next()
            && schemas.all(|other| other == Some(schema))
        {
            harmless.body = harmless::members(self.document, schema, harmless::is_harmless);
            let secrets = harmless::members(self.document, schema, harmless::is_secret);
            harmless.body.extend(secrets);
            harmless.text = harmless::members(self.document, schema, harmless::is_for_our_rules);
        }
        harmless
    }

    fn typed(
        &mut self,
        place: &Place<'d>,
        name: &str,
        pointer: String,
        style: &str,
    ) -> Option<Parameter> {
        if name.is_empty() {
            self.refuse(&place.pointer, "expected a name");
        }
        if place.text("style").is_some_and(|stated| stated != style) {
            let at = format!("{}/style", place.pointer);
            self.refuse(at, format!("expected the style `{style}`"));
        }
        let Some(schema) = place.member("schema") else {
            self.refuse(&place.pointer, "expected a `schema`");
            return None;
        };
        let Some(shape) = schema::shape(self.document, schema.value) else {
            let expected = "expected a string, number, boolean, or an array of those";
            self.refuse(&schema.pointer, expected);
            return None;
        };
        Some(Parameter {
            name: Arc::from(name),
            pointer,
            required: place.is("required"),
            explode: place.value.get("explode") != Some(&Value::Bool(false)),
            shape,
            validator: self.validator(&schema)?,
        })
    }

    fn validator(&mut self, schema: &Place<'d>) -> Option<Arc<Validator>> {
        let built = self.schemas.as_mut()?.validator(schema.value, &schema.pointer);
        built.map_err(|error| self.errors.push(error)).ok()
    }

    fn bodies(&mut self, method: &Method, extension: &Extension, place: &Place<'d>) -> Bodies {
        let place = place.member("requestBody").and_then(|body| self.resolve(body));
        let required = place.as_ref().is_some_and(|body| body.is("required"));
        let mut declared = Vec::new();
        if let Some(place) = &place {
            let content = place.member("content");
            for (media, body) in content.iter().flat_map(Place::members) {
                declared.push(self.body(media, extension, &body));
            }
            if declared.is_empty() {
                self.refuse(&place.pointer, "expected the body's media types");
            }
        }
        let accept = match *method {
            Method::POST => "Accept-Post",
            Method::PATCH => "Accept-Patch",
            _ => "Accept",
        };
        Bodies { declared, required, accept }
    }

    fn body(&mut self, media: &str, extension: &Extension, place: &Place<'d>) -> BodySpec {
        let media = media.to_ascii_lowercase();
        let is_exact = media.split_once('/').is_some_and(|(kind, rest)| {
            let is_token = |text: &str| {
                !text.is_empty()
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
            };
            is_token(kind) && is_token(rest)
        });
        if !is_exact {
            self.refuse(&place.pointer, "expected one media type, without parameters or wildcards");
        }
        let kind = match media.as_str() {
            FORM if extension.error_form == ErrorForm::OAuth => BodyKind::RawForm,
            FORM => BodyKind::Form,
            media if media == "application/json" || media.ends_with("+json") => {
                if extension.is_raw { BodyKind::RawJson } else { BodyKind::Json }
            }
            _ => BodyKind::Raw,
        };
        let is_read = matches!(kind, BodyKind::Json | BodyKind::RawJson | BodyKind::Form);
        let schema = place.member("schema").filter(|_| is_read);
        let validator = schema.and_then(|schema| self.validator(&schema));
        BodySpec { media, kind, bytes_max: extension.body_max, validator }
    }

    fn statuses(&mut self, operation: &Place<'d>) -> Vec<String> {
        let mut statuses = Vec::new();
        for (status, place) in operation.member("responses").iter().flat_map(Place::members) {
            let is_status = status.len() == 3
                && status.starts_with(|first: char| ('1'..='5').contains(&first))
                && (status.bytes().all(|b| b.is_ascii_digit()) || status.ends_with("XX"));
            if !is_status && status != "default" {
                self.refuse(&place.pointer, "expected a status such as `200`, `4XX` or `default`");
            }
            statuses.push(status.to_owned());
        }
        statuses
    }
}

const METHODS: &[(&str, Method)] = &[
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("options", Method::OPTIONS),
    ("head", Method::HEAD),
    ("patch", Method::PATCH),
];
const FORM: &str = "application/x-www-form-urlencoded";
