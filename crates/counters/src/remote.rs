//! A store that nodes share, behind a deadline and a circuit breaker, under keys that say nothing.

use std::sync::Mutex;
use std::time::Duration;

use throttle::{Pick, Rule, Rules, Subject, Terms, Verdict};
use tokio::time::Instant;

use crate::breaker::{Breaker, Health, tell};
use crate::denials::Denials;
use crate::keys::{Anchor, Keys, Pepper};
use crate::patience::{Moment, Within};
use crate::store::{Ask, Delta, Key, Reply, Store, Strike, Total, What};
use crate::{Score, lock};

/// Which store, and how long it is waited for.
pub struct Shared {
    /// The store.
    pub store: Box<dyn Store>,
    /// The same on all nodes. Addresses and clients are keyed by it, so that who reads the store
    /// learns none of them.
    pub pepper: [u8; 32],
    /// No request waits longer for it, connecting included, however often it asks.
    pub deadline: Duration,
}

/// One store.
pub(crate) struct Remote {
    pub(crate) denials: Denials,
    store: Box<dyn Store>,
    breaker: Mutex<Breaker>,
    pepper: Pepper,
    deadline: Duration,
}

impl Remote {
    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            denials: Denials::new(),
            store: shared.store,
            breaker: Mutex::default(),
            pepper: Pepper::new(&shared.pepper),
            deadline: shared.deadline,
        }
    }

    pub(crate) fn health(&self) -> Health {
        lock(&self.breaker).health(Instant::now())
    }

    pub(crate) fn is_up(&self) -> bool {
        lock(&self.breaker).is_closed()
    }

    /// Whether the store charges a rule while a request waits.
    pub(crate) fn charges(&self, rule: &Rule) -> bool {
        self.store.charges(&rule.limit().terms(0))
    }

    /// The verdict of all nodes on the rules that are picked, or nothing when the store is away or
    /// the request has waited elsewhere as long as it may.
    pub(crate) async fn ask<'r>(
        &self,
        (rules, pick): (&'r Rules, Pick),
        who: &Subject<'_>,
        at: Moment<'_>,
        what: What,
    ) -> Option<Verdict<'r>> {
        let keys = Keys::new(&self.pepper, who);
        let applying = rules.picked(pick).filter(|(_, rule)| who.knows(rule.by()));
        let mut applying: Vec<_> =
            applying.map(|(place, rule)| (Anchor::of(rule.by(), who), place, rule)).collect();
        if applying.is_empty() {
            return Some(Verdict::new(rules, []));
        }
        // Whoever has no room of his own takes none of what he shares, not even for a moment.
        applying.sort_by_key(|(anchor, ..)| *anchor);
        let ask = |(_, _, rule): &(Anchor<'_>, usize, &Rule)| Ask {
            key: keys.of(rule),
            terms: rule.limit().terms(at.now_ms),
        };
        let asks: Vec<_> = applying.iter().map(ask).collect();
        let within = at.left_of(self.deadline)?;
        let asked = Instant::now();
        let ask = || self.store.ask(&asks, what, at.now_ms);
        let standings = self.answer(asks.len(), within, ask).await;
        at.waited_since(asked);
        let standings = standings?;
        let places = applying.iter().map(|(_, place, _)| *place);
        Some(Verdict::new(rules, places.zip(standings)))
    }

    /// Adds points to the score that all nodes share: whether they went beyond its end.
    pub(crate) async fn strike(
        &self,
        score: &Score,
        who: &Subject<'_>,
        points: u32,
        now_ms: u64,
    ) -> Option<bool> {
        let rule = score.rules().as_slice().first()?;
        let Terms::Rate { interval_us, burst: most } = rule.limit().terms(0) else { return None };
        let key = Keys::new(&self.pepper, who).of(rule);
        let strike = Strike { key, interval_us, most, points };
        let within = Within::whole(self.deadline);
        self.ask_store(within, || self.store.strike(&strike, now_ms), |_| true).await
    }

    /// Tells what this node let in, and learns what all let in.
    pub(crate) async fn exchange(&self, deltas: &[Delta], now_ms: u64) -> Option<Vec<Total>> {
        let tell = || self.store.exchange(deltas, now_ms);
        self.answer(deltas.len(), Within::whole(EXCHANGED_WITHIN), tell).await
    }

    /// Has the store connect. Whether it can is told by what is asked of it, not by this.
    pub(crate) async fn make_ready(&self) {
        if let Err(error) = self.store.make_ready().await {
            tracing::debug!(%error, "the store of limits cannot be reached");
        }
    }

    pub(crate) fn key(&self, rule: &Rule, who: &Subject<'_>) -> Key {
        Keys::new(&self.pepper, who).of(rule)
    }

    /// As many answers as there were questions.
    async fn answer<'a, T>(
        &'a self,
        count: usize,
        within: Within,
        ask: impl FnOnce() -> Reply<'a, Vec<T>>,
    ) -> Option<Vec<T>> {
        self.ask_store(within, ask, |answers: &Vec<T>| answers.len() == count).await
    }

    /// Asks and reads the answer. Nothing when there is none in time, or it is of another shape.
    async fn ask_store<'a, T>(
        &'a self,
        within: Within,
        ask: impl FnOnce() -> Reply<'a, T>,
        fits: impl Fn(&T) -> bool,
    ) -> Option<T> {
        if !lock(&self.breaker).may_ask(Instant::now()) {
            return None;
        }
        // Connecting is a part of the deadline. A caller who leaves meanwhile is no failure.
        let cause = match tokio::time::timeout(within.time, ask()).await {
            Ok(Ok(answer)) if fits(&answer) => {
                let transition = lock(&self.breaker).answered(Instant::now());
                tell(transition, "", NAME);
                return Some(answer);
            }
            Ok(Ok(_)) => "an answer of another shape".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) if !within.tells => {
                lock(&self.breaker).hurried();
                return None;
            }
            Err(_) => "no answer in time".to_owned(),
        };
        self.store.forsake();
        let transition = lock(&self.breaker).failed(Instant::now());
        tell(transition, &cause, NAME);
        None
    }
}

/// No request waits for an exchange; so it may take longer.
const EXCHANGED_WITHIN: Duration = Duration::from_secs(1);
const NAME: &str = "store of limits";
