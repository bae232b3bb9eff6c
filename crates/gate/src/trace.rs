//! W3C Trace Context: which distributed trace a request belongs to.

use http::HeaderMap;
use kernel::random::public_bytes;

/// A trace id and the id of the span that called us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: [u8; 16],
    parent: [u8; 8],
    flags: u8,
}

impl TraceContext {
    /// The caller's context (`traceparent`, version 00), or a new one when it sent none that is
    /// valid.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all("traceparent").iter();
        let first = given.next().and_then(|value| parse(value.as_bytes()));
        match (first, given.next()) {
            (Some(context), None) => context,
            _ => Self { trace: public_bytes(), parent: public_bytes(), flags: 0 },
        }
    }

    /// The trace id in hexadecimal.
    #[must_use]
    pub fn trace_id(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.trace)
    }
}

impl std::fmt::Display for TraceContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hex = data_encoding::HEXLOWER;
        let (trace, parent) = (hex.encode(&self.trace), hex.encode(&self.parent));
        write!(f, "00-{trace}-{parent}-{:02x}", self.flags)
    }
}

/// `00-<32 hex>-<16 hex>-<2 hex>`; all-zero ids are invalid (W3C Trace Context §3.2.2).
fn parse(value: &[u8]) -> Option<TraceContext> {
    if value.len() != 55 {
        return None;
    }
    let text = std::str::from_utf8(value).ok()?;
    let mut parts = text.split('-');
    if parts.next() != Some("00") {
        return None;
    }
    let hex = data_encoding::HEXLOWER;
    let trace: [u8; 16] = hex.decode(parts.next()?.as_bytes()).ok()?.try_into().ok()?;
    let parent: [u8; 8] = hex.decode(parts.next()?.as_bytes()).ok()?.try_into().ok()?;
    let flags: [u8; 1] = hex.decode(parts.next()?.as_bytes()).ok()?.try_into().ok()?;
    let zero = trace.iter().all(|b| *b == 0) || parent.iter().all(|b| *b == 0);
    let [flags] = flags;
    (!zero && parts.next().is_none()).then_some(TraceContext { trace, parent, flags })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_contexts_are_refused() {
        for text in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
        ] {
            assert!(parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_valid_context_is_kept() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

        assert_eq!(parse(text.as_bytes()).unwrap().to_string(), text);
    }
}
