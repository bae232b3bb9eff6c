//! The OpenAPI document: what utoipa reads from the handlers, and what holds for all of them.

use policy::Engine;
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use crate::inside::Routes;
use crate::routes;

/// The document, as served and as the gate compiles it.
///
/// # Errors
/// When it does not serialise, which is a fault of ours.
pub fn document(policy: &Engine, public_url: &str) -> Result<Value, serde_json::Error> {
    Ok(build(policy, public_url)?.1)
}

/// The handlers and the document that describes them. Building both at once takes half the time.
///
/// # Errors
/// When the document does not serialise, which is a fault of ours.
pub fn build(policy: &Engine, public_url: &str) -> Result<(Routes, Value), serde_json::Error> {
    let (router, openapi) = routes::routes().split_for_parts();
    Ok((Routes(router), completed(&openapi, policy, public_url)?))
}

#[expect(
    clippy::indexing_slicing,
    reason = "utoipa writes an object, whose `components` are one too"
)]
fn completed(
    openapi: &OpenApi,
    policy: &Engine,
    public_url: &str,
) -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(openapi)?;
    document["openapi"] = json!("3.1.0");
    document["info"] = json!({
        "title": "Ringwall Remote Staffing API",
        "version": env!("CARGO_PKG_VERSION"),
        "description": DESCRIPTION,
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    });
    document["servers"] = json!([{ "url": public_url }]);
    document["components"]["securitySchemes"] = security_schemes(public_url);
    document["components"]["schemas"]["Problem"] = problem_schema();
    document["components"]["schemas"]["OAuthError"] = oauth_error_schema();
    each_operation(&mut document, |operation| complete(operation, policy));
    Ok(document)
}

fn each_operation(document: &mut Value, mut f: impl FnMut(&mut Map<String, Value>)) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for path in paths.values_mut() {
        for operation in path.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if let Some(operation) = operation.as_object_mut() {
                f(operation);
            }
        }
    }
}

/// Adds what follows from an operation's form: who may call it, and how it can refuse.
fn complete(operation: &mut Map<String, Value>, policy: &Engine) {
    never_null(operation);
    let ring = operation.get("x-ringwall").cloned().unwrap_or_default();
    let access = ring.get("access").and_then(Value::as_str).unwrap_or("required");
    let form = ring.get("error_form").and_then(Value::as_str).unwrap_or("problem");
    let oauth = form == "oauth";
    if !oauth {
        let action = ring.get("action").and_then(Value::as_str).and_then(|a| policy.action(a));
        let scope = action.and_then(|action| policy.scope_of(&action));
        operation.insert("security".into(), security(access, scope));
    }
    let mut statuses = refusals(operation, access, oauth);
    statuses.sort_unstable();
    let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
    let error = json!({ "schema": { "$ref": "#/components/schemas/OAuthError" } });
    let page = json!({ "schema": { "type": "string" } });
    let content = match form {
        // What is refused before the operation is known is a problem there, too.
        "oauth" => json!({ "application/json": error, "application/problem+json": problem }),
        "page" => json!({ "text/html": page, "application/problem+json": problem }),
        _ => json!({ "application/problem+json": problem }),
    };
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
        return;
    };
    if form == "page" {
        for (status, response) in responses.iter_mut() {
            if status.starts_with(['4', '5']) {
                response["content"] = content.clone();
            }
        }
    }
    for (status, description) in statuses {
        let response = json!({ "description": description, "content": content });
        responses.entry(status.to_string()).or_insert(response);
    }
}

/// A parameter that is left out is absent: neither a header nor a query can say null.
fn never_null(operation: &mut Map<String, Value>) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let Some(schema) = parameter.get_mut("schema") else { continue };
        if let Some(only) = other_than(schema.get("oneOf"), &json!({ "type": "null" })) {
            *schema = only;
        } else if let Some(only) = other_than(schema.get("type"), &json!("null")) {
            schema["type"] = only;
        }
    }
}

/// The one alternative that is left without another.
fn other_than(alternatives: Option<&Value>, without: &Value) -> Option<Value> {
    let mut others = alternatives?.as_array()?.iter().filter(|kind| *kind != without);
    others.next().filter(|_| others.next().is_none()).cloned()
}

fn security(access: &str, scope: Option<&str>) -> Value {
    let token = json!({ "oauth2": scope.into_iter().collect::<Vec<_>>() });
    let (key, bearer) = (json!({ "api_key": [] }), json!({ "bearer": [] }));
    let session = json!({ "session": [] });
    match (access, scope) {
        ("public", _) => json!([]),
        ("optional", _) => json!([{}, token, bearer, key, session]),
        // No scope reaches what is a person's own.
        (_, None) => json!([session]),
        _ => json!([token, bearer, key, session]),
    }
}

type Refusal = (u16, &'static str);

fn refusals(operation: &Map<String, Value>, access: &str, oauth: bool) -> Vec<Refusal> {
    let mut all = vec![BAD_REQUEST, NOT_FOUND, FORBIDDEN];
    all.extend([TIMEOUT, EXPECTATION, MISDIRECTED, TOO_MANY, HEADERS, INTERNAL]);
    all.extend([UNAVAILABLE, VERSION]);
    if access != "public" || oauth {
        all.push(UNAUTHORIZED);
    }
    // A body where none is declared is refused, too, and so is one that is too large.
    all.extend([UNSUPPORTED, TOO_LARGE]);
    if operation.contains_key("requestBody") {
        all.push(INVALID);
    }
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let has = |name: &str| parameters.is_some_and(|all| all.iter().any(|p| p["name"] == name));
    if has("If-Match") {
        all.extend([CONFLICT, PRECONDITION_FAILED, PRECONDITION_REQUIRED]);
    }
    if has("Idempotency-Key") {
        all.extend([CONFLICT, INVALID]);
    }
    all
}

const BAD_REQUEST: Refusal = (400, "The request is malformed");
const UNAUTHORIZED: Refusal = (401, "The caller is not authenticated");
const FORBIDDEN: Refusal = (403, "The caller may not do this");
const NOT_FOUND: Refusal = (404, "There is no such resource for this caller");
const TIMEOUT: Refusal = (408, "The body did not arrive in time");
const CONFLICT: Refusal = (409, "The resource's state does not allow this");
const PRECONDITION_FAILED: Refusal = (412, "The resource has changed since it was read");
const TOO_LARGE: Refusal = (413, "The body is too large");
const UNSUPPORTED: Refusal = (415, "The media type is not taken here");
const EXPECTATION: Refusal = (417, "The expectation cannot be met");
const MISDIRECTED: Refusal = (421, "The server does not answer for that host");
const INVALID: Refusal = (422, "The body breaks a rule");
const PRECONDITION_REQUIRED: Refusal = (428, "The If-Match header is missing");
const TOO_MANY: Refusal = (429, "A limit is reached; `Retry-After` says for how long");
const HEADERS: Refusal = (431, "The headers are too large");
const INTERNAL: Refusal = (500, "The request could not be completed");
const UNAVAILABLE: Refusal = (503, "Try again later");
const VERSION: Refusal = (505, "HTTP/1.1 or HTTP/2 is needed");

fn security_schemes(public_url: &str) -> Value {
    let scopes: Map<String, Value> =
        policy::SCOPES.iter().map(|scope| ((*scope).to_owned(), json!(scope))).collect();
    json!({
        "oauth2": {
            "type": "oauth2",
            "description": "An access token of `/oauth/token`.",
            "flows": { "clientCredentials": {
                "tokenUrl": format!("{public_url}/oauth/token"), "scopes": scopes,
            } },
        },
        "api_key": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "An API key of the client.",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token or an API key in `Authorization` (RFC 6750 §2.1).",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": gate::SESSION_COOKIE,
            "description": "The session of a person who signed in at `/staff/sign-in`.",
        },
        "client_basic": {
            "type": "http", "scheme": "basic",
            "description": "Client id and client secret, form-encoded (RFC 6749 §2.3.1).",
        },
    })
}

/// RFC 9457, with our members.
fn problem_schema() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457). It never repeats what was sent.",
        "required": ["type", "title", "status", "code", "instance", "request_id"],
        "properties": {
            "type": { "type": "string", "format": "uri", "description": "Explains the code." },
            "title": text,
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "code": { "type": "string", "description": "Stable name of the problem." },
            "detail": { "type": "string", "description": "What you can mend." },
            "instance": { "type": "string", "format": "uri" },
            "request_id": { "type": "string", "description": "Tell it to the operator." },
            "errors": { "type": "array", "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": { "type": "string", "description":
                        "JSON Pointer into the body, or `?name`, or `header:Name`." },
                    "code": text,
                    "detail": text,
                },
            } },
            "required_scopes": { "type": "array", "items": text },
            "legal_transitions": { "type": "array", "items": text },
        },
    })
}

/// RFC 6749 §5.2.
fn oauth_error_schema() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": { "type": "string" },
            "error_description": { "type": "string" },
        },
    })
}

const DESCRIPTION: &str = "Jobs, candidates and client companies of a remote staffing agency.\n\n\
    - Get a token at `/oauth/token` with your client id and secret (HTTP Basic).\n\
    - Creating requests need an `Idempotency-Key`; changes need `If-Match`.\n\
    - Lists are pages: follow `page.next_cursor`.\n\
    - Errors are `application/problem+json`; `/docs/problems` explains each code.";
