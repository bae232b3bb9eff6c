//! What is remembered of one key of one rule: 80 bytes, whatever the rule.

/// Slots of a window: 15 of its length and one that is passing.
pub(crate) const SLOTS: usize = 16;

/// What is remembered of one key of one rule.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) head: Head,
    pub(crate) counts: Counts,
}

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
pub(crate) struct Counts(pub(crate) [u32; SLOTS]);

impl Cell {
    /// Of a limit that counts in no slots.
    pub(crate) fn of(head: Head) -> Self {
        Self { head, counts: Counts::default() }
    }
}

impl Head {
    pub(crate) const fn new(at: u64, weight: u32, expires_s: u32) -> Self {
        Self { at, weight, expires_s }
    }

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
    /// The slots that still count when `slot` is the present one, oldest first, and the number of
    /// the first. `newest` is the last one that was counted in, and not later.
    pub(crate) fn live(&self, newest: u64, slot: u64) -> (u64, [u32; SLOTS]) {
        let oldest = (slot + 1).saturating_sub(SLOTS as u64);
        let mut number = oldest;
        let live = [(); SLOTS].map(|()| {
            let count = if number <= newest { self.0.get(place(number)) } else { None };
            number += 1;
            count.copied().unwrap_or(0)
        });
        (oldest, live)
    }

    /// How many still count when `slot` is the present one.
    pub(crate) fn used(&self, newest: u64, slot: u64) -> u64 {
        let live = if slot == newest { self.0 } else { self.live(newest, slot).1 };
        sum(&live)
    }

    /// The slot after which so many have left since the oldest one that counts, if so many count.
    pub(crate) fn until(&self, mut many: u64, newest: u64, slot: u64) -> Option<u64> {
        let (oldest, live) = self.live(newest, slot);
        let numbered = (oldest..).zip(live);
        let mut leaving = numbered.skip_while(|(_, count)| {
            many = many.saturating_sub(u64::from(*count));
            many > 0
        });
        leaving.next().map(|(number, _)| number)
    }

    /// Counts one in a slot that is not older than the newest: how many there are in all.
    pub(crate) fn count_in(&mut self, newest: u64, slot: u64) -> u32 {
        self.add(newest, slot, &[1])
    }

    /// Adds to a slot that is not older than the newest, to the one before it, and so on: how many
    /// there are in all.
    pub(crate) fn add(&mut self, newest: u64, slot: u64, by_age: &[u32]) -> u32 {
        self.pass(newest, slot);
        for (age, more) in (0..SLOTS as u64).zip(by_age) {
            if let Some(count) = slot.checked_sub(age).and_then(|slot| self.0.get_mut(place(slot)))
            {
                *count = count.saturating_add(*more);
            }
        }
        u32::try_from(sum(&self.0)).unwrap_or(u32::MAX)
    }

    /// Empties the places of the slots that began since: what they hold does not count any more.
    fn pass(&mut self, newest: u64, slot: u64) {
        let begun = slot.saturating_sub(newest).min(SLOTS as u64);
        for number in slot - begun..slot {
            if let Some(count) = self.0.get_mut(place(number + 1)) {
                *count = 0;
            }
        }
    }

    /// Takes one from a slot, if it still counts.
    pub(crate) fn take_from(&mut self, newest: u64, slot: u64) {
        let is_live = slot <= newest && slot + SLOTS as u64 > newest;
        if let (true, Some(count)) = (is_live, self.0.get_mut(place(slot))) {
            *count = count.saturating_sub(1);
        }
    }
}

fn sum(counts: &[u32; SLOTS]) -> u64 {
    counts.iter().map(|count| u64::from(*count)).sum()
}

fn place(slot: u64) -> usize {
    usize::try_from(slot % SLOTS as u64).unwrap_or(0)
}
