//! How long one request waits for the store, however often it asks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How long a request has waited for the store already.
#[derive(Debug, Default)]
pub struct Patience {
    waited_us: AtomicU64,
}

/// When a request is counted, and how long it has waited.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// Milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// What all questions of one request share; without it, one has the whole time.
    pub patience: Option<&'a Patience>,
}

/// How long an answer is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Within {
    pub(crate) time: Duration,
    /// Whether no answer within it says something about the store.
    pub(crate) tells: bool,
}

impl Moment<'_> {
    /// What is left of so much time; nothing when it is used up.
    pub(crate) fn left_of(&self, whole: Duration) -> Option<Within> {
        let waited = self.patience.map_or(Duration::ZERO, Patience::waited);
        let time = whole.checked_sub(waited).filter(|time| !time.is_zero())?;
        // A store that has only what an earlier question left of the time is not at fault.
        Some(Within { time, tells: time * 2 >= whole })
    }

    /// Notes that the store was waited for since then.
    pub(crate) fn waited_since(&self, asked: Instant) {
        if let Some(patience) = self.patience {
            let waited_us = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
            patience.waited_us.fetch_add(waited_us, Ordering::Relaxed);
        }
    }
}

impl Patience {
    fn waited(&self) -> Duration {
        Duration::from_micros(self.waited_us.load(Ordering::Relaxed))
    }
}

impl From<u64> for Moment<'static> {
    fn from(now_ms: u64) -> Self {
        Self { now_ms, patience: None }
    }
}

impl Within {
    /// The whole time.
    pub(crate) const fn whole(time: Duration) -> Self {
        Self { time, tells: true }
    }
}
