//! Which share of the requests to refuse, from how long work waits. Pure: a state machine over
//! measurements and a clock that is given.
//!
//! *Whether* is decided as CoDel does (RFC 8289): by the least delay of an interval, so that a
//! burst which drains by itself refuses nobody. *How many* is decided as PIE does (RFC 8033): a
//! share that follows the delay and its trend, and so comes to rest where the delay is at its
//! target and no thread is idle.

use std::time::Duration;

/// Decides which share of the requests to refuse.
#[derive(Debug, Default)]
pub struct Shedder {
    began_ms: u64,
    least: Option<Duration>,
    delay: Duration,
    /// Of all requests, in thousandths.
    share: u16,
}

/// The requests of an interval, by who sent them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// From callers whom the node does not know.
    pub strangers: u64,
    /// From callers whom it knows.
    pub known: u64,
}

/// Of whose requests which share is refused, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// Of strangers.
    pub strangers: u16,
    /// Of known callers: none while strangers are let in.
    pub known: u16,
}

impl Shedder {
    /// Takes a measurement. When it ends an interval: what holds from now on. `seen` is asked then
    /// for the requests since it was asked last.
    pub fn observe(
        &mut self,
        delay: Duration,
        target: Duration,
        now_ms: u64,
        seen: impl FnOnce() -> Seen,
    ) -> Option<Shares> {
        let least = self.least.map_or(delay, |least| least.min(delay));
        self.least = Some(least);
        if now_ms.saturating_sub(self.began_ms) < millis(INTERVAL) {
            return None;
        }
        self.began_ms = now_ms;
        self.least = None;
        self.turn(least, target);
        Some(Shares::of(self.share, seen()))
    }

    /// The least delay of the last interval, in milliseconds.
    #[must_use]
    pub fn delay_ms(&self) -> u64 {
        millis(self.delay)
    }

    /// The share of all requests that is refused, in thousandths.
    #[must_use]
    pub const fn share(&self) -> u16 {
        self.share
    }

    fn turn(&mut self, delay: Duration, target: Duration) {
        let before = std::mem::replace(&mut self.delay, delay);
        if target.is_zero() || (self.share == 0 && delay <= target) {
            self.share = 0;
            return;
        }
        // In thousandths of the target, each bounded: one measurement never decides alone.
        let unit = i64::try_from(target.as_micros()).unwrap_or(i64::MAX);
        let of = |delay: Duration| {
            let micros = i64::try_from(delay.as_micros()).unwrap_or(i64::MAX);
            micros.saturating_mul(1000) / unit
        };
        let over = of(delay).saturating_sub(1000).clamp(-1000, 8000);
        let trend = of(delay).saturating_sub(of(before)).clamp(-2000, 4000);
        let next = i64::from(self.share) + over * FOR_DELAY / 1000 + trend * FOR_TREND / 1000;
        self.share = u16::try_from(next.clamp(0, SHARE_MAX)).unwrap_or_default();
    }
}

impl Shares {
    /// Splits a share of all requests: strangers are refused first, all of them before any caller
    /// who is known. Known callers who are few are no cause, and are never refused: no flood of
    /// strangers pushes them out.
    #[must_use]
    pub fn of(share: u16, seen: Seen) -> Self {
        let all = seen.strangers.saturating_add(seen.known);
        if share == 0 {
            return Self::default();
        }
        if all == 0 {
            // Nobody was counted yet: the next interval knows better.
            return Self { strangers: share, known: 0 };
        }
        let (share, all, strangers) =
            (u128::from(share), u128::from(all), u128::from(seen.strangers));
        let refused = share * all;
        let of_strangers = refused.min(strangers * 1000);
        let of_known = refused - of_strangers;
        let is_few = u128::from(seen.known) * FEW < all;
        let part = |refused: u128, of: u64| {
            let thousandths = refused.checked_div(u128::from(of)).unwrap_or(1000);
            u16::try_from(thousandths.min(1000)).unwrap_or(1000)
        };
        Self {
            strangers: part(of_strangers, seen.strangers),
            known: if of_known == 0 || is_few { 0 } else { part(of_known, seen.known) },
        }
    }

    /// Both as one number; zero exactly when nobody is refused.
    #[must_use]
    pub const fn bits(self) -> u32 {
        (self.strangers as u32) << 16 | self.known as u32
    }

    /// What [`Shares::bits`] made.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self { strangers: (bits >> 16) as u16, known: (bits & 0xffff) as u16 }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How long a delay must last before it counts.
pub const INTERVAL: Duration = Duration::from_millis(100);
/// Thousandths that are added in each interval for every target's worth of delay beyond it.
const FOR_DELAY: i64 = 20;
/// And for every target's worth by which it grew. With these two the delay comes to rest at its
/// target up to ten times the load that a node can bear.
const FOR_TREND: i64 = 60;
/// Less than one in so many requests is few: at ten times what a node can answer, half of it.
const FEW: u128 = 20;
/// Some always pass: by them a node sees that it recovers.
const SHARE_MAX: i64 = 995;

#[cfg(test)]
mod tests;
