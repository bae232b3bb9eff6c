//! What a rule allows, and how a cell counts it.

use crate::calendar::Calendar;
use crate::cell::{Cell, SLOTS};
use crate::pace::Pace;
use crate::set::Extent;
use crate::verdict::Standing;

/// How much is allowed in which time.
#[derive(Clone, Debug, PartialEq)]
pub enum Limit {
    /// `count` in `per_ms`, evenly, after a burst (GCRA). A window may see `burst + count`: it
    /// protects the machine, it keeps no promise about windows.
    Rate {
        /// How many refill in `per_ms`.
        count: u32,
        /// In which time.
        per_ms: u64,
        /// How many may come at once.
        burst: u32,
    },
    /// Never more than `count` in any window of `per_ms`.
    Window {
        /// How many.
        count: u32,
        /// In which time.
        per_ms: u64,
    },
    /// `count` in each day, week or month of a calendar.
    Quota {
        /// How many.
        count: u32,
        /// Of which calendar.
        calendar: Calendar,
    },
}

/// The numbers of a limit, for a store elsewhere that counts as [`crate::Table`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terms {
    /// See [`Limit::Rate`].
    Rate {
        /// One refills in this time.
        interval_us: u64,
        /// How many may come at once.
        burst: u32,
    },
    /// See [`Limit::Window`].
    Window {
        /// How many.
        count: u32,
        /// How long a slot is.
        width_ms: u64,
        /// How many slots count.
        slots: u64,
    },
    /// See [`Limit::Quota`].
    Quota {
        /// How many.
        count: u32,
        /// When the last, this and the next period begin, and when that ends: the store's clock
        /// decides which one it is.
        bounds_ms: [u64; 4],
    },
}

/// How nodes tell each other when they let somebody in: by slots of this length, of which so many
/// count, the present one among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// How long a slot is.
    pub width_ms: u64,
    /// How many slots count.
    pub count: u64,
}

/// A limit that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// Nobody could ever call.
    #[error("expected a count from 1 to 1000000000")]
    Count,
    /// Too short to measure, or too long to remember.
    #[error("expected a time from 1 second to 31 days")]
    Time,
    /// A rate of more than one in a microsecond.
    #[error("expected at most 1000 a millisecond")]
    Fast,
    /// A burst of nothing.
    #[error("expected a burst from 1 to 1000000000")]
    Burst,
    /// No place, or more than any node has.
    #[error("expected 1 to 100000 at once")]
    AtOnce,
}

impl Limit {
    /// Checks that it can be counted.
    ///
    /// # Errors
    /// When a number is out of range.
    pub fn check(&self) -> Result<(), LimitError> {
        let (count, per_ms) = match self {
            Self::Rate { count, per_ms, .. } | Self::Window { count, per_ms } => (*count, *per_ms),
            Self::Quota { count, .. } => (*count, PER_MS_MIN),
        };
        if !(1..=COUNT_MAX).contains(&count) {
            return Err(LimitError::Count);
        }
        if !(PER_MS_MIN..=PER_MS_MAX).contains(&per_ms) {
            return Err(LimitError::Time);
        }
        match self {
            Self::Rate { burst, .. } if !(1..=COUNT_MAX).contains(burst) => Err(LimitError::Burst),
            Self::Rate { .. } if u64::from(count) > per_ms * 1000 => Err(LimitError::Fast),
            _ => Ok(()),
        }
    }

    /// Its numbers.
    #[must_use]
    pub fn terms(&self, now_ms: u64) -> Terms {
        match self {
            Self::Rate { count, per_ms, burst } => {
                Terms::Rate { interval_us: interval_us(*count, *per_ms), burst: *burst }
            }
            Self::Window { count, per_ms } => {
                Terms::Window { count: *count, width_ms: width_ms(*per_ms), slots: SLOTS as u64 }
            }
            Self::Quota { count, calendar } => {
                let now = calendar.around(now_ms);
                let last = calendar.around(now.start_ms.saturating_sub(1));
                let next = calendar.around(now.end_ms);
                let bounds_ms = [last.start_ms, now.start_ms, now.end_ms, next.end_ms];
                Terms::Quota { count: *count, bounds_ms }
            }
        }
    }

    /// Its slots; nothing for what a calendar counts.
    #[must_use]
    pub fn slots(&self) -> Option<Slots> {
        let per_ms = match self {
            Self::Rate { count, per_ms, burst } => {
                let refill_us = interval_us(*count, *per_ms).saturating_mul(u64::from(*burst));
                refill_us.div_ceil(1000).clamp(1, PER_MS_MAX)
            }
            Self::Window { per_ms, .. } => *per_ms,
            Self::Quota { .. } => return None,
        };
        Some(Slots { width_ms: width_ms(per_ms), count: SLOTS as u64 })
    }

    /// How many are allowed: the `q` of `RateLimit-Policy`. Of a rate this is its burst, which is
    /// what may come at once.
    #[must_use]
    pub const fn count(&self) -> u32 {
        match self {
            Self::Rate { burst, .. } => *burst,
            Self::Window { count, .. } | Self::Quota { count, .. } => *count,
        }
    }

    /// In how many seconds, rounded up: the `w` of `RateLimit-Policy`. Of a rate this is the time
    /// in which its burst refills. The days and months of a calendar differ in length: none.
    #[must_use]
    pub fn window_s(&self) -> Option<u64> {
        match self {
            Self::Rate { count, per_ms, burst } => {
                let refill_us = interval_us(*count, *per_ms).saturating_mul(u64::from(*burst));
                Some(refill_us.div_ceil(1_000_000))
            }
            Self::Window { per_ms, .. } => Some(per_ms.div_ceil(1000)),
            Self::Quota { .. } => None,
        }
    }

    /// Where a key stands that was never charged.
    pub(crate) fn fresh(&self) -> Standing {
        let remaining = match self {
            Self::Rate { burst, .. } => *burst,
            Self::Window { count, .. } | Self::Quota { count, .. } => *count,
        };
        Standing { fits: true, remaining, reset_ms: 0 }
    }

    /// What it counts with: of a rate the microseconds in which one refills, of a window the
    /// milliseconds of a slot. Rules compute it once: to divide is most of what a check costs.
    pub(crate) fn pace(&self) -> Pace {
        Pace::new(match self {
            Self::Rate { count, per_ms, .. } => interval_us(*count, *per_ms),
            Self::Window { per_ms, .. } => width_ms(*per_ms),
            Self::Quota { .. } => 1,
        })
    }

    /// What of a cell it reads and writes.
    pub(crate) const fn extent(&self) -> Extent {
        match self {
            Self::Window { .. } => Extent::Slots,
            Self::Rate { .. } | Self::Quota { .. } => Extent::Head,
        }
    }

    /// Whether there is room for one more.
    #[inline]
    pub(crate) fn fits(&self, cell: &Cell, now_ms: u64, pace: Pace) -> bool {
        match self {
            Self::Rate { burst, .. } => {
                let ahead_us = cell.head.at.saturating_sub(now_ms.saturating_mul(1000));
                let room_us = u64::from(*burst).saturating_mul(pace.unit());
                ahead_us.saturating_add(pace.unit()) <= room_us
            }
            Self::Window { count, .. } => {
                let slot = pace.divide(now_ms).0.max(cell.head.at);
                cell.counts.used(cell.head.at, slot) < u64::from(*count)
            }
            Self::Quota { .. } => self.standing(cell, now_ms, pace).fits,
        }
    }

    /// Where a key stands.
    pub(crate) fn standing(
        &self,
        Cell { head, counts }: &Cell,
        now_ms: u64,
        pace: Pace,
    ) -> Standing {
        match self {
            Self::Rate { burst, .. } => {
                let ahead_us = head.at.saturating_sub(now_ms.saturating_mul(1000));
                Owed::new(ahead_us, pace).standing(*burst)
            }
            Self::Window { count, .. } => {
                let slot = pace.divide(now_ms).0.max(head.at);
                let used = counts.used(head.at, slot);
                // Slots must leave until there is room for one more than now.
                let must_leave = used.saturating_sub(u64::from(*count) - 1).max(1);
                let leaving = counts.until(must_leave, head.at, slot);
                // INVARIANT: a slot counts until its last millisecond is `per_ms` old.
                let free_ms = leaving.map_or(0, |slot| (slot + SLOTS as u64) * pace.unit());
                let remaining = u64::from(*count).saturating_sub(used);
                Standing::of(remaining, free_ms.saturating_sub(now_ms))
            }
            Self::Quota { count, calendar } => {
                let bounds = calendar.around(now_ms);
                // A cell of a later period was written under a clock that has stepped back.
                let used = if head.at < bounds.start_ms { 0 } else { head.weight };
                let until_ms = bounds.end_ms.saturating_sub(now_ms);
                Standing::of(u64::from(count.saturating_sub(used)), until_ms)
            }
        }
    }

    /// Counts one, after [`Limit::fits`] said that there is room: where the key stands then.
    #[inline]
    pub(crate) fn charge(&self, cell: &mut Cell, now_ms: u64, pace: Pace) -> Standing {
        let Self::Rate { burst, .. } = self else { return self.count_in(cell, now_ms, pace) };
        let (head, now_us) = (&mut cell.head, now_ms.saturating_mul(1000));
        head.at = head.at.max(now_us).saturating_add(pace.unit());
        let owed = Owed::new(head.at - now_us, pace);
        head.weight = u32::try_from(owed.whole).unwrap_or(u32::MAX);
        head.expire_at(head.at.div_ceil(1000));
        owed.standing(*burst)
    }

    /// What [`Limit::charge`] does where counts are kept.
    fn count_in(&self, cell: &mut Cell, now_ms: u64, pace: Pace) -> Standing {
        let Cell { head, counts } = cell;
        match self {
            Self::Rate { .. } => {}
            Self::Window { .. } => {
                let slot = pace.divide(now_ms).0.max(head.at);
                head.weight = counts.count_in(head.at, slot);
                head.at = slot;
                head.expire_at((slot + SLOTS as u64) * pace.unit());
            }
            Self::Quota { calendar, .. } => {
                let bounds = calendar.around(now_ms);
                if head.at < bounds.start_ms {
                    (head.at, head.weight) = (bounds.start_ms, 0);
                    head.expire_at(bounds.end_ms);
                }
                head.weight = head.weight.saturating_add(1);
            }
        }
        self.standing(cell, now_ms, pace)
    }
}

impl Limit {
    /// Takes one back that was charged at `now_ms`.
    pub(crate) fn refund(&self, Cell { head, counts }: &mut Cell, now_ms: u64, pace: Pace) {
        match self {
            Self::Rate { .. } => head.at = head.at.saturating_sub(pace.unit()),
            Self::Window { .. } => {
                let slot = pace.divide(now_ms).0.max(head.at);
                counts.take_from(head.at, slot);
            }
            Self::Quota { calendar, .. } => {
                if head.at != calendar.around(now_ms).start_ms {
                    return;
                }
            }
        }
        head.weight = head.weight.saturating_sub(1);
    }

    /// Adds what others let in: `by_age` counts slots, the present one first. Slots begin elsewhere
    /// at other moments, so what is older than the present one is dated one slot later than it is
    /// said to be: never earlier than it was.
    pub(crate) fn learn(
        &self,
        Cell { head, counts }: &mut Cell,
        by_age: &[u32],
        now_ms: u64,
        pace: Pace,
    ) {
        let sum = by_age.iter().fold(0, |sum: u32, count| sum.saturating_add(*count));
        let Some(slots) = self.slots().filter(|_| sum > 0) else { return };
        match self {
            Self::Rate { .. } => {
                for (age, count) in by_age.iter().enumerate().rev() {
                    let age = age as u64;
                    let since_ms = slots.width_ms.saturating_mul(age.saturating_sub(1));
                    let then_ms = now_ms.saturating_sub(since_ms);
                    let at = head.at.max(then_ms.saturating_mul(1000));
                    let owed_us = u64::from(*count).saturating_mul(pace.unit());
                    head.at = if *count > 0 { at.saturating_add(owed_us) } else { head.at };
                }
                head.weight = head.weight.saturating_add(sum);
                head.expire_at(head.at.div_ceil(1000));
            }
            Self::Window { .. } => {
                let slot = pace.divide(now_ms).0.max(head.at);
                if let Some((first, older)) = by_age.split_first() {
                    counts.add(head.at, slot, &[*first]);
                    head.weight = counts.add(slot, slot, older);
                }
                head.at = slot;
                head.expire_at((slot + SLOTS as u64) * pace.unit());
            }
            Self::Quota { .. } => {}
        }
    }
}

/// What a key of a rate owes, in one division.
struct Owed {
    ahead_us: u64,
    pace_us: u64,
    /// How many, rounded up.
    whole: u64,
    /// What is over a whole number.
    part_us: u64,
}

impl Owed {
    fn new(ahead_us: u64, pace: Pace) -> Self {
        let (whole, part_us) = pace.divide(ahead_us);
        let pace_us = pace.unit();
        Self { ahead_us, pace_us, whole: whole + u64::from(part_us > 0), part_us }
    }

    fn standing(&self, burst: u32) -> Standing {
        let remaining = u64::from(burst).saturating_sub(self.whole);
        let room_us = u64::from(burst).saturating_mul(self.pace_us);
        // One more is left when the debt is again a whole number of intervals.
        let until_us = match self.part_us {
            _ if remaining == 0 => (self.ahead_us + self.pace_us).saturating_sub(room_us),
            0 => self.ahead_us.min(self.pace_us),
            part => part,
        };
        Standing::of(remaining, until_us.div_ceil(1000))
    }
}

/// Rounded up: never faster than allowed.
fn interval_us(count: u32, per_ms: u64) -> u64 {
    per_ms.saturating_mul(1000).div_ceil(u64::from(count.max(1))).max(1)
}

/// The window is as long as all slots but one; that one is the part of the present slot that has
/// not passed. Rounded up: never shorter than asked for.
fn width_ms(per_ms: u64) -> u64 {
    per_ms.div_ceil(SLOTS as u64 - 1).max(1)
}

const COUNT_MAX: u32 = 1_000_000_000;
const PER_MS_MIN: u64 = 1000;
const PER_MS_MAX: u64 = 31 * 24 * 60 * 60 * 1000;
