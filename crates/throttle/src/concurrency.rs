//! Which requests are at work at once, by rule and by whom the rule counts for.
//!
//! The memory is bounded by what is at work, which the gate bounds: a key without a request has no
//! entry.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use siphasher::sip::SipHasher13;

use crate::places::{Left, PLACES_MAX, PlaceRules};
use crate::subject::{Digests, Subject};

/// Counts what is at work. One lock, held for a few lookups, so that all places of a request are
/// taken together or none is.
#[derive(Debug)]
pub struct Concurrency {
    at_work: Mutex<AtWork>,
    /// Keyed at random: see [`Digests`].
    hasher: SipHasher13,
}

/// How many are at work, by key.
type AtWork = HashMap<u64, u32, BuildHasherDefault<Digest>>;

/// The places of one request; given back when dropped.
#[derive(Debug)]
#[must_use]
pub struct Held {
    of: Arc<Concurrency>,
    keys: Keys,
}

/// What tells the places of a rule and a caller from all others; nothing where a rule does not
/// apply.
type Keys = [Option<u64>; PLACES_MAX];

impl Concurrency {
    /// Nothing is at work yet.
    #[must_use]
    pub fn new(random: RandomState) -> Arc<Self> {
        let hasher = SipHasher13::new_with_keys(random.hash_one(0), random.hash_one(1));
        Arc::new(Self { at_work: Mutex::default(), hasher })
    }

    /// Takes a place of each rule that applies, with how many are left then.
    ///
    /// # Errors
    /// When one of them has none; then no place is taken.
    pub fn hold<'r>(
        self: &Arc<Self>,
        rules: &'r PlaceRules,
        who: &Subject<'_>,
    ) -> Result<(Held, Left<'r>), Left<'r>> {
        let keys = self.keys(rules, who);
        if keys.iter().all(Option::is_none) {
            return Ok((Held { of: Arc::clone(self), keys }, Left::default()));
        }
        let mut at_work = self.lock();
        let mut left = free(rules, &keys, &at_work);
        if left.contains(&Some(0)) {
            return Err(Left::new(rules, left));
        }
        for key in keys.iter().flatten() {
            *at_work.entry(*key).or_insert(0) += 1;
        }
        for left in left.iter_mut().flatten() {
            *left -= 1;
        }
        Ok((Held { of: Arc::clone(self), keys }, Left::new(rules, left)))
    }

    /// How many places are left. Takes none.
    #[must_use]
    pub fn left<'r>(&self, rules: &'r PlaceRules, who: &Subject<'_>) -> Left<'r> {
        let keys = self.keys(rules, who);
        Left::new(rules, free(rules, &keys, &self.lock()))
    }

    fn keys(&self, rules: &PlaceRules, who: &Subject<'_>) -> Keys {
        let mut digests = Digests::new(&self.hasher, who);
        let mut keys = [None; PLACES_MAX];
        for (key, rule) in keys.iter_mut().zip(rules.as_slice()) {
            *key = digests.mixed(rule.by(), rule.salt());
        }
        keys
    }

    fn lock(&self) -> MutexGuard<'_, AtWork> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.keys.iter().all(Option::is_none) {
            return;
        }
        let mut at_work = self.of.lock();
        for key in self.keys.iter().flatten() {
            if let Entry::Occupied(mut held) = at_work.entry(*key) {
                match held.get() {
                    0 | 1 => {
                        held.remove();
                    }
                    _ => *held.get_mut() -= 1,
                }
            }
        }
    }
}

/// A key is a keyed digest, which nobody chooses: it is its own hash.
#[derive(Default)]
struct Digest(u64);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        // Keys are numbers; whatever else there may be is told apart all the same.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A reload may allow fewer than are at work: then there is none until enough have ended.
fn free(rules: &PlaceRules, keys: &Keys, at_work: &AtWork) -> [Option<u32>; PLACES_MAX] {
    let mut left = [None; PLACES_MAX];
    for ((left, rule), key) in left.iter_mut().zip(rules.as_slice()).zip(keys) {
        let held = |key| at_work.get(&key).copied().unwrap_or(0);
        *left = key.map(|key| rule.most().saturating_sub(held(key)));
    }
    left
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    use super::*;
    use crate::places::PlaceRule;
    use crate::subject::By;

    fn rules<const N: usize>(rules: [(&str, By, u32); N]) -> PlaceRules {
        let rules = rules.map(|(name, by, most)| PlaceRule::new(name, by, most).unwrap());
        PlaceRules::new(rules.into()).unwrap()
    }

    fn client(client: &str) -> Subject<'_> {
        Subject { client: Some(client), tenant: Some("acme"), ..Subject::default() }
    }

    fn at_work() -> Arc<Concurrency> {
        Concurrency::new(RandomState::new())
    }

    fn names(left: &Left<'_>) -> Vec<String> {
        left.full().map(|rule| rule.name().to_owned()).collect()
    }

    #[test]
    fn one_more_than_allowed_is_refused_until_a_place_is_given_back() {
        let (limit, rules) = (at_work(), rules([("few", By::CLIENT, 2)]));
        let (first, left) = limit.hold(&rules, &client("one")).unwrap();
        assert_eq!(left.tightest().map(|(_, left)| left), Some(1));
        let _second = limit.hold(&rules, &client("one")).unwrap();
        assert_eq!(names(&limit.hold(&rules, &client("one")).unwrap_err()), ["few"]);

        drop(first);

        assert!(limit.hold(&rules, &client("one")).is_ok());
    }

    #[test]
    fn where_one_place_is_missing_none_is_taken() {
        let (limit, rules) = (at_work(), rules([("few", By::CLIENT, 1), ("all", By::TENANT, 9)]));
        let _first = limit.hold(&rules, &client("one")).unwrap();

        let missing = limit.hold(&rules, &client("one")).unwrap_err();

        assert_eq!(names(&missing), ["few"]);
        let left = limit.left(&rules, &client("other"));
        assert_eq!(left.each().map(|(_, left)| left).collect::<Vec<_>>(), [1, 8]);
    }

    #[test]
    fn one_caller_does_not_hold_up_another_and_nobody_is_not_counted() {
        let (limit, rules) = (at_work(), rules([("few", By::CLIENT, 1)]));
        let _one = limit.hold(&rules, &client("one")).unwrap();

        assert!(limit.hold(&rules, &client("other")).is_ok());
        let _nobody = limit.hold(&rules, &Subject::default()).unwrap();
        assert!(limit.hold(&rules, &Subject::default()).is_ok());
    }

    #[test]
    fn another_number_forgets_nobody_who_is_at_work() {
        let limit = at_work();
        let (few, more) = (rules([("few", By::CLIENT, 1)]), rules([("few", By::CLIENT, 2)]));
        let first = limit.hold(&few, &client("one")).unwrap();

        let second = limit.hold(&more, &client("one")).unwrap();

        assert!(limit.hold(&more, &client("one")).is_err());
        drop(first);
        // Fewer than are at work, and then as many.
        assert!(limit.hold(&few, &client("one")).is_err());
        drop(second);
        assert!(limit.hold(&few, &client("one")).is_ok());
    }

    #[test]
    fn a_key_without_a_request_costs_nothing() {
        let (limit, rules) = (at_work(), rules([("few", By::CLIENT, 1)]));
        for n in 0..1000 {
            drop(limit.hold(&rules, &client(&n.to_string())).unwrap());
        }

        assert_eq!(limit.lock().len(), 0);
    }

    #[test]
    fn from_many_threads_never_more_than_allowed_are_at_work_and_all_places_come_back() {
        let limit = at_work();
        let rules = rules([("few", By::CLIENT, 3), ("all", By::TENANT, 5)]);
        let (of_one, of_all) = ([AtomicU32::new(0), AtomicU32::new(0)], AtomicU32::new(0));
        let (held, refused) = (AtomicU32::new(0), AtomicU32::new(0));
        let enter = |count: &AtomicU32, most| {
            assert!(count.fetch_add(1, Ordering::SeqCst) < most);
        };

        thread::scope(|scope| {
            for thread in 0..8 {
                let (limit, rules, of_one, of_all) = (&limit, &rules, &of_one, &of_all);
                let (held, refused, enter) = (&held, &refused, &enter);
                scope.spawn(move || {
                    let (name, own) = (["one", "other"][thread % 2], &of_one[thread % 2]);
                    for _ in 0..2000 {
                        let Ok((places, _)) = limit.hold(rules, &client(name)) else {
                            refused.fetch_add(1, Ordering::Relaxed);
                            continue;
                        };
                        enter(own, 3);
                        enter(of_all, 5);
                        thread::yield_now();
                        held.fetch_add(1, Ordering::Relaxed);
                        own.fetch_sub(1, Ordering::SeqCst);
                        of_all.fetch_sub(1, Ordering::SeqCst);
                        drop(places);
                    }
                });
            }
        });

        assert_eq!(held.into_inner() + refused.into_inner(), 16_000);
        assert_eq!(limit.lock().len(), 0);
    }
}
