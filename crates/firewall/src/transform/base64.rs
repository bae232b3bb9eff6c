//! Base64 (RFC 4648 §4), strictly and forgivingly.

use data_encoding::BASE64;
use memchr::memchr;

pub(super) fn encode(input: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    out.resize(start + BASE64.encode_len(input.len()), 0);
    if let Some(space) = out.get_mut(start..) {
        BASE64.encode_mut(input, space);
    }
    !input.is_empty()
}

/// Decodes up to the first NUL. Lines may be broken; anything else that is not Base64 empties the
/// value. Bits that do not fill a group of four digits are dropped.
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) -> bool {
    let text = memchr(0, input).and_then(|end| input.get(..end)).unwrap_or(input);
    if is_strict(text) {
        let digits = text.iter().filter_map(|byte| value(*byte));
        let whole = digits.clone().count();
        // Padding fills the last group, so that its bytes count.
        let padding = text.iter().filter(|byte| **byte == b'=').count();
        let usable = if (whole + padding) % 4 == 0 { whole } else { whole - whole % 4 };
        collect(digits.take(usable), out);
    }
    !input.is_empty()
}

/// Decodes what belongs to Base64 and skips the rest. One lone digit before padding empties the
/// value.
pub(super) fn decode_forgiving(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !is_broken(input) {
        collect(input.iter().filter_map(|byte| value(*byte)), out);
    }
    !input.is_empty()
}

fn is_broken(input: &[u8]) -> bool {
    let mut digits = 0_usize;
    let mut rest = input;
    while let [byte, after @ ..] = rest {
        if *byte == b'=' && digits % 4 == 1 && (after.first() != Some(&b'=')) {
            return true;
        }
        digits += usize::from(value(*byte).is_some());
        rest = after;
    }
    false
}

/// Digits, then at most two `=`; spaces only at the ends of lines.
fn is_strict(text: &[u8]) -> bool {
    let mut padding = 0;
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'\n' => {}
            b'\r' if after.first() == Some(&b'\n') => {}
            b' ' => {
                let behind = without_spaces(after);
                let is_line_end = matches!(behind, [] | [b'\n', ..] | [b'\r', b'\n', ..]);
                if !is_line_end {
                    return false;
                }
                rest = behind;
            }
            b'=' => padding += 1,
            _ if value(*byte).is_none() || padding > 0 => return false,
            _ => {}
        }
    }
    padding <= 2
}

fn without_spaces(mut text: &[u8]) -> &[u8] {
    while let [b' ', after @ ..] = text {
        text = after;
    }
    text
}

fn value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Appends the bytes of groups of six bits.
fn collect(digits: impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    let (mut bits, mut held) = (0_u32, 0_u32);
    for digit in digits {
        held = (held << 6 | u32::from(digit)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits).to_le_bytes()[0]);
        }
    }
}
