//! Eight places of keys, laid out by lines of the processor's cache.
//!
//! To find a key touches the first line, in which the lock stands too; to charge a rate one more;
//! to charge a window its slots, which are a line of their own.

use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

use crate::cell::{Cell, Counts, Head, SLOTS};
use crate::seqlock::SeqLock;

/// Places of keys: eleven lines.
#[derive(Default)]
#[repr(C, align(64))]
pub(crate) struct Set {
    /// For all below.
    pub(crate) lock: SeqLock,
    /// Which rule and key, the first 32 bits; zero when free.
    tags: [AtomicU32; WAYS],
    /// And 16 more.
    rest: [AtomicU16; WAYS],
    /// With it, the heads begin with a line.
    _line: u64,
    heads: [KeptHead; WAYS],
    counts: [KeptCounts; WAYS],
}

#[derive(Default)]
struct KeptHead {
    at: AtomicU64,
    weight: AtomicU32,
    expires_s: AtomicU32,
}

#[derive(Default)]
struct KeptCounts([AtomicU32; SLOTS]);

/// Which rule and key, in 48 bits; beside the number of the set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tag(u32, u16);

/// A place of a set.
pub(crate) type Way = u8;

/// What of a cell is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Its head.
    Head,
    /// Its slots too.
    Slots,
}

/// A set that nobody else writes to.
pub(crate) struct Writing<'s>(&'s Set);

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
    #[inline]
    pub(crate) fn find(&self, tag: Tag) -> Option<Way> {
        (0..WAYS as Way).find(|way| self.is_at(*way, tag))
    }

    /// What a cell says. Of one reading only if the lock's stamp is the same afterwards.
    #[inline]
    pub(crate) fn read<T>(
        &self,
        way: Way,
        extent: Extent,
        what: impl FnOnce(&Cell) -> T,
    ) -> Option<T> {
        let head = self.heads.get(usize::from(way))?.load();
        Some(match extent {
            Extent::Head => what(&Cell::of(head)),
            Extent::Slots => {
                what(&Cell { head, counts: self.counts.get(usize::from(way))?.load() })
            }
        })
    }

    /// Waits until nobody else writes to it.
    pub(crate) fn write(&self) -> Writing<'_> {
        self.lock.lock();
        Writing(self)
    }

    /// Changes the cell of a key, which was found at `way` before; one that says least gives way
    /// for a new one. Only for who locked it.
    #[inline]
    pub(crate) fn change<T>(
        &self,
        (tag, way): (Tag, Option<Way>),
        (now_ms, extent): (u64, Extent),
        what: impl FnOnce(&mut Cell) -> T,
    ) -> Option<T> {
        // Another key of the same request may have taken the place since.
        let known = way.filter(|way| self.is_at(*way, tag)).or_else(|| self.find(tag));
        let (way, is_new) = match known {
            Some(way) => (way, false),
            None => (self.take(tag, now_ms)?, true),
        };
        let heads = self.heads.get(usize::from(way))?;
        let head = if is_new { Head::default() } else { heads.load() };
        let (result, head) = match extent {
            Extent::Head => {
                let mut cell = Cell::of(head);
                (what(&mut cell), cell.head)
            }
            Extent::Slots => {
                let kept = self.counts.get(usize::from(way))?;
                let counts = if is_new { Counts::default() } else { kept.load() };
                let mut cell = Cell { head, counts };
                let result = what(&mut cell);
                kept.store(&cell.counts);
                (result, cell.head)
            }
        };
        heads.store(&head);
        Some(result)
    }

    #[inline]
    fn is_at(&self, way: Way, tag: Tag) -> bool {
        let (Some(first), Some(rest)) =
            (self.tags.get(usize::from(way)), self.rest.get(usize::from(way)))
        else {
            return false;
        };
        first.load(ORDER) == tag.0 && rest.load(ORDER) == tag.1
    }

    /// A place for a new key. What its cell holds is the last key's.
    fn take(&self, tag: Tag, now_ms: u64) -> Option<Way> {
        let way = self.weakest(tag, now_ms)?;
        self.tags.get(usize::from(way))?.store(tag.0, ORDER);
        self.rest.get(usize::from(way))?.store(tag.1, ORDER);
        Some(way)
    }

    /// The place to give up: a free one, else one of the least weight, and of these the one that
    /// ends first. Among equals the newcomer's tag chooses: were it always the same place, whoever
    /// came last would be forgotten first, and nobody who comes in a crowd ever counted.
    fn weakest(&self, newcomer: Tag, now_ms: u64) -> Option<Way> {
        let now_s = u32::try_from(now_ms / 1000).unwrap_or(u32::MAX);
        let worth = |(_, (tag, head)): &(Way, (&AtomicU32, &KeptHead))| {
            let head = head.load();
            let lives = tag.load(ORDER) != 0 && head.expires_s() > now_s;
            if lives { (1, head.weight, head.expires_s()) } else { (0, 0, 0) }
        };
        let all = (0..).zip(self.tags.iter().zip(&self.heads));
        let first = usize::from(newcomer.1) % WAYS;
        all.clone().skip(first).chain(all.take(first)).min_by_key(worth).map(|(way, _)| way)
    }
}

impl std::ops::Deref for Writing<'_> {
    type Target = Set;

    fn deref(&self) -> &Set {
        self.0
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.lock.release();
    }
}

impl KeptHead {
    fn load(&self) -> Head {
        Head::new(self.at.load(ORDER), self.weight.load(ORDER), self.expires_s.load(ORDER))
    }

    fn store(&self, head: &Head) {
        self.at.store(head.at, ORDER);
        self.weight.store(head.weight, ORDER);
        self.expires_s.store(head.expires_s(), ORDER);
    }
}

impl KeptCounts {
    fn load(&self) -> Counts {
        Counts(self.0.each_ref().map(|count| count.load(ORDER)))
    }

    fn store(&self, counts: &Counts) {
        for (kept, count) in self.0.iter().zip(&counts.0) {
            kept.store(*count, ORDER);
        }
    }
}

pub(crate) const WAYS: usize = 8;
/// The lock orders them.
const ORDER: Ordering = Ordering::Relaxed;

/// No set shares a line with another.
const _: () = assert!(size_of::<Set>() == 11 * 64);

#[cfg(test)]
mod tests {
    use super::*;

    fn weigh(set: &Set, key: Tag, way: Option<Way>, weight: u32) -> Head {
        let write = |cell: &mut Cell| {
            let before = cell.head;
            cell.head.weight = weight;
            cell.head.expire_at(9_000);
            before
        };
        set.write().change((key, way), (0, Extent::Head), write).unwrap()
    }

    #[test]
    fn a_place_that_was_taken_meanwhile_is_not_charged_for_another_key() {
        let set = Set::default();
        let keys: Vec<Tag> = (1..=9).map(|n| Tag::of(n << 1)).collect();
        for key in &keys[..8] {
            weigh(&set, *key, None, 2);
        }
        let found = set.find(keys[0]);
        weigh(&set, keys[0], found, 1);

        weigh(&set, keys[8], None, 7);
        let other = weigh(&set, keys[0], found, 2);

        assert_eq!(other.weight, 0, "a new place, and not the one of the other key");
    }

    #[test]
    fn keys_that_differ_in_one_bit_of_48_are_told_apart() {
        let set = Set::default();
        weigh(&set, Tag::of(0x1234_5678_9abd), None, 1);

        for bit in 1..48 {
            assert_eq!(set.find(Tag::of(0x1234_5678_9abd ^ (1 << bit))), None, "bit {bit}");
        }
    }

    #[test]
    fn who_takes_a_place_finds_nothing_of_who_was_there() {
        let set = Set::default();
        for key in 1..=9 {
            let one = (Tag::of(key << 1), None);
            let before = set.write().change(one, (0, Extent::Slots), |cell| {
                let before = *cell;
                cell.head.at = key;
                cell.counts = Counts([7; SLOTS]);
                before
            });
            assert_eq!(before.unwrap().head.at, 0);
            assert_eq!(before.unwrap().counts.0, [0; SLOTS]);
        }
    }
}
