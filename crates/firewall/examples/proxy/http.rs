//! HTTP/1 as bytes, without judgement: the rules want to see what came.

use std::io::{self, BufRead, Read as _};

/// A request or an answer.
pub(crate) struct Message {
    start: Vec<u8>,
    pub(crate) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

const BODY_BYTES_MAX: u64 = 16 << 20;

impl Message {
    pub(crate) fn read(reader: &mut impl BufRead) -> io::Result<Self> {
        let start = line(reader)?;
        let mut message = Self { start, fields: Vec::new(), body: Vec::new() };
        loop {
            let line = line(reader)?;
            if line.is_empty() {
                break;
            }
            let mut halves = line.splitn(2, |&byte| byte == b':');
            let name = halves.next().unwrap_or_default().to_vec();
            let value = halves.next().unwrap_or_default().trim_ascii().to_vec();
            message.fields.push((name, value));
        }
        if message.value(b"transfer-encoding").is_some() {
            message.body = chunks(reader)?;
        } else if let Some(length) = message.number(b"content-length") {
            reader.take(length.min(BODY_BYTES_MAX)).read_to_end(&mut message.body)?;
        }
        Ok(message)
    }

    /// What a request without one reading is answered with.
    pub(crate) fn refusal() -> Self {
        let start = b"HTTP/1.1 400 Bad Request".to_vec();
        Self { start, fields: Vec::new(), body: Vec::new() }
    }

    /// Method, target and protocol; some may be missing.
    pub(crate) fn line(&self) -> (&[u8], &[u8], &[u8]) {
        let mut first = self.start.splitn(2, |&byte| byte == b' ');
        let method = first.next().unwrap_or_default();
        let rest = first.next().unwrap_or_default();
        let mut last = rest.rsplitn(2, |&byte| byte == b' ');
        let protocol = last.next().unwrap_or_default();
        match last.next() {
            Some(target) => (method, target, protocol),
            None => (method, protocol, b""),
        }
    }

    /// Whether every server reads the request line alike.
    pub(crate) fn is_plain(&self) -> bool {
        let (method, target, protocol) = self.line();
        let is_method = !method.is_empty() && method.iter().all(|byte| byte.is_ascii_uppercase());
        let is_target = target.first().is_some_and(|byte| b"/*h".contains(byte))
            && target.iter().all(|&byte| byte > b' ' && byte != 0x7f);
        is_method && is_target && matches!(protocol, b"HTTP/1.1" | b"HTTP/1.0")
    }

    pub(crate) fn status(&self) -> u16 {
        let status = self.start.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
        String::from_utf8_lossy(status).parse().unwrap_or(0)
    }

    /// The first value of a field, whose name is given in lower case.
    pub(crate) fn value(&self, name: &[u8]) -> Option<&[u8]> {
        let found = self.fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice())
    }

    fn number(&self, name: &[u8]) -> Option<u64> {
        std::str::from_utf8(self.value(name)?).ok()?.parse().ok()
    }

    /// The message again, with a length instead of chunks.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = [&self.start[..], b"\r\n"].concat();
        let framing: [&[u8]; 3] = [b"content-length", b"transfer-encoding", b"connection"];
        for (name, value) in &self.fields {
            if !framing.contains(&name.to_ascii_lowercase().as_slice()) {
                bytes.extend_from_slice(&[name, &b": "[..], value, b"\r\n"].concat());
            }
        }
        let length = format!("Content-Length: {}\r\nConnection: close\r\n\r\n", self.body.len());
        bytes.extend_from_slice(length.as_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = String::from_utf8_lossy(&line(reader)?).into_owned();
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).unwrap_or(0);
        if size == 0 {
            return Ok(body);
        }
        reader.take(size.min(BODY_BYTES_MAX)).read_to_end(&mut body)?;
        line(reader)?;
    }
}

/// A line without its end. The end of the input is an empty line.
fn line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    let text = line.strip_suffix(b"\n").unwrap_or(&line);
    Ok(text.strip_suffix(b"\r").unwrap_or(text).to_vec())
}
