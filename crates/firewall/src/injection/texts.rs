//! Reads tables from text while the crate is compiled. A fault here is a build error.

/// Cuts the head off a text, up to the next `end` or line feed. Nothing at the end of the text.
pub(super) const fn next(text: &[u8], end: u8) -> Option<(&[u8], &[u8])> {
    if text.is_empty() {
        return None;
    }
    let mut length = 0;
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        if *byte == end || *byte == b'\n' {
            return Some((text.split_at(length).0, after));
        }
        length += 1;
        rest = after;
    }
    Some((text, &[]))
}

/// How many pieces [`next`] finds.
pub(super) const fn count(text: &[u8], end: u8) -> usize {
    let mut count = 0;
    let mut rest = text;
    while let Some((_, after)) = next(rest, end) {
        count += 1;
        rest = after;
    }
    count
}
