//! Percent-encoding, with the spaces of forms and the `%u` of old servers.

use memchr::memchr2;

use super::best_fit;
use super::digits::{hex_four, hex_pair, low_byte};
use super::rewrite::{Piece, rewrite};

pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite(input, out, |rest| memchr2(b'%', b'+', rest), read_percent)
}

pub(super) fn decode_unicode(input: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite(input, out, |rest| memchr2(b'%', b'+', rest), read_percent_u)
}

fn read_percent(rest: &[u8]) -> Piece {
    match rest {
        [b'+', ..] => Piece::Byte(b' ', 1),
        [_, high, low, ..] => {
            hex_pair(*high, *low).map_or(Piece::Copy(1), |byte| Piece::Byte(byte, 3))
        }
        _ => Piece::Copy(1),
    }
}

fn read_percent_u(rest: &[u8]) -> Piece {
    match rest {
        [b'%', b'u' | b'U', a, b, c, d, ..] => hex_four([*a, *b, *c, *d])
            .map_or(Piece::Copy(2), |code| Piece::Byte(ascii_for(code), 6)),
        [b'%', b'u' | b'U', ..] => Piece::Copy(2),
        _ => read_percent(rest),
    }
}

/// What a server that knows only ASCII makes of a code: its best fit, or else its low byte.
fn ascii_for(code: u16) -> u8 {
    best_fit::ascii(code).unwrap_or_else(|| low_byte(code))
}

pub(super) fn encode(input: &[u8], out: &mut Vec<u8>) -> bool {
    if input.iter().copied().all(is_plain) {
        return false;
    }
    out.reserve(input.len() * 3);
    for &byte in input {
        match byte {
            b' ' => out.push(b'+'),
            _ if is_plain(byte) => out.push(byte),
            _ => {
                out.push(b'%');
                super::hex::push(byte, out);
            }
        }
    }
    true
}

fn is_plain(byte: u8) -> bool {
    byte == b'*' || byte.is_ascii_alphanumeric()
}
