//! The bytes of one connection: signs of life, stalled writes, and a close that loses nothing.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::server::TlsStream;

use crate::listener::pulse::Pulse;

/// A TCP connection, with or without TLS.
pub(super) enum Socket {
    Raw(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What hyper reads from and writes to.
pub(super) struct Wire {
    socket: Socket,
    pulse: Arc<Pulse>,
    stall: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    is_stalled: bool,
    /// Once our side is closed: how many more bytes are read and thrown away.
    discard: Option<usize>,
}

impl Wire {
    pub(super) const fn new(socket: Socket, pulse: Arc<Pulse>, stall: Duration) -> Self {
        Self { socket, pulse, stall, timer: None, is_stalled: false, discard: None }
    }

    fn arm(&mut self, after: Duration) {
        let at = Instant::now() + after;
        match &mut self.timer {
            Some(timer) => timer.as_mut().reset(at),
            None => self.timer = Some(Box::pin(sleep_until(at))),
        }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.timer.as_mut().map_or(Poll::Pending, |timer| timer.as_mut().poll(cx))
    }

    /// Passes `written` on, or fails when the peer has taken nothing for too long.
    fn unless_stalled<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.is_stalled = false;
            return written;
        }
        if !self.is_stalled {
            self.is_stalled = true;
            self.arm(self.stall);
        }
        ready!(self.poll_timer(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer takes no data")))
    }

    fn writer(&mut self) -> Pin<&mut (dyn AsyncWrite + Unpin)> {
        match &mut self.socket {
            Socket::Raw(socket) => Pin::new(socket),
            Socket::Tls(socket) => Pin::new(socket.as_mut()),
        }
    }

    /// Reads and throws away what the peer still sends. Closing over unread bytes would make the
    /// kernel reset the connection, and the peer might lose the response.
    fn poll_discard(&mut self, cx: &mut Context<'_>, mut left: usize) -> Poll<()> {
        let mut scratch = [0; 2048];
        while left > 0 {
            let mut buffer = ReadBuf::new(&mut scratch);
            let socket = match &mut self.socket {
                Socket::Raw(socket) => socket,
                Socket::Tls(socket) => socket.get_mut().0,
            };
            match Pin::new(socket).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    left = left.saturating_sub(buffer.filled().len());
                    self.discard = Some(left);
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.poll_timer(cx),
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = match &mut self.socket {
            Socket::Raw(socket) => Pin::new(socket).poll_read(cx, buffer),
            Socket::Tls(socket) => Pin::new(socket.as_mut()).poll_read(cx, buffer),
        };
        if buffer.filled().len() > before {
            self.pulse.read();
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.writer().poll_write(cx, bytes);
        self.unless_stalled(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.writer().poll_write_vectored(cx, bytes);
        self.unless_stalled(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.socket {
            Socket::Raw(socket) => socket.is_write_vectored(),
            Socket::Tls(socket) => socket.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.writer().poll_flush(cx);
        self.unless_stalled(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let left = match self.discard {
            Some(left) => left,
            None => {
                let closed = self.writer().poll_shutdown(cx);
                ready!(self.unless_stalled(cx, closed))?;
                self.discard = Some(DISCARD_BYTES_MAX);
                self.arm(DISCARD_TIME_MAX);
                DISCARD_BYTES_MAX
            }
        };
        self.poll_discard(cx, left).map(Ok)
    }
}

const DISCARD_BYTES_MAX: usize = 256 * 1024;
const DISCARD_TIME_MAX: Duration = Duration::from_secs(1);
