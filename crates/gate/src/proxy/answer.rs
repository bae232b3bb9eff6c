//! What goes back to the caller: an upstream's answer, or a refusal of ours.

use std::fmt::Write;
use std::io;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use kernel::RequestId;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};

use super::head::Head;
use super::upstream::HOP_BY_HOP;
use super::wire::Wire;

/// An answer that is ready to be written.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// What was read of the body already.
    pub(super) first: Bytes,
    /// What is still to come.
    pub(super) rest: Option<Incoming>,
    /// The length that the upstream told, for what is not read to its end.
    pub(super) length: Option<String>,
}

impl Answer {
    /// A refusal, in the form of RFC 9457.
    pub(super) fn refusal(status: u16, code: &str, title: &str, id: RequestId) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
        let body = json!({
            "type": "about:blank",
            "title": title,
            "status": status.as_u16(),
            "code": code,
            "request_id": id,
        });
        let mut headers = HeaderMap::new();
        headers
            .insert("content-type", "application/problem+json".parse().unwrap_or_else(|_| plain()));
        headers.insert("cache-control", "no-store".parse().unwrap_or_else(|_| plain()));
        Self { status, headers, first: Bytes::from(body.to_string()), rest: None, length: None }
    }

    /// Writes it; says whether the connection can take another request.
    pub(super) async fn write<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        wire: &mut Wire<S>,
        head: &Head,
        keep: bool,
    ) -> io::Result<bool> {
        let is_h11 = head.protocol.as_ref() == b"HTTP/1.1";
        let is_bodiless = head.method.as_ref() == b"HEAD"
            || self.status == StatusCode::NO_CONTENT
            || self.status == StatusCode::NOT_MODIFIED;
        let is_open = self.rest.is_some() && self.length.is_none() && !is_bodiless;
        let chunked = is_open && is_h11;
        let keep = keep && (chunked || !is_open);
        let mut text = self.head_text();
        if chunked {
            line(&mut text, "transfer-encoding", "chunked");
        } else if is_bodiless || self.rest.is_some() {
            if let Some(length) = &self.length {
                line(&mut text, "content-length", length);
            }
        } else {
            line(&mut text, "content-length", &self.first.len().to_string());
        }
        line(&mut text, "connection", if keep { "keep-alive" } else { "close" });
        text.push_str("\r\n");
        let mut bytes = latin1(&text);
        if is_bodiless {
            wire.write(&bytes).await?;
            return Ok(keep);
        }
        piece(&mut bytes, &self.first, chunked);
        let Some(mut rest) = self.rest else {
            wire.write(&bytes).await?;
            return Ok(keep);
        };
        wire.write(&bytes).await?;
        while let Some(frame) = rest.frame().await {
            let Ok(data) = frame.map_err(io::Error::other)?.into_data() else { continue };
            let mut bytes = Vec::with_capacity(data.len() + 16);
            piece(&mut bytes, &data, chunked);
            wire.write(&bytes).await?;
        }
        if chunked {
            wire.write(b"0\r\n\r\n").await?;
        }
        Ok(keep)
    }

    fn head_text(&self) -> String {
        let reason = self.status.canonical_reason().unwrap_or_default();
        let mut text = format!("HTTP/1.1 {} {reason}\r\n", self.status.as_u16());
        for (name, value) in &self.headers {
            if !HOP_BY_HOP.contains(&name.as_str()) {
                let value: String = value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
                line(&mut text, name.as_str(), &value);
            }
        }
        text
    }
}

fn plain() -> http::HeaderValue {
    http::HeaderValue::from_static("")
}

fn line(text: &mut String, name: &str, value: &str) {
    // Writing to a string cannot fail.
    let _infallible = write!(text, "{name}: {value}\r\n");
}

/// Header values are bytes, kept here as one character each.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

fn piece(into: &mut Vec<u8>, data: &[u8], chunked: bool) {
    if chunked && !data.is_empty() {
        into.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
        into.extend_from_slice(data);
        into.extend_from_slice(b"\r\n");
    } else {
        into.extend_from_slice(data);
    }
}
