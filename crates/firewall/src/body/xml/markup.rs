//! Markup that rules do not see, and the words that markup is made of.

use super::Reader;
use crate::body::Fault;

impl<'a> Reader<'a, '_, '_> {
    /// UTF-8 and the supersets of ASCII are read as bytes. Anything else would hide the markup.
    pub(super) fn check_encoding(&mut self) -> Result<(), Fault> {
        let is_wide = self.input.starts_with(b"\xfe\xff")
            || self.input.starts_with(b"\xff\xfe")
            || self.input.iter().take(4).any(|&byte| byte == 0);
        if is_wide {
            return Err(self.malformed("an encoding that is not supported"));
        }
        if !self.rest().starts_with(b"<?xml") {
            return Ok(());
        }
        let declaration = self.skip_through(b"?>", 5)?.to_ascii_lowercase();
        let Some(at) = memchr::memmem::find(&declaration, b"encoding") else { return Ok(()) };
        let value = declaration.get(at + 8..).unwrap_or_default();
        let word: Vec<u8> = value
            .iter()
            .copied()
            .skip_while(|byte| !byte.is_ascii_alphanumeric())
            .take_while(|byte| !matches!(byte, b'"' | b'\''))
            .collect();
        let is_known = [&b"utf-8"[..], b"us-ascii", b"ascii", b"iso-8859-", b"windows-125"]
            .iter()
            .any(|known| word.starts_with(known));
        if is_known { Ok(()) } else { Err(self.malformed("an encoding that is not supported")) }
    }

    pub(super) fn comment(&mut self) -> Result<(), Fault> {
        self.skip_through(b"--", 4)?;
        match self.take() {
            Some(b'>') => Ok(()),
            _ => Err(self.malformed("`--` in a comment")),
        }
    }

    pub(super) fn character_data(&mut self) -> Result<(), Fault> {
        if self.open.is_empty() {
            return Err(self.malformed("text outside the root element"));
        }
        let data = self.skip_through(b"]]>", 9)?;
        self.text.extend_from_slice(data);
        Ok(())
    }

    /// Skips a document type with its internal subset. What it declares is not used.
    pub(super) fn document_type(&mut self) -> Result<(), Fault> {
        if self.has_root {
            return Err(self.malformed("a document type behind the root element"));
        }
        let mut is_inside = false;
        self.at += 9;
        while let Some(byte) = self.peek() {
            if self.rest().starts_with(b"<!--") {
                self.comment()?;
                continue;
            }
            if matches!(byte, b'"' | b'\'') {
                self.quoted()?;
                continue;
            }
            self.at += 1;
            match byte {
                b'[' => is_inside = true,
                b']' => is_inside = false,
                b'>' if !is_inside => return Ok(()),
                _ => {}
            }
        }
        Err(self.malformed("a document type without an end"))
    }

    /// Skips `opening` bytes and everything through `end`; returns what stands between.
    pub(super) fn skip_through(&mut self, end: &[u8], opening: usize) -> Result<&'a [u8], Fault> {
        let inside = self.input.get(self.at + opening..).unwrap_or_default();
        let Some(length) = memchr::memmem::find(inside, end) else {
            return Err(self.malformed("markup without an end"));
        };
        self.at += opening + length + end.len();
        Ok(inside.get(..length).unwrap_or_default())
    }

    /// A quoted value and where it starts.
    pub(super) fn quoted(&mut self) -> Result<(usize, &'a [u8]), Fault> {
        let Some(quote @ (b'"' | b'\'')) = self.take() else {
            return Err(self.malformed("expected a quoted value"));
        };
        let start = self.at;
        let value = self.skip_through(&[quote], 0)?;
        Ok((start, value))
    }

    /// XML 1.0 §2.3, judged for ASCII; every other byte may stand in a name.
    pub(super) fn name(&mut self) -> Result<&'a [u8], Fault> {
        let start = self.at;
        let is_name = |byte: u8| {
            byte.is_ascii_alphanumeric()
                || byte >= 0x80
                || matches!(byte, b'_' | b':' | b'-' | b'.')
        };
        let length = self.rest().iter().take_while(|&&byte| is_name(byte)).count();
        let name = self.input.get(start..start + length).unwrap_or_default();
        match name.first() {
            Some(b'0'..=b'9' | b'-' | b'.') | None => Err(self.malformed("expected a name")),
            Some(_) => {
                self.at += length;
                Ok(name)
            }
        }
    }

    /// Skips white space; returns whether there was any.
    pub(super) fn blanks(&mut self) -> bool {
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let count = self.rest().iter().take_while(is_blank).count();
        self.at += count;
        count > 0
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    pub(super) fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    pub(super) fn malformed(&self, what: &'static str) -> Fault {
        Fault::Malformed { what, at: self.at }
    }
}
