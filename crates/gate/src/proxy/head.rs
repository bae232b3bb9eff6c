//! A request's line and header fields as they came, and what is odd about them.

use bytes::Bytes;

/// A request head. What is odd about it is told by `fault`; all of it can still be inspected.
#[derive(Debug)]
pub(crate) struct Head {
    /// Up to the first space.
    pub(crate) method: Bytes,
    /// Between the first and the last space.
    pub(crate) target: Bytes,
    /// Behind the last space; empty when there is only one.
    pub(crate) protocol: Bytes,
    /// Names and values in their order.
    pub(crate) fields: Vec<(Bytes, Bytes)>,
    /// Why it cannot go on to the upstream.
    pub(crate) fault: Option<Fault>,
    /// Whether nothing may follow it on its connection, however well it is formed.
    is_last: bool,
}

/// Why a request cannot go on: status and reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The status to answer with.
    pub(crate) status: u16,
    /// What is odd; for the caller.
    pub(crate) detail: &'static str,
}

impl Fault {
    /// A request with two readings, or none.
    pub(crate) const fn malformed(detail: &'static str) -> Self {
        Self { status: 400, detail }
    }
}

impl Head {
    /// Takes a head apart that ends with an empty line.
    pub(crate) fn read(bytes: &Bytes) -> Self {
        let mut lines = Lines { rest: bytes.clone() };
        let (method, target, protocol) = request_line(&lines.next().unwrap_or_default());
        let mut head =
            Self { method, target, protocol, fields: Vec::new(), fault: None, is_last: false };
        head.check_line();
        for line in lines {
            if line.is_empty() {
                break;
            }
            head.field(&line);
        }
        head.check_host();
        head.prefer_chunks();
        head
    }

    /// Whether it has no protocol: a caller of HTTP/0.9, who knows no status lines.
    pub(crate) fn is_simple(&self) -> bool {
        self.protocol.is_empty()
    }

    /// The values of a header field, whose name is given in lower case.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let fits = move |own: &Bytes| own.eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(move |(own, _)| fits(own)).map(|(_, value)| value.as_ref())
    }

    /// Whether the connection stays open behind the answer (RFC 9112 §9.3).
    pub(crate) fn keeps_alive(&self) -> bool {
        let closes = self.values("connection").any(|value| {
            value
                .split(|byte| *byte == b',')
                .any(|word| word.trim_ascii().eq_ignore_ascii_case(b"close"))
        });
        self.protocol.as_ref() == b"HTTP/1.1" && !closes && !self.is_last && self.fault.is_none()
    }

    fn find_fault(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    fn check_line(&mut self) {
        if !is_token(&self.method) {
            self.find_fault(Fault::malformed("expected a method"));
        } else if self.method.eq_ignore_ascii_case(b"CONNECT") {
            // RFC 9110 §9.3.6: the target is a host with a port.
            let has_port = self.target.contains(&b':');
            self.find_fault(if has_port {
                Fault { status: 405, detail: "CONNECT is not served here" }
            } else {
                Fault::malformed("expected a port to connect to")
            });
        }
        if self.target.is_empty() || self.target.iter().any(|byte| *byte <= b' ' || *byte == 0x7f) {
            self.find_fault(Fault::malformed("expected a request target without white space"));
        }
        // RFC 9112 §3.2: no form of a target has a fragment.
        if self.target.contains(&b'#') {
            self.find_fault(Fault::malformed("expected a request target without a fragment"));
        }
        if !matches!(self.protocol.as_ref(), b"HTTP/1.1" | b"HTTP/1.0") {
            let detail = "expected HTTP/1.1";
            // What came before 1.0 had no version in its line.
            let is_later =
                self.protocol.starts_with(b"HTTP/") && !self.protocol.starts_with(b"HTTP/0");
            let status = if is_later { 505 } else { 400 };
            self.find_fault(Fault { status, detail });
        }
    }

    fn field(&mut self, line: &Bytes) {
        if self.fields.len() == FIELDS_MAX {
            return self.find_fault(Fault { status: 431, detail: "too many header fields" });
        }
        // RFC 9112 §5.2: a folded line. Rules see it joined; it goes no further.
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let Some((_, value)) = self.fields.last_mut() {
                let joined = [value.as_ref(), b" ", line.trim_ascii()].concat();
                *value = Bytes::from(joined);
            }
            return self.find_fault(Fault::malformed("a header field is folded"));
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            self.fields.push((line.clone(), Bytes::new()));
            return self.find_fault(Fault::malformed("a header field has no colon"));
        };
        let name = line.slice(..colon);
        let value = trim(&line.slice(colon + 1..));
        if !is_token(&name) {
            self.find_fault(Fault::malformed("a header field's name is malformed"));
        }
        // RFC 9110 §5.5: not to be processed any further.
        if value.iter().any(|byte| matches!(byte, 0 | b'\r')) {
            return self.find_fault(Fault::malformed("a header field's value is malformed"));
        }
        self.fields.push((name, value));
    }

    /// RFC 9112 §3.2: a host that is none is refused. Escapes have no business in one.
    fn check_host(&mut self) {
        let may_stand =
            |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:[]".contains(byte);
        if self.values("host").any(|value| value.is_empty() || !value.iter().all(may_stand)) {
            self.find_fault(Fault::malformed("the Host is malformed"));
        }
    }

    /// RFC 9112 §6.3: chunks override a length, which goes no further, and nobody may send another
    /// request behind them, because who stands before us may have counted differently.
    fn prefer_chunks(&mut self) {
        let is_both = self.protocol.as_ref() == b"HTTP/1.1"
            && self.values("content-length").count() == 1
            && self.values("transfer-encoding").any(|value| value.eq_ignore_ascii_case(b"chunked"));
        if is_both {
            self.is_last = true;
            self.fields.retain(|(name, _)| !name.eq_ignore_ascii_case(b"content-length"));
        }
    }
}

/// Lines that end in LF or CRLF (RFC 9112 §2.2), without their ends.
struct Lines {
    rest: Bytes,
}

impl Iterator for Lines {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let mut line = self.rest.split_to(end + 1);
        line.truncate(end);
        if line.ends_with(b"\r") {
            line.truncate(end.saturating_sub(1));
        }
        Some(line)
    }
}

fn request_line(line: &Bytes) -> (Bytes, Bytes, Bytes) {
    let Some(first) = line.iter().position(|byte| *byte == b' ') else {
        return (line.clone(), Bytes::new(), Bytes::new());
    };
    let last = line.iter().rposition(|byte| *byte == b' ').unwrap_or(first);
    let method = line.slice(..first);
    if last == first {
        return (method, line.slice(first + 1..), Bytes::new());
    }
    (method, line.slice(first + 1..last), line.slice(last + 1..))
}

fn trim(value: &Bytes) -> Bytes {
    let is_blank = |byte: &&u8| matches!(**byte, b' ' | b'\t');
    let start = value.iter().take_while(is_blank).count();
    let end = value.iter().rev().take_while(is_blank).count();
    value.slice(start..value.len().saturating_sub(end).max(start))
}

/// RFC 9110 §5.6.2.
fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

const FIELDS_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &'static str) -> Head {
        Head::read(&Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn what_has_two_readings_is_kept_for_the_rules_and_goes_no_further() {
        for text in [
            " GET / HTTP/1.1\r\n\r\n",
            "G(T / HTTP/1.1\r\n\r\n",
            "GET / x HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nA b: c\r\n\r\n",
            "GET / HTTP/1.1\r\nA : c\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
            "GET / HTTP/1.1\r\nA\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
            "GET / HTTP/1.1\r\n: b\r\n\r\n",
            "GET /a#b HTTP/1.1\r\n\r\n",
            "GET / HTTP/0.9\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: \r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a%00\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
            "CONNECT a HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(head(text).fault.map(|fault| fault.status), Some(400), "{text:?}");
        }
        assert_eq!(head("GET / HTTP/2\r\n\r\n").fault.map(|fault| fault.status), Some(505));
        assert_eq!(head("GET /\r\n\r\n").fault.map(|fault| fault.status), Some(400));
        assert_eq!(head("CONNECT a:1 HTTP/1.1\r\n\r\n").fault.map(|f| f.status), Some(405));
    }

    #[test]
    fn a_length_beside_chunks_goes_no_further_and_ends_the_connection() {
        let both = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n";
        let head = Head::read(&Bytes::from(format!("POST / HTTP/1.1\r\n{both}")));

        assert_eq!(head.fault, None);
        assert_eq!(head.values("content-length").count(), 0);
        assert!(!head.keeps_alive());
    }

    #[test]
    fn values_with_line_ends_are_shown_to_nobody() {
        assert_eq!(head("GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n").values("a").count(), 0);
    }

    #[test]
    fn names_and_values_stay_as_they_came() {
        let head = head("GET /a?b=<c> HTTP/1.1\r\nHOST:  x \r\nX.y: \t1\r\nhost: z\r\n\r\n");

        assert_eq!(head.fault, None);
        assert_eq!(head.target, "/a?b=<c>");
        let fields: Vec<_> = head.fields.iter().map(|(n, v)| (n.as_ref(), v.as_ref())).collect();
        let expected: [(&[u8], &[u8]); 3] = [(b"HOST", b"x"), (b"X.y", b"1"), (b"host", b"z")];
        assert_eq!(fields, expected);
        assert_eq!(head.values("host").count(), 2);
    }

    #[test]
    fn only_http_1_1_stays_open_unless_asked_to_close() {
        assert!(head("GET / HTTP/1.1\r\n\r\n").keeps_alive());
        assert!(!head("GET / HTTP/1.0\r\n\r\n").keeps_alive());
        assert!(!head("GET / HTTP/1.1\r\nConnection: te, Close\r\n\r\n").keeps_alive());
    }
}
