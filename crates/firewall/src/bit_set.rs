//! Sets of small numbers.

/// A set of numbers below a size that is set when it is filled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BitSet(Vec<u64>);

impl BitSet {
    /// An empty set with room for numbers below `size`.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self(vec![0; size.div_ceil(64)])
    }

    /// Empties it, with room for numbers below `size`.
    pub fn clear(&mut self, size: usize) {
        self.0.clear();
        self.0.resize(size.div_ceil(64), 0);
    }

    /// Adds a number; one beyond its room is not kept.
    pub fn insert(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    /// Takes a number out.
    pub fn remove(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    /// Whether the number is in it.
    #[must_use]
    pub fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Whether no number is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Whether it shares a number with another.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(ours, theirs)| ours & theirs != 0)
    }

    /// Adds the numbers of another that it has room for.
    pub fn add(&mut self, other: &Self) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// Its words, lowest numbers first.
    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.0
    }

    /// Its numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.0
            .iter()
            .enumerate()
            .flat_map(|(index, word)| ones(*word).map(move |bit| index * 64 + bit))
    }
}

/// Whether a number is in a set that is kept as words.
pub(crate) fn is_in(words: &[u64], number: usize) -> bool {
    words.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
}

/// Takes a number out of a set that is kept as words.
pub(crate) fn take_out(words: &mut [u64], number: usize) {
    if let Some(word) = words.get_mut(number / 64) {
        *word &= !(1 << (number % 64));
    }
}

/// The places of the ones in a word, ascending.
pub(crate) fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        if word == 0 {
            return None;
        }
        let bit = word.trailing_zeros();
        word &= word - 1;
        usize::try_from(bit).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::BitSet;

    #[test]
    fn numbers_go_in_and_out() {
        let mut set = BitSet::default();
        set.insert(3);
        assert!(!set.contains(3));

        set.clear(130);
        [3, 64, 129].into_iter().for_each(|number| set.insert(number));
        set.remove(64);

        assert_eq!(set.iter().collect::<Vec<_>>(), [3, 129]);
        assert!(set.contains(129) && !set.contains(64) && !set.contains(4000));
    }

    #[test]
    fn sets_meet_where_they_share_a_number() {
        let (mut one, mut other) = (BitSet::default(), BitSet::default());
        one.clear(100);
        other.clear(100);
        one.insert(70);
        other.insert(71);
        assert!(!one.meets(&other));

        other.insert(70);
        assert!(one.meets(&other));
    }
}
