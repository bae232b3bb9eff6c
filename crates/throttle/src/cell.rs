//! What is remembered of one key of one rule: 88 bytes, whatever the rule.

/// Slots of a window: 15 of its length and one that is passing.
pub(crate) const SLOTS: usize = 16;

/// One key's count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cell {
    /// From when on it says nothing any more.
    pub(crate) expires_ms: u64,
    /// Rate: the theoretical arrival time in microseconds. Window: the newest slot. Quota: when the
    /// period began.
    pub(crate) at: u64,
    /// How much is charged. The cell that says least gives way when its set is full.
    pub(crate) weight: u32,
    counts: [u32; SLOTS],
}

impl Cell {
    /// The slots that still count when `slot` is the present one, oldest first.
    pub(crate) fn live(&self, slot: u64) -> [(u64, u32); SLOTS] {
        let oldest = (slot + 1).saturating_sub(SLOTS as u64);
        let mut number = oldest;
        [(); SLOTS].map(|()| {
            let known = number <= self.at && number + SLOTS as u64 > self.at;
            let count = if known { self.counts.get(place(number)) } else { None };
            let live = (number, count.copied().unwrap_or(0));
            number += 1;
            live
        })
    }

    /// Counts one in a slot that is not older than the newest.
    pub(crate) fn count_in(&mut self, slot: u64) {
        let live = self.live(slot);
        for (number, count) in live {
            if let Some(kept) = self.counts.get_mut(place(number)) {
                *kept = count;
            }
        }
        if let Some(count) = self.counts.get_mut(place(slot)) {
            *count = count.saturating_add(1);
        }
        self.at = slot;
        self.weight = self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count));
    }
}

fn place(slot: u64) -> usize {
    usize::try_from(slot % SLOTS as u64).unwrap_or(0)
}
