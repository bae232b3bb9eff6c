//! The one place where a problem becomes a response (RFC 9457; RFC 6749 §5.2 for OAuth; a page for
//! people).

mod page;

use axum_core::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use kernel::{Code, Problem};
use serde_json::{Map, Value, json};

use crate::contract::ErrorForm;
use crate::ring::Response;
use crate::{App, Dossier, bans, limits, rings};

/// Renders a refusal, notes who refused, and logs its cause once.
pub(crate) fn problem(
    app: &App,
    dossier: &Dossier,
    ring: &'static str,
    problem: Problem,
) -> Response {
    dossier.refused(ring, problem.code);
    log_cause(dossier, ring, &problem);
    let (headers, body) = parts(app, dossier, &problem);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(problem.code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

/// The fields and the body of a refusal.
pub(crate) fn parts(app: &App, dossier: &Dossier, problem: &Problem) -> (HeaderMap, String) {
    let form = dossier.operation().map_or(ErrorForm::Problem, |operation| operation.error_form);
    let (content_type, body) = match form {
        ErrorForm::OAuth => ("application/json", oauth(problem).to_string()),
        ErrorForm::Problem => {
            ("application/problem+json", document(app, dossier, problem).to_string())
        }
        ErrorForm::Page => {
            let is_signed_in = dossier.caller().is_some_and(|caller| !caller.is_anonymous());
            ("text/html; charset=utf-8", page::of(dossier.request_id, is_signed_in, problem))
        }
    };
    let mut headers = HeaderMap::new();
    // Also what rings outside of `browser` refuse is hardened.
    crate::rings::harden(&mut headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if form == ErrorForm::Page {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(page::POLICY));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in &problem.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    (headers, body)
}

fn document(app: &App, dossier: &Dossier, problem: &Problem) -> Value {
    let code = problem.code;
    let mut body = Map::new();
    body.insert("type".into(), json!(kind(&app.public_url, code)));
    body.insert("title".into(), json!(code.title));
    body.insert("status".into(), json!(code.status));
    body.insert("code".into(), json!(code.name));
    if let Some(detail) = &problem.detail {
        body.insert("detail".into(), json!(detail));
    }
    let instance = format!("urn:uuid:{}", dossier.request_id.uuid());
    body.insert("instance".into(), json!(instance));
    body.insert("request_id".into(), json!(dossier.request_id));
    if !problem.errors.is_empty() {
        body.insert("errors".into(), json!(problem.errors));
    }
    for (name, values) in &problem.members {
        body.insert((*name).into(), json!(values));
    }
    Value::Object(body)
}

/// What the registry of problem types names is named so, and everything else as our reference does.
fn kind(public_url: &str, code: &Code) -> String {
    let registered = REGISTERED.iter().find(|(ours, _)| *ours == code);
    match registered {
        Some((_, name)) => format!("{REGISTRY}#{name}"),
        None => format!("{public_url}/docs/problems#{}", code.name),
    }
}

/// draft-ietf-httpapi-ratelimit-headers-10 §5: problems that clients of any API can know.
const REGISTRY: &str = "https://iana.org/assignments/http-problem-types";
const REGISTERED: &[(&Code, &str)] = &[
    (&limits::EXCEEDED, "quota-exceeded"),
    (&limits::BUSY, "quota-exceeded"),
    (&bans::BANNED, "abnormal-usage-detected"),
    (&limits::UNCOUNTED, "temporary-reduced-capacity"),
    (&rings::OVERLOADED, "temporary-reduced-capacity"),
    (&rings::SHED, "temporary-reduced-capacity"),
];

/// A problem in the words of RFC 6749 §5.2; what no OAuth code fits is an `invalid_request`.
fn oauth(problem: &Problem) -> Value {
    let name = problem.code.name;
    let error = name.strip_prefix("oauth.").unwrap_or(match problem.code.status {
        500.. => "server_error",
        _ => "invalid_request",
    });
    let detail = problem.detail.as_deref().unwrap_or(problem.code.title);
    json!({ "error": error, "error_description": oauth_text(detail) })
}

/// RFC 6749 §5.2 allows %x20-21, %x23-5B and %x5D-7E in a description.
fn oauth_text(text: &str) -> String {
    text.chars()
        .map(|c| if c == '"' || c == '\\' { '\'' } else { c })
        .filter(|c| matches!(c, ' '..='~'))
        .collect()
}

fn log_cause(dossier: &Dossier, ring: &'static str, problem: &Problem) {
    let Some(cause) = &problem.cause else { return };
    let cause: &(dyn std::error::Error + 'static) = cause.as_ref();
    if problem.code.status >= 500 {
        tracing::error!(request_id = %dossier.request_id, ring, cause, "request failed");
    } else {
        tracing::debug!(request_id = %dossier.request_id, ring, cause, "request refused");
    }
}
