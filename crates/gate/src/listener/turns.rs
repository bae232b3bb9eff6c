//! Handshakes take turns: a flood of them leaves processors to connections that are open.
//!
//! A handshake costs more than most requests. If each ran as soon as its bytes are there, a
//! request would wait behind all of them. So only some may compute at once; the others queue up,
//! and between two of them everybody else has a turn. Waiting for a peer costs no turn: who stalls
//! holds up nobody.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tokio::sync::Semaphore;

/// Who may compute.
pub(super) struct Turns(Semaphore);

impl Turns {
    /// Half of the processors, one at least.
    pub(super) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self::of((processors / 2).max(1))
    }

    const fn of(turns: usize) -> Self {
        Self(Semaphore::const_new(turns))
    }

    /// Runs `work` to its end; each time it can go on, it waits for its turn.
    pub(super) async fn take<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        loop {
            // Never closed; without a turn the work would go on all the same.
            let turn = self.0.acquire().await;
            let polled = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await;
            drop(turn);
            if let Poll::Ready(output) = polled {
                return output;
            }
            woken().await;
        }
    }
}

/// Ends when the task is polled again: whatever is waited for has noted whom to wake.
async fn woken() {
    let mut was_polled = false;
    poll_fn(|_| match std::mem::replace(&mut was_polled, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::task::{Context, Waker};

    use super::*;

    fn poll<F: Future>(work: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        work.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn without_a_turn_nothing_goes_on() {
        let turns = Turns::of(1);
        let held = turns.0.try_acquire().unwrap();
        let mut work = pin!(turns.take(async { 7 }));

        assert!(poll(work.as_mut()).is_pending());

        drop(held);
        assert_eq!(poll(work.as_mut()), Poll::Ready(7));
    }

    #[test]
    fn who_waits_for_a_peer_holds_up_nobody() {
        let turns = Turns::of(1);
        let mut stalled: Vec<_> = (0..100).map(|_| Box::pin(turns.take(pending::<()>()))).collect();
        for each in &mut stalled {
            assert!(poll(each.as_mut()).is_pending());
        }

        let mut work = pin!(turns.take(async { 7 }));

        assert_eq!(poll(work.as_mut()), Poll::Ready(7));
    }

    #[tokio::test]
    async fn work_that_waits_comes_to_its_end() {
        let turns = Turns::of(1);
        let (send, receive) = tokio::sync::oneshot::channel();
        let waits = turns.take(receive);
        let sends = turns.take(async {
            tokio::task::yield_now().await;
            send.send(7).unwrap();
        });

        let (received, ()) = tokio::join!(waits, sends);

        assert_eq!(received, Ok(7));
    }
}
