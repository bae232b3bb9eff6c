//! What time it is by the clock of the bank, which decides to which period a request belongs.

use tokio::time::Instant;

/// What the bank said the last time.
#[derive(Clone, Copy, Debug)]
pub(super) struct BankClock {
    bank_ms: u64,
    /// When it was asked, by our timer and by our clock.
    asked_at: Instant,
    node_ms: u64,
}

impl BankClock {
    /// The bank said `bank_ms` at some moment after it was asked.
    pub(super) const fn new(bank_ms: u64, asked_at: Instant, node_ms: u64) -> Self {
        Self { bank_ms, asked_at, node_ms }
    }

    /// INVARIANT: never earlier than it is there. It is counted from when the bank was asked, which
    /// was before it looked at its clock; and a clock of ours that is set back does not count.
    pub(super) fn now_ms(&self, now: Instant, node_ms: u64) -> u64 {
        let by_timer = now.saturating_duration_since(self.asked_at).as_millis();
        let by_timer = u64::try_from(by_timer).unwrap_or(u64::MAX);
        let by_clock = node_ms.saturating_sub(self.node_ms);
        self.bank_ms.saturating_add(by_timer.max(by_clock))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_is_as_late_as_the_later_of_clock_and_timer_says() {
        let asked = Instant::now();
        let clock = BankClock::new(10_000, asked, 500_000);

        assert_eq!(clock.now_ms(asked, 500_000), 10_000);
        assert_eq!(clock.now_ms(asked, 500_007), 10_007);
        // Our clock was set back by more than the time that has passed.
        assert_eq!(clock.now_ms(asked + Duration::from_millis(20), 499_000), 10_020);
    }
}
