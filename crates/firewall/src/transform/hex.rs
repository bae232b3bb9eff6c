//! Hexadecimal.

use memchr::memchr;

use super::digits::{hex_pair, hex_pair_unchecked};
use super::rewrite::keep_if_changed;

/// Appends a byte as two digits.
pub(super) fn push(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[digit(byte >> 4), digit(byte & 0x0f)]);
}

/// The digit of a value below 16.
pub(super) fn digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'a' - 10 + value.min(15),
    }
}

pub(super) fn encode(input: &[u8], out: &mut Vec<u8>) -> bool {
    out.reserve(input.len() * 2);
    for byte in input {
        push(*byte, out);
    }
    !input.is_empty()
}

/// Pairs are decoded whether or not they are digits; an odd last one is left out.
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    let (pairs, _) = input.as_chunks::<2>();
    out.extend(pairs.iter().map(|[high, low]| hex_pair_unchecked(*high, *low)));
    !input.is_empty()
}

pub(super) fn decode_sql(input: &[u8], out: &mut Vec<u8>) -> bool {
    if memchr(b'0', input).is_none() {
        return false;
    }
    let start = out.len();
    let mut rest = input;
    while let Some(at) = memchr(b'0', rest) {
        let (plain, marked) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = literal(marked, out);
    }
    out.extend_from_slice(rest);
    keep_if_changed(input, out, start)
}

/// Appends the bytes of a literal at the head, or its first byte as it is.
fn literal<'a>(marked: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let [first, after @ ..] = marked else { return &[] };
    let mut rest = match after {
        [b'x' | b'X', high, low, ..] if hex_pair(*high, *low).is_some() => after.split_at(1).1,
        _ => {
            out.push(*first);
            return after;
        }
    };
    while let [high, low, next @ ..] = rest
        && let Some(byte) = hex_pair(*high, *low)
    {
        out.push(byte);
        rest = next;
    }
    rest
}
