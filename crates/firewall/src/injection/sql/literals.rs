//! Numbers, money, bit strings and variables of SQL.

use super::lexer::{Read, head, is_mark, is_white, word};
use super::strings::{quoted, ticked, until};
use super::token::{Kind, Token};

/// How many bytes at the head are of a class. A NUL counts, as in C where it ends the class.
fn span(rest: &[u8], is_member: impl Fn(u8) -> bool) -> usize {
    rest.iter().take_while(|byte| **byte == 0 || is_member(**byte)).count()
}

fn digits(rest: &[u8]) -> usize {
    rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn is_bit(byte: u8) -> bool {
    matches!(byte, b'0' | b'1')
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

/// `b'0101'` and `x'0aff'`, or a word.
pub(super) fn bits(rest: &[u8]) -> Read<'_> {
    let [letter, b'\'', text @ ..] = rest else { return word(rest) };
    let is_member = if matches!(letter, b'b' | b'B') { is_bit } else { is_hex };
    let length = span(text, is_member);
    match text.get(length) {
        Some(b'\'') => head(rest, Kind::Number, length + 3),
        _ => word(rest),
    }
}

/// A number in any notation. `.` is a dot; `1.e` is nothing at all, as in MySQL, which skips it.
pub(super) fn number(rest: &[u8]) -> Read<'_> {
    if let Some(read) = based(rest) {
        return read;
    }
    let mut length = digits(rest);
    if rest.get(length) == Some(&b'.') {
        length += 1 + digits(rest.get(length + 1..).unwrap_or_default());
        if length == 1 {
            return head(rest, Kind::Dot, 1);
        }
    }
    let (exponent, kind) = exponent(rest.get(length..).unwrap_or_default());
    length += exponent;
    length += usize::from(has_suffix(rest.get(length..).unwrap_or_default()));
    head(rest, kind, length)
}

/// `0x1f` and `0b01`; without digits they are names.
fn based(rest: &[u8]) -> Option<Read<'_>> {
    let length = match rest {
        [b'0', b'x' | b'X', text @ ..] => span(text, is_hex),
        [b'0', b'b' | b'B', text @ ..] => span(text, is_bit),
        _ => return None,
    };
    let kind = if length == 0 { Kind::Bareword } else { Kind::Number };
    Some(head(rest, kind, 2 + length))
}

/// The length of an exponent, and what the number becomes: nothing where the digits are missing.
fn exponent(rest: &[u8]) -> (usize, Kind) {
    let [b'e' | b'E', after @ ..] = rest else { return (0, Kind::Number) };
    let sign = usize::from(matches!(after, [b'+' | b'-', ..]));
    let digits = digits(after.get(sign..).unwrap_or_default());
    let kind = if digits == 0 { Kind::Nothing } else { Kind::Number };
    (1 + sign + digits, kind)
}

/// Oracle's suffix of floats, where something follows that cannot belong to a word. The `u` is
/// that of `1fUNION`.
fn has_suffix(rest: &[u8]) -> bool {
    let [b'd' | b'D' | b'f' | b'F', after @ ..] = rest else { return false };
    match after {
        [] => true,
        [next, ..] => is_white(*next) || matches!(next, b';' | b'u' | b'U'),
    }
}

/// `$1,000.00`, and PostgreSQL's strings in dollars.
pub(super) fn money(rest: &[u8]) -> Read<'_> {
    let after = rest.get(1..).unwrap_or_default();
    let length = span(after, |byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    match after {
        [] => head(rest, Kind::Bareword, 1),
        [b'$', text @ ..] => until(text, b"$$", b'$', 2),
        [b'.', ..] if length == 1 => word(rest),
        _ if length > 0 => head(rest, Kind::Number, 1 + length),
        _ => tagged(rest),
    }
}

/// `$tag$…$tag$`, or a lone dollar.
fn tagged(rest: &[u8]) -> Read<'_> {
    let after = rest.get(1..).unwrap_or_default();
    let letters = span(after, |byte| byte.is_ascii_alphabetic());
    match after.get(letters) {
        Some(b'$') if letters > 0 => {
            let (tag, text) = rest.split_at(letters + 2);
            until(text, tag, b'$', letters + 2)
        }
        _ => head(rest, Kind::Bareword, 1),
    }
}

/// `@name`, `@@name`, with quotes or ticks around the name or without.
pub(super) fn variable(rest: &[u8]) -> Read<'_> {
    let marks = if rest.starts_with(b"@@") { 2 } else { 1 };
    let name = rest.get(marks..).unwrap_or_default();
    let (token, taken) = match name {
        [b'`', ..] => ticked(name),
        [b'\'' | b'"', ..] => quoted(name, 0),
        _ => {
            let length = name.iter().position(|byte| ends_variable(*byte));
            let (text, _) = name.split_at(length.unwrap_or(name.len()));
            (Token::new(Kind::Variable, text), text.len())
        }
    };
    (token.as_kind(Kind::Variable), marks + taken)
}

fn ends_variable(byte: u8) -> bool {
    is_mark(byte)
        || matches!(
            byte,
            0 | b' ' | b'\t'..=b'\r' | b'<' | b'>' | b'(' | b')' | b'\'' | b'"' | b'`'
        )
}
