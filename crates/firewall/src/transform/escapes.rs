//! Backslash escapes: JavaScript, CSS and ANSI C.

use memchr::memchr;

use super::digits::{hex, hex_four, hex_pair, low_byte, octal};
use super::rewrite::{Piece, rewrite};
use super::space::is_space;

pub(super) fn java_script(input: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite(input, out, |rest| memchr(b'\\', rest), read_java_script)
}

pub(super) fn ansi_c(input: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite(input, out, |rest| memchr(b'\\', rest), read_ansi_c)
}

pub(super) fn css(input: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite(input, out, |rest| memchr(b'\\', rest), read_css)
}

fn read_java_script(rest: &[u8]) -> Piece {
    if let [_, b'u', a, b, c, d, ..] = rest
        && let Some(code) = hex_four([*a, *b, *c, *d])
    {
        return Piece::Byte(low_byte(code), 6);
    }
    if let [_, b'x', high, low, ..] = rest
        && let Some(byte) = hex_pair(*high, *low)
    {
        return Piece::Byte(byte, 4);
    }
    let [_, escaped @ ..] = rest else { return Piece::Copy(1) };
    match escaped {
        // A third digit would not fit into the byte.
        [b'4'..=b'7', second @ b'0'..=b'7', b'0'..=b'7', ..] => {
            let first = escaped.first().map_or(0, |digit| digit - b'0');
            Piece::Byte(first * 8 + (second - b'0'), 3)
        }
        [b'0'..=b'7', ..] => {
            octal(escaped).map_or(Piece::Copy(1), |(digits, byte)| Piece::Byte(byte, 1 + digits))
        }
        [letter, ..] => Piece::Byte(control(*letter).unwrap_or(*letter), 2),
        [] => Piece::Copy(1),
    }
}

fn read_ansi_c(rest: &[u8]) -> Piece {
    let [_, escaped @ ..] = rest else { return Piece::Copy(1) };
    match escaped {
        [] => Piece::Copy(1),
        [b'x' | b'X', high, low, ..] if hex_pair(*high, *low).is_some() => {
            Piece::Byte(hex_pair(*high, *low).unwrap_or_default(), 4)
        }
        [b'0'..=b'7', ..] => {
            octal(escaped).map_or(Piece::Copy(1), |(digits, byte)| Piece::Byte(byte, 1 + digits))
        }
        [letter, ..] => Piece::Byte(control(*letter).unwrap_or(*letter), 2),
    }
}

/// The control character that a letter after a backslash means.
fn control(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'r' => b'\r',
        _ => return None,
    })
}

fn read_css(rest: &[u8]) -> Piece {
    let [_, escaped @ ..] = rest else { return Piece::Copy(1) };
    let count = escaped.iter().take(6).take_while(|byte| hex(**byte).is_some()).count();
    let (digits, after) = escaped.split_at(count);
    if let Some(byte) = css_byte(digits) {
        // One whitespace character ends an escape and belongs to it.
        let space = usize::from(after.first().is_some_and(|byte| is_space(*byte)));
        return Piece::Byte(byte, 1 + count + space);
    }
    match escaped {
        [] => Piece::Drop(1),
        [b'\n', ..] => Piece::Drop(2),
        [byte, ..] => Piece::Byte(*byte, 2),
    }
}

/// The low byte of one to six hexadecimal digits. Full-width forms become ASCII where nothing but
/// zeros stands before their four digits.
fn css_byte(digits: &[u8]) -> Option<u8> {
    match digits {
        [] => None,
        [digit] => hex(*digit),
        [a, b, c, d] | [b'0', a, b, c, d] | [b'0', b'0', a, b, c, d] => {
            hex_four([*a, *b, *c, *d]).map(low_byte)
        }
        [.., high, low] => hex_pair(*high, *low),
    }
}
