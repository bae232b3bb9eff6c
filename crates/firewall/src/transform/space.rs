//! Whitespace.

use super::bytes::{contains, push_filtered};

/// Space, tab, line feed, vertical tab, form feed, carriage return: C's `isspace`.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

pub(super) fn remove(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !contains(input, is_removed) {
        return false;
    }
    push_filtered(input, out, |byte| !is_removed(byte));
    true
}

/// Both bytes of a no-break space in UTF-8 are removed, also where they stand alone.
fn is_removed(byte: u8) -> bool {
    is_space(byte) || byte == 0xa0 || byte == 0xc2
}

pub(super) fn compress(input: &[u8], out: &mut Vec<u8>) -> bool {
    let is_compressed = !contains(input, |byte| matches!(byte, b'\t'..=b'\r'))
        && !input.array_windows::<2>().any(|pair| pair == b"  ");
    if is_compressed {
        return false;
    }
    out.reserve(input.len());
    let mut after_space = false;
    for &byte in input {
        match is_space(byte) {
            true if after_space => {}
            true => out.push(b' '),
            false => out.push(byte),
        }
        after_space = is_space(byte);
    }
    true
}

pub(super) fn trim(input: &[u8], out: &mut Vec<u8>) -> bool {
    keep(input, out, without_end(without_beginning(input)))
}

pub(super) fn trim_left(input: &[u8], out: &mut Vec<u8>) -> bool {
    keep(input, out, without_beginning(input))
}

pub(super) fn trim_right(input: &[u8], out: &mut Vec<u8>) -> bool {
    keep(input, out, without_end(input))
}

fn keep(input: &[u8], out: &mut Vec<u8>, kept: &[u8]) -> bool {
    let changed = kept.len() != input.len();
    if changed {
        out.extend_from_slice(kept);
    }
    changed
}

fn without_beginning(mut input: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = input
        && is_space(*first)
    {
        input = rest;
    }
    input
}

fn without_end(mut input: &[u8]) -> &[u8] {
    while let [rest @ .., last] = input
        && is_space(*last)
    {
        input = rest;
    }
    input
}
