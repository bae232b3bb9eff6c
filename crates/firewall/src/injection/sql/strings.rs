//! Strings of SQL, with the prefixes that databases give them.

use memchr::{memchr, memmem};

use super::lexer::{Read, word};
use super::tables;
use super::token::{Kind, Token};

/// A string whose opening quote stands before the value.
pub(super) fn continued(rest: &[u8], quote: u8) -> Read<'_> {
    string(rest, quote, 0)
}

/// A string whose opening quote stands behind a prefix.
pub(super) fn quoted(rest: &[u8], prefix: usize) -> Read<'_> {
    let quote = rest.get(prefix).copied().unwrap_or(b'\'');
    let text = rest.get(prefix + 1..).unwrap_or_default();
    let (token, taken) = string(text, quote, quote);
    (token, prefix + 1 + taken)
}

/// MySQL's quoted names. Only functions are told apart.
pub(super) fn ticked(rest: &[u8]) -> Read<'_> {
    let (token, taken) = quoted(rest, 0);
    let kind = match tables::word(token.text) {
        Some((_, Kind::Function)) => Kind::Function,
        _ => Kind::Bareword,
    };
    (token.as_kind(kind), taken)
}

/// `E'…'`, `N'…'`, `U&'…'`, `q'(…)'`, `nq'(…)'`, or a word that only begins so.
pub(super) fn prefixed(rest: &[u8]) -> Read<'_> {
    match rest {
        [b'e' | b'E' | b'n' | b'N', b'\'', _, ..] => quoted(rest, 1),
        [b'u' | b'U', b'&', b'\'', ..] => unicode(rest),
        [b'q' | b'Q', b'\'', mark, text @ ..] if is_q_mark(*mark) => q_string(text, *mark, 3),
        [b'n' | b'N', b'q' | b'Q', b'\'', mark, text @ ..] if is_q_mark(*mark) => {
            q_string(text, *mark, 4)
        }
        _ => word(rest),
    }
}

fn unicode(rest: &[u8]) -> Read<'_> {
    let (token, taken) = quoted(rest, 2);
    let close = if token.close == b'\'' { b'u' } else { token.close };
    (Token { open: b'u', close, ..token }, taken)
}

fn is_q_mark(mark: u8) -> bool {
    (33..=127).contains(&mark)
}

/// Oracle's strings end with the mark's partner and a quote.
fn q_string(text: &[u8], mark: u8, prefix: usize) -> Read<'_> {
    let partner = match mark {
        b'(' => b')',
        b'[' => b']',
        b'{' => b'}',
        b'<' => b'>',
        _ => mark,
    };
    until(text, &[partner, b'\''], b'q', prefix)
}

/// A string up to a closing text; to the end of the value where that is missing.
pub(super) fn until<'a>(text: &'a [u8], end: &[u8], quote: u8, prefix: usize) -> Read<'a> {
    match memmem::find(text, end) {
        Some(at) => {
            let (inner, _) = text.split_at(at);
            (Token::quoted(inner, quote, quote), prefix + at + end.len())
        }
        None => (Token::quoted(text, quote, 0), prefix + text.len()),
    }
}

fn string(text: &[u8], quote: u8, open: u8) -> Read<'_> {
    match closing(text, quote) {
        Some(at) => {
            let (inner, _) = text.split_at(at);
            (Token::quoted(inner, open, quote), at + 1)
        }
        None => (Token::quoted(text, open, 0), text.len()),
    }
}

/// The first quote that is neither escaped nor doubled.
fn closing(text: &[u8], quote: u8) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr(quote, text.get(from..)?)?;
        let (before, rest) = text.split_at(at);
        from = if is_escape(before) {
            at + 1
        } else if rest.get(1) == Some(&quote) {
            at + 2
        } else {
            return Some(at);
        };
    }
}

/// Whether the text ends with an odd number of backslashes.
fn is_escape(before: &[u8]) -> bool {
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}
