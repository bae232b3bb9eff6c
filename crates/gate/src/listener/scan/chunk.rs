//! The chunked coding (RFC 9112 §7.1), up to the trailers.

use super::bytes::{is_token, line_feed, odd};
use super::{Reason, Taken};

/// Reads the chunks of one body.
#[derive(Clone, Debug)]
pub(super) struct Chunks {
    at: At,
    size: u64,
    digits: u8,
    /// Bytes of extensions that this chunk and this body may still have.
    extension_left: usize,
    extensions_left: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Size,
    /// The name of an extension; true when some of it was read.
    Name(bool),
    /// Behind the `=`.
    Value,
    Token,
    Quoted,
    Escaped,
    /// Behind the closing quote.
    Unquoted,
    SizeLf,
    Data,
    DataCr,
    DataLf,
}

impl Default for Chunks {
    fn default() -> Self {
        Self {
            at: At::Size,
            size: 0,
            digits: 0,
            extension_left: EXTENSION_BYTES_MAX,
            extensions_left: EXTENSIONS_BYTES_MAX,
        }
    }
}

impl Chunks {
    /// True inside the frame of a chunk, which is passed on when all of it was read.
    pub(super) const fn is_inside(&self) -> bool {
        match self.at {
            At::Size => self.digits > 0,
            At::Data | At::DataCr => false,
            _ => true,
        }
    }

    /// Reads a frame's line, some data, or what divides the two; some bytes less at the end.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Taken, Reason> {
        if self.at == At::Data {
            return Ok(Taken { bytes: self.data(bytes), is_over: false });
        }
        for (index, &byte) in bytes.iter().enumerate() {
            if self.at == At::SizeLf {
                line_feed(byte)?;
                let is_over = self.size == 0;
                self.at = At::Data;
                return Ok(Taken { bytes: index + 1, is_over });
            }
            self.at = self.step(byte)?;
            if !self.is_inside() {
                return Ok(Taken { bytes: index + 1, is_over: false });
            }
        }
        Ok(Taken { bytes: bytes.len(), is_over: false })
    }

    fn data(&mut self, bytes: &[u8]) -> usize {
        let come = u64::try_from(bytes.len()).unwrap_or(u64::MAX).min(self.size);
        self.size -= come;
        if self.size == 0 {
            self.at = At::DataCr;
        }
        usize::try_from(come).unwrap_or(bytes.len())
    }

    fn step(&mut self, byte: u8) -> Result<At, Reason> {
        match self.at {
            At::Size => self.size(byte),
            At::DataCr if byte == b'\r' => Ok(At::DataLf),
            At::DataLf if byte == b'\n' => {
                let extensions_left = self.extensions_left;
                *self = Self { extensions_left, ..Self::default() };
                Ok(At::Size)
            }
            At::Data | At::DataCr | At::DataLf | At::SizeLf => Err(Reason::Chunk),
            _ => self.extension(byte),
        }
    }

    /// Hexadecimal digits, and few enough that no reader's number overflows.
    fn size(&mut self, byte: u8) -> Result<At, Reason> {
        match (byte, char::from(byte).to_digit(16)) {
            (_, Some(digit)) if self.digits < SIZE_DIGITS_MAX => {
                self.digits += 1;
                self.size = self.size * 16 + u64::from(digit);
                Ok(At::Size)
            }
            (b'\r', _) if self.digits > 0 => Ok(At::SizeLf),
            (b';', _) if self.digits > 0 => Ok(At::Name(false)),
            _ => Err(odd(byte, Reason::Chunk)),
        }
    }

    /// `;name`, `;name=token` or `;name="text"`; no white space that a sender may not make.
    fn extension(&mut self, byte: u8) -> Result<At, Reason> {
        self.extension_left = self.extension_left.checked_sub(1).ok_or(Reason::Chunk)?;
        self.extensions_left = self.extensions_left.checked_sub(1).ok_or(Reason::Chunk)?;
        match (self.at, byte) {
            (At::Name(_), byte) if is_token(byte) => Ok(At::Name(true)),
            (At::Name(true), b'=') => Ok(At::Value),
            (At::Value, b'"') => Ok(At::Quoted),
            (At::Value | At::Token, byte) if is_token(byte) => Ok(At::Token),
            (At::Quoted, b'"') => Ok(At::Unquoted),
            (At::Quoted, b'\\') => Ok(At::Escaped),
            (At::Quoted | At::Escaped, b'\t' | b' '..=b'~') => Ok(At::Quoted),
            (At::Name(true) | At::Token | At::Unquoted, b';') => Ok(At::Name(false)),
            (At::Name(true) | At::Token | At::Unquoted, b'\r') => Ok(At::SizeLf),
            (_, byte) => Err(odd(byte, Reason::Chunk)),
        }
    }
}

/// Less than four gigabytes: some readers keep 32 bits.
const SIZE_DIGITS_MAX: u8 = 8;
const EXTENSION_BYTES_MAX: usize = 256;
const EXTENSIONS_BYTES_MAX: usize = 8 * 1024;
