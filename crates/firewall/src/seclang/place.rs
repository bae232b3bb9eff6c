//! Text that remembers where each of its bytes came from.

use crate::CompileError;

/// A line and a column of a rule file, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// What is wrong at a place of a file that the finder does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) place: Place,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Fault {
    pub(crate) fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    pub(crate) fn in_file(self, file: &str) -> CompileError {
        CompileError {
            file: file.to_owned(),
            line: self.place.line,
            column: self.place.column,
            message: self.message,
            hint: self.hint,
        }
    }
}

/// A piece of a rule file, with continuations joined and quotes taken off.
#[derive(Debug, Clone, Default)]
pub(crate) struct Piece {
    text: String,
    anchors: Vec<Anchor>,
}

/// From `offset` on, bytes follow each other in the file, beginning at `place`.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    offset: usize,
    place: Place,
}

impl Piece {
    /// Text that came from one line.
    pub(crate) fn plain(text: &str) -> Self {
        let anchor = Anchor { offset: 0, place: Place { line: 1, column: 1 } };
        Self { text: text.to_owned(), anchors: vec![anchor] }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn start(&self) -> Place {
        self.place(0)
    }

    /// Adds a character that stands at `place`.
    pub(crate) fn push(&mut self, c: char, place: Place) {
        if self.place(self.text.len()) != place {
            self.anchors.push(Anchor { offset: self.text.len(), place });
        }
        self.text.push(c);
    }

    /// Where the byte at `offset` came from.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let after = self.anchors.partition_point(|anchor| anchor.offset <= offset);
        let Some(anchor) = after.checked_sub(1).and_then(|index| self.anchors.get(index)) else {
            return Place::default();
        };
        let column = anchor.place.column.saturating_add((offset - anchor.offset) as u32);
        Place { line: anchor.place.line, column }
    }

    /// The part between two offsets; empty where they do not lie on characters.
    pub(crate) fn slice(&self, from: usize, to: usize) -> Self {
        let text = self.text.get(from..to).unwrap_or_default().to_owned();
        let mut anchors = vec![Anchor { offset: 0, place: self.place(from) }];
        let inside =
            self.anchors.iter().filter(|anchor| anchor.offset > from && anchor.offset < to);
        anchors.extend(
            inside.map(|anchor| Anchor { offset: anchor.offset - from, place: anchor.place }),
        );
        Self { text, anchors }
    }

    /// Without white space at both ends.
    pub(crate) fn trim(&self) -> Self {
        let from = self.text.len() - self.text.trim_start().len();
        self.slice(from, from + self.text.trim().len())
    }

    /// A fault at a byte of this piece.
    pub(crate) fn fault(&self, offset: usize, message: impl Into<String>) -> Fault {
        Fault::new(self.place(offset), message)
    }
}

/// One directive's text: continued lines joined, comments and empty lines left out.
pub(crate) fn logical_lines(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut current: Option<Piece> = None;
    for (index, raw) in text.split('\n').enumerate() {
        let raw = raw.strip_suffix('\r').unwrap_or(raw);
        let line = index as u32 + 1;
        let skipped = raw.len() - raw.trim_start().len();
        let is_continuation = current.is_some();
        if !is_continuation && raw.trim_start().starts_with('#') {
            continue;
        }
        let (body, goes_on) = match raw.trim_end().strip_suffix('\\') {
            Some(body) => (body, true),
            None => (raw.trim_end(), false),
        };
        let piece = current.get_or_insert_default();
        for (offset, c) in body.get(skipped..).unwrap_or_default().char_indices() {
            piece.push(c, Place { line, column: (skipped + offset) as u32 + 1 });
        }
        if !goes_on {
            pieces.extend(current.take().filter(|piece| !piece.text().trim().is_empty()));
        }
    }
    pieces.extend(current.filter(|piece| !piece.text().trim().is_empty()));
    pieces
}

/// The words of a directive. A word may stand in double or single quotes, in which a quote is
/// written with a backslash before it; every other backslash stays as it is.
pub(crate) fn words(line: &Piece) -> Result<Vec<Piece>, Fault> {
    let mut words = Vec::new();
    let mut chars = line.text().char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if c.is_ascii_whitespace() {
            continue;
        }
        if c != '"' && c != '\'' {
            let mut end = line.text().len();
            while let Some((offset, c)) = chars.peek().copied() {
                if c.is_ascii_whitespace() {
                    end = offset;
                    break;
                }
                chars.next();
            }
            words.push(line.slice(start, end));
            continue;
        }
        words.push(quoted(line, start, c, &mut chars)?);
    }
    Ok(words)
}

type Chars<'a> = std::iter::Peekable<std::str::CharIndices<'a>>;

fn quoted(line: &Piece, start: usize, quote: char, rest: &mut Chars<'_>) -> Result<Piece, Fault> {
    let mut word = Piece::default();
    // An empty word still has a place.
    word.anchors.push(Anchor { offset: 0, place: line.place(start + 1) });
    while let Some((offset, c)) = rest.next() {
        if c == quote {
            return Ok(word);
        }
        if c == '\\' && rest.peek().is_some_and(|(_, next)| *next == quote) {
            rest.next();
            word.push(quote, line.place(offset + 1));
        } else {
            word.push(c, line.place(offset));
        }
    }
    Err(line.fault(start, format!("the quote `{quote}` is not closed")))
}
