//! How many different callers came lately: an estimate in constant memory.
//!
//! Linear counting (Whang, Vander-Zanden and Taylor, 1990): each caller sets a bit; from the share
//! of bits that nobody set follows how many there were. Two generations, so that the count never
//! begins at nothing.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts callers of the last half hour, about.
pub(super) struct Census {
    /// Random, so that nobody can choose callers that look like one.
    hasher: RandomState,
    now: Box<[AtomicU64]>,
    before: Box<[AtomicU64]>,
    /// In which generation `now` was last emptied.
    generation: AtomicU64,
}

impl Census {
    pub(super) fn new() -> Self {
        let empty = || (0..WORDS).map(|_| AtomicU64::new(0)).collect();
        Self {
            hasher: RandomState::new(),
            now: empty(),
            before: empty(),
            generation: AtomicU64::new(0),
        }
    }

    /// Somebody came.
    pub(super) fn saw(&self, who: &impl Hash, now_ms: u64) {
        self.turn(now_ms / GENERATION_MS);
        let bit = self.hasher.hash_one(who) % BITS;
        let word = self.now.get(usize::try_from(bit / 64).unwrap_or(0));
        // Read first: a bit that is set costs no write to memory that others read.
        if let Some(word) = word
            && word.load(Ordering::Relaxed) & (1 << (bit % 64)) == 0
        {
            word.fetch_or(1 << (bit % 64), Ordering::Relaxed);
        }
    }

    /// How many there were, in this generation or in the one before, whichever had more.
    pub(super) fn count(&self) -> u64 {
        estimate(&self.now).max(estimate(&self.before))
    }

    /// Begins a new generation where it is time. Somebody who is counted in that very moment may be
    /// counted in either.
    fn turn(&self, generation: u64) {
        let last = self.generation.load(Ordering::Relaxed);
        if generation <= last {
            return;
        }
        let turned =
            self.generation.compare_exchange(last, generation, Ordering::AcqRel, Ordering::Relaxed);
        if turned.is_err() {
            return;
        }
        for (now, before) in self.now.iter().zip(&self.before) {
            before.store(now.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}

fn estimate(words: &[AtomicU64]) -> u64 {
    let set: u32 = words.iter().map(|word| word.load(Ordering::Relaxed).count_ones()).sum();
    let (bits, clear) = (f64::from(BITS_U32), f64::from(BITS_U32 - set.min(BITS_U32 - 1)));
    let count = -bits * (clear / bits).ln();
    // Between 0 and a few million.
    count.round() as u64
}

/// 16 KiB a generation; good up to about a million callers.
const BITS_U32: u32 = 1 << 17;
const BITS: u64 = BITS_U32 as u64;
const WORDS: usize = (BITS / 64) as usize;
const GENERATION_MS: u64 = 15 * 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_caller_counts_once_and_is_forgotten_after_two_generations() {
        let census = Census::new();
        for _ in 0..1000 {
            census.saw(&"one", 0);
        }
        assert_eq!(census.count(), 1);

        census.saw(&"other", GENERATION_MS);
        assert_eq!(census.count(), 1);
        census.saw(&"other", 2 * GENERATION_MS);
        census.saw(&"third", 3 * GENERATION_MS);
        assert_eq!(census.count(), 1);
    }

    #[test]
    fn a_hundred_thousand_callers_are_counted_within_two_per_cent() {
        let census = Census::new();
        for caller in 0..100_000_u32 {
            census.saw(&caller, 0);
        }

        let count = census.count();

        assert!((98_000..=102_000).contains(&count), "{count}");
    }

    #[test]
    fn more_callers_than_it_can_tell_are_many_and_no_panic() {
        let census = Census::new();
        for caller in 0..3_000_000_u32 {
            census.saw(&caller, 0);
        }

        assert!(census.count() > 1_000_000);
    }
}
