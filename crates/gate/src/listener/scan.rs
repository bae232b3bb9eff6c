//! Where an HTTP/1.1 request ends and the next begins; what two readers could cut differently is
//! refused.
//!
//! hyper reads behind this, and must never read another boundary. So the rule is narrower than
//! RFC 9112: of what a recipient may repair or tolerate, nothing is tolerated. A head, a chunk's
//! frame and the trailers are passed on when all of them were read; data as it comes.
//!
//! Pure: bytes in, a verdict out, and the same verdict however the bytes are cut into reads. Each
//! byte of a head, a chunk's frame or a trailer is looked at once, with one transition and at most
//! one look into a set of bytes; bytes of bodies are counted and not looked at. Nothing is
//! allocated.

use chunk::Chunks;
use fields::{Body, Fields};
use line::Line;

mod bytes;
mod chunk;
mod fields;
mod line;
mod reason;

pub use reason::Reason;

/// How large the head of a request may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanLimits {
    /// The request line, with its line end.
    pub line_bytes_max: usize,
    /// Request line and header fields together, with their line ends.
    pub head_bytes_max: usize,
    /// Header fields.
    pub headers_max: usize,
}

/// Reads the requests of one connection, one behind the other.
#[derive(Clone, Debug)]
pub struct Scanner {
    limits: ScanLimits,
    place: Place,
    line: Line,
    fields: Fields,
    chunks: Chunks,
    /// Bytes of the head, or of the trailers, that were read.
    block_bytes: usize,
    heads: u64,
    refusal: Option<Refusal>,
}

/// What a piece of the connection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// How many bytes, from the first, may be read by others. The rest begins a head, a frame or a
    /// trailer, or is refused.
    pub passed: usize,
    /// Why nothing more of the connection may be read.
    pub refusal: Option<Refusal>,
}

/// A request that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Which request of the connection, counted from one.
    pub request: u64,
    /// True when its head was passed on before.
    pub in_body: bool,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Line,
    Fields,
    /// A body of known length, of which this much is to come.
    Sized(u64),
    Chunks,
    Trailers,
}

/// What a part of the scanner read: how much, and whether its part of the message is over.
struct Taken {
    bytes: usize,
    is_over: bool,
}

impl Scanner {
    /// A connection of which nothing was read yet.
    #[must_use]
    pub fn new(limits: ScanLimits) -> Self {
        Self {
            limits,
            place: Place::Line,
            line: Line::default(),
            fields: Fields::of_head(limits.headers_max),
            chunks: Chunks::default(),
            block_bytes: 0,
            heads: 0,
            refusal: None,
        }
    }

    /// Reads on. After a refusal nothing is read any more.
    pub fn scan(&mut self, bytes: &[u8]) -> Scanned {
        let (mut read, mut passed) = (0, 0);
        while self.refusal.is_none() {
            let Some(rest) = bytes.get(read..).filter(|rest| !rest.is_empty()) else { break };
            match self.advance(rest) {
                Ok(taken) => read += taken,
                Err(reason) => self.refuse(reason),
            }
            if self.refusal.is_none() && !self.is_inside() {
                passed = read;
            }
        }
        Scanned { passed, refusal: self.refusal }
    }

    /// How many heads were read in full and not refused.
    #[must_use]
    pub const fn heads(&self) -> u64 {
        self.heads
    }

    /// True between two requests, when nothing of the next has come.
    #[must_use]
    pub const fn is_between(&self) -> bool {
        matches!(self.place, Place::Line) && self.block_bytes == 0 && self.refusal.is_none()
    }

    /// True when some of a head, a chunk's frame or a trailer was read, and not all of it.
    const fn is_inside(&self) -> bool {
        match self.place {
            Place::Line | Place::Fields | Place::Trailers => self.block_bytes > 0,
            Place::Sized(_) => false,
            Place::Chunks => self.chunks.is_inside(),
        }
    }

    fn refuse(&mut self, reason: Reason) {
        let in_body = !matches!(self.place, Place::Line | Place::Fields);
        let request = if in_body { self.heads } else { self.heads.saturating_add(1) };
        self.refusal = Some(Refusal { reason, request, in_body });
    }

    /// Reads some bytes of `rest`, at least one, and says how many.
    fn advance(&mut self, rest: &[u8]) -> Result<usize, Reason> {
        match self.place {
            Place::Line => self.request_line(rest),
            Place::Fields => self.header_fields(rest),
            Place::Sized(left) => Ok(self.body(rest, left)),
            Place::Chunks => self.chunks(rest),
            Place::Trailers => self.trailers(rest),
        }
    }

    fn request_line(&mut self, rest: &[u8]) -> Result<usize, Reason> {
        let most = self.limits.line_bytes_max.min(self.limits.head_bytes_max);
        let rest = up_to(rest, most, self.block_bytes).ok_or(Reason::TargetTooLong)?;
        let taken = self.line.read(rest)?;
        self.block_bytes = self.block_bytes.saturating_add(taken.bytes);
        if taken.is_over {
            self.place = Place::Fields;
        }
        Ok(taken.bytes)
    }

    fn header_fields(&mut self, rest: &[u8]) -> Result<usize, Reason> {
        let most = self.limits.head_bytes_max;
        let rest = up_to(rest, most, self.block_bytes).ok_or(Reason::HeadersTooLarge)?;
        let taken = self.fields.read(rest)?;
        self.block_bytes = self.block_bytes.saturating_add(taken.bytes);
        if taken.is_over {
            let body = self.fields.body(self.line.is_http_1_0())?;
            self.heads = self.heads.saturating_add(1);
            match body {
                Body::None => self.next_request(),
                Body::Sized(length) => self.place = Place::Sized(length),
                Body::Chunked => {
                    self.chunks = Chunks::default();
                    self.place = Place::Chunks;
                }
            }
        }
        Ok(taken.bytes)
    }

    fn body(&mut self, rest: &[u8], left: u64) -> usize {
        let come = u64::try_from(rest.len()).unwrap_or(u64::MAX).min(left);
        match left - come {
            0 => self.next_request(),
            left => self.place = Place::Sized(left),
        }
        usize::try_from(come).unwrap_or(rest.len())
    }

    fn chunks(&mut self, rest: &[u8]) -> Result<usize, Reason> {
        let taken = self.chunks.read(rest)?;
        if taken.is_over {
            self.fields = Fields::of_trailer();
            self.block_bytes = 0;
            self.place = Place::Trailers;
        }
        Ok(taken.bytes)
    }

    fn trailers(&mut self, rest: &[u8]) -> Result<usize, Reason> {
        let rest = up_to(rest, TRAILER_BYTES_MAX, self.block_bytes);
        let taken = self.fields.read(rest.ok_or(Reason::TrailersTooLarge)?)?;
        self.block_bytes = self.block_bytes.saturating_add(taken.bytes);
        if taken.is_over {
            self.next_request();
        }
        Ok(taken.bytes)
    }

    fn next_request(&mut self) {
        self.place = Place::Line;
        self.line = Line::default();
        self.fields = Fields::of_head(self.limits.headers_max);
        self.block_bytes = 0;
    }
}

/// What of `rest` may still be read when `read` of `most` bytes were; nothing may when all were.
fn up_to(rest: &[u8], most: usize, read: usize) -> Option<&[u8]> {
    let left = most.checked_sub(read).filter(|left| *left > 0)?;
    Some(rest.get(..left).unwrap_or(rest))
}

const TRAILER_BYTES_MAX: usize = 4096;
