//! A connection with a buffer: heads, lines and bodies, each within its time and size.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::framing::{Framing, chunk_size};
use super::head::Fault;

/// A stream with what was read ahead from it.
pub(super) struct Wire<S> {
    stream: S,
    buffer: BytesMut,
}

/// A request's body as far as it came.
pub(super) struct Arrived {
    pub(super) bytes: Bytes,
    /// Why the rest did not come.
    pub(super) fault: Option<Fault>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, buffer: BytesMut::new() }
    }

    /// The next request head with its empty line; nothing when the peer is done.
    pub(super) async fn head(&mut self) -> io::Result<Option<Bytes>> {
        let mut scanned = 0;
        let mut deadline = Instant::now() + IDLE_MAX;
        loop {
            // RFC 9112 §2.2: an empty line before a request is ignored.
            while scanned == 0 && matches!(self.buffer.first(), Some(b'\r' | b'\n')) {
                let _blank = self.buffer.split_to(1);
            }
            if let Some(end) = head_end(&self.buffer, scanned) {
                return Ok(Some(self.buffer.split_to(end).freeze()));
            }
            if self.buffer.len() > HEAD_BYTES_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the head is too large"));
            }
            if scanned == 0 && !self.buffer.is_empty() {
                deadline = Instant::now() + HEAD_MAX;
            }
            scanned = self.buffer.len();
            let read = timeout_at(deadline, self.stream.read_buf(&mut self.buffer)).await;
            match read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?? {
                0 if self.buffer.is_empty() => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ => {}
            }
        }
    }

    /// A body, as far as it comes.
    pub(super) async fn body(&mut self, framing: Framing, max: usize) -> Arrived {
        let mut bytes = BytesMut::new();
        let whole = match framing {
            Framing::Empty => Ok(()),
            Framing::Length(length) if length > max => Err(TOO_LARGE),
            Framing::Length(length) => self.take(length, &mut bytes).await,
            Framing::Chunked => self.chunks(max, &mut bytes).await,
        };
        Arrived { bytes: bytes.freeze(), fault: whole.err() }
    }

    async fn chunks(&mut self, max: usize, into: &mut BytesMut) -> Result<(), Fault> {
        loop {
            let line = self.line().await?;
            let size = chunk_size(&line).ok_or(CHUNK)?;
            if size == 0 {
                break;
            }
            if into.len().saturating_add(size) > max {
                return Err(TOO_LARGE);
            }
            self.take(size, into).await?;
            if !self.line().await?.is_empty() {
                return Err(CHUNK);
            }
        }
        // Trailer fields go no further.
        for _ in 0..TRAILERS_MAX {
            if self.line().await?.is_empty() {
                return Ok(());
            }
        }
        Err(CHUNK)
    }

    /// A line of a chunked body, without its CRLF.
    async fn line(&mut self) -> Result<Bytes, Fault> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let mut line = self.buffer.split_to(end + 1);
                line.truncate(end);
                if !line.ends_with(b"\r") {
                    return Err(CHUNK);
                }
                line.truncate(end.saturating_sub(1));
                return Ok(line.freeze());
            }
            if self.buffer.len() > LINE_BYTES_MAX {
                return Err(CHUNK);
            }
            self.fill().await?;
        }
    }

    async fn take(&mut self, length: usize, into: &mut BytesMut) -> Result<(), Fault> {
        let mut left = length;
        while left > 0 {
            if self.buffer.is_empty() {
                self.fill().await?;
            }
            let piece = self.buffer.split_to(left.min(self.buffer.len()));
            left -= piece.len();
            into.extend_from_slice(&piece);
        }
        Ok(())
    }

    async fn fill(&mut self) -> Result<(), Fault> {
        match timeout(BODY_IDLE_MAX, self.stream.read_buf(&mut self.buffer)).await {
            Ok(Ok(0) | Err(_)) => Err(Fault::malformed("the body ended early")),
            Ok(Ok(_)) => Ok(()),
            Err(_) => Err(Fault { status: 408, detail: "the body did not arrive in time" }),
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = timeout(WRITE_MAX, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        });
        written.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// Closes our side, and reads what the peer still sends for a moment: unread bytes would reset
    /// the connection and take the answer with them.
    pub(super) async fn close(mut self) {
        let _gone = timeout(LINGER, async {
            self.stream.shutdown().await?;
            let mut sink = [0; 4096];
            while self.stream.read(&mut sink).await? > 0 {}
            io::Result::Ok(())
        })
        .await;
    }
}

/// Where a head ends: behind an empty line.
fn head_end(bytes: &[u8], scanned: usize) -> Option<usize> {
    let from = scanned.saturating_sub(3);
    let rest = bytes.get(from..)?;
    let ends = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    ends.into_iter().find_map(|at| match rest.get(at + 1..)? {
        [b'\n', ..] => Some(from + at + 2),
        [b'\r', b'\n', ..] => Some(from + at + 3),
        _ => None,
    })
}

const TOO_LARGE: Fault = Fault { status: 413, detail: "the body is too large" };
const CHUNK: Fault = Fault::malformed("the chunked body is malformed");
const HEAD_BYTES_MAX: usize = 128 * 1024;
const LINE_BYTES_MAX: usize = 1024;
const TRAILERS_MAX: usize = 100;
const IDLE_MAX: Duration = Duration::from_secs(75);
const HEAD_MAX: Duration = Duration::from_secs(10);
const BODY_IDLE_MAX: Duration = Duration::from_secs(10);
const WRITE_MAX: Duration = Duration::from_secs(30);
const LINGER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_at_an_empty_line_wherever_the_pieces_were_cut() {
        let text = b"GET / HTTP/1.1\r\nA: b\r\n\r\nrest";
        for scanned in 0..24 {
            assert_eq!(head_end(text, scanned), Some(24), "{scanned}");
        }
        assert_eq!(head_end(b"GET / HTTP/1.1\n\nrest", 0), Some(16));
        assert_eq!(head_end(b"GET / HTTP/1.1\r\nA: b\r\n", 0), None);
    }
}
