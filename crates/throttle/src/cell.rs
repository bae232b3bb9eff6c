//! What is remembered of one key of one rule: 80 bytes, whatever the rule.

/// Slots of a window: 15 of its length and one that is passing.
pub(crate) const SLOTS: usize = 16;

/// What every kind of limit remembers of a key. A rate needs no more.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Head {
    /// Rate: the theoretical arrival time in microseconds. Window: the newest slot. Quota: when the
    /// period began.
    pub(crate) at: u64,
    /// How much is charged. The cell that says least gives way when its set is full.
    pub(crate) weight: u32,
    expires_s: u32,
}

/// What a window remembers besides: how many in each slot.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts([u32; SLOTS]);

impl Head {
    /// From when on it says nothing any more; rounded up to a second.
    pub(crate) const fn expires_s(&self) -> u32 {
        self.expires_s
    }

    /// Says when it will say nothing any more.
    pub(crate) fn expire_at(&mut self, ms: u64) {
        self.expires_s = u32::try_from(ms.div_ceil(1000)).unwrap_or(u32::MAX);
    }
}

impl Counts {
    /// The slots that still count when `slot` is the present one, oldest first. `newest` is the
    /// last one that was counted in.
    pub(crate) fn live(&self, newest: u64, slot: u64) -> [(u64, u32); SLOTS] {
        let oldest = (slot + 1).saturating_sub(SLOTS as u64);
        let mut number = oldest;
        [(); SLOTS].map(|()| {
            let known = number <= newest && number + SLOTS as u64 > newest;
            let count = if known { self.0.get(place(number)) } else { None };
            let live = (number, count.copied().unwrap_or(0));
            number += 1;
            live
        })
    }

    /// Counts one in a slot that is not older than the newest: how many there are in all.
    pub(crate) fn count_in(&mut self, newest: u64, slot: u64) -> u32 {
        self.add(newest, slot, &[1])
    }

    /// Adds to a slot that is not older than the newest, to the one before it, and so on: how many
    /// there are in all.
    pub(crate) fn add(&mut self, newest: u64, slot: u64, by_age: &[u32]) -> u32 {
        for (number, count) in self.live(newest, slot) {
            if let Some(kept) = self.0.get_mut(place(number)) {
                *kept = count;
            }
        }
        for (age, more) in (0..SLOTS as u64).zip(by_age) {
            if let Some(count) = slot.checked_sub(age).and_then(|slot| self.0.get_mut(place(slot)))
            {
                *count = count.saturating_add(*more);
            }
        }
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Takes one from a slot, if it still counts.
    pub(crate) fn take_from(&mut self, newest: u64, slot: u64) {
        let is_live = slot <= newest && slot + SLOTS as u64 > newest;
        if let (true, Some(count)) = (is_live, self.0.get_mut(place(slot))) {
            *count = count.saturating_sub(1);
        }
    }
}

fn place(slot: u64) -> usize {
    usize::try_from(slot % SLOTS as u64).unwrap_or(0)
}
