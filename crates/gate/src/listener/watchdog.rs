//! Ends connections that are late, idle, old or no longer wanted.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::listener::config::Patience;
use crate::listener::pulse::Pulse;
use crate::tasks::Stopping;

/// A connection of hyper.
pub(super) trait Served: Future<Output = hyper::Result<()>> {
    /// True when a graceful end loses no request that is under way: HTTP/2's GOAWAY says which
    /// requests were taken, while an HTTP/1.1 connection just closes.
    const ENDS_CLEANLY: bool;

    /// Ends the connection after the requests that are being answered.
    fn end(self: Pin<&mut Self>);
}

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// As HTTP has it.
    Closed,
    /// By an error of the peer or the network.
    Broken(hyper::Error),
    /// A request's headers took too long.
    HeaderLate,
    /// No request came for too long.
    Idle,
}

enum Phase {
    Serving,
    /// We are about to end it, but a request may be under way: until then, or a request more.
    Lingering {
        until: Instant,
        requests: u64,
    },
    /// Asked to end; cut at the given time, should the peer not let it.
    Ending {
        cut: Option<Instant>,
    },
}

struct Watchdog {
    pulse: Arc<Pulse>,
    patience: Patience,
    stopping: Stopping,
    phase: Phase,
    /// When the headers began to come that are to follow this many requests.
    header_since: Option<(u64, Instant)>,
    timer: Pin<Box<Sleep>>,
}

/// Runs a connection to its end.
pub(super) async fn run<C: Served>(
    connection: C,
    pulse: Arc<Pulse>,
    patience: Patience,
    stopping: Stopping,
) -> End {
    let mut connection = pin!(connection);
    let first = pulse.opened() + patience.header.min(patience.idle).min(patience.age);
    let timer = Box::pin(sleep_until(first));
    let phase = Phase::Serving;
    let mut dog = Watchdog { pulse, patience, stopping, phase, header_since: None, timer };
    poll_fn(|cx| dog.poll(cx, connection.as_mut())).await
}

impl Watchdog {
    fn poll<C: Served>(&mut self, cx: &mut Context<'_>, mut connection: Pin<&mut C>) -> Poll<End> {
        loop {
            if let Poll::Ready(result) = connection.as_mut().poll(cx) {
                return Poll::Ready(result.map_or_else(End::Broken, |()| End::Closed));
            }
            // Asking a connection to end does not wake it, so it is polled again.
            if self.is_to_end::<C>(cx) {
                self.phase = Phase::Ending { cut: None };
                connection.as_mut().end();
                continue;
            }
            self.time_header::<C>();
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            let (deadline, end) = self.deadline();
            if now < deadline {
                self.timer.as_mut().reset(deadline);
                continue;
            }
            match (end, &self.phase) {
                (Some(End::Idle), Phase::Serving) | (None, Phase::Lingering { .. }) => {
                    let cut = now + self.patience.cut;
                    self.phase = Phase::Ending { cut: Some(cut) };
                    connection.as_mut().end();
                }
                (None, Phase::Serving) => self.linger(now),
                (end, _) => return Poll::Ready(end.unwrap_or(End::Idle)),
            }
        }
    }

    /// True when the connection is to be asked to end now.
    fn is_to_end<C: Served>(&mut self, cx: &mut Context<'_>) -> bool {
        let begun = self.pulse.requests();
        match self.phase {
            Phase::Serving if Pin::new(&mut self.stopping).poll(cx).is_pending() => false,
            Phase::Serving if self.pulse.is_busy() || (C::ENDS_CLEANLY && begun > 0) => true,
            Phase::Serving => {
                self.linger(Instant::now());
                false
            }
            Phase::Lingering { requests, .. } => begun > requests,
            Phase::Ending { .. } => false,
        }
    }

    fn linger(&mut self, now: Instant) {
        let until = now + self.patience.linger;
        self.phase = Phase::Lingering { until, requests: self.pulse.requests() };
        self.timer.as_mut().reset(until);
    }

    /// Starts the clock with the first byte of a request's headers, and stops it with the last.
    fn time_header<C: Served>(&mut self) {
        let requests = self.pulse.requests();
        let since = if C::ENDS_CLEANLY {
            // HTTP/2 has other bytes between two requests than the headers of the next.
            self.pulse.block_since()
        } else {
            let known = self.header_since.filter(|(before, _)| *before == requests);
            let since = || known.map_or_else(Instant::now, |(_, since)| since);
            self.pulse.is_in_header().then(since)
        };
        self.header_since = since.map(|since| (requests, since));
        if let Some(late) = since.map(|since| since + self.patience.header)
            && late < self.timer.deadline()
        {
            self.timer.as_mut().reset(late);
        }
    }

    /// When to look again, and what has then come to pass if nothing else has.
    fn deadline(&self) -> (Instant, Option<End>) {
        let is_busy = self.pulse.is_busy();
        match self.phase {
            Phase::Ending { cut: Some(cut) } if !is_busy => return (cut, Some(End::Idle)),
            Phase::Lingering { until, .. } => return (until, None),
            Phase::Ending { .. } | Phase::Serving => {}
        }
        let idle = if self.pulse.requests() == 0 {
            (self.pulse.opened() + self.patience.header, Some(End::HeaderLate))
        } else if let Some((_, since)) = self.header_since {
            // Also while others are answered: until a header block ends, nothing else can be said.
            (since + self.patience.header, Some(End::HeaderLate))
        } else if is_busy {
            // Looked at again; meanwhile, others watch over the request and the response.
            (Instant::now() + self.patience.idle, None)
        } else {
            (self.pulse.quiet_since() + self.patience.idle, Some(End::Idle))
        };
        let old = self.pulse.opened() + self.patience.age;
        if old < idle.0 && matches!(self.phase, Phase::Serving) { (old, None) } else { idle }
    }
}
