//! What hyper reads of an HTTP/1.1 connection: whole heads and bodies that the [`Scanner`] passed.
//!
//! The bytes of a head, of a chunk's frame and of trailers wait here until all of them were read,
//! so that hyper never sees a part of what is refused. In place of a refused head hyper is given
//! [`STAND_IN`], which the service answers with the refusal: so it comes in its turn, behind the
//! answers to the requests before it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::listener::Tally;
use crate::listener::refusal::Verdict;
use crate::listener::scan::{Refusal, ScanLimits, Scanned, Scanner};
use crate::listener::wire::Wire;

/// A connection that is read through the scanner.
pub(super) struct Screen {
    wire: Wire,
    scanner: Scanner,
    verdict: Arc<Verdict>,
    tally: Arc<Tally>,
    /// A head that has not ended; before it, what has passed and waits to be taken.
    kept: Vec<u8>,
    taken: usize,
    passed: usize,
    refusal: Option<Refusal>,
}

impl Screen {
    pub(super) fn new(
        wire: Wire,
        limits: ScanLimits,
        verdict: Arc<Verdict>,
        tally: Arc<Tally>,
    ) -> Self {
        let scanner = Scanner::new(limits);
        let (kept, taken, passed) = (Vec::new(), 0, 0);
        Self { wire, scanner, verdict, tally, kept, taken, passed, refusal: None }
    }

    /// Gives the reader what has passed, and says whether there was any.
    fn hand_over(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let waiting = self.kept.get(self.taken..self.passed).unwrap_or_default();
        let Some(piece) = waiting.get(..waiting.len().min(buffer.remaining())) else {
            return false;
        };
        if piece.is_empty() {
            return false;
        }
        buffer.put_slice(piece);
        self.taken += piece.len();
        if self.taken == self.passed {
            self.kept.drain(..self.passed);
            (self.taken, self.passed) = (0, 0);
        }
        if self.kept.is_empty() {
            // Connections wait long between two requests, and there are many.
            self.kept = Vec::new();
        }
        true
    }

    /// Reads straight into the reader's buffer, and takes the beginning of a head out of it again.
    fn poll_direct(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<Come>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.wire).poll_read(cx, buffer))?;
        let new = buffer.filled().get(before..).unwrap_or_default();
        if new.is_empty() {
            return Poll::Ready(Ok(Come::End));
        }
        let Scanned { passed, refusal } = self.scanner.scan(new);
        match refusal {
            None => self.kept.extend_from_slice(new.get(passed..).unwrap_or_default()),
            Some(refusal) => self.refuse(refusal),
        }
        buffer.set_filled(before + passed);
        Poll::Ready(Ok(if passed > 0 { Come::Passed } else { Come::Kept }))
    }

    /// Reads more of a head whose beginning is kept.
    fn poll_behind_kept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Come>> {
        let mut scratch = [0; READ_BYTES];
        let mut read = ReadBuf::new(&mut scratch);
        ready!(Pin::new(&mut self.wire).poll_read(cx, &mut read))?;
        let new = read.filled();
        if new.is_empty() {
            return Poll::Ready(Ok(Come::End));
        }
        let Scanned { passed, refusal } = self.scanner.scan(new);
        let before = self.kept.len();
        match refusal {
            None => {
                self.kept.extend_from_slice(new);
                self.passed = if passed > 0 { before + passed } else { 0 };
            }
            Some(refusal) => {
                self.kept.extend_from_slice(new.get(..passed).unwrap_or_default());
                self.passed = if passed > 0 { self.kept.len() } else { 0 };
                self.refuse(refusal);
            }
        }
        Poll::Ready(Ok(Come::Kept))
    }

    /// Nothing more is read. INVARIANT: no byte of a refused head is ever passed on.
    fn refuse(&mut self, refusal: Refusal) {
        self.tally.refused(refusal.reason).add();
        tracing::debug!(reason = refusal.reason.name(), "refused the bytes of a request");
        self.verdict.set(refusal);
        self.refusal = Some(refusal);
        self.kept.truncate(self.passed);
        if !refusal.in_body {
            self.kept.extend_from_slice(STAND_IN);
            self.passed = self.kept.len();
        }
    }
}

/// What a look at the socket brought.
enum Come {
    /// Bytes for the reader.
    Passed,
    /// Bytes that are kept, or wait to be handed over.
    Kept,
    /// The peer sends no more.
    End,
}

impl AsyncRead for Screen {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.hand_over(buffer) {
                return Poll::Ready(Ok(()));
            }
            match self.refusal {
                None => {}
                // An end here would cut off the answers that are under way; the last closes.
                Some(Refusal { in_body: false, .. }) => return Poll::Pending,
                Some(_) => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
            }
            let come = if self.kept.is_empty() {
                ready!(self.poll_direct(cx, buffer))?
            } else {
                ready!(self.poll_behind_kept(cx))?
            };
            if !matches!(come, Come::Kept) {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for Screen {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write_vectored(cx, bytes)
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

/// A request that hyper reads in place of a refused one. No handler is ever given it.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\n\r\n";
const READ_BYTES: usize = 4096;
