//! Cuts a value into tokens of SQL: all dialects at once, as far as they agree.

use memchr::{memchr, memmem};

use super::token::{Kind, Token};
use super::{literals, strings, tables};

/// Where databases differ in what begins a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `--` begins a comment, `#` is an operator.
    Ansi,
    /// `#` begins a comment, and `--` only before whitespace.
    MySql,
}

/// A token, and how many bytes it took.
pub(super) type Read<'a> = (Token<'a>, usize);

/// Reads tokens one by one.
pub(super) struct Lexer<'a> {
    rest: &'a [u8],
    dialect: Dialect,
    /// The quote to pretend before the first byte.
    quote: Option<u8>,
    /// Tokens so far.
    pub(super) tokens_read: usize,
    /// A comment was met that only one of the dialects has.
    pub(super) has_dialect_comment: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(value: &'a [u8], quote: Option<u8>, dialect: Dialect) -> Self {
        Self { rest: value, dialect, quote, tokens_read: 0, has_dialect_comment: false }
    }

    /// The next token; comments are tokens too, whitespace is none.
    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let (token, taken) = match self.quote.take() {
                Some(quote) if !self.rest.is_empty() => strings::continued(self.rest, quote),
                _ => {
                    let start = self.rest.iter().position(|byte| !is_blank(*byte))?;
                    self.rest = self.rest.split_at(start).1;
                    self.read()
                }
            };
            self.rest = self.rest.get(taken.max(1)..).unwrap_or_default();
            if token.kind != Kind::Nothing {
                self.tokens_read += 1;
                return Some(token);
            }
        }
    }

    fn read(&mut self) -> Read<'a> {
        let rest = self.rest;
        let first = rest.first().copied().unwrap_or_default();
        match first {
            b'"' | b'\'' => strings::quoted(rest, 0),
            b'`' => strings::ticked(rest),
            b'#' => self.hash(),
            b'-' => self.dash(),
            b'/' => slash(rest),
            b'%' | b'+' | b'^' | b'~' => operator(rest, 1),
            b'!' | b'&' | b'*' | b':' | b'<' | b'=' | b'>' | b'|' => operators(rest),
            b'(' => one(rest, Kind::LeftParenthesis),
            b')' => one(rest, Kind::RightParenthesis),
            b'{' => one(rest, Kind::LeftBrace),
            b'}' => one(rest, Kind::RightBrace),
            b',' => one(rest, Kind::Comma),
            b';' => one(rest, Kind::Semicolon),
            b'?' | b']' => one(rest, Kind::Unknown),
            b'\\' => backslash(rest),
            b'[' => bracketed(rest),
            b'@' => literals::variable(rest),
            b'$' => literals::money(rest),
            b'.' | b'0'..=b'9' => literals::number(rest),
            b'b' | b'B' | b'x' | b'X' => literals::bits(rest),
            b'e' | b'E' | b'n' | b'N' | b'q' | b'Q' | b'u' | b'U' => strings::prefixed(rest),
            _ => word(rest),
        }
    }

    fn hash(&mut self) -> Read<'a> {
        self.has_dialect_comment = true;
        match self.dialect {
            Dialect::Ansi => operator(self.rest, 1),
            Dialect::MySql => line_comment(self.rest),
        }
    }

    fn dash(&mut self) -> Read<'a> {
        match self.rest {
            [_, b'-'] => line_comment(self.rest),
            [_, b'-', next, ..] if is_white(*next) => line_comment(self.rest),
            [_, b'-', ..] if self.dialect == Dialect::Ansi => {
                self.has_dialect_comment = true;
                line_comment(self.rest)
            }
            _ => operator(self.rest, 1),
        }
    }
}

/// What stands between tokens: control characters, spaces, and the no-break space of Latin-1.
fn is_blank(byte: u8) -> bool {
    matches!(byte, 0..=b' ' | 0x7f | 0xa0)
}

/// Whitespace of SQL; Oracle counts NUL, MySQL in Latin-1 the no-break space.
pub(super) fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0xa0 | 0)
}

/// A token of the first `length` bytes.
pub(super) fn head(rest: &[u8], kind: Kind, length: usize) -> Read<'_> {
    let text = rest.get(..length).unwrap_or(rest);
    (Token::new(kind, text), text.len())
}

fn one(rest: &[u8], kind: Kind) -> Read<'_> {
    head(rest, kind, 1)
}

fn operator(rest: &[u8], length: usize) -> Read<'_> {
    head(rest, Kind::Operator, length)
}

fn operators(rest: &[u8]) -> Read<'_> {
    if rest.starts_with(b"<=>") {
        return operator(rest, 3);
    }
    if let Some((_, kind)) = rest.get(..2).and_then(tables::word) {
        return head(rest, kind, 2);
    }
    match rest {
        [b':', _, ..] => one(rest, Kind::Colon),
        _ => operator(rest, 1),
    }
}

fn line_comment(rest: &[u8]) -> Read<'_> {
    let end = memchr(b'\n', rest);
    let (token, length) = head(rest, Kind::Comment, end.unwrap_or(rest.len()));
    (token, length + 1)
}

/// A comment, or a division. Nested comments and those that MySQL runs are evil.
fn slash(rest: &[u8]) -> Read<'_> {
    let [b'/', b'*', text @ ..] = rest else { return operator(rest, 1) };
    let end = memmem::find(text, b"*/");
    // PostgreSQL nests comments; a `/*/` before the end counts as a beginning too.
    let inner = end.and_then(|end| text.get(..=end)).unwrap_or_default();
    let is_evil = memmem::find(inner, b"/*").is_some() || text.first() == Some(&b'!');
    let kind = if is_evil { Kind::Evil } else { Kind::Comment };
    let length = end.map_or(rest.len(), |end| end + 4);
    let (token, _) = head(rest, kind, length);
    (token, length)
}

/// `\N` is MySQL's NULL.
fn backslash(rest: &[u8]) -> Read<'_> {
    match rest {
        [_, b'N', ..] => head(rest, Kind::Number, 2),
        _ => one(rest, Kind::Backslash),
    }
}

/// SQL Server's names in brackets.
fn bracketed(rest: &[u8]) -> Read<'_> {
    head(rest, Kind::Bareword, memchr(b']', rest).map_or(rest.len(), |end| end + 1))
}

/// A word, with dots and ticks inside; one that begins with a known word ends at the dot.
pub(super) fn word(rest: &[u8]) -> Read<'_> {
    let length = rest.iter().position(|byte| ends_word(*byte)).unwrap_or(rest.len());
    let (token, _) = head(rest, Kind::Bareword, length);
    let joints = token.text.iter().enumerate().filter(|(_, byte)| matches!(byte, b'.' | b'`'));
    for (joint, _) in joints {
        match token.text.get(..joint).and_then(tables::word) {
            Some((_, kind)) if kind != Kind::Bareword => return head(rest, kind, joint),
            _ => {}
        }
    }
    if token.text.len() < length {
        return (token, length);
    }
    let kind = tables::word(token.text).map_or(Kind::Bareword, |(_, kind)| kind);
    (token.as_kind(kind), length)
}

fn ends_word(byte: u8) -> bool {
    is_white(byte)
        || matches!(byte, b'[' | b']' | b'{' | b'}' | b'(' | b')' | b'<' | b'>' | b'\'' | b'"')
        || is_mark(byte)
}

/// Punctuation that ends words and variables.
pub(super) fn is_mark(byte: u8) -> bool {
    matches!(
        byte,
        b':' | b'\\'
            | b'?'
            | b'='
            | b'@'
            | b'!'
            | b'#'
            | b'~'
            | b'+'
            | b'-'
            | b'*'
            | b'/'
            | b'&'
            | b'|'
            | b'^'
            | b'%'
            | b','
            | b';'
    )
}
