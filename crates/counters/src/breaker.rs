//! Stops asking a store that does not answer, and asks again now and then.

use std::time::Duration;

use tokio::time::Instant;

/// How the store is, and each way that the circuit breaker went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Whether it is asked.
    pub is_up: bool,
    /// Questions without an answer.
    pub failures: u64,
    /// How often it was given up: closed to open.
    pub lost: u64,
    /// How often one question was let through to see: open to half open.
    pub probed: u64,
    /// How often that had no answer: half open to open.
    pub reopened: u64,
    /// How often it came back: half open to closed.
    pub regained: u64,
    /// How long it has been away, in all.
    pub away: Duration,
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
    /// Since when.
    since: Instant,
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
        self.health.probed += 1;
        true
    }

    /// It answered.
    pub(crate) fn answered(&mut self, now: Instant) -> Option<Transition> {
        self.in_a_row = 0;
        let open = self.open.take()?;
        self.health.away += now.saturating_duration_since(open.since);
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
            self.health.reopened += 1;
            return None;
        }
        if self.in_a_row < FAILURES_MAX {
            return None;
        }
        self.open = Some(Open { since: now, until: now + PAUSE_MIN, pause: PAUSE_MIN });
        self.health.lost += 1;
        Some(Transition::Lost)
    }

    /// It did not answer in the little time that it had: no reason to give it up.
    pub(crate) const fn hurried(&mut self) {
        self.health.failures += 1;
    }

    /// Whether it is asked.
    pub(crate) const fn is_closed(&self) -> bool {
        self.open.is_none()
    }

    pub(crate) fn health(&self, now: Instant) -> Health {
        let since = self.open.map_or(now, |open| open.since);
        let away = self.health.away + now.saturating_duration_since(since);
        Health { is_up: self.is_closed(), away, ..self.health }
    }
}

/// Tells an operator, once for each way that it went.
pub(crate) fn tell(transition: Option<Transition>, cause: &str, what: &str) {
    match transition {
        Some(Transition::Lost) => {
            tracing::error!(cause, "the {what} is away: each node counts alone");
        }
        Some(Transition::Regained) => tracing::info!("the {what} is back"),
        None => {}
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
        assert_eq!(breaker.answered(now + PAUSE_MIN), Some(Transition::Regained));

        assert!(breaker.may_ask(now));
        let counted = Health { is_up: true, failures: 5, lost: 1, ..Health::default() };
        let health = Health { probed: 1, regained: 1, away: PAUSE_MIN, ..counted };
        assert_eq!(breaker.health(now + PAUSE_MAX), health);
    }

    #[test]
    fn every_transition_is_counted_and_so_is_the_time_away() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..5 {
            breaker.failed(now);
        }
        assert!(breaker.may_ask(now + PAUSE_MIN));
        breaker.failed(now + PAUSE_MIN);

        let health = breaker.health(now + PAUSE_MAX);

        assert!(!health.is_up);
        assert_eq!((health.lost, health.probed, health.reopened, health.regained), (1, 1, 1, 0));
        assert_eq!(health.away, PAUSE_MAX);
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
