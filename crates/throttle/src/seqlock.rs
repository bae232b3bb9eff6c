//! A sequence lock: who reads writes nothing, and learns whether somebody wrote meanwhile.
//!
//! What stands behind it are atomics, each loaded and stored `Relaxed`: the lock alone gives them
//! an order (H. Boehm, "Can seqlocks get along with programming language memory models?").

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::thread::yield_now;

/// How often it was locked and released: odd while somebody writes.
#[derive(Default)]
pub(crate) struct SeqLock(AtomicU64);

/// A state of a lock.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl SeqLock {
    /// The present state. What is read after it is as new as it, or newer.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp(self.0.load(Ordering::Acquire))
    }

    /// Whether the state is this one still: then all that was read in between belongs together, if
    /// nobody was writing.
    pub(crate) fn is_still(&self, stamp: Stamp) -> bool {
        fence(Ordering::Acquire);
        self.0.load(Ordering::Relaxed) == stamp.0
    }

    /// Keeps others from writing, if the state is this one still. To be released.
    pub(crate) fn try_lock(&self, free: Stamp) -> bool {
        let next = free.0.wrapping_add(1);
        let (taken, failed) = (Ordering::Acquire, Ordering::Relaxed);
        let is_ours =
            !free.is_writing() && self.0.compare_exchange(free.0, next, taken, failed).is_ok();
        // Whoever reads what is stored from here on finds the state changed.
        fence(Ordering::Release);
        is_ours
    }

    /// Waits until nobody writes, and keeps others from it: the state before. To be released.
    pub(crate) fn lock(&self) -> Stamp {
        let mut tries = 0_u32;
        loop {
            let now = self.stamp();
            if self.try_lock(now) {
                return now;
            }
            pause(&mut tries);
        }
    }

    /// Lets others write. Only for who locked it.
    pub(crate) fn release(&self) {
        // Nobody else stores while it is odd.
        let locked = self.0.load(Ordering::Relaxed);
        self.0.store(locked.wrapping_add(1), Ordering::Release);
    }
}

impl Stamp {
    /// Whether somebody was writing.
    pub(crate) const fn is_writing(self) -> bool {
        self.0 & 1 == 1
    }
}

/// It is held for some dozen nanoseconds; for longer only when its holder lost the processor, who
/// may need ours.
fn pause(tries: &mut u32) {
    *tries = tries.saturating_add(1);
    if *tries < SPINS { spin_loop() } else { yield_now() }
}

const SPINS: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_learns_of_a_writer() {
        let lock = SeqLock::default();
        let before = lock.stamp();

        assert!(!before.is_writing() && lock.is_still(before));
        assert!(lock.lock() == before);
        assert!(!lock.is_still(before) && lock.stamp().is_writing());
        assert!(!lock.try_lock(before) && !lock.try_lock(lock.stamp()));
        lock.release();
        assert!(!lock.is_still(before) && !lock.stamp().is_writing());
    }

    #[test]
    fn a_reader_never_takes_half_of_what_was_written_for_a_whole() {
        let (lock, halves) = (SeqLock::default(), [AtomicU64::new(0), AtomicU64::new(0)]);
        let write = || {
            for _ in 0..20_000 {
                lock.lock();
                for half in &halves {
                    half.store(half.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                }
                lock.release();
            }
        };
        let read = || {
            for _ in 0..20_000 {
                let stamp = lock.stamp();
                let [one, other] = halves.each_ref().map(|half| half.load(Ordering::Relaxed));
                assert!(one == other || stamp.is_writing() || !lock.is_still(stamp));
            }
        };

        std::thread::scope(|scope| {
            (0..2).for_each(|_| {
                scope.spawn(write);
                scope.spawn(read);
            });
        });

        assert_eq!(halves.map(AtomicU64::into_inner), [40_000; 2]);
    }
}
