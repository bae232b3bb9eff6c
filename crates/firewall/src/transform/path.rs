//! Paths without detours.

use std::borrow::Cow;

use super::rewrite::keep_if_changed;

pub(super) fn normalize(input: &[u8], out: &mut Vec<u8>) -> bool {
    walk(input, input, out)
}

pub(super) fn normalize_windows(input: &[u8], out: &mut Vec<u8>) -> bool {
    let path: Cow<'_, [u8]> = match memchr::memchr(b'\\', input) {
        Some(_) => input
            .iter()
            .map(|byte| if *byte == b'\\' { b'/' } else { *byte })
            .collect::<Vec<_>>()
            .into(),
        None => input.into(),
    };
    walk(input, &path, out)
}

/// Appends the normal form of `path`; `input` is what it has to differ from.
fn walk(input: &[u8], path: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let mut walk = Walk { out, start, relative: path.first() != Some(&b'/'), at_root: false };
    let mut rest = path;
    while !rest.is_empty() {
        let end = memchr::memchr(b'/', rest).unwrap_or(rest.len());
        let (segment, after) = rest.split_at(end);
        walk.segment(segment, after.is_empty());
        let slashes = after.iter().take_while(|byte| **byte == b'/').count();
        if slashes > 0 {
            walk.slash();
        }
        rest = after.split_at(slashes).1;
    }
    if path.last() != Some(&b'/') {
        walk.drop_slash();
    }
    keep_if_changed(input, out, start)
}

/// What of a path is already normal: `out` from `start` on.
struct Walk<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    relative: bool,
    /// A relative path has gone up further than it goes down.
    at_root: bool,
}

impl Walk<'_> {
    fn segment(&mut self, segment: &[u8], is_last: bool) {
        match segment {
            [] | [b'.'] => {}
            [.., b'.', b'.'] => self.back(segment, is_last),
            _ => {
                // v3 sees no way down in one letter at the very beginning, nor in `name.`.
                let is_down = segment.len() > 1 || !self.kept().is_empty();
                self.at_root &= !is_down || segment.last() == Some(&b'.');
                self.out.extend_from_slice(segment);
            }
        }
    }

    /// `..` takes the segment before it along; anything longer that ends so goes alone.
    fn back(&mut self, segment: &[u8], is_last: bool) {
        let length = self.kept().len() + segment.len();
        if self.relative && (self.at_root || length <= 3) {
            self.at_root = true;
            self.out.extend_from_slice(segment);
            return;
        }
        if segment.len() == 2 {
            self.drop_slash();
        }
        let parent = memchr::memrchr(b'/', self.kept()).unwrap_or(0);
        self.out.truncate(self.start + parent);
        if parent == 0 {
            self.at_root = true;
            if !self.relative && is_last {
                self.out.push(b'/');
            }
        }
    }

    /// A slash, but none at the beginning of a relative path, and never two.
    fn slash(&mut self) {
        let kept = self.kept();
        if kept.last() != Some(&b'/') && !(self.relative && kept.is_empty()) {
            self.out.push(b'/');
        }
    }

    fn drop_slash(&mut self) {
        if self.kept().last() == Some(&b'/') {
            self.out.pop();
        }
    }

    fn kept(&self) -> &[u8] {
        self.out.get(self.start..).unwrap_or_default()
    }
}
