//! HTML from the OpenAPI document. Every text is escaped.

#![expect(
    clippy::indexing_slicing,
    reason = "reading a JSON value gives null where there is nothing"
)]

use kernel::html::escape;
use std::fmt::Write;

use serde_json::{Map, Value};

/// All operations, by tag.
pub(super) fn operations(document: &Value) -> String {
    let mut body = String::new();
    let title = text(&document["info"]["title"]);
    let version = text(&document["info"]["version"]);
    write_all(
        &mut body,
        &["<h1>", &escape(&title), " <small>", &escape(&version), "</small></h1>"],
    );
    for line in text(&document["info"]["description"]).lines().filter(|line| !line.is_empty()) {
        write_all(&mut body, &["<p>", &code_spans(line.trim_start_matches("- ")), "</p>"]);
    }
    body.push_str(r#"<p><a href="/openapi.json">OpenAPI 3.1 document</a> · "#);
    body.push_str(r#"<a href="/docs/problems">Problems</a></p>"#);
    for (tag, operations) in by_tag(document) {
        write_all(&mut body, &["<h2>", &escape(&tag), "</h2>"]);
        for (method, path, operation) in operations {
            operation_section(&mut body, &method, &path, &operation);
        }
    }
    page("API", &body)
}

/// All problem codes.
pub(super) fn problems() -> String {
    let mut body = String::from("<h1>Problems</h1>");
    body.push_str(
        "<p>Each error has a <code>code</code>; this is what it means and what to do.</p>",
    );
    body.push_str(
        "<table><tr><th>Code</th><th>Status</th><th>Meaning</th><th>What to do</th></tr>",
    );
    for code in crate::problems() {
        let status = code.status.to_string();
        let name = escape(code.name);
        write_all(
            &mut body,
            &[
                "<tr id=\"",
                &name,
                "\"><td><code>",
                &name,
                "</code></td><td>",
                &status,
                "</td><td>",
                &code_spans(code.title),
                "</td><td>",
                &code_spans(code.mend),
                "</td></tr>",
            ],
        );
    }
    body.push_str("</table><p><a href=\"/docs\">Operations</a></p>");
    page("Problems", &body)
}

type Listed = (String, String, Value);

fn by_tag(document: &Value) -> Vec<(String, Vec<Listed>)> {
    let mut tags: Vec<(String, Vec<Listed>)> = Vec::new();
    let empty = Map::new();
    for (path, item) in document["paths"].as_object().unwrap_or(&empty) {
        for (method, operation) in item.as_object().unwrap_or(&empty) {
            let tag = text(&operation["tags"][0]);
            let listed = (method.to_uppercase(), path.clone(), operation.clone());
            match tags.iter_mut().find(|(name, _)| *name == tag) {
                Some((_, operations)) => operations.push(listed),
                None => tags.push((tag, vec![listed])),
            }
        }
    }
    tags
}

fn operation_section(out: &mut String, method: &str, path: &str, operation: &Value) {
    let (lower, id) = (method.to_lowercase(), text(&operation["operationId"]));
    write_all(
        out,
        &[
            "<section id=\"",
            &escape(&id),
            "\"><h3><span class=\"method ",
            &lower,
            "\">",
            method,
            "</span> <code>",
            &escape(path),
            "</code></h3>",
        ],
    );
    for member in ["summary", "description"] {
        let words = text(&operation[member]);
        if !words.is_empty() {
            write_all(out, &["<p>", &code_spans(&words), "</p>"]);
        }
    }
    write_all(out, &["<p class=\"needs\">", &needs(operation), "</p>"]);
    parameters(out, operation);
    let media: Vec<String> = operation["requestBody"]["content"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(media, body)| format!("<code>{}</code> {}", escape(media), schema(&body["schema"])))
        .collect();
    if !media.is_empty() {
        write_all(out, &["<p>Body: ", &media.join(", "), "</p>"]);
    }
    let statuses: Vec<String> =
        operation["responses"].as_object().into_iter().flatten().map(|(s, _)| escape(s)).collect();
    write_all(out, &["<p class=\"statuses\">Answers: ", &statuses.join(" "), "</p></section>"]);
}

fn needs(operation: &Value) -> String {
    if operation["security"].as_array().is_some_and(|all| all.iter().any(is_basic)) {
        return "Client id and secret (HTTP Basic)".to_owned();
    }
    let scopes: Vec<String> = operation["security"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|way| way["oauth2"][0].as_str())
        .map(|scope| format!("scope <code>{}</code>", escape(scope)))
        .collect();
    match (operation["x-ringwall"]["access"].as_str(), scopes.is_empty()) {
        (Some("public"), _) => "Public".to_owned(),
        (_, true) => "A person who signed in".to_owned(),
        (Some("optional"), false) => format!("Public, or a token with {}", scopes.join(" ")),
        _ => format!("Token with {}", scopes.join(" ")),
    }
}

fn is_basic(way: &Value) -> bool {
    way.get("client_basic").is_some()
}

fn parameters(out: &mut String, operation: &Value) {
    let Some(parameters) = operation["parameters"].as_array() else { return };
    out.push_str("<table><tr><th>Parameter</th><th>In</th><th>Type</th><th></th></tr>");
    for parameter in parameters {
        let required = if parameter["required"] == true { " *" } else { "" };
        write_all(
            out,
            &[
                "<tr><td><code>",
                &escape(&text(&parameter["name"])),
                "</code>",
                required,
                "</td><td>",
                &escape(&text(&parameter["in"])),
                "</td><td>",
                &schema(&parameter["schema"]),
                "</td><td>",
                &code_spans(&text(&parameter["description"])),
                "</td></tr>",
            ],
        );
    }
    out.push_str("</table>");
}

/// A schema in a word: its name, or its type and pattern.
fn schema(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return format!("<code>{}</code>", escape(name));
    }
    for choice in ["oneOf", "anyOf"] {
        let parts = schema[choice].as_array().into_iter().flatten();
        let named: Vec<String> =
            parts.filter(|part| part["type"] != "null").map(self::schema).collect();
        if !named.is_empty() {
            return named.join(" or ");
        }
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => {
            format!("list of {}", self::schema(&schema["items"]))
        }
        Value::String(kind) => escape(kind),
        Value::Array(kinds) => {
            let kinds = kinds.iter().map(text).filter(|kind| kind != "null");
            escape(&kinds.collect::<Vec<_>>().join(" or "))
        }
        _ => String::new(),
    }
}

fn page(title: &str, body: &str) -> String {
    let mut out = String::with_capacity(body.len() + 512);
    write_all(
        &mut out,
        &[
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Ringwall · ",
            title,
            "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
            "<link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body><main>",
            body,
            "</main></body></html>\n",
        ],
    );
    out
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Backticks become code, everything else is escaped.
fn code_spans(words: &str) -> String {
    let mut out = String::new();
    for (index, part) in words.split('`').enumerate() {
        let part = escape(part);
        if index % 2 == 1 {
            write_all(&mut out, &["<code>", &part, "</code>"]);
        } else {
            out.push_str(&part);
        }
    }
    out
}

fn write_all(out: &mut String, parts: &[&str]) {
    for part in parts {
        // Writing to a string cannot fail.
        let _infallible = out.write_str(part);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn markup_in_the_document_is_text_on_the_page() {
        let document = json!({
            "info": { "title": "<script>", "version": "1", "description": "`<b>`" },
            "paths": { "/\"><i>": { "get": { "operationId": "<u>", "tags": ["<s>"] } } },
        });

        let page = operations(&document);

        for tag in ["<script>", "<b>", "<i>", "<u>", "<s>"] {
            assert!(!page.contains(tag), "{tag}");
        }
    }
}
