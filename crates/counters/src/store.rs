//! Where all nodes count together: what is asked of such a store.
//!
//! A store counts and nothing else: deadlines, circuit breaker, hidden keys and what an outage
//! means are the affair of [`crate::Counters`], the same for every store.

use std::pin::Pin;

use throttle::{Slots, Standing, Terms};

/// A store that nodes share.
pub trait Store: Send + Sync + 'static {
    /// Charges all, or none where one has no room; or looks, and charges nothing. One standing for
    /// each question. `now_ms` is this node's time, for stores that have none of their own.
    fn ask<'a>(&'a self, asks: &'a [Ask], what: What, now_ms: u64) -> Reply<'a, Vec<Standing>>;

    /// Adds points to a score that decays: whether they did not all fit.
    fn strike<'a>(&'a self, strike: &'a Strike, now_ms: u64) -> Reply<'a, bool>;

    /// Adds what this node let in, limit or not, and says what all nodes let in. One total for each
    /// delta.
    fn exchange<'a>(&'a self, deltas: &'a [Delta], now_ms: u64) -> Reply<'a, Vec<Total>>;

    /// Connects, if that is to be done: no request waits for it then.
    fn make_ready(&self) -> Reply<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether it charges a limit of these terms while a request waits for it.
    fn charges(&self, terms: &Terms) -> bool;

    /// It failed: whatever is held of it is worth nothing.
    fn forsake(&self);
}

/// What a store answers, some time.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store did not answer, or not in this way.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// One rule of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Whom it counts; says nothing to those who read it.
    pub key: Key,
    /// What it allows.
    pub terms: Terms,
}

/// A key of a store. Keys of one anchor are kept together by a cluster; those of one request have
/// as few anchors as what they count allows, and stand anchor by anchor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// What keeps keys together.
    pub anchor: String,
    /// What tells them apart.
    pub name: String,
}

/// What a store is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Charge all rules, or none.
    Charge,
    /// Tell where they stand.
    Look,
}

/// Points for a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strike {
    /// Whose score.
    pub key: Key,
    /// In which time a point decays.
    pub interval_us: u64,
    /// The most that it can be.
    pub most: u32,
    /// What is added.
    pub points: u32,
}

/// What a node let in since it told the last time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Whom it counts.
    pub key: Key,
    /// By which slots.
    pub slots: Slots,
    /// How many.
    pub count: u32,
}

/// What all nodes let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Since the store first heard of the key.
    pub ever: u64,
    /// In the present slot, in the one before it, and so on.
    pub by_age: Vec<u32>,
}
