//! Sets of bytes, as 256 bits.

use std::fmt;

use crate::bit_set::ones;

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub(crate) const EMPTY: Self = Self([0; 4]);
    /// Every byte.
    pub(crate) const ALL: Self = Self([u64::MAX; 4]);

    /// Just this byte.
    pub(crate) fn one(byte: u8) -> Self {
        Self::range(byte, byte)
    }

    /// All bytes from the first to the last.
    pub(crate) fn range(first: u8, last: u8) -> Self {
        let mut set = Self::EMPTY;
        (first..=last).for_each(|byte| set.insert(byte));
        set
    }

    /// The bytes of a text.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut set = Self::EMPTY;
        bytes.iter().for_each(|byte| set.insert(*byte));
        set
    }

    pub(crate) fn insert(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }

    pub(crate) fn union(self, other: Self) -> Self {
        self.zip(other, |ours, theirs| ours | theirs)
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        self.zip(other, |ours, theirs| ours & !theirs)
    }

    pub(crate) fn not(self) -> Self {
        Self::ALL.minus(self)
    }

    /// How many bytes are in it.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// With each ASCII letter also in its other case.
    pub(crate) fn folded(self) -> Self {
        self.iter().fold(self, |mut set, byte| {
            set.insert(byte.to_ascii_lowercase());
            set.insert(byte.to_ascii_uppercase());
            set
        })
    }

    /// Its bytes, ascending.
    pub(crate) fn iter(self) -> impl Iterator<Item = u8> {
        let words = [0, 64, 128, 192].into_iter().zip(self.0);
        words.flat_map(|(first, word)| {
            ones(word).filter_map(move |bit| u8::try_from(first + bit).ok())
        })
    }

    fn zip(self, other: Self, with: impl Fn(u64, u64) -> u64) -> Self {
        let mut words = self.0;
        for (word, theirs) in words.iter_mut().zip(other.0) {
            *word = with(*word, theirs);
        }
        Self(words)
    }
}

impl fmt::Debug for ByteSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<u8> = self.iter().collect();
        write!(f, "[{}]", bytes.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::ByteSet;

    #[test]
    fn a_range_has_its_ends_and_nothing_beyond() {
        let set = ByteSet::range(b'a', b'c');

        assert!(set.contains(b'a') && set.contains(b'c'));
        assert!(!set.contains(b'd') && !set.contains(0));
        assert_eq!(set.len(), 3);
        assert_eq!(ByteSet::ALL.len(), 256);
    }

    #[test]
    fn folding_adds_the_other_case_of_letters_only() {
        assert_eq!(ByteSet::of(b"aZ[").folded(), ByteSet::of(b"aAzZ["));
    }

    #[test]
    fn what_is_taken_away_is_gone() {
        let set = ByteSet::ALL.minus(ByteSet::one(b'\n'));

        assert!(!set.contains(b'\n'));
        assert_eq!(set.not(), ByteSet::one(b'\n'));
    }
}
