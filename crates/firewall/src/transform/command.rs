//! Command lines as shells see them, of Windows and of Unix.

use super::bytes::contains;
use super::rewrite::keep_if_changed;

pub(super) fn cmd_line(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !contains(input, may_change) {
        return false;
    }
    let start = out.len();
    out.reserve(input.len());
    let mut after_space = false;
    for &byte in input {
        match byte {
            b'"' | b'\'' | b'\\' | b'^' => continue,
            b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => {
                if !after_space {
                    out.push(b' ');
                }
                after_space = true;
                continue;
            }
            b'/' | b'(' => {
                if after_space {
                    out.pop();
                }
                out.push(byte);
            }
            _ => out.push(byte.to_ascii_lowercase()),
        }
        after_space = false;
    }
    keep_if_changed(input, out, start)
}

/// Single spaces stay, but whether they are single shows only later.
fn may_change(byte: u8) -> bool {
    byte.is_ascii_uppercase()
        || matches!(byte, b'"' | b'\'' | b'\\' | b'^' | b' ' | b',' | b';' | b'\t' | b'\r' | b'\n')
}
