//! Every task of the process, so that a drain can wait for all of them.
//!
//! The only place that calls `tokio::spawn`.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// Spawns, counts and finally ends the tasks of the process. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct Tasks(Arc<Shared>);

/// A future that is ready once the process is asked to stop.
#[derive(Debug)]
pub struct Stopping {
    shared: Arc<Shared>,
    until: u8,
    seen: u8,
    registered: Option<(Waker, Pin<Box<OwnedNotified>>)>,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Tasks that had not ended by the deadline and were aborted.
    pub aborted: usize,
}

#[derive(Debug, Default)]
struct Shared {
    level: AtomicU8,
    changed: Arc<Notify>,
    live: AtomicUsize,
    idle: Notify,
}

impl Tasks {
    /// No tasks yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `work` until it ends, or until a drain's deadline has passed.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut aborting = self.reached(ABORTING);
        self.spawn_part(async move {
            let mut work = pin!(work);
            poll_fn(|cx| match work.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => Pin::new(&mut aborting).poll(cx),
            })
            .await;
        });
    }

    /// Runs `work` as a part of another task: a drain waits for it, but only the task that it
    /// belongs to ends it. Cheaper than [`Tasks::spawn`], for what is spawned once a request.
    #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
    pub fn spawn_part(&self, work: impl Future<Output = ()> + Send + 'static) {
        let live = Live::enter(&self.0);
        tokio::spawn(async move {
            // Moved in whole, so that it is dropped last even when `work` panics.
            let _live = live;
            work.await;
        });
    }

    /// Asks every task to come to an end.
    pub fn stop(&self) {
        self.raise(STOPPING);
    }

    /// True once the process is asked to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.0.level.load(Ordering::Acquire) >= STOPPING
    }

    /// Waits for the process to be asked to stop. Never ends a task by itself.
    #[must_use]
    pub fn stopping(&self) -> Stopping {
        self.reached(STOPPING)
    }

    /// How many tasks have not ended.
    #[must_use]
    pub fn live(&self) -> usize {
        self.0.live.load(Ordering::Acquire)
    }

    /// Asks every task to stop, waits for all until `timeout`, then aborts what is left.
    pub async fn drain(&self, timeout: Duration) -> Drained {
        self.stop();
        if tokio::time::timeout(timeout, self.idle()).await.is_ok() {
            return Drained { aborted: 0 };
        }
        let aborted = self.live();
        self.raise(ABORTING);
        // Aborted tasks end as soon as they are polled; only one that blocks its thread does not.
        if tokio::time::timeout(ABORT_GRACE, self.idle()).await.is_err() {
            tracing::warn!(tasks = self.live(), "tasks did not end when aborted");
        }
        Drained { aborted }
    }

    async fn idle(&self) {
        loop {
            let idle = self.0.idle.notified();
            if self.live() == 0 {
                return;
            }
            idle.await;
        }
    }

    fn raise(&self, level: u8) {
        if self.0.level.fetch_max(level, Ordering::AcqRel) < level {
            self.0.changed.notify_waiters();
        }
    }

    fn reached(&self, until: u8) -> Stopping {
        Stopping { shared: Arc::clone(&self.0), until, seen: RUNNING, registered: None }
    }
}

impl Clone for Stopping {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            until: self.until,
            seen: RUNNING,
            registered: None,
        }
    }
}

impl Future for Stopping {
    type Output = ();

    // Polled with every turn of every connection: one load, unless something has changed.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let level = self.shared.level.load(Ordering::Acquire);
            if level >= self.until {
                return Poll::Ready(());
            }
            if let Some((waker, _)) = &self.registered
                && self.seen == level
                && waker.will_wake(cx.waker())
            {
                return Poll::Pending;
            }
            // INVARIANT: waits from before the level is read again, so no change is missed.
            let mut changed = Box::pin(Arc::clone(&self.shared.changed).notified_owned());
            let pending = changed.as_mut().poll(cx).is_pending();
            if pending && self.shared.level.load(Ordering::Acquire) == level {
                self.seen = level;
                self.registered = Some((cx.waker().clone(), changed));
                return Poll::Pending;
            }
        }
    }
}

struct Live(Arc<Shared>);

impl Live {
    fn enter(shared: &Arc<Shared>) -> Self {
        shared.live.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(shared))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if self.0.live.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

const RUNNING: u8 = 0;
const STOPPING: u8 = 1;
const ABORTING: u8 = 2;
const ABORT_GRACE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ignores_the_stop_is_aborted_at_the_deadline() {
        let tasks = Tasks::new();
        tasks.spawn(std::future::pending());

        let drained = tasks.drain(Duration::from_millis(1)).await;

        assert_eq!(drained, Drained { aborted: 1 });
        assert_eq!(tasks.live(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_lasts_until_its_deadline_and_no_longer() {
        let tasks = Tasks::new();
        tasks.spawn(std::future::pending());
        let began = tokio::time::Instant::now();

        let drained = tasks.drain(Duration::from_secs(20)).await;

        assert_eq!((drained.aborted, began.elapsed().as_secs()), (1, 20));
    }

    #[tokio::test]
    async fn a_drain_waits_for_tasks_that_stop_by_themselves() {
        let tasks = Tasks::new();
        let stopping = tasks.stopping();
        tasks.spawn(async move {
            stopping.await;
            tokio::task::yield_now().await;
        });

        assert_eq!(tasks.drain(Duration::from_secs(10)).await, Drained { aborted: 0 });
    }

    #[tokio::test]
    async fn a_panicking_task_is_no_longer_counted() {
        let tasks = Tasks::new();
        tasks.spawn(async { panic!("on purpose") });

        assert_eq!(tasks.drain(Duration::from_secs(10)).await, Drained { aborted: 0 });
    }
}
