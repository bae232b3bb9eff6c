//! What one connection is doing, as its I/O, its requests and its watchdog share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Signs of life of one connection.
#[derive(Debug)]
pub(super) struct Pulse {
    opened: Instant,
    requests: AtomicU64,
    in_flight: AtomicUsize,
    quiet_since_ms: AtomicU64,
    header_begun: AtomicBool,
    /// Of HTTP/2: since when a header block is open, one more than the milliseconds; 0 if none is.
    block_since_ms: AtomicU64,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            opened: Instant::now(),
            requests: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            quiet_since_ms: AtomicU64::new(0),
            header_begun: AtomicBool::new(false),
            block_since_ms: AtomicU64::new(0),
        }
    }

    pub(super) const fn opened(&self) -> Instant {
        self.opened
    }

    /// How many requests have begun.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Acquire)
    }

    /// True while a request is being answered, up to the end of the response's body.
    pub(super) fn is_busy(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) > 0
    }

    /// When the last request ended.
    pub(super) fn quiet_since(&self) -> Instant {
        self.opened + Duration::from_millis(self.quiet_since_ms.load(Ordering::Acquire))
    }

    /// Bytes have come; between two requests they begin the next one's headers.
    pub(super) fn read(&self) {
        if !self.is_busy() {
            self.header_begun.store(true, Ordering::Relaxed);
        }
    }

    /// True when a request's headers have begun to come but have not ended.
    pub(super) fn is_in_header(&self) -> bool {
        self.header_begun.load(Ordering::Relaxed)
    }

    /// Whether a header block of HTTP/2 is open, after what was just read.
    pub(super) fn block(&self, is_open: bool) {
        if !is_open {
            self.block_since_ms.store(0, Ordering::Relaxed);
        } else if self.block_since_ms.load(Ordering::Relaxed) == 0 {
            self.block_since_ms.store(self.age_ms().saturating_add(1), Ordering::Relaxed);
        }
    }

    /// Since when a header block of HTTP/2 is open.
    pub(super) fn block_since(&self) -> Option<Instant> {
        let since_ms = self.block_since_ms.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.opened + Duration::from_millis(since_ms))
    }

    fn age_ms(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A request's headers are complete; it lasts until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.header_begun.store(false, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        self.requests.fetch_add(1, Ordering::AcqRel);
        InFlight(Arc::clone(self))
    }
}

/// One request that is being answered.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Pulse>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.quiet_since_ms.store(self.0.age_ms(), Ordering::Release);
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
