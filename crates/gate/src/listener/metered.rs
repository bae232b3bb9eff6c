//! What h2 reads of an HTTP/2 connection, while it sends no more frames than it may.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::listener::Tally;
use crate::listener::frames::FrameMeter;
use crate::listener::pulse::Pulse;
use crate::listener::wire::Wire;

/// A connection whose frames are counted.
pub(super) struct Metered {
    wire: Wire,
    meter: FrameMeter,
    pulse: Arc<Pulse>,
    opened: Instant,
    tally: Arc<Tally>,
    is_over: bool,
}

impl Metered {
    pub(super) fn new(wire: Wire, meter: FrameMeter, pulse: Arc<Pulse>, tally: Arc<Tally>) -> Self {
        Self { wire, meter, pulse, opened: Instant::now(), tally, is_over: false }
    }

    fn wrote(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = written {
            self.meter.wrote(bytes);
        }
        written
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over {
            return Poll::Ready(Err(too_much()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.wire).poll_read(cx, buffer))?;
        let age = self.opened.elapsed();
        let new = buffer.filled().get(before..).unwrap_or_default();
        if let Err(excess) = self.meter.scan(new, age) {
            self.is_over = true;
            self.tally.excess(excess).add();
            tracing::debug!(excess = excess.name(), "gave up an HTTP/2 connection");
            buffer.set_filled(before);
            return Poll::Ready(Err(too_much()));
        }
        self.pulse.block(self.meter.is_in_header_block());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.wire).poll_write(cx, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.wire).poll_write_vectored(cx, bytes);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}

fn too_much() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the peer sends too much of one kind of frame")
}
