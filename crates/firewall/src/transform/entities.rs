//! HTML entities: numbers, and the five names that every browser has always known.

use memchr::memchr;

use super::digits::hex;
use super::rewrite::{Piece, rewrite};

/// The names and what they stand for; the no-break space in Latin-1.
const NAMES: &[(&[u8], u8)] =
    &[(b"quot", b'"'), (b"amp", b'&'), (b"lt", b'<'), (b"gt", b'>'), (b"nbsp", 0xa0)];

pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    rewrite(input, out, |rest| memchr(b'&', rest), read)
}

fn read(rest: &[u8]) -> Piece {
    let (byte, length) = match rest {
        [_, b'#', b'x' | b'X', digits @ ..] => (number(digits, 16), 3),
        [_, b'#', digits @ ..] => (number(digits, 10), 2),
        [_, name @ ..] => (named(name), 1),
        [] => (None, 1),
    };
    let Some((byte, taken)) = byte else { return Piece::Copy(length) };
    let length = length + taken;
    Piece::Byte(byte, length + usize::from(rest.get(length) == Some(&b';')))
}

/// The low byte of all digits at the head, and how many there are.
fn number(rest: &[u8], base: u8) -> Option<(u8, usize)> {
    let digits = rest.iter().map_while(|byte| hex(*byte).filter(|digit| *digit < base));
    let (count, number) = digits.fold((0, 0_u64), |(count, number), digit| {
        let number = number.saturating_mul(u64::from(base)).saturating_add(u64::from(digit));
        (count + 1, number)
    });
    let [.., low] = number.to_be_bytes();
    (count > 0).then_some((low, count))
}

fn named(rest: &[u8]) -> Option<(u8, usize)> {
    let is_prefix =
        |name: &[u8]| rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
    NAMES.iter().find(|(name, _)| is_prefix(name)).map(|(name, byte)| (*byte, name.len()))
}
