//! Eight places of keys, laid out by lines of the processor's cache.
//!
//! To find a key touches the first line, in which the lock stands too; to charge a rate one more;
//! to charge a window its slots, which are a line of their own.

use std::sync::Mutex;

use crate::cell::{Counts, Head};

/// A set and its lock: eleven lines.
#[derive(Default)]
#[repr(align(64))]
pub(crate) struct Locked(pub(crate) Mutex<Set>);

/// Places of keys.
#[derive(Default)]
#[repr(C)]
pub(crate) struct Set {
    /// Which rule and key, the first 32 bits; zero when free.
    tags: [u32; WAYS],
    /// And 16 more.
    rest: [u16; WAYS],
    /// With the lock before it, the heads begin with a line.
    _line: u64,
    heads: [Head; WAYS],
    counts: [Counts; WAYS],
}

/// Which rule and key, in 48 bits; beside the number of the set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tag(u32, u16);

/// A place of a set.
pub(crate) type Way = usize;

impl Tag {
    /// The lower bits of a hash; the upper ones choose the set.
    pub(crate) const fn of(hash: u64) -> Self {
        let [a, b, c, d, e, f, ..] = hash.to_le_bytes();
        // Never zero, which is free.
        Self(u32::from_le_bytes([a | 1, b, c, d]), u16::from_le_bytes([e, f]))
    }
}

impl Set {
    /// Where a key stands.
    pub(crate) fn find(&self, tag: Tag) -> Option<Way> {
        let all = self.tags.iter().zip(&self.rest);
        all.enumerate().position(|(_, (first, rest))| *first == tag.0 && *rest == tag.1)
    }

    /// What is known of a place.
    pub(crate) fn cell(&self, way: Way) -> Option<(&Head, &Counts)> {
        Some((self.heads.get(way)?, self.counts.get(way)?))
    }

    /// The same, to be changed.
    pub(crate) fn cell_mut(&mut self, way: Way) -> Option<(&mut Head, &mut Counts)> {
        Some((self.heads.get_mut(way)?, self.counts.get_mut(way)?))
    }

    /// The cell of a key, which was found at `way` before; one that says least gives way for a new
    /// one.
    pub(crate) fn place(
        &mut self,
        tag: Tag,
        way: Option<Way>,
        now_ms: u64,
    ) -> Option<(&mut Head, &mut Counts)> {
        // Another key of the same request may have taken the place since.
        let known = way.filter(|way| self.is_at(*way, tag)).or_else(|| self.find(tag));
        let way = match known {
            Some(way) => way,
            None => self.take(tag, now_ms)?,
        };
        self.cell_mut(way)
    }

    fn is_at(&self, way: Way, tag: Tag) -> bool {
        self.tags.get(way) == Some(&tag.0) && self.rest.get(way) == Some(&tag.1)
    }

    fn take(&mut self, tag: Tag, now_ms: u64) -> Option<Way> {
        let way = self.weakest(now_ms)?;
        *self.tags.get_mut(way)? = tag.0;
        *self.rest.get_mut(way)? = tag.1;
        *self.heads.get_mut(way)? = Head::default();
        *self.counts.get_mut(way)? = Counts::default();
        Some(way)
    }

    fn weakest(&self, now_ms: u64) -> Option<Way> {
        let now_s = u32::try_from(now_ms / 1000).unwrap_or(u32::MAX);
        let worth = |(_, (tag, head)): &(usize, (&u32, &Head))| {
            let lives = **tag != 0 && head.expires_s() > now_s;
            if lives { (1, head.weight, head.expires_s()) } else { (0, 0, 0) }
        };
        let all = self.tags.iter().zip(&self.heads).enumerate();
        all.min_by_key(worth).map(|(way, _)| way)
    }
}

pub(crate) const WAYS: usize = 8;

/// No set shares a line with another.
const _: () = assert!(size_of::<Locked>() == 11 * 64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_was_taken_meanwhile_is_not_charged_for_another_key() {
        let mut set = Set::default();
        let keys: Vec<Tag> = (1..=9).map(|n| Tag::of(n << 1)).collect();
        for key in &keys[..8] {
            let (head, _) = set.place(*key, None, 0).unwrap();
            head.weight = 2;
            head.expire_at(9_000);
        }
        let found = set.find(keys[0]).unwrap();
        let (weak, _) = set.place(keys[0], Some(found), 0).unwrap();
        weak.weight = 1;

        set.place(keys[8], None, 0).unwrap().0.weight = 7;
        let (other, _) = set.place(keys[0], Some(found), 0).unwrap();

        assert_eq!(other.weight, 0, "a new place, and not the one of the other key");
    }

    #[test]
    fn keys_that_differ_in_one_bit_of_48_are_told_apart() {
        let mut set = Set::default();
        set.place(Tag::of(0x1234_5678_9abd), None, 0).unwrap();

        for bit in 1..48 {
            assert_eq!(set.find(Tag::of(0x1234_5678_9abd ^ (1 << bit))), None, "bit {bit}");
        }
    }
}
