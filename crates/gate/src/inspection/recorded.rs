//! Requests from a file: raw, or as browsers and proxies record them (HAR).

use bytes::Bytes;
use firewall::Transaction;
use http::Method;
use serde_json::Value;

use crate::contract::{Contract, Find, Operation};

/// A request that somebody wrote down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// As sent.
    pub method: Vec<u8>,
    /// Path and query, as sent.
    pub target: Vec<u8>,
    /// Such as `HTTP/1.1`.
    pub protocol: Vec<u8>,
    /// Names and values in their order.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Without transfer encoding.
    pub body: Vec<u8>,
}

/// The text holds no requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected raw requests, several with a line `###` before each, or a HAR file")]
pub struct UnreadableRecord;

impl Recorded {
    /// All requests of a text: HAR where it is JSON, raw ones otherwise. What stands before the
    /// first `###` is a comment where there is one.
    ///
    /// # Errors
    /// When it holds none.
    pub fn read_all(text: &[u8]) -> Result<Vec<Self>, UnreadableRecord> {
        let found = match serde_json::from_slice::<Value>(text) {
            Ok(har) => har_entries(&har),
            Err(_) => raw_entries(text),
        };
        if found.is_empty() { Err(UnreadableRecord) } else { Ok(found) }
    }

    /// The operation of a contract that it asks for.
    #[must_use]
    pub fn operation<'c>(&self, contract: &'c Contract) -> Option<&'c Operation> {
        let method = Method::from_bytes(&self.method).ok()?;
        let target = std::str::from_utf8(&self.target).ok()?;
        match contract.find(&method, target.split('?').next().unwrap_or_default()) {
            Find::Found { operation, .. } => Some(operation),
            _ => None,
        }
    }

    /// Tells a transaction all of it, and runs the first two phases; whether it may go on.
    pub fn judge(&self, transaction: &mut Transaction) -> bool {
        let nobody = ([203, 0, 113, 1].into(), 40_000);
        transaction.connection(nobody, ([203, 0, 113, 2].into(), 443));
        transaction.request_line(&self.method, &self.target, &self.protocol);
        for (name, value) in &self.headers {
            transaction.request_header(name, value);
        }
        if transaction.phase1().is_some() {
            return false;
        }
        transaction.request_body(&self.body);
        transaction.phase2().is_none()
    }
}

fn raw_entries(text: &[u8]) -> Vec<Recorded> {
    let mut parts: Vec<Vec<u8>> = vec![Vec::new()];
    let mut has_marks = false;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"###") {
            has_marks = true;
            parts.push(Vec::new());
        } else if let Some(part) = parts.last_mut() {
            part.extend_from_slice(line);
        }
    }
    parts.iter().skip(usize::from(has_marks)).filter_map(|part| raw(part)).collect()
}

/// One raw request. Lines may end in LF; a missing `Content-Length` is filled in.
fn raw(text: &[u8]) -> Option<Recorded> {
    let text = text.trim_ascii_start();
    let (head, body) = split_head(text);
    let head = Bytes::from([head, b"\r\n\r\n"].concat());
    let head = crate::proxy::Head::read(&head);
    if head.method.is_empty() || head.target.is_empty() {
        return None;
    }
    // A file ends its last line; a body from `###` to `###` has that line end too.
    let body = body.strip_suffix(b"\n").unwrap_or(body).to_vec();
    let body = body.strip_suffix(b"\n").map_or(body.clone(), <[u8]>::to_vec);
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> =
        head.fields.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    let is_framed = headers.iter().any(|(name, _)| {
        name.eq_ignore_ascii_case(b"content-length")
            || name.eq_ignore_ascii_case(b"transfer-encoding")
    });
    if !body.is_empty() && !is_framed {
        headers.push((b"Content-Length".to_vec(), body.len().to_string().into_bytes()));
    }
    Some(Recorded {
        method: head.method.to_vec(),
        target: head.target.to_vec(),
        protocol: head.protocol.to_vec(),
        headers,
        body,
    })
}

fn split_head(text: &[u8]) -> (&[u8], &[u8]) {
    for (mark, length) in [(&b"\r\n\r\n"[..], 4), (b"\n\n", 2)] {
        if let Some(at) = text.windows(mark.len()).position(|window| window == mark) {
            let (head, rest) = text.split_at(at);
            return (head, rest.get(length..).unwrap_or_default());
        }
    }
    (text.trim_ascii_end(), &[])
}

/// HTTP Archive 1.2: `log.entries[].request`.
fn har_entries(har: &Value) -> Vec<Recorded> {
    let entries = har.pointer("/log/entries").and_then(Value::as_array);
    entries.into_iter().flatten().filter_map(|entry| har_request(entry.get("request")?)).collect()
}

fn har_request(request: &Value) -> Option<Recorded> {
    let text = |name: &str| request.get(name).and_then(Value::as_str);
    let url = text("url")?;
    // Only path and query are on the wire.
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let target = after.find(['/', '?']).and_then(|at| after.get(at..)).unwrap_or("/");
    let target = target.split('#').next().unwrap_or_default();
    let target = if target.starts_with('?') { format!("/{target}") } else { target.to_owned() };
    let fields = request.get("headers").and_then(Value::as_array);
    let headers = fields.into_iter().flatten().filter_map(|field| {
        let part = |name: &str| field.get(name).and_then(Value::as_str).map(str::as_bytes);
        let name = part("name").filter(|name| !name.starts_with(b":"))?;
        Some((name.to_vec(), part("value")?.to_vec()))
    });
    let body = request.pointer("/postData/text").and_then(Value::as_str).unwrap_or_default();
    let protocol = match text("httpVersion") {
        Some(version) if version.to_ascii_uppercase().starts_with("HTTP/") => {
            version.to_ascii_uppercase()
        }
        Some("h2") => "HTTP/2.0".to_owned(),
        _ => "HTTP/1.1".to_owned(),
    };
    Some(Recorded {
        method: text("method")?.as_bytes().to_vec(),
        target: target.into_bytes(),
        protocol: protocol.into_bytes(),
        headers: headers.collect(),
        body: body.as_bytes().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_requests_is_refused() {
        for text in ["", "{}", "\n\n", "# only words\n###\n"] {
            assert_eq!(Recorded::read_all(text.as_bytes()), Err(UnreadableRecord), "{text}");
        }
    }

    #[test]
    fn raw_requests_are_read_one_by_one() {
        let text = "# what they are\n\n###\nGET /a?b HTTP/1.1\nHost: x\n\n###\n\
                    POST /c HTTP/1.1\r\nHost: x\r\n\r\n{\"d\": 1}\n\n### last\nGET /e HTTP/1.1\n";
        let all = Recorded::read_all(text.as_bytes()).unwrap();

        let targets: Vec<_> = all.iter().map(|one| String::from_utf8_lossy(&one.target)).collect();
        assert_eq!(targets, ["/a?b", "/c", "/e"]);
        assert_eq!(all[1].body, b"{\"d\": 1}");
        assert_eq!(all[1].headers[1], (b"Content-Length".to_vec(), b"8".to_vec()));
    }

    #[test]
    fn a_har_file_is_read() {
        let text = r#"{"log": {"entries": [{"request": {"method": "POST", "httpVersion": "h2",
            "url": "https://example.org?q=1#x",
            "headers": [{"name": ":path", "value": "/"}, {"name": "A", "value": "b"}],
            "postData": {"mimeType": "text/plain", "text": "hello"}}}]}}"#;

        let all = Recorded::read_all(text.as_bytes()).unwrap();

        assert_eq!(all.len(), 1);
        assert_eq!(all[0].target, b"/?q=1");
        assert_eq!(all[0].protocol, b"HTTP/2.0");
        assert_eq!(all[0].headers, [(b"A".to_vec(), b"b".to_vec())]);
        assert_eq!(all[0].body, b"hello");
    }
}
