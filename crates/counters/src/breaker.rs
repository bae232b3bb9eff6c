//! Stops asking a store that does not answer, and asks again now and then.

use std::time::Duration;

use tokio::time::Instant;

/// How the store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Whether it is asked.
    pub is_up: bool,
    /// Questions without an answer.
    pub failures: u64,
    /// How often it was given up.
    pub lost: u64,
    /// How often it came back.
    pub regained: u64,
}

/// A circuit breaker. Half open is one question at a time.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    in_a_row: u32,
    open: Option<Open>,
    health: Health,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    /// When to ask again.
    until: Instant,
    /// How long it stays closed after the next failure.
    pause: Duration,
}

/// Something that an operator should see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transition {
    Lost,
    Regained,
}

impl Breaker {
    /// Whether to ask now. Who is told so while it is open is the one probe of a pause.
    pub(crate) fn may_ask(&mut self, now: Instant) -> bool {
        let Some(open) = &mut self.open else { return true };
        if now < open.until {
            return false;
        }
        open.until = now + open.pause;
        true
    }

    /// It answered.
    pub(crate) fn answered(&mut self) -> Option<Transition> {
        self.in_a_row = 0;
        self.open.take()?;
        self.health.regained += 1;
        Some(Transition::Regained)
    }

    /// It did not answer.
    pub(crate) fn failed(&mut self, now: Instant) -> Option<Transition> {
        self.health.failures += 1;
        self.in_a_row = self.in_a_row.saturating_add(1);
        if let Some(open) = &mut self.open {
            open.pause = (open.pause * 2).min(PAUSE_MAX);
            open.until = now + open.pause;
            return None;
        }
        if self.in_a_row < FAILURES_MAX {
            return None;
        }
        self.open = Some(Open { until: now + PAUSE_MIN, pause: PAUSE_MIN });
        self.health.lost += 1;
        Some(Transition::Lost)
    }

    pub(crate) fn health(&self) -> Health {
        Health { is_up: self.open.is_none(), ..self.health }
    }
}

const FAILURES_MAX: u32 = 5;
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_open_it_and_one_answer_closes_it() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..4 {
            assert_eq!(breaker.failed(now), None);
        }
        assert_eq!(breaker.failed(now), Some(Transition::Lost));
        assert!(!breaker.may_ask(now));

        assert!(breaker.may_ask(now + PAUSE_MIN));
        assert!(!breaker.may_ask(now + PAUSE_MIN), "one probe at a time");
        assert_eq!(breaker.answered(), Some(Transition::Regained));

        assert!(breaker.may_ask(now));
        let health = Health { is_up: true, failures: 5, lost: 1, regained: 1 };
        assert_eq!(breaker.health(), health);
    }

    #[test]
    fn the_pause_grows_to_its_maximum() {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        for _ in 0..20 {
            breaker.failed(now);
        }

        now += PAUSE_MAX - Duration::from_millis(1);
        assert!(!breaker.may_ask(now));
        assert!(breaker.may_ask(now + Duration::from_millis(1)));
    }
}
