//! A small deterministic generator of random numbers (SplitMix64). Never for anything secret.

/// A stream of numbers that its seed determines.
pub(super) struct Random(u64);

impl Random {
    /// The stream of one item: of equal seeds and indices alike, of others independent.
    pub(super) const fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed);
        let start = random.next();
        Self(start ^ stream.wrapping_mul(GOLDEN))
    }

    /// The next number.
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; zero when there is none.
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        let next = self.next();
        if end == 0 { 0 } else { next % end }
    }

    /// A number from `from` to `to`.
    pub(super) const fn within(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from) + 1)
    }

    /// True so many times in a hundred.
    pub(super) const fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of a table's rows. The tables are not empty.
    pub(super) fn pick<T: Copy + Default>(&mut self, table: &[T]) -> T {
        let index = self.below(table.len() as u64);
        usize::try_from(index).ok().and_then(|index| table.get(index)).copied().unwrap_or_default()
    }

    /// Different rows of a table, in its order: each taken with equal chance until there are
    /// enough.
    pub(super) fn some<T: Copy>(&mut self, table: &[T], count: usize) -> Vec<T> {
        let mut left = table.len();
        let mut wanted = count.min(left);
        let mut chosen = Vec::with_capacity(wanted);
        for row in table {
            if self.below(left as u64) < wanted as u64 {
                chosen.push(*row);
                wanted -= 1;
            }
            left -= 1;
        }
        chosen
    }
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_that_of_the_published_algorithm() {
        let mut random = Random(1_234_567);

        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn choices_are_different_and_as_many_as_asked() {
        let mut random = Random::new(1, 1);
        let chosen = random.some(&[1, 2, 3, 4, 5], 3);

        assert_eq!(chosen.len(), 3);
        assert!(chosen.is_sorted_by(|a, b| a < b));
        assert_eq!(random.some(&[1, 2], 9), [1, 2]);
    }
}
