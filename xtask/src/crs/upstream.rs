//! The server behind the firewall: answers everything with 200 and nothing, but `POST /reflect`
//! with what its JSON body asks for.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::{ChoreError, Outcome};

const TIMEOUT: Duration = Duration::from_secs(10);
const BODY_BYTES_MAX: u64 = 16 << 20;

/// A server that ends with this process.
pub(super) struct Upstream {
    address: SocketAddr,
}

/// What `/reflect` is asked for.
#[derive(Default, Deserialize)]
struct Spec {
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: String,
    #[serde(default, rename = "encodedBody")]
    encoded_body: String,
}

impl Upstream {
    /// Listens on a free port of this machine.
    pub(super) fn start() -> Outcome<Self> {
        let unheard = |error| ChoreError::told(format!("no port for the upstream: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(unheard)?;
        let address = listener.local_addr().map_err(unheard)?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A connection that breaks is the firewall's to tell.
                thread::spawn(move || serve(&stream).ok());
            }
        });
        Ok(Self { address })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

fn serve(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let body = read_rest(&mut reader)?;
        let is_reflection =
            line.starts_with("POST /reflect ") || line.starts_with("POST /reflect/ ");
        let answer = if is_reflection { reflect(&body) } else { write(&Spec::default(), b"") };
        (&mut &*stream).write_all(&answer)?;
    }
}

/// Reads header fields and body. Only what an upstream gets is understood: one length, or chunks.
fn read_rest(reader: &mut impl io::BufRead) -> io::Result<Vec<u8>> {
    let (mut length, mut is_chunked) = (0, false);
    loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line)?;
        let text = String::from_utf8_lossy(&line).to_ascii_lowercase();
        let Some((name, value)) = text.split_once(':') else { break };
        match name {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "transfer-encoding" => is_chunked = value.contains("chunked"),
            _ => {}
        }
    }
    let mut body = Vec::new();
    if !is_chunked {
        reader.take(length.min(BODY_BYTES_MAX)).read_to_end(&mut body)?;
        return Ok(body);
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).unwrap_or(0).min(BODY_BYTES_MAX);
        reader.take(size).read_to_end(&mut body)?;
        line.clear();
        reader.read_line(&mut line)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn reflect(body: &[u8]) -> Vec<u8> {
    let refused = Spec { status: 400, ..Spec::default() };
    let Ok(spec) = serde_json::from_slice::<Spec>(body) else {
        return write(&refused, b"Invalid JSON in request body");
    };
    if spec.body.is_empty() && !spec.encoded_body.is_empty() {
        match BASE64.decode(spec.encoded_body.as_bytes()) {
            Ok(body) => write(&spec, &body),
            Err(_) => write(&refused, b"invalid base64 encoding of response body"),
        }
    } else {
        write(&spec, spec.body.as_bytes())
    }
}

/// Go's server, behind which the tests were written, guesses a missing type; text is close enough.
fn write(spec: &Spec, body: &[u8]) -> Vec<u8> {
    let status = if spec.status == 0 { 200 } else { spec.status };
    let mut answer = format!("HTTP/1.1 {status} Reflected\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in &spec.headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        answer += &format!("{name}: {value}\r\n");
    }
    let has_type = spec.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
    if !has_type && !body.is_empty() {
        answer += "Content-Type: text/plain; charset=utf-8\r\n";
    }
    answer += "\r\n";
    [answer.as_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_specification_is_refused() {
        assert!(reflect(b"{").starts_with(b"HTTP/1.1 400 "));
        assert!(reflect(br#"{"encodedBody":"!"}"#).starts_with(b"HTTP/1.1 400 "));
    }

    #[test]
    fn answers_are_reflected() {
        let spec = br#"{"status":503,"headers":{"X":"y"},"encodedBody":"aGk="}"#;

        let answer = String::from_utf8(reflect(spec)).unwrap();

        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.contains("\r\nX: y\r\n") && answer.ends_with("\r\n\r\nhi"), "{answer}");
    }

    #[test]
    fn bodies_are_read_whole() {
        let plain = b"Content-Length: 3\r\n\r\nabcd";
        assert_eq!(read_rest(&mut &plain[..]).unwrap(), b"abc");

        let chunked = b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
        assert_eq!(read_rest(&mut &chunked[..]).unwrap(), b"abc");
    }
}
