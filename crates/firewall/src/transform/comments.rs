//! Comments of C, HTML, SQL and shells.

use memchr::{memchr_iter, memchr2};

use super::bytes::contains;
use super::rewrite::{Piece, keep_if_changed, rewrite};

/// Each C comment becomes one space; one that does not end, too.
pub(super) fn replace(input: &[u8], out: &mut Vec<u8>) -> bool {
    let mut rest = input;
    let mut changed = false;
    while let Some(at) = find_pair(rest, b'/', b'*') {
        let (plain, comment) = rest.split_at(at);
        out.extend_from_slice(plain);
        out.push(b' ');
        changed = true;
        let (_, text) = comment.split_at(2);
        rest = find_pair(text, b'*', b'/').map_or(&[], |end| text.split_at(end + 2).1);
    }
    if changed {
        out.extend_from_slice(rest);
    }
    changed
}

/// Where the two bytes stand together; quicker to begin than a search for text.
fn find_pair(text: &[u8], first: u8, second: u8) -> Option<usize> {
    memchr_iter(first, text).find(|at| text.get(at + 1) == Some(&second))
}

/// The marks alone go, their text stays.
pub(super) fn remove_marks(input: &[u8], out: &mut Vec<u8>) -> bool {
    if !contains(input, is_mark) {
        return false;
    }
    rewrite(input, out, find_mark, |rest| match rest {
        [b'<', b'!', b'-', b'-', ..] => Piece::Drop(4),
        [b'-', b'-', b'>', ..] => Piece::Drop(3),
        [b'/', b'*', ..] | [b'*', b'/', ..] | [b'-', b'-', ..] => Piece::Drop(2),
        [b'#', ..] => Piece::Drop(1),
        _ => Piece::Copy(1),
    })
}

fn find_mark(rest: &[u8]) -> Option<usize> {
    rest.iter().position(|byte| is_mark(*byte))
}

/// What a comment's mark begins with.
fn is_mark(byte: u8) -> bool {
    matches!(byte, b'/' | b'*' | b'-' | b'<' | b'#')
}

/// The comments go with their text. As in v3, the byte behind a comment is never the beginning of
/// the next one, a comment that ends the value leaves a NUL, and one that does not end a space.
pub(super) fn remove(input: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let mut rest = input;
    while let Some(at) = find_mark(rest) {
        let (plain, marked) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = match marked {
            [b'/', b'*', text @ ..] | [b'<', b'!', b'-', b'-', text @ ..] => behind(text, out),
            [b'-', b'-', ..] | [b'#', ..] => return true,
            [other, after @ ..] => {
                out.push(*other);
                after
            }
            [] => &[],
        };
    }
    out.extend_from_slice(rest);
    keep_if_changed(input, out, start)
}

fn behind<'a>(text: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let Some(rest) = after_end(text) else {
        out.push(b' ');
        return &[];
    };
    let Some((next, after)) = rest.split_first() else {
        out.push(0);
        return &[];
    };
    out.push(*next);
    after
}

/// What follows the first `*/` or `-->`.
fn after_end(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        let (_, end) = text.split_at(memchr2(b'*', b'-', text)?);
        match end {
            [b'*', b'/', rest @ ..] | [b'-', b'-', b'>', rest @ ..] => return Some(rest),
            _ => text = end.split_at(1).1,
        }
    }
}
