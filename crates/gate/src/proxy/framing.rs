//! How long a request's body is (RFC 9112 §6), in one reading only.

use super::head::{Fault, Head};

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    Empty,
    /// After so many bytes.
    Length(usize),
    /// At the chunk of length zero.
    Chunked,
}

impl Framing {
    /// Reads the framing of a request.
    ///
    /// # Errors
    /// When two servers could read it differently: that is how requests are smuggled.
    pub(super) fn of(head: &Head) -> Result<Self, Fault> {
        let lengths: Vec<&[u8]> = head.values("content-length").collect();
        let codings: Vec<&[u8]> = head.values("transfer-encoding").collect();
        match (lengths.as_slice(), codings.as_slice()) {
            ([], []) => Ok(Self::Empty),
            ([length], []) => length_of(length).map(Self::Length),
            ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => match &head.protocol[..] {
                b"HTTP/1.1" => Ok(Self::Chunked),
                _ => Err(Fault::malformed("HTTP/1.0 has no Transfer-Encoding")),
            },
            ([], _) => Err(Fault { status: 501, detail: "expected `Transfer-Encoding: chunked`" }),
            (_, []) => Err(Fault::malformed("expected one Content-Length")),
            _ => Err(Fault::malformed("Content-Length and Transfer-Encoding exclude each other")),
        }
    }
}

/// RFC 9110 §8.6: digits and nothing else.
fn length_of(text: &[u8]) -> Result<usize, Fault> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let number = is_number.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten();
    number.ok_or(Fault::malformed("expected digits as Content-Length"))
}

/// The size of a chunk from its line; extensions are not looked at.
pub(super) fn chunk_size(line: &[u8]) -> Option<usize> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii_end();
    let fits = (1..=8).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    fits.then(|| usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn framing(fields: &str) -> Result<Framing, u16> {
        let text = format!("POST / HTTP/1.1\r\n{fields}\r\n");
        Framing::of(&Head::read(&Bytes::from(text))).map_err(|fault| fault.status)
    }

    #[test]
    fn framing_with_two_readings_is_refused() {
        for fields in [
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            "Content-Length: 1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 1\r\nTransfer-Encoding: gzip, chunked\r\n",
            "Content-Length: +1\r\n",
            "Content-Length: 1, 1\r\n",
            "Content-Length: \r\n",
            "Content-Length: 99999999999999999999999\r\n",
        ] {
            assert_eq!(framing(fields), Err(400), "{fields}");
        }
        for fields in [
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
        ] {
            assert_eq!(framing(fields), Err(501), "{fields}");
        }
    }

    #[test]
    fn plain_framing_is_read() {
        assert_eq!(framing(""), Ok(Framing::Empty));
        assert_eq!(framing("content-length: 12\r\n"), Ok(Framing::Length(12)));
        assert_eq!(framing("Transfer-Encoding: Chunked\r\n"), Ok(Framing::Chunked));
    }

    #[test]
    fn a_chunk_has_a_hexadecimal_size() {
        for line in ["", " 1", "0x1", "-1", "g", "123456789", ";a"] {
            assert_eq!(chunk_size(line.as_bytes()), None, "{line}");
        }
        assert_eq!(chunk_size(b"1aF;name=value"), Some(0x1af));
    }
}
