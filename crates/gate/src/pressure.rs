//! How much is at work, and how long what is to be done waits for a thread (control: THR-6).
//!
//! A cap on requests at once bounds memory. It says nothing about time: a node whose processor is
//! too slow for what it admits answers everybody late. So the time that work waits for a thread is
//! measured, and while it stays over its target a share of the requests is refused at once:
//! strangers before callers whom the node knows, and never what [`crate::contract::Operation`]
//! calls vital.

mod shedder;

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use crate::App;
use crate::tasks::Tasks;

pub use shedder::{INTERVAL, Seen, Shares, Shedder};

/// Requests at work, and the share that is refused.
#[derive(Debug, Default)]
pub struct Pressure {
    at_work: AtomicUsize,
    /// [`Shares`] as one number, so that a request reads both at once: zero while all is well.
    shares: AtomicU32,
    strangers: AtomicU64,
    known: AtomicU64,
    shedder: Mutex<Shedder>,
    /// Numbers for operators.
    pub tally: PressureTally,
}

/// Numbers for operators.
#[derive(Debug, Default)]
pub struct PressureTally {
    /// Requests that were refused because work waits too long for a thread.
    pub shed: Counter,
    /// How long it waits at least, in the last tenth of a second: milliseconds.
    pub delay_ms: Gauge,
    /// The share of all requests that is refused, in thousandths.
    pub share: Gauge,
}

/// A place among the requests at work; given back when dropped.
#[must_use]
pub(crate) struct Place<'a>(&'a AtomicUsize);

impl Pressure {
    /// A place, or nothing when `most` are taken.
    pub(crate) fn enter(&self, most: usize) -> Option<Place<'_>> {
        let one_more = |at_work| (at_work < most).then_some(at_work + 1);
        self.at_work.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Place(&self.at_work))
    }

    /// Requests at work.
    #[must_use]
    pub fn at_work(&self) -> usize {
        self.at_work.load(Ordering::Acquire)
    }

    /// Whether any request is refused at the moment. One load, for every request.
    pub(crate) fn is_shedding(&self) -> bool {
        self.shares.load(Ordering::Relaxed) != 0
    }

    /// Whether a request is to be refused: `draw` is a random number below 1000.
    pub(crate) fn sheds(&self, is_known: bool, draw: u16) -> bool {
        let shares = Shares::from_bits(self.shares.load(Ordering::Relaxed));
        let (seen, share) = match is_known {
            true => (&self.known, shares.known),
            false => (&self.strangers, shares.strangers),
        };
        seen.fetch_add(1, Ordering::Relaxed);
        let sheds = draw < share;
        if sheds {
            self.tally.shed.inc();
        }
        sheds
    }

    /// In how many seconds whoever is refused may come back: later, the more are refused, and not
    /// all in the same second.
    pub(crate) fn retry_after_s(&self, draw: u16) -> u16 {
        let shares = Shares::from_bits(self.shares.load(Ordering::Relaxed));
        1 + shares.strangers / 300 + draw % 2
    }

    /// Takes how long work waited for a thread, at `now_ms` of any clock that only goes forward.
    /// A target of zero turns shedding off.
    pub fn observe(&self, delay: Duration, target: Duration, now_ms: u64) {
        let mut shedder = self.shedder.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = || Seen {
            strangers: self.strangers.swap(0, Ordering::Relaxed),
            known: self.known.swap(0, Ordering::Relaxed),
        };
        let Some(shares) = shedder.observe(delay, target, now_ms, seen) else { return };
        let before = self.shares.swap(shares.bits(), Ordering::Relaxed);
        let delay_ms = shedder.delay_ms();
        self.tally.delay_ms.set(i64::try_from(delay_ms).unwrap_or(i64::MAX));
        self.tally.share.set(shedder.share().into());
        match (before, shares.bits()) {
            (0, share) if share != 0 => {
                tracing::warn!(delay_ms, "work waits too long for a thread: refusing a share");
            }
            (share, 0) if share != 0 => tracing::info!(delay_ms, "refusing nobody any more"),
            _ => {}
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Measures for as long as the process runs how long work waits for a thread.
pub async fn watch(app: Arc<App>, tasks: Tasks) {
    let (started, mut stopping) = (Instant::now(), tasks.stopping());
    let mut due = started;
    loop {
        // Nobody waits where nobody is; an idle node sleeps.
        let pause = if app.pressure.at_work() > 0 { PROBE } else { INTERVAL };
        due = Instant::now().max(due + pause);
        tokio::select! {
            () = &mut stopping => return,
            () = sleep_until(due) => {}
        }
        let Some(delay) = wait_for_a_thread(&tasks, due).await else { return };
        let target = Duration::from_millis(app.posture().config.queue_delay_target_ms);
        let now_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        app.pressure.observe(delay, target, now_ms);
    }
}

/// How long after `due` a task ran that was queued behind all others of its thread.
async fn wait_for_a_thread(tasks: &Tasks, due: Instant) -> Option<Duration> {
    let (tell, told) = oneshot::channel();
    tasks.spawn_part(async move {
        let _gone = tell.send(due.elapsed());
    });
    // A thread of tokio runs first what was made last; this one takes that place, and the one
    // above goes to the end of the queue.
    tasks.spawn_part(async {});
    told.await.ok()
}

/// How often is measured while requests are at work.
const PROBE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_allowed_has_no_place_until_one_is_given_back() {
        let pressure = Pressure::default();
        let first = pressure.enter(2);
        let _second = pressure.enter(2).unwrap();
        assert!(pressure.enter(2).is_none());
        // A reload may allow fewer than are at work.
        assert!(pressure.enter(1).is_none());

        drop(first);

        assert!(pressure.enter(2).is_some());
    }

    /// On one thread, so that the order of its queue is the order in which tasks run.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_is_measured_stands_behind_everything_that_waits() {
        let tasks = Tasks::new();
        let (tell, told) = oneshot::channel();
        let own = tasks.clone();
        tasks.spawn(async move {
            let ran = Arc::new(AtomicUsize::new(0));
            for _ in 0..100 {
                let ran = Arc::clone(&ran);
                own.spawn_part(async move {
                    ran.fetch_add(1, Ordering::Relaxed);
                });
            }
            let waited = wait_for_a_thread(&own, Instant::now()).await;
            tell.send((waited.is_some(), ran.load(Ordering::Relaxed))).unwrap();
        });

        assert_eq!(told.await.unwrap(), (true, 100));
    }
}
