//! How guessing is slowed: by delays that grow, never by a lock that anybody could turn on
//! somebody else.

use std::time::Duration;

/// How delays grow with failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// So many failures cost nothing: people mistype.
    pub free: u32,
    /// What the first one costs that does; each after it costs twice as much.
    pub first: Duration,
    /// The delay never grows beyond this.
    pub most: Duration,
    /// After so long one failure is forgotten: an office that mistypes all day is not stopped.
    pub forgets: Duration,
}

impl Steps {
    /// How long nobody may try again after so many failures in a row.
    #[must_use]
    pub fn delay(&self, failures: u32) -> Duration {
        let Some(beyond) = failures.checked_sub(self.free).filter(|beyond| *beyond > 0) else {
            return Duration::ZERO;
        };
        let times = 2_u32.checked_pow(beyond - 1).unwrap_or(u32::MAX);
        self.first.saturating_mul(times).min(self.most)
    }

    /// How many failures count, where there were so many and then none for a while.
    #[must_use]
    pub fn left(&self, failures: u32, quiet: Duration) -> u32 {
        let each = self.forgets.as_millis().max(1);
        let forgotten = u32::try_from(quiet.as_millis() / each).unwrap_or(u32::MAX);
        failures.saturating_sub(forgotten)
    }
}

/// By account. Whoever knows a name can slow its owner by that much, and no more.
pub const ACCOUNT: Steps = Steps {
    free: 4,
    first: SECOND,
    most: Duration::from_secs(60),
    forgets: Duration::from_secs(15 * 60),
};
/// By address, or network of IPv6: behind one there may be an office.
pub const ADDRESS: Steps = Steps {
    free: 20,
    first: SECOND,
    most: Duration::from_secs(300),
    forgets: Duration::from_secs(60),
};
/// By account, for codes. Only who knows the password comes this far, so delays may be long: about
/// a hundred guesses a day at a code of a million.
pub const SECOND_FACTOR: Steps = Steps {
    free: 4,
    first: SECOND,
    most: Duration::from_secs(900),
    forgets: Duration::from_secs(60 * 60),
};
/// By sign-in: after five wrong codes it is over, and the password is asked for again.
pub const FLOW: Steps =
    Steps { free: 4, first: FLOW_LIFE, most: FLOW_LIFE, forgets: Duration::from_secs(60 * 60) };
/// How long a sign-in may take from the password to the code.
pub const FLOW_LIFE: Duration = Duration::from_secs(300);
const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: Steps = Steps {
        free: 2,
        first: SECOND,
        most: Duration::from_secs(10),
        forgets: Duration::from_secs(60),
    };

    #[test]
    fn delays_double_from_the_first_that_is_not_free_up_to_the_most() {
        let delays: Vec<u64> = (0..=8).map(|failures| STEPS.delay(failures).as_secs()).collect();

        assert_eq!(delays, [0, 0, 0, 1, 2, 4, 8, 10, 10]);
        assert_eq!(STEPS.delay(u32::MAX), STEPS.most);
    }

    #[test]
    fn failures_are_forgotten_one_by_one() {
        let after = |seconds| STEPS.left(3, Duration::from_secs(seconds));

        assert_eq!([0, 59, 60, 150, 180, 9_999].map(after), [3, 3, 2, 1, 0, 0]);
    }

    #[test]
    fn a_code_of_a_million_is_guessed_a_hundred_times_a_day_at_most() {
        let (mut failures, mut guesses, mut at) = (0, 0_u32, Duration::ZERO);
        while at < Duration::from_secs(24 * 60 * 60) {
            let wait = SECOND_FACTOR.delay(failures).max(SECOND);
            failures = SECOND_FACTOR.left(failures, wait) + 1;
            guesses += 1;
            at += wait;
        }

        assert!(guesses < 120, "{guesses}");
    }
}
