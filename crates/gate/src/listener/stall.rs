//! HTTP/2 streams whose client stops taking the response.
//!
//! A closed flow-control window keeps a stream open without any stalled write on the socket, so
//! each stream is watched by itself.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use hyper::rt::Executor;
use tokio::time::{Instant, sleep_until};

use crate::tasks::Tasks;

tokio::task_local! {
    /// How many pieces of the response the client was given; `None` while it waits for us.
    static GIVEN: Cell<Option<u32>>;
}

/// Runs the streams of HTTP/2 connections.
#[derive(Clone)]
pub(super) struct Streams {
    pub(super) tasks: Tasks,
    pub(super) stall: Duration,
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let stall = self.stall;
        self.tasks.spawn_part(GIVEN.scope(Cell::new(None), until_stalled(stream, stall)));
    }
}

/// The response's body is asked for its next piece: it is our turn.
pub(super) fn our_turn() -> u32 {
    GIVEN.try_with(Cell::take).ok().flatten().unwrap_or(0)
}

/// The body gave a piece, after `given` others: it is the client's turn.
pub(super) fn clients_turn(given: u32) {
    // Outside HTTP/2 nobody asks: a stalled HTTP/1.1 response stalls the socket.
    let _ = GIVEN.try_with(|turn| turn.set(Some(given.wrapping_add(1))));
}

/// Drops the stream, which resets it, when the client takes nothing for `stall`.
async fn until_stalled(stream: impl Future<Output = ()>, stall: Duration) {
    let mut stream = pin!(stream);
    let mut timer = pin!(None);
    let mut seen = None;
    poll_fn(|cx| {
        if stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let given = GIVEN.with(Cell::get);
        if given.is_none() {
            timer.set(None);
        } else if given != seen {
            timer.set(Some(sleep_until(Instant::now() + stall)));
        }
        seen = given;
        match timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(cx),
            None => Poll::Pending,
        }
    })
    .await;
}
