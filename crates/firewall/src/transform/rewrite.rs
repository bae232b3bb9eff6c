//! The loop that all decoders share: plain runs are copied, marked places are read.

/// What the bytes at a mark stand for.
pub(super) enum Piece {
    /// One byte in place of so many.
    Byte(u8, usize),
    /// So many bytes as they are.
    Copy(usize),
    /// So many bytes left out.
    Drop(usize),
}

/// Reads `input` from mark to mark. `find` says where the next mark is, `read` what stands there;
/// `read` is only ever given a slice that begins with a mark.
pub(super) fn rewrite(
    input: &[u8],
    out: &mut Vec<u8>,
    find: impl Fn(&[u8]) -> Option<usize>,
    read: impl Fn(&[u8]) -> Piece,
) -> bool {
    let Some(first) = find(input) else { return false };
    let start = out.len();
    out.reserve(input.len());
    let mut next = Some(first);
    let mut rest = input;
    while let Some(at) = next {
        let (plain, marked) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = take(marked, out, &read(marked));
        next = find(rest);
    }
    out.extend_from_slice(rest);
    keep_if_changed(input, out, start)
}

fn take<'a>(marked: &'a [u8], out: &mut Vec<u8>, piece: &Piece) -> &'a [u8] {
    let (Piece::Byte(_, length) | Piece::Copy(length) | Piece::Drop(length)) = piece;
    // At least one byte is taken, so that the loop ends.
    let (taken, rest) = marked.split_at((*length).clamp(1, marked.len()));
    match piece {
        Piece::Byte(byte, _) => out.push(*byte),
        Piece::Copy(_) => out.extend_from_slice(taken),
        Piece::Drop(_) => {}
    }
    rest
}

/// Takes back what was appended since `start` where it is the input again.
pub(super) fn keep_if_changed(input: &[u8], out: &mut Vec<u8>, start: usize) -> bool {
    let changed = out.get(start..) != Some(input);
    if !changed {
        out.truncate(start);
    }
    changed
}
