//! XML 1.0: one pass, no tree, no recursion, no expansion of entities, nothing fetched.
//!
//! Rules see two things of a document: all its text in one (`XML:/*`) and each attribute's value
//! (`XML://@*`; namespace declarations are no attributes in XPath's model). A document type is
//! skipped. A reference to an entity that it declares is a fault, so that no text stays unseen; so
//! is an encoding in which markup does not look like ASCII.

mod markup;
mod text;

use std::collections::HashSet;

use self::text::decode;
use super::{Fault, Piece, Sink};

/// Attributes of one element. They are compared with each other.
pub const ATTRIBUTES_MAX: usize = 256;

/// Reads an XML body. White space alone is an empty body and no fault.
///
/// # Errors
/// [`Fault::Malformed`], [`Fault::Depth`] beyond `depth_max`, [`Fault::Long`] beyond
/// [`ATTRIBUTES_MAX`], [`Fault::Full`]. What stands before the fault is told.
pub fn parse(input: &[u8], depth_max: usize, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let input_without_mark = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    if input_without_mark.trim_ascii().is_empty() {
        return Ok(());
    }
    let mut reader = Reader {
        input: input_without_mark,
        at: 0,
        text: Vec::new(),
        open: Vec::new(),
        has_root: false,
        depth_max,
        sink,
    };
    let result = reader.document();
    let text = std::mem::take(&mut reader.text);
    if reader.has_root && !sink(Piece::Text(&text)) {
        return Err(Fault::Full);
    }
    result
}

struct Reader<'a, 's, 'k> {
    input: &'a [u8],
    at: usize,
    /// The text so far.
    text: Vec<u8>,
    /// The names of the elements that are not closed yet.
    open: Vec<&'a [u8]>,
    has_root: bool,
    depth_max: usize,
    sink: &'s mut Sink<'k>,
}

impl<'a> Reader<'a, '_, '_> {
    fn document(&mut self) -> Result<(), Fault> {
        self.check_encoding()?;
        while let Some(byte) = self.peek() {
            if byte == b'<' {
                self.markup()?;
            } else {
                self.characters()?;
            }
        }
        if self.open.is_empty() && self.has_root {
            Ok(())
        } else {
            Err(self.malformed("the document ends too early"))
        }
    }

    /// Text up to the next markup. Outside the root only white space may stand.
    fn characters(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let end = memchr::memchr(b'<', self.rest()).map_or(self.input.len(), |found| start + found);
        let run = self.input.get(start..end).unwrap_or_default();
        if self.open.is_empty() {
            if !run.trim_ascii().is_empty() {
                return Err(self.malformed("text outside the root element"));
            }
        } else {
            decode(run, start, &mut self.text)?;
        }
        self.at = end;
        Ok(())
    }

    fn markup(&mut self) -> Result<(), Fault> {
        let rest = self.rest();
        if rest.starts_with(b"<!--") {
            self.comment()
        } else if rest.starts_with(b"<![CDATA[") {
            self.character_data()
        } else if rest.starts_with(b"<!DOCTYPE") {
            self.document_type()
        } else if rest.starts_with(b"<?") {
            self.skip_through(b"?>", 2).map(drop)
        } else if rest.starts_with(b"</") {
            self.end_tag()
        } else {
            self.start_tag()
        }
    }

    fn end_tag(&mut self) -> Result<(), Fault> {
        self.at += 2;
        let name = self.name()?;
        self.blanks();
        if self.take() != Some(b'>') {
            return Err(self.malformed("expected `>`"));
        }
        if self.open.pop() != Some(name) {
            return Err(self.malformed("an end tag without its start tag"));
        }
        Ok(())
    }

    fn start_tag(&mut self) -> Result<(), Fault> {
        if self.has_root && self.open.is_empty() {
            return Err(self.malformed("more than one root element"));
        }
        if self.open.len() >= self.depth_max {
            return Err(Fault::Depth);
        }
        self.at += 1;
        let name = self.name()?;
        self.has_root = true;
        let mut seen = HashSet::new();
        loop {
            let has_blank = self.blanks();
            match self.peek() {
                Some(b'>') => {
                    self.at += 1;
                    self.open.push(name);
                    return Ok(());
                }
                Some(b'/') => {
                    self.at += 1;
                    return match self.take() {
                        Some(b'>') => Ok(()),
                        _ => Err(self.malformed("expected `>`")),
                    };
                }
                Some(_) if has_blank => self.attribute(&mut seen)?,
                _ => return Err(self.malformed("expected white space or `>`")),
            }
        }
    }

    fn attribute(&mut self, seen: &mut HashSet<&'a [u8]>) -> Result<(), Fault> {
        let name = self.name()?;
        if !seen.insert(name) {
            return Err(self.malformed("an attribute twice"));
        }
        if seen.len() > ATTRIBUTES_MAX {
            return Err(Fault::Long { what: "list of attributes", max: ATTRIBUTES_MAX });
        }
        self.blanks();
        if self.take() != Some(b'=') {
            return Err(self.malformed("expected `=`"));
        }
        self.blanks();
        let (start, raw) = self.quoted()?;
        if raw.contains(&b'<') {
            return Err(self.malformed("`<` in an attribute"));
        }
        let mut value = Vec::with_capacity(raw.len());
        // XML 1.0 §3.3.3: white space becomes spaces, but not what is written as a reference.
        let spaced: Vec<u8> =
            raw.iter().map(|byte| if byte.is_ascii_whitespace() { b' ' } else { *byte }).collect();
        decode(&spaced, start, &mut value)?;
        let is_declaration = name == b"xmlns" || name.starts_with(b"xmlns:");
        if is_declaration || (self.sink)(Piece::Attribute(&value)) {
            Ok(())
        } else {
            Err(Fault::Full)
        }
    }
}

#[cfg(test)]
mod tests;
