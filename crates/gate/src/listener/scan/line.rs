//! The request line (RFC 9112 §3).

use super::bytes::{Word, is_host, is_target, is_token, line_feed, odd, run};
use super::{Reason, Taken};

/// Reads one request line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    at: At,
    method: Word<METHOD_MAX>,
    is_http_1_0: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// One empty line before the request is ignored (RFC 9112 §2.2).
    Start,
    EmptyLf,
    Method,
    Target,
    /// `*`, of which nothing may follow.
    Asterisk,
    /// This much of `http://`, or with an `s`, was read.
    Scheme {
        read: usize,
        is_tls: bool,
    },
    /// So many bytes of the host of an absolute target were read.
    Host(usize),
    Path,
    /// So many bytes of the version were read.
    Version(usize),
    Cr,
    Lf,
}

impl Default for Line {
    fn default() -> Self {
        Self { at: At::Start, method: Word::new(), is_http_1_0: false }
    }
}

impl Line {
    /// Reads up to the end of the line.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Taken, Reason> {
        let mut read = 0;
        while let Some(&byte) = bytes.get(read) {
            if self.at == At::Path && is_target(byte) {
                read += run(bytes.get(read..).unwrap_or_default(), is_target);
                continue;
            }
            read += 1;
            if self.at == At::Lf {
                line_feed(byte)?;
                return Ok(Taken { bytes: read, is_over: true });
            }
            self.at = self.step(byte)?;
        }
        Ok(Taken { bytes: read, is_over: false })
    }

    pub(super) const fn is_http_1_0(&self) -> bool {
        self.is_http_1_0
    }

    fn step(&mut self, byte: u8) -> Result<At, Reason> {
        match self.at {
            At::Start if byte == b'\r' => Ok(At::EmptyLf),
            At::EmptyLf => line_feed(byte).map(|()| At::Method),
            At::Start | At::Method => self.method(byte),
            At::Target => self.target(byte),
            At::Asterisk if byte == b' ' => Ok(At::Version(0)),
            At::Scheme { read, is_tls } => scheme(byte, read, is_tls),
            At::Host(read) => host(byte, read),
            At::Path if byte == b' ' => Ok(At::Version(0)),
            At::Path | At::Asterisk => Err(odd(byte, Reason::RequestLine)),
            At::Version(read) => self.version(byte, read),
            At::Cr if byte == b'\r' => Ok(At::Lf),
            At::Cr | At::Lf => Err(odd(byte, Reason::RequestLine)),
        }
    }

    /// Methods are upper case; a server that folds case would read `get` as another does not.
    /// After `CONNECT` comes no HTTP, and `TRACE` echoes the request, credentials included
    /// (RFC 9110 §9.3.8): nobody behind us shall meet either.
    fn method(&mut self, byte: u8) -> Result<At, Reason> {
        match byte {
            b' ' if self.method.is_empty() => Err(Reason::RequestLine),
            b' ' => match self.method.get() {
                None | Some(b"connect" | b"trace") => Err(Reason::Method),
                Some(_) => Ok(At::Target),
            },
            b'A'..=b'Z' | b'-' => {
                self.method.push(byte);
                Ok(At::Method)
            }
            byte if is_token(byte) => Err(Reason::Method),
            byte => Err(odd(byte, Reason::RequestLine)),
        }
    }

    fn target(&self, byte: u8) -> Result<At, Reason> {
        match byte {
            b'/' => Ok(At::Path),
            b'h' | b'H' => Ok(At::Scheme { read: 1, is_tls: false }),
            b'*' if self.method.get() == Some(b"options") => Ok(At::Asterisk),
            byte => Err(odd(byte, Reason::RequestLine)),
        }
    }

    fn version(&mut self, byte: u8, read: usize) -> Result<At, Reason> {
        match (read, byte) {
            (7, b'0' | b'1') => {
                self.is_http_1_0 = byte == b'0';
                Ok(At::Cr)
            }
            (5 | 7, b'0'..=b'9') if VERSION.get(read) != Some(&byte) => Err(Reason::Version),
            _ if VERSION.get(read) == Some(&byte) => Ok(At::Version(read + 1)),
            _ => Err(odd(byte, Reason::RequestLine)),
        }
    }
}

fn scheme(byte: u8, read: usize, is_tls: bool) -> Result<At, Reason> {
    let byte = byte.to_ascii_lowercase();
    let name: &[u8] = if is_tls { b"https://" } else { b"http://" };
    match byte {
        b's' if read == 4 && !is_tls => Ok(At::Scheme { read: 5, is_tls: true }),
        byte if name.get(read) != Some(&byte) => Err(odd(byte, Reason::RequestLine)),
        _ if read + 1 == name.len() => Ok(At::Host(0)),
        _ => Ok(At::Scheme { read: read + 1, is_tls }),
    }
}

fn host(byte: u8, read: usize) -> Result<At, Reason> {
    match byte {
        byte if is_host(byte) => Ok(At::Host(read + 1)),
        b'/' | b'?' if read > 0 => Ok(At::Path),
        b' ' if read > 0 => Ok(At::Version(0)),
        byte => Err(odd(byte, Reason::RequestLine)),
    }
}

const METHOD_MAX: usize = 16;
const VERSION: &[u8] = b"HTTP/1.";
