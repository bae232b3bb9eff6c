//! Byte by byte: case, NUL, parity, length.

use memchr::memchr;

use super::rewrite::keep_if_changed;

pub(super) fn lowercase(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !contains(input, |byte| byte.is_ascii_uppercase()) {
        return false;
    }
    out.extend(input.iter().map(u8::to_ascii_lowercase));
    true
}

pub(super) fn uppercase(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !contains(input, |byte| byte.is_ascii_lowercase()) {
        return false;
    }
    out.extend(input.iter().map(u8::to_ascii_uppercase));
    true
}

/// Whether a byte of the class occurs: by blocks without branches, so that they become vectors.
pub(super) fn contains(input: &[u8], is_wanted: impl Fn(u8) -> bool) -> bool {
    let hit = |block: &[u8]| block.iter().fold(false, |hit, byte| hit | is_wanted(*byte));
    let (blocks, rest) = input.as_chunks::<32>();
    blocks.iter().any(|block| hit(block)) || hit(rest)
}

pub(super) fn remove_nulls(input: &[u8], out: &mut Vec<u8>) -> bool {
    if memchr(0, input).is_none() {
        return false;
    }
    push_filtered(input, out, |byte| byte != 0);
    true
}

/// Appends the bytes that stay.
pub(super) fn push_filtered(input: &[u8], out: &mut Vec<u8>, stays: impl Fn(u8) -> bool) {
    let start = out.len();
    out.resize(start + input.len(), 0);
    let mut places = out.iter_mut().skip(start);
    let kept = input.iter().filter(|byte| stays(**byte)).zip(places.by_ref());
    let count = kept.map(|(byte, place)| *place = *byte).count();
    out.truncate(start + count);
}

pub(super) fn replace_nulls(input: &[u8], out: &mut Vec<u8>) -> bool {
    if memchr(0, input).is_none() {
        return false;
    }
    out.extend(input.iter().map(|byte| if *byte == 0 { b' ' } else { *byte }));
    true
}

pub(super) fn parity_even(input: &[u8], out: &mut Vec<u8>) -> bool {
    each(input, out, |byte| if is_odd(byte) { byte | 0x80 } else { byte & 0x7f })
}

pub(super) fn parity_odd(input: &[u8], out: &mut Vec<u8>) -> bool {
    each(input, out, |byte| if is_odd(byte) { byte & 0x7f } else { byte | 0x80 })
}

pub(super) fn parity_zero(input: &[u8], out: &mut Vec<u8>) -> bool {
    each(input, out, |byte| byte & 0x7f)
}

/// Whether the number of ones is odd, the eighth bit counted too.
fn is_odd(byte: u8) -> bool {
    byte.count_ones() % 2 == 1
}

fn each(input: &[u8], out: &mut Vec<u8>, map: impl Fn(u8) -> u8) -> bool {
    let start = out.len();
    out.extend(input.iter().map(|byte| map(*byte)));
    keep_if_changed(input, out, start)
}

pub(super) fn length(input: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    out.extend_from_slice(input.len().to_string().as_bytes());
    keep_if_changed(input, out, start)
}
