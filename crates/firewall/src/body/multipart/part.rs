//! One part: its header lines, its name, and where its value starts.

use std::borrow::Cow;

use super::{
    Fault, Flags, HEADER_BYTES_MAX, HEADERS_MAX,
    boundary::is_space,
    disposition::{self, Disposition},
};

/// A part of the form, as far as it is read.
#[derive(Default)]
pub(super) struct Part<'a> {
    headers: Vec<Header<'a>>,
    /// The header is behind us.
    is_body: bool,
    value_start: Option<usize>,
    disposition: Option<Disposition>,
}

/// A header line without its line end, unfolded.
struct Header<'a> {
    line: Cow<'a, [u8]>,
    name_bytes: usize,
}

impl Header<'_> {
    fn name(&self) -> &[u8] {
        self.line.get(..self.name_bytes).unwrap_or_default()
    }

    fn value(&self) -> &[u8] {
        let mut value = self.line.get(self.name_bytes + 1..).unwrap_or_default();
        while let [b' ' | b'\t', rest @ ..] = value {
            value = rest;
        }
        value
    }
}

impl<'a> Part<'a> {
    pub(super) const fn is_in_header(&self) -> bool {
        !self.is_body
    }

    pub(super) const fn has_data(&self) -> bool {
        self.value_start.is_some()
    }

    /// Where the value starts.
    pub(super) const fn value(&self) -> Option<usize> {
        self.value_start
    }

    /// A line of the value.
    pub(super) fn grow(&mut self, start: usize) {
        self.value_start.get_or_insert(start);
    }

    /// The form field's name; nothing while the header goes on. Empty where it is missing.
    pub(super) fn disposition(&mut self) -> Option<Disposition> {
        self.disposition.take()
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().map(|header| &*header.line)
    }

    /// Reads a line of the header. The inner fault is one to note and go on from.
    pub(super) fn header_line(
        &mut self,
        line: &'a [u8],
        at: usize,
        flags: &mut Flags,
    ) -> Result<Option<Fault>, Fault> {
        if line.len() > HEADER_BYTES_MAX {
            return Err(Fault::Long { what: "header line of a part", max: HEADER_BYTES_MAX });
        }
        let text = if let Some(text) = line.strip_suffix(b"\r\n") {
            flags.crlf_line = true;
            text
        } else {
            flags.lf_line = true;
            line.strip_suffix(b"\n").unwrap_or(line)
        };
        let outcome = match text {
            _ if text.contains(&0) => Err("nul byte in a part's header"),
            [] => self.end_of_header(flags),
            [first, ..] if is_space(*first) => return self.fold(text, at, flags),
            _ => self.add(text)?,
        };
        Ok(outcome.err().map(|what| Fault::Malformed { what, at }))
    }

    fn add(&mut self, text: &'a [u8]) -> Result<Result<(), &'static str>, Fault> {
        if self.headers.len() >= HEADERS_MAX {
            return Err(Fault::Long { what: "header of a part", max: HEADERS_MAX });
        }
        let Some(name_bytes) = memchr::memchr(b':', text) else {
            return Ok(Err("invalid part header (colon missing)"));
        };
        let header = Header { line: Cow::Borrowed(text), name_bytes };
        let outcome = match header.name() {
            [] => Err("invalid part header (header name missing)"),
            name if !name.iter().all(u8::is_ascii_graphic) => {
                Err("invalid part header (contains invalid character)")
            }
            name if self.headers.iter().any(|other| other.name().eq_ignore_ascii_case(name)) => {
                Err("duplicate part header")
            }
            _ => Ok(()),
        };
        // Kept even so: rules look at the lines of a part, whatever is wrong with them.
        self.headers.push(header);
        Ok(outcome)
    }

    /// Adds a folded line to the one before it.
    fn fold(&mut self, text: &[u8], at: usize, flags: &mut Flags) -> Result<Option<Fault>, Fault> {
        flags.header_folding = true;
        let blanks = text.iter().take_while(|&&byte| is_space(byte)).count();
        let (prefix, more) = text.split_at_checked(blanks).unwrap_or_default();
        flags.invalid_header_folding |= prefix.iter().any(|byte| !b" \t".contains(byte));
        let Some(header) = self.headers.last_mut() else {
            let what = "invalid part header (folding error)";
            return Ok(Some(Fault::Malformed { what, at }));
        };
        let line = header.line.to_mut();
        line.push(b' ');
        line.extend_from_slice(more);
        if line.len() > HEADER_BYTES_MAX {
            return Err(Fault::Long { what: "folded header of a part", max: HEADER_BYTES_MAX });
        }
        Ok(None)
    }

    fn end_of_header(&mut self, flags: &mut Flags) -> Result<(), &'static str> {
        self.is_body = true;
        let mut found = Disposition::default();
        let header =
            self.headers.iter().find(|header| header.name().eq_ignore_ascii_case(DISPOSITION));
        let outcome = match header {
            Some(header) => disposition::parse(header.value(), &mut found, flags),
            None => Err("part without content disposition"),
        };
        let outcome = outcome.and(match &found {
            Disposition { name, .. } if name.is_empty() => {
                flags.invalid_part = true;
                Err("content disposition without a name")
            }
            _ => Ok(()),
        });
        self.disposition = Some(found);
        outcome
    }
}

const DISPOSITION: &[u8] = b"Content-Disposition";
