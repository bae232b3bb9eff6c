//! A store that nodes share, behind a deadline and a circuit breaker, under keys that say nothing.

use std::sync::Mutex;
use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use throttle::{By, Pick, Rule, Rules, Subject, Terms, Verdict, prefix};
use tokio::time::Instant;

use crate::breaker::{Breaker, Health, Transition};
use crate::denials::Denials;
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
    pepper: hmac::Key,
    deadline: Duration,
}

impl Remote {
    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            denials: Denials::new(),
            store: shared.store,
            breaker: Mutex::default(),
            pepper: hmac::Key::new(hmac::HMAC_SHA256, &shared.pepper),
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

    /// The verdict of all nodes on the rules that are picked, or nothing when the store is away.
    pub(crate) async fn ask<'r>(
        &self,
        (rules, pick): (&'r Rules, Pick),
        who: &Subject<'_>,
        at: Moment<'_>,
        what: What,
    ) -> Option<Verdict<'r>> {
        let keys = Keys::new(self, who);
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
        let strike = Strike { key: Keys::new(self, who).of(rule), interval_us, most, points };
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
        Keys::new(self, who).of(rule)
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
                tell(transition, "");
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
        tell(transition, &cause);
        None
    }

    fn hidden(&self, text: &str) -> String {
        let tag = hmac::sign(&self.pepper, text.as_bytes());
        HEXLOWER.encode(tag.as_ref().get(..16).unwrap_or_default())
    }
}

/// The keys of one request.
struct Keys<'a> {
    remote: &'a Remote,
    who: &'a Subject<'a>,
    address: String,
}

/// What the keys of a rule are kept together by, in a cluster.
///
/// INVARIANT: it follows from what the rule counts. Two requests that a rule counts together have
/// one anchor, whoever else they differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Anchor<'a> {
    /// The tenant: a client, a key and a person belong to one, so that most requests ask for one
    /// anchor only.
    Tenant(&'a str),
    /// The client or key of nobody's.
    Caller(&'a str),
    /// The address.
    Address,
    /// The operation.
    Operation,
}

impl<'a> Anchor<'a> {
    fn of(by: By, who: &Subject<'a>) -> Self {
        let caller = match (by.client, by.api_key) {
            (true, _) => who.client,
            (false, true) => who.api_key,
            (false, false) => None,
        };
        match (caller, who.tenant) {
            (Some(_), Some(tenant)) => Self::Tenant(tenant),
            (None, Some(tenant)) if by.tenant => Self::Tenant(tenant),
            (Some(caller), None) => Self::Caller(caller),
            _ if by.address => Self::Address,
            _ => Self::Operation,
        }
    }
}

impl<'a> Keys<'a> {
    fn new(remote: &'a Remote, who: &'a Subject<'a>) -> Self {
        let address = who.address.map(|address| prefix(address).to_string()).unwrap_or_default();
        Self { remote, who, address }
    }

    fn of(&self, rule: &Rule) -> Key {
        let (by, who) = (rule.by(), self.who);
        let texts = [
            (by.address, self.address.as_str()),
            (by.client, who.client.unwrap_or_default()),
            (by.api_key, who.api_key.unwrap_or_default()),
            (by.tenant, who.tenant.unwrap_or_default()),
            (by.operation, who.operation.unwrap_or_default()),
        ];
        let mut parts = format!("{:016x}", rule.salt());
        for (counts, text) in texts {
            parts.push('\n');
            parts.push_str(if counts { text } else { "" });
        }
        let anchor = match Anchor::of(by, who) {
            Anchor::Tenant(text) | Anchor::Caller(text) => text,
            Anchor::Address => &self.address,
            Anchor::Operation => who.operation.unwrap_or_default(),
        };
        Key { anchor: self.remote.hidden(anchor), name: self.remote.hidden(&parts) }
    }
}

fn tell(transition: Option<Transition>, cause: &str) {
    match transition {
        Some(Transition::Lost) => {
            tracing::error!(cause, "the store of limits is away: each node counts alone");
        }
        Some(Transition::Regained) => tracing::info!("the store of limits is back"),
        None => {}
    }
}

/// No request waits for an exchange; so it may take longer.
const EXCHANGED_WITHIN: Duration = Duration::from_secs(1);
