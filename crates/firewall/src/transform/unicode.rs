//! UTF-8 into `%u` escapes.

use super::rewrite::keep_if_changed;

/// A character in UTF-8, however badly chosen.
struct Wide {
    code: u32,
    length: usize,
}

/// Characters of more than one byte become `%u` with four or more digits. What was coded too long
/// or is a surrogate keeps its first byte behind the escape; what is not a character loses it.
pub(super) fn from_utf8(input: &[u8], out: &mut Vec<u8>) -> bool {
    if input.is_ascii() && memchr::memchr(0, input).is_none() {
        return false;
    }
    let start = out.len();
    out.reserve(input.len() * 2);
    let mut rest = input;
    while let [first, after @ ..] = rest {
        rest = match *first {
            // A NUL is only kept at the end.
            0 if !after.is_empty() => after,
            0x80..=0xbf | 0xf8.. => {
                out.push(*first);
                after
            }
            0xc0..=0xf7 => escape(rest, out),
            _ => {
                out.push(*first);
                after
            }
        };
    }
    keep_if_changed(input, out, start)
}

fn escape<'a>(rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let [first, after @ ..] = rest else { return &[] };
    if *first >= 0xf5 {
        out.push(*first);
    }
    let Some(wide) = read(rest) else { return after };
    push(wide.code, out);
    if is_odd(&wide) {
        out.push(*first);
    }
    rest.split_at(wide.length).1
}

fn read(rest: &[u8]) -> Option<Wide> {
    let tail = |byte: &u8| (byte & 0xc0 == 0x80).then_some(u32::from(byte & 0x3f));
    Some(match rest {
        [a @ 0xc0..=0xdf, b, ..] => Wide { code: u32::from(a & 0x1f) << 6 | tail(b)?, length: 2 },
        [a @ 0xe0..=0xef, b, c, ..] => {
            Wide { code: u32::from(a & 0x0f) << 12 | tail(b)? << 6 | tail(c)?, length: 3 }
        }
        [a @ 0xf0..=0xf7, b, c, d, ..] => {
            let head = u32::from(a & 0x07) << 18 | tail(b)? << 12;
            Wide { code: head | tail(c)? << 6 | tail(d)?, length: 4 }
        }
        _ => return None,
    })
}

/// Surrogates, and characters that have a shorter form (RFC 3629 §3).
fn is_odd(wide: &Wide) -> bool {
    let shortest = match wide.code {
        0..=0x7f => 1,
        0x80..=0x7ff => 2,
        0x800..=0xffff => 3,
        _ => 4,
    };
    shortest < wide.length || matches!(wide.code, 0xd800..=0xdfff)
}

/// Appends `%u` and the code in at least four hexadecimal digits.
fn push(code: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"%u");
    for shift in [20, 16, 12, 8, 4, 0] {
        let left = code >> shift;
        if left > 0 || shift < 16 {
            out.push(super::hex::digit(left.to_le_bytes()[0] & 0x0f));
        }
    }
}
