//! How many requests of one key are at work at once.
//!
//! The memory is bounded by what is at work, which the gate bounds: a key without a request has no
//! entry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts what is at work, by key.
#[derive(Debug, Default)]
pub struct Concurrency {
    at_work: Mutex<HashMap<u128, u32>>,
}

/// One place; given back when dropped.
#[derive(Debug)]
#[must_use]
pub struct Held {
    of: Arc<Concurrency>,
    key: u128,
}

impl Concurrency {
    /// Nothing is at work yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Takes a place of the key, or none when `most` of them are taken.
    pub fn hold(self: &Arc<Self>, key: u128, most: u32) -> Option<Held> {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let held = at_work.entry(key).or_insert(0);
        if *held >= most {
            return None;
        }
        *held += 1;
        Some(Held { of: Arc::clone(self), key })
    }

    /// How many places of the key are taken.
    #[must_use]
    pub fn held(&self, key: u128) -> u32 {
        let at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        at_work.get(&key).copied().unwrap_or(0)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut at_work = self.of.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = at_work.get_mut(&self.key) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                at_work.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_allowed_is_refused_until_a_place_is_given_back() {
        let limit = Concurrency::new();
        let first = limit.hold(7, 2);
        let _second = limit.hold(7, 2);
        assert!(limit.hold(7, 2).is_none());
        assert_eq!((limit.held(7), limit.held(8)), (2, 0));

        drop(first);

        assert!(limit.hold(7, 2).is_some());
    }

    #[test]
    fn one_key_does_not_hold_up_another() {
        let limit = Concurrency::new();
        let _one = limit.hold(1, 1).unwrap();

        assert!(limit.hold(2, 1).is_some());
    }

    #[test]
    fn a_key_without_a_request_costs_nothing() {
        let limit = Concurrency::new();
        for key in 0..1000 {
            drop(limit.hold(key, 1));
        }

        assert_eq!(limit.at_work.lock().unwrap().len(), 0);
    }
}
