//! Requests as bytes, completed as go-ftw completes them: header fields in the order of their
//! names, then what is missing of `Content-Type`, `Connection` and `Content-Length`.

use data_encoding::BASE64;

use super::suite::Input;
use crate::error::{ChoreError, Outcome};

const FORM: &str = "application/x-www-form-urlencoded";

/// The request of a stage.
pub(super) fn build(input: &Input) -> Outcome<Vec<u8>> {
    if let Some(encoded) = input.encoded_request.as_deref().filter(|text| !text.is_empty()) {
        return decoded(encoded);
    }
    let method = input.method.as_deref().unwrap_or("GET");
    let uri = input.uri.as_deref().unwrap_or("/");
    let version = input.version.as_deref().unwrap_or("HTTP/1.1");
    let mut request = format!("{method} {uri} {version}\r\n").into_bytes();
    let mut fields: Vec<(&str, String)> = input
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone().unwrap_or_default()))
        .collect();
    let data = complete(input, method, &mut fields)?;
    for (name, value) in &fields {
        request.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(&data);
    Ok(request)
}

/// A request that rules leave alone and the log names.
pub(super) fn marker(name: &str) -> Vec<u8> {
    format!(
        "GET /status/200 HTTP/1.1\r\nAccept: */*\r\nUser-Agent: marker\r\nHost: localhost\r\n\
         {MARKER}: {name}\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

/// The header field that the match log copies.
pub(super) const MARKER: &str = "X-CRS-Test";

/// Adds the fields that are missing and returns the body.
fn complete(input: &Input, method: &str, fields: &mut Vec<(&str, String)>) -> Outcome<Vec<u8>> {
    let is_automatic =
        input.autocomplete_headers.unwrap_or_else(|| !input.stop_magic.unwrap_or_default());
    let mut data = body(input)?;
    if is_automatic && !data.is_empty() {
        if value(fields, "content-type").is_none() {
            fields.push(("Content-Type", FORM.to_owned()));
        }
        let is_form = fields.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type") && value.eq_ignore_ascii_case(FORM)
        });
        // What holds no escape is taken for unescaped.
        if is_form && !data.iter().any(|byte| matches!(byte, b'%' | b'+')) {
            data = escape_pairs(&data);
        }
    }
    let is_multipart = fields.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type")
            && value.to_lowercase().contains("multipart/form-data;")
    });
    if is_multipart {
        data = data.iter().fold(Vec::new(), |mut lines, byte| {
            lines.extend_from_slice(if *byte == b'\n' {
                b"\r\n"
            } else {
                std::slice::from_ref(byte)
            });
            lines
        });
    }
    if is_automatic {
        if value(fields, "connection").is_none() {
            fields.push(("Connection", "close".to_owned()));
        }
        let wants_length = !data.is_empty() || has_body(method);
        if wants_length && value(fields, "content-length").is_none() {
            fields.push(("Content-Length", data.len().to_string()));
        }
    }
    Ok(data)
}

fn value<'a>(fields: &'a [(&str, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// go-ftw asks `^POST|PUT|PATCH|DELETE$`, whose anchors bind to one word each.
fn has_body(method: &str) -> bool {
    method.starts_with("POST")
        || method.contains("PUT")
        || method.contains("PATCH")
        || method.ends_with("DELETE")
}

fn body(input: &Input) -> Outcome<Vec<u8>> {
    match (&input.data, &input.encoded_data) {
        (Some(data), _) => expand(data).map(String::into_bytes),
        (None, Some(encoded)) => decoded(encoded),
        (None, None) => Ok(Vec::new()),
    }
}

fn decoded(text: &str) -> Outcome<Vec<u8>> {
    let packed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    BASE64.decode(packed.as_bytes()).map_err(|error| ChoreError::told(format!("base64: {error}")))
}

/// Go templates, of which the tests use one: `{{ "1" | repeat 152 }}`.
fn expand(data: &str) -> Outcome<String> {
    let mut expanded = String::new();
    let mut rest = data;
    while let Some((before, inside)) = rest.split_once("{{") {
        let (template, after) = inside.split_once("}}").unwrap_or((inside, ""));
        let repeated = repeat(template)
            .ok_or_else(|| ChoreError::told(format!("unknown template `{{{{{template}}}}}`")))?;
        expanded.push_str(before);
        expanded.push_str(&repeated);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

fn repeat(template: &str) -> Option<String> {
    let (text, function) = template.split_once('|')?;
    let text = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    let count: usize = function.trim().strip_prefix("repeat ")?.trim().parse().ok()?;
    (count <= REPEATS_MAX).then(|| text.repeat(count))
}

const REPEATS_MAX: usize = 1 << 20;

/// Escapes names and values of a form, and neither `=` nor `&` between them.
fn escape_pairs(data: &[u8]) -> Vec<u8> {
    let pairs = data.split(|&byte| byte == b'&').map(|pair| {
        let mut halves = pair.splitn(2, |&byte| byte == b'=').map(escape);
        let name = halves.next().unwrap_or_default();
        halves.next().map_or(name.clone(), |value| format!("{name}={value}"))
    });
    let mut escaped = pairs.collect::<Vec<_>>().join("&");
    // go-ftw drops an empty pair at the end.
    if data.ends_with(b"&") {
        escaped.pop();
    }
    escaped.into_bytes()
}

/// Go's `url.QueryEscape`.
fn escape(text: &[u8]) -> String {
    text.iter()
        .map(|&byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            b' ' => "+".to_owned(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(input: &Input) -> String {
        String::from_utf8(build(input).unwrap()).unwrap()
    }

    fn post(data: &str, content_type: Option<&str>) -> Input {
        let headers = content_type.map(|value| ("Content-Type".to_owned(), Some(value.to_owned())));
        Input {
            method: Some("POST".into()),
            data: Some(data.into()),
            headers: headers.into_iter().collect(),
            ..Input::default()
        }
    }

    #[test]
    fn unknown_templates_are_refused() {
        assert!(build(&post("{{ now }}", None)).is_err());
    }

    #[test]
    fn what_is_missing_is_added() {
        assert_eq!(built(&Input::default()), "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
        assert_eq!(
            built(&post("a=b c&d", None)),
            "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Connection: close\r\nContent-Length: 7\r\n\r\na=b+c&d"
        );
    }

    #[test]
    fn nothing_is_added_to_raw_requests() {
        let plain = Input { autocomplete_headers: Some(false), ..post("a=b c", None) };
        assert_eq!(built(&plain), "POST / HTTP/1.1\r\n\r\na=b c");

        let encoded = Input { encoded_request: Some("R0VUCg==".into()), ..Input::default() };
        assert_eq!(built(&encoded), "GET\n");
    }

    #[test]
    fn escaped_forms_and_other_bodies_stay() {
        assert!(built(&post("a=%41&b=c d", Some(FORM))).ends_with("\r\n\r\na=%41&b=c d"));
        assert!(built(&post("{\"a\": 1}", Some("application/json"))).ends_with("{\"a\": 1}"));
    }

    #[test]
    fn multipart_lines_end_in_both() {
        let built = built(&post("--b\nx\n", Some("Multipart/Form-Data; boundary=b")));

        assert!(built.ends_with("Content-Length: 8\r\n\r\n--b\r\nx\r\n"), "{built}");
    }

    #[test]
    fn templates_repeat() {
        assert_eq!(expand("a{{ \"xy\" | repeat 3 }}b").unwrap(), "axyxyxyb");
    }
}
