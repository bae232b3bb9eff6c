//! Request bodies that must keep coming, and what it means when reading one fails.
//!
//! Only the time that we wait for the caller counts. While nobody reads, the clock stands still.

use std::error::Error;
use std::future::Future;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// How fast a request body must come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Longest wait for the next frame.
    pub idle: Duration,
    /// Waiting time that costs nothing, whatever has come.
    pub grace: Duration,
    /// Beyond the grace, each second of waiting must be paid for with this many bytes.
    pub bytes_per_second_min: u64,
}

/// A body that fails when its sender is too slow.
#[derive(Debug)]
pub struct TimedBody<B> {
    inner: B,
    pace: Pace,
    received: u64,
    waited: Duration,
    waiting: Option<(Instant, TimedBodyError)>,
    timer: Option<Pin<Box<Sleep>>>,
    is_over: bool,
}

/// The sender of a body was too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimedBodyError {
    /// Nothing came for too long.
    #[error("the body stopped coming")]
    Stalled,
    /// It came, but below the least rate.
    #[error("the body came too slowly")]
    Slow,
}

/// Why a request body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFailure {
    /// Nothing came for too long: 408.
    Timeout,
    /// It came below the least rate: 408.
    TooSlow,
    /// The framing is broken: 400.
    Malformed,
    /// The caller has gone; no answer will arrive.
    Closed,
}

impl<B> TimedBody<B> {
    /// Watches over `inner`.
    pub const fn new(inner: B, pace: Pace) -> Self {
        Self {
            inner,
            pace,
            received: 0,
            waited: Duration::ZERO,
            waiting: None,
            timer: None,
            is_over: false,
        }
    }

    /// Ready when the caller has had all the time that it may have for the next frame.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<TimedBodyError> {
        let late = match self.waiting {
            Some((_, late)) => late,
            None => {
                let now = Instant::now();
                let (allowed, late) = self.allowance();
                match &mut self.timer {
                    Some(timer) => timer.as_mut().reset(now + allowed),
                    None => self.timer = Some(Box::pin(sleep_until(now + allowed))),
                }
                self.waiting = Some((now, late));
                late
            }
        };
        if let Some(timer) = &mut self.timer {
            ready!(timer.as_mut().poll(cx));
        }
        Poll::Ready(late)
    }

    fn allowance(&self) -> (Duration, TimedBodyError) {
        let rate = self.pace.bytes_per_second_min.max(1);
        let paid = Duration::from_millis(self.received.saturating_mul(1000) / rate);
        let left = self.pace.grace.saturating_add(paid).saturating_sub(self.waited);
        if left < self.pace.idle {
            (left, TimedBodyError::Slow)
        } else {
            (self.pace.idle, TimedBodyError::Stalled)
        }
    }
}

impl<B> Body for TimedBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) else {
            let late = ready!(self.poll_late(cx));
            self.is_over = true;
            return Poll::Ready(Some(Err(late.into())));
        };
        if let Some((since, _)) = self.waiting.take() {
            self.waited = self.waited.saturating_add(since.elapsed());
        }
        if let Some(Ok(frame)) = &frame {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.received = self.received.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Reads from an error's chain of causes why the body could not be read.
///
/// An error that is none of ours and none of hyper's counts as a closed connection.
#[must_use]
pub fn body_failure(error: &(dyn Error + 'static)) -> BodyFailure {
    let mut next = Some(error);
    for _ in 0..CAUSES_MAX {
        let Some(cause) = next else { break };
        if let Some(late) = cause.downcast_ref::<TimedBodyError>() {
            return match late {
                TimedBodyError::Stalled => BodyFailure::Timeout,
                TimedBodyError::Slow => BodyFailure::TooSlow,
            };
        }
        if let Some(hyper) = cause.downcast_ref::<hyper::Error>()
            && (hyper.is_parse() || hyper.is_timeout())
        {
            return if hyper.is_parse() { BodyFailure::Malformed } else { BodyFailure::Timeout };
        }
        // hyper says in the kind of an I/O error what is wrong with a chunked body.
        if let Some(io) = cause.downcast_ref::<std::io::Error>()
            && matches!(io.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput)
        {
            return BodyFailure::Malformed;
        }
        next = cause.source();
    }
    BodyFailure::Closed
}

/// No chain of causes is longer; the bound keeps a cyclic one from holding us.
const CAUSES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    const PACE: Pace = Pace {
        idle: Duration::from_secs(5),
        grace: Duration::from_secs(8),
        bytes_per_second_min: 10,
    };

    /// A sender that sends `bytes` after each `gap`, for ever; tokio's clock is paused.
    async fn read(bytes: usize, gap: Duration) -> (BodyFailure, Duration) {
        let start = Instant::now();
        let ticks = tokio::time::interval_at(start + gap, gap);
        let frames = futures_util::stream::unfold(ticks, move |mut ticks| async move {
            ticks.tick().await;
            Some((Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![0; bytes]))), ticks))
        });
        let body =
            axum_core::body::Body::new(TimedBody::new(StreamBody::new(Box::pin(frames)), PACE));
        let error = body.collect().await.expect_err("such a body never ends well");
        (body_failure(&error), start.elapsed().min(Duration::from_secs(9)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_times_out() {
        assert_eq!(
            read(1, Duration::from_secs(60)).await,
            (BodyFailure::Timeout, Duration::from_secs(5))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_below_the_least_rate_is_too_slow() {
        let (failure, after) = read(5, Duration::from_secs(1)).await;

        assert_eq!(failure, BodyFailure::TooSlow);
        assert!(after >= PACE.grace);
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_the_reader_takes_is_not_counted() {
        let frames = futures_util::stream::iter(
            [b"a", b"b"].map(|data| Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(data)))),
        );
        let mut body = TimedBody::new(StreamBody::new(frames), PACE);

        assert!(body.frame().await.expect("two frames").is_ok());
        tokio::time::advance(Duration::from_secs(3600)).await;

        assert!(body.frame().await.expect("two frames").is_ok());
    }

    #[test]
    fn broken_framing_is_malformed_and_anything_unknown_is_closed() {
        let malformed = std::io::Error::new(ErrorKind::InvalidInput, "chunk size");

        assert_eq!(body_failure(&malformed), BodyFailure::Malformed);
        assert_eq!(body_failure(&std::fmt::Error), BodyFailure::Closed);
    }
}
