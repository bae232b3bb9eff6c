//! Header fields and trailers (RFC 9112 §5), and what they say about the body (§6).

use super::bytes::{Word, is_host, is_space, is_token, is_value, line_feed, odd, run};
use super::{Reason, Taken};

/// Reads one block of fields, to the empty line behind it.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    at: At,
    name: Word<NAME_MAX>,
    value: Value,
    /// How many fields may still come.
    fields_left: usize,
    is_trailer: bool,
    has_host: bool,
    length: Option<u64>,
    is_chunked: bool,
}

/// How the end of a request's body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    None,
    Sized(u64),
    Chunked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Start,
    Name,
    /// White space before the value.
    Before,
    Value,
    Lf,
    EndLf,
}

/// A value that is read for its meaning, as far as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Any,
    Length { value: u64, digits: u8, is_over: bool },
    Coding { read: usize, is_over: bool },
    Host { read: usize, is_over: bool },
}

impl Fields {
    /// At most so many header fields; the scanner counts their bytes.
    pub(super) const fn of_head(fields_max: usize) -> Self {
        Self::new(fields_max, false)
    }

    pub(super) const fn of_trailer() -> Self {
        Self::new(TRAILERS_MAX, true)
    }

    const fn new(fields_left: usize, is_trailer: bool) -> Self {
        Self {
            at: At::Start,
            name: Word::new(),
            value: Value::Any,
            fields_left,
            is_trailer,
            has_host: false,
            length: None,
            is_chunked: false,
        }
    }

    /// Reads up to the end of the block.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Taken, Reason> {
        let mut read = 0;
        while let Some(&byte) = bytes.get(read) {
            if self.at == At::Value && self.value == Value::Any && is_value(byte) {
                read += run(bytes.get(read..).unwrap_or_default(), is_value);
                continue;
            }
            read += 1;
            if self.at == At::EndLf {
                line_feed(byte)?;
                return Ok(Taken { bytes: read, is_over: true });
            }
            self.at = self.step(byte)?;
        }
        Ok(Taken { bytes: read, is_over: false })
    }

    /// What follows the head. Whatever does not say one thing is refused (RFC 9112 §6.3).
    pub(super) const fn body(&self, is_http_1_0: bool) -> Result<Body, Reason> {
        if !self.has_host && !is_http_1_0 {
            return Err(Reason::Host);
        }
        match (self.is_chunked, self.length) {
            (true, Some(_)) => Err(Reason::TwoLengths),
            (true, None) if is_http_1_0 => Err(Reason::TransferEncoding),
            (true, None) => Ok(Body::Chunked),
            (false, None | Some(0)) => Ok(Body::None),
            (false, Some(length)) => Ok(Body::Sized(length)),
        }
    }

    const fn too_large(&self) -> Reason {
        if self.is_trailer { Reason::TrailersTooLarge } else { Reason::HeadersTooLarge }
    }

    fn step(&mut self, byte: u8) -> Result<At, Reason> {
        match self.at {
            At::Start => self.start(byte),
            At::Name => self.name(byte),
            At::Before if is_space(byte) => Ok(At::Before),
            At::Before | At::Value if byte == b'\r' => Ok(At::Lf),
            At::Before | At::Value if !is_value(byte) => Err(odd(byte, Reason::ControlByte)),
            At::Before | At::Value => self.value.push(byte).map(|()| At::Value),
            At::Lf => {
                line_feed(byte)?;
                self.end_field().map(|()| At::Start)
            }
            At::EndLf => Err(Reason::LineEnd),
        }
    }

    fn start(&mut self, byte: u8) -> Result<At, Reason> {
        match byte {
            b'\r' => Ok(At::EndLf),
            b' ' | b'\t' => Err(Reason::FoldedHeader),
            _ => {
                let left = self.fields_left.checked_sub(1).ok_or_else(|| self.too_large())?;
                self.fields_left = left;
                self.name = Word::new();
                self.name(byte)
            }
        }
    }

    fn name(&mut self, byte: u8) -> Result<At, Reason> {
        match byte {
            b':' if !self.name.is_empty() => self.begin_value().map(|()| At::Before),
            b' ' | b'\t' => Err(Reason::SpaceBeforeColon),
            byte if is_token(byte) => {
                self.name.push(byte);
                Ok(At::Name)
            }
            byte => Err(odd(byte, Reason::HeaderName)),
        }
    }

    fn begin_value(&mut self) -> Result<(), Reason> {
        let name = self.name.get().unwrap_or_default();
        if self.is_trailer {
            self.value = Value::Any;
            return if may_trail(name) { Ok(()) } else { Err(Reason::Trailer) };
        }
        self.value = match name {
            b"content-length" if self.length.is_some() => return Err(Reason::ContentLength),
            b"content-length" => Value::Length { value: 0, digits: 0, is_over: false },
            b"transfer-encoding" if self.is_chunked => return Err(Reason::TransferEncoding),
            b"transfer-encoding" => Value::Coding { read: 0, is_over: false },
            b"host" if self.has_host => return Err(Reason::Host),
            b"host" => Value::Host { read: 0, is_over: false },
            _ => Value::Any,
        };
        Ok(())
    }

    fn end_field(&mut self) -> Result<(), Reason> {
        match self.value {
            Value::Any => {}
            Value::Length { digits: 0, .. } => return Err(Reason::ContentLength),
            Value::Length { value, .. } => self.length = Some(value),
            Value::Coding { read, .. } if read == CHUNKED.len() => self.is_chunked = true,
            Value::Coding { read: 0, .. } => return Err(Reason::TransferEncoding),
            Value::Coding { .. } => return Err(Reason::Coding),
            Value::Host { read: 0, .. } => return Err(Reason::Host),
            Value::Host { .. } => self.has_host = true,
        }
        Ok(())
    }
}

impl Value {
    /// Takes a byte of the value; white space may stand behind it, not inside.
    fn push(&mut self, byte: u8) -> Result<(), Reason> {
        match self {
            Self::Any => Ok(()),
            Self::Length { is_over, .. }
            | Self::Coding { is_over, .. }
            | Self::Host { is_over, .. }
                if is_space(byte) =>
            {
                *is_over = true;
                Ok(())
            }
            Self::Length { is_over: true, .. } => Err(Reason::ContentLength),
            Self::Length { value, digits, .. } => push_digit(value, digits, byte),
            Self::Coding { read, is_over } => push_coding(read, *is_over, byte),
            Self::Host { is_over: true, .. } => Err(Reason::Host),
            Self::Host { read, .. } => {
                *read += 1;
                if is_host(byte) { Ok(()) } else { Err(Reason::Host) }
            }
        }
    }
}

/// Digits only, no zero in front, and few enough that no reader's number overflows.
fn push_digit(value: &mut u64, digits: &mut u8, byte: u8) -> Result<(), Reason> {
    let has_leading_zero = *digits == 1 && *value == 0;
    if !byte.is_ascii_digit() || *digits >= LENGTH_DIGITS_MAX || has_leading_zero {
        return Err(Reason::ContentLength);
    }
    *digits += 1;
    *value = *value * 10 + u64::from(byte - b'0');
    Ok(())
}

/// The one coding that is spoken here, once. Of others, a list is refused as one that may hide it.
fn push_coding(read: &mut usize, is_over: bool, byte: u8) -> Result<(), Reason> {
    match byte {
        b',' | b';' | b'"' => Err(Reason::TransferEncoding),
        _ if is_over => Err(Reason::TransferEncoding),
        byte if CHUNKED.get(*read) == Some(&byte.to_ascii_lowercase()) => {
            *read += 1;
            Ok(())
        }
        byte if is_token(byte) => Err(Reason::Coding),
        _ => Err(Reason::TransferEncoding),
    }
}

/// RFC 9110 §6.5.1: nothing that frames, routes, authenticates or changes what a request asks for
/// comes behind its body.
fn may_trail(name: &[u8]) -> bool {
    let is_of_head =
        NEVER_TRAIL.contains(&name) || NEVER_TRAIL_AS.iter().any(|start| name.starts_with(start));
    name == b"content-digest" || !(is_of_head || name.is_empty())
}

const CHUNKED: &[u8] = b"chunked";
/// Longer than any name that is looked for.
const NAME_MAX: usize = 32;
/// A thousand terabytes.
const LENGTH_DIGITS_MAX: u8 = 15;
const TRAILERS_MAX: usize = 16;
const NEVER_TRAIL: [&[u8]; 27] = [
    b"accept",
    b"age",
    b"authorization",
    b"cache-control",
    b"connection",
    b"cookie",
    b"date",
    b"dpop",
    b"expect",
    b"forwarded",
    b"host",
    b"idempotency-key",
    b"keep-alive",
    b"location",
    b"max-forwards",
    b"origin",
    b"pragma",
    b"range",
    b"referer",
    b"set-cookie",
    b"te",
    b"traceparent",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
    b"vary",
    b"via",
];
const NEVER_TRAIL_AS: [&[u8]; 8] =
    [b"accept-", b"access-control-", b"content-", b"if-", b"proxy-", b"sec-", b"x-", b"www-"];
