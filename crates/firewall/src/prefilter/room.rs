//! Room that a search for candidates works in, and what it remembers from one value to the next.

use std::collections::HashMap;

use super::Signature;

/// Room for one prefilter. Values that meet the same sets and are equally long are told apart by
/// their texts alone, so what is known of the sets is kept: the names in a long list differ little.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// Cases that need a text which was found.
    pub(super) marks: Vec<u64>,
    known: HashMap<(Signature, u32), u32>,
    rows: Vec<u64>,
}

/// Rows that are kept.
const ROWS_MAX: usize = 1024;

impl Room {
    /// The row of a signature and a length; `fill` makes it where it is not known.
    pub(super) fn row(
        &mut self,
        key: (Signature, u32),
        words: usize,
        fill: impl FnOnce(&mut [u64]),
    ) -> std::ops::Range<usize> {
        if let Some(number) = self.known.get(&key) {
            let start = *number as usize * words;
            return start..start + words;
        }
        if self.known.len() >= ROWS_MAX {
            self.known.clear();
            self.rows.clear();
        }
        let number = self.known.len();
        self.known.insert(key, number as u32);
        let start = number * words;
        self.rows.resize(start + words, 0);
        fill(self.rows.get_mut(start..start + words).unwrap_or_default());
        start..start + words
    }

    /// Roughly.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<u64>() * (self.marks.capacity() + self.rows.capacity())
    }

    /// Forgets what is known: it was of other rules perhaps.
    pub(crate) fn clear(&mut self) {
        self.marks.clear();
        self.known.clear();
        self.rows.clear();
    }

    /// The words of a row, and the marks.
    pub(super) fn read(&mut self, row: std::ops::Range<usize>) -> (&[u64], &mut Vec<u64>) {
        (self.rows.get(row).unwrap_or_default(), &mut self.marks)
    }
}
