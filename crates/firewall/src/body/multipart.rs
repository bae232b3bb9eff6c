//! `multipart/form-data` (RFC 7578), with ModSecurity's marks of what other parsers misread.
//!
//! Each line of the body is looked at once. A fault in one part's header is noted and the parts
//! behind it are still read, because the server behind may do so too. Unlike ModSecurity v3, lines
//! within a value keep their ends, and parts before a missing final boundary are told.

mod boundary;
mod disposition;
mod part;

use self::{boundary::Boundary, disposition::Disposition, part::Part};
use super::{Fault, Piece, Sink};

/// Bytes of one line in a part's header.
pub const HEADER_BYTES_MAX: usize = 4096;
/// Header lines of one part.
pub const HEADERS_MAX: usize = 64;

/// What a multipart body is like, besides its parts: the `MULTIPART_…` variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// The body or the boundary could not be read.
    pub error: bool,
    /// `MULTIPART_BOUNDARY_QUOTED`.
    pub boundary_quoted: bool,
    /// `MULTIPART_BOUNDARY_WHITESPACE`: white space beside the `=` of the parameter.
    pub boundary_whitespace: bool,
    /// `MULTIPART_DATA_BEFORE` the first boundary.
    pub data_before: bool,
    /// `MULTIPART_DATA_AFTER` the last boundary.
    pub data_after: bool,
    /// `MULTIPART_HEADER_FOLDING`.
    pub header_folding: bool,
    /// `MULTIPART_INVALID_HEADER_FOLDING`: with other white space than space and tab.
    pub invalid_header_folding: bool,
    /// `MULTIPART_LF_LINE`: a line of the structure ends in a bare line feed.
    pub lf_line: bool,
    /// A line of the structure ends in carriage return and line feed.
    pub crlf_line: bool,
    /// `MULTIPART_MISSING_SEMICOLON` before the boundary parameter.
    pub missing_semicolon: bool,
    /// `MULTIPART_INVALID_QUOTING`.
    pub invalid_quoting: bool,
    /// `MULTIPART_INVALID_PART`.
    pub invalid_part: bool,
    /// `MULTIPART_UNMATCHED_BOUNDARY`: 0 nothing, 1 something looks like a boundary and is none, 2
    /// the boundaries match. As in ModSecurity v3, the last line that looks like one decides.
    pub unmatched_boundary: u8,
}

impl Flags {
    /// `MULTIPART_STRICT_ERROR`.
    #[must_use]
    pub const fn is_strict_error(&self) -> bool {
        self.error
            || self.boundary_quoted
            || self.boundary_whitespace
            || self.data_before
            || self.data_after
            || self.header_folding
            || self.invalid_header_folding
            || self.lf_line
            || self.missing_semicolon
            || self.invalid_quoting
            || self.invalid_part
    }

    /// `MULTIPART_CRLF_LF_LINES`: line ends are mixed.
    #[must_use]
    pub const fn has_mixed_lines(&self) -> bool {
        self.crlf_line && self.lf_line
    }
}

/// What came of a multipart body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How it is built.
    pub flags: Flags,
    /// The first fault.
    pub fault: Option<Fault>,
    /// Bytes of structure and of values that are no files, for `SecRequestBodyNoFilesLimit`.
    pub bytes_without_files: usize,
}

/// Reads a multipart body whose boundary stands in the `Content-Type` header. An empty body is no
/// fault.
pub fn parse(content_type: &[u8], input: &[u8], sink: &mut Sink<'_>) -> Report {
    let mut report = Report::default();
    let boundary = match boundary::find(content_type, &mut report.flags) {
        Ok(boundary) => Boundary::new(boundary),
        Err(what) => {
            report.flags.error = true;
            report.fault = Some(Fault::Malformed { what, at: 0 });
            return report;
        }
    };
    if input.is_empty() {
        return report;
    }
    let mut reader = Reader { input, boundary, report, part: None, boundaries: 0, sink };
    if let Err(fault) = reader.lines() {
        reader.note(fault);
    }
    reader.report
}

struct Reader<'a, 's, 'k> {
    input: &'a [u8],
    boundary: Boundary<'a>,
    report: Report,
    /// The part at hand.
    part: Option<Part<'a>>,
    boundaries: usize,
    sink: &'s mut Sink<'k>,
}

/// What a line is in relation to the boundary.
enum Kind {
    Opening,
    Final,
    Data,
}

impl<'a> Reader<'a, '_, '_> {
    fn lines(&mut self) -> Result<(), Fault> {
        let (mut start, mut ends_in_bare_lf) = (0, false);
        while start < self.input.len() {
            let rest = self.input.get(start..).unwrap_or_default();
            let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let line = rest.get(..length).unwrap_or_default();
            let end = start + length;
            match self.kind(line, start, ends_in_bare_lf)? {
                Kind::Data => self.data(line, start)?,
                Kind::Opening => {
                    self.finish_part(start)?;
                    self.part = Some(Part::default());
                    self.boundaries += 1;
                }
                Kind::Final => {
                    self.finish_part(start)?;
                    self.report.flags.data_after = end < self.input.len();
                    return Ok(());
                }
            }
            ends_in_bare_lf = line.ends_with(b"\n") && !line.ends_with(b"\r\n");
            start = end;
        }
        self.finish_part(self.input.len())?;
        let what = if self.boundaries > 0 {
            "final boundary missing"
        } else {
            "no boundaries found in payload"
        };
        Err(Fault::Malformed { what, at: self.input.len() })
    }

    /// Judges a line that may be a boundary.
    fn kind(&mut self, line: &[u8], at: usize, after_bare_lf: bool) -> Result<Kind, Fault> {
        let Some(tail) = line.strip_prefix(b"--").and_then(|tail| self.boundary.strip(tail)) else {
            return self.near_boundary(line, at).map(|()| Kind::Data);
        };
        self.report.flags.lf_line |= after_bare_lf;
        if self.part.as_ref().is_some_and(|part| !part.has_data()) {
            // It stands where the part's header or its value should begin.
            self.report.flags.invalid_part = true;
            if !(tail.starts_with(b"--") && at + line.len() == self.input.len()) {
                return Ok(Kind::Data);
            }
        }
        if self.boundaries > 0 {
            self.report.flags.unmatched_boundary = 2;
        }
        let (kind, line_end) = match tail.strip_prefix(b"--") {
            Some(line_end) => (Kind::Final, line_end),
            None => (Kind::Opening, tail),
        };
        match line_end {
            b"\r\n" => self.report.flags.crlf_line = true,
            b"\n" => self.report.flags.lf_line = true,
            // The final boundary may end the body without a line end.
            b"" if matches!(kind, Kind::Final) => {}
            _ => return Err(Fault::Malformed { what: "invalid boundary", at }),
        }
        Ok(kind)
    }

    /// Notes what looks like a boundary and is none.
    fn near_boundary(&mut self, line: &[u8], at: usize) -> Result<(), Fault> {
        let Some(tail) = line.strip_prefix(b"--").filter(|tail| tail.len() > 1) else {
            if self.boundary.is_within(line) {
                self.report.flags.unmatched_boundary = 1;
            }
            return Ok(());
        };
        let quoted = tail.strip_prefix(b"\"").filter(|_| self.report.flags.boundary_quoted);
        if quoted.is_some_and(|tail| self.boundary.strip(tail).is_some()) {
            return Err(Fault::Malformed { what: "invalid boundary (quotes)", at });
        }
        let spaced = tail.trim_ascii_start();
        if spaced.len() < tail.len() && self.boundary.strip(spaced).is_some() {
            return Err(Fault::Malformed { what: "invalid boundary (whitespace)", at });
        }
        self.report.flags.unmatched_boundary = 1;
        Ok(())
    }

    fn data(&mut self, line: &'a [u8], at: usize) -> Result<(), Fault> {
        let Some(part) = &mut self.part else {
            self.report.flags.data_before = true;
            return Ok(());
        };
        if part.is_in_header() {
            self.report.bytes_without_files += line.len();
            let fault = part.header_line(line, at, &mut self.report.flags)?;
            fault.into_iter().for_each(|fault| self.note(fault));
        } else {
            part.grow(at);
        }
        Ok(())
    }

    /// Tells a finished part. The line end before the boundary belongs to the boundary.
    fn finish_part(&mut self, end: usize) -> Result<(), Fault> {
        let Some(mut part) = self.part.take() else { return Ok(()) };
        let Some(Disposition { name, filename }) = part.disposition() else {
            self.report.flags.invalid_part = true;
            return Ok(());
        };
        let raw = part.value().and_then(|start| self.input.get(start..end)).unwrap_or_default();
        let value = match raw.strip_suffix(b"\n") {
            Some(value) if end < self.input.len() => value.strip_suffix(b"\r").unwrap_or(value),
            _ => raw,
        };
        let piece = if filename.is_empty() {
            Piece::Argument { name: &name, value }
        } else {
            Piece::File { name: &name, filename: &filename, content: value }
        };
        if matches!(piece, Piece::Argument { .. }) {
            self.report.bytes_without_files += raw.len();
        }
        let mut has_room = (self.sink)(piece);
        for line in part.lines() {
            has_room = has_room && (self.sink)(Piece::PartHeader { name: &name, line });
        }
        if has_room { Ok(()) } else { Err(Fault::Full) }
    }

    fn note(&mut self, fault: Fault) {
        self.report.flags.error = true;
        self.report.fault.get_or_insert(fault);
    }
}

#[cfg(test)]
mod tests;
