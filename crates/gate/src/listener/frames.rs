//! How many frames an HTTP/2 peer may send that cost us more than them.
//!
//! h2 bounds streams, header lists, resets before a request is taken, resets for a peer's errors,
//! small and empty `DATA`. What it answers without counting is counted here: each kind has a rate
//! and a burst. A header block has few frames and bytes before anything is decompressed.
//!
//! Pure: bytes and the time in, a verdict out, whatever the reads. Nine bytes of each frame are
//! looked at, and no payload; nothing is allocated.

use std::time::Duration;

/// Why an HTTP/2 connection is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Excess {
    /// `SETTINGS`, each of which we must apply and acknowledge.
    Settings,
    /// `PING`, each of which we must answer.
    Ping,
    /// `RST_STREAM`: requests that are begun and thrown away.
    Reset,
    /// `PRIORITY`, which means nothing any more (RFC 9113 §5.3).
    Priority,
    /// `WINDOW_UPDATE` beyond what our responses explain.
    WindowUpdate,
    /// Padded `DATA`, of which little may be data.
    Padding,
    /// `GOAWAY`, and kinds that nobody knows.
    Other,
    /// A header block of too many frames.
    Continuation,
    /// A header block of too many bytes.
    HeaderBlock,
    /// A frame beyond the size that we allow.
    FrameSize,
    /// A first frame that is no `SETTINGS` (RFC 9113 §3.4).
    Greeting,
}

/// Counts the frames of one connection.
#[derive(Clone, Debug)]
pub struct FrameMeter {
    header_bytes_max: usize,
    place: Place,
    buckets: [Bucket; COUNTED],
    is_greeted: bool,
    /// Of the header block that is open: payload bytes and frames.
    block: Option<(usize, usize)>,
    /// The frame that is being read is of a header block.
    is_block: bool,
    /// Bytes of ours that the peer may have acknowledged with `WINDOW_UPDATE`.
    written: u64,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Preface(usize),
    Header { bytes: [u8; HEADER_BYTES], read: usize },
    Payload(usize),
}

/// Holds one kind of frame to a rate: the time at which all of its burst is back.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    full_at: Duration,
}

impl Excess {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Settings,
        Self::Ping,
        Self::Reset,
        Self::Priority,
        Self::WindowUpdate,
        Self::Padding,
        Self::Other,
        Self::Continuation,
        Self::HeaderBlock,
        Self::FrameSize,
        Self::Greeting,
    ];

    /// Its name in the metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Ping => "ping",
            Self::Reset => "reset",
            Self::Priority => "priority",
            Self::WindowUpdate => "window_update",
            Self::Padding => "padding",
            Self::Other => "other",
            Self::Continuation => "continuation",
            Self::HeaderBlock => "header_block",
            Self::FrameSize => "frame_size",
            Self::Greeting => "greeting",
        }
    }

    pub(super) const fn number(self) -> usize {
        self as usize
    }

    /// Burst, and how long it takes for one more. An honest client stays far below.
    const fn rate(self) -> (u32, Duration) {
        match self {
            Self::Settings => (20, Duration::from_secs(1)),
            Self::Ping => (100, Duration::from_millis(50)),
            Self::Reset | Self::Padding => (200, Duration::from_millis(20)),
            Self::Priority | Self::Other => (100, Duration::from_millis(100)),
            _ => (1000, Duration::from_millis(5)),
        }
    }
}

impl FrameMeter {
    /// A connection of which nothing was read; header blocks have at most so many bytes.
    #[must_use]
    pub fn new(header_bytes_max: usize) -> Self {
        Self {
            header_bytes_max,
            place: Place::Preface(0),
            buckets: [Bucket::default(); COUNTED],
            is_greeted: false,
            block: None,
            is_block: false,
            written: 0,
        }
    }

    /// Notes that so many bytes were sent to the peer.
    pub fn wrote(&mut self, bytes: usize) {
        self.written = self.written.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Reads on; `now` is the age of the connection.
    ///
    /// # Errors
    /// The peer sent too much of something.
    pub fn scan(&mut self, mut bytes: &[u8], now: Duration) -> Result<(), Excess> {
        while let Some((&first, rest)) = bytes.split_first() {
            match self.place {
                // h2 refuses what is not the preface, so only its length matters here.
                Place::Preface(read) if read + 1 == PREFACE_BYTES => self.place = Place::HEADER,
                Place::Preface(read) => self.place = Place::Preface(read + 1),
                Place::Header { bytes: mut header, read } => {
                    if let Some(place) = header.get_mut(read) {
                        *place = first;
                    }
                    self.place = Place::Header { bytes: header, read: read + 1 };
                    if read + 1 == HEADER_BYTES {
                        self.frame(&header, now)?;
                    }
                }
                Place::Payload(left) => {
                    let come = left.min(bytes.len());
                    bytes = bytes.get(come..).unwrap_or_default();
                    self.place = Place::payload(left - come);
                    continue;
                }
            }
            bytes = rest;
        }
        Ok(())
    }

    /// Whether a header block has begun and not ended: no other frame may come before its end
    /// (RFC 9113 §4.3).
    #[must_use]
    pub const fn is_in_header_block(&self) -> bool {
        self.block.is_some() || (self.is_block && matches!(self.place, Place::Payload(_)))
    }

    fn frame(&mut self, header: &[u8; HEADER_BYTES], now: Duration) -> Result<(), Excess> {
        let [high, middle, low, kind, flags, ..] = *header;
        let length = u32::from_be_bytes([0, high, middle, low]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > FRAME_BYTES_MAX {
            return Err(Excess::FrameSize);
        }
        if !self.is_greeted && (kind != SETTINGS || flags & ACK != 0) {
            return Err(Excess::Greeting);
        }
        self.is_greeted = true;
        self.place = Place::payload(length);
        self.is_block = matches!(kind, HEADERS | CONTINUATION);
        match kind {
            DATA if flags & PADDED == 0 => Ok(()),
            DATA => self.count(Excess::Padding, now),
            HEADERS => self.block(length, flags, None),
            CONTINUATION => self.block(length, flags, self.block),
            PRIORITY => self.count(Excess::Priority, now),
            RST_STREAM => self.count(Excess::Reset, now),
            SETTINGS => self.count(Excess::Settings, now),
            PING => self.count(Excess::Ping, now),
            WINDOW_UPDATE => self.window_update(now),
            _ => self.count(Excess::Other, now),
        }
    }

    fn block(
        &mut self,
        length: usize,
        flags: u8,
        before: Option<(usize, usize)>,
    ) -> Result<(), Excess> {
        let (bytes, frames) = before.unwrap_or_default();
        let (bytes, frames) = (bytes + length, frames + 1);
        if frames > BLOCK_FRAMES_MAX {
            return Err(Excess::Continuation);
        }
        if bytes > self.header_bytes_max {
            return Err(Excess::HeaderBlock);
        }
        self.block = (flags & END_HEADERS == 0).then_some((bytes, frames));
        Ok(())
    }

    /// What was written pays first: a client that reads much says so often.
    fn window_update(&mut self, now: Duration) -> Result<(), Excess> {
        match self.written.checked_sub(BYTES_PER_UPDATE) {
            Some(left) => {
                self.written = left;
                Ok(())
            }
            None => self.count(Excess::WindowUpdate, now),
        }
    }

    fn count(&mut self, kind: Excess, now: Duration) -> Result<(), Excess> {
        let (burst, each) = kind.rate();
        let bucket = self.buckets.get_mut(kind.number()).ok_or(kind)?;
        let full_at = bucket.full_at.max(now) + each;
        if full_at > now + each * burst {
            return Err(kind);
        }
        bucket.full_at = full_at;
        Ok(())
    }
}

impl Place {
    const HEADER: Self = Self::Header { bytes: [0; HEADER_BYTES], read: 0 };

    const fn payload(left: usize) -> Self {
        if left == 0 { Self::HEADER } else { Self::Payload(left) }
    }
}

const PREFACE_BYTES: usize = 24;
const HEADER_BYTES: usize = 9;
/// The least that every peer must take, and the most that we do (RFC 9113 §4.2).
pub(super) const FRAME_BYTES_MAX: usize = 16_384;
/// How many kinds have a bucket.
const COUNTED: usize = 7;
const BLOCK_FRAMES_MAX: usize = 10;
/// Clients acknowledge some kilobytes at a time, for the stream and for the connection.
const BYTES_PER_UPDATE: u64 = 512;

// RFC 9113 §6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const ACK: u8 = 0x1;
const PADDED: u8 = 0x8;
const END_HEADERS: u8 = 0x4;

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: u8) -> Vec<u8> {
        let mut frame = vec![0, 0, length, kind, flags, 0, 0, 0, 1];
        frame.extend(std::iter::repeat_n(0, length.into()));
        frame
    }

    fn greeted() -> FrameMeter {
        let mut meter = FrameMeter::new(1000);
        let greeting = [vec![0; PREFACE_BYTES], frame(SETTINGS, 0, 0)].concat();
        meter.scan(&greeting, Duration::ZERO).unwrap();
        meter
    }

    /// What so many frames, each so long after the other, come to.
    fn sent(frame: &[u8], times: u32, pause: Duration) -> Result<(), Excess> {
        let mut meter = greeted();
        (0..times).try_for_each(|nth| meter.scan(frame, pause * nth))
    }

    const COUNTED_FRAMES: [(u8, u8, u8, Excess); 8] = [
        (SETTINGS, ACK, 0, Excess::Settings),
        (PING, 0, 8, Excess::Ping),
        (RST_STREAM, 0, 4, Excess::Reset),
        (PRIORITY, 0, 5, Excess::Priority),
        (WINDOW_UPDATE, 0, 4, Excess::WindowUpdate),
        (DATA, PADDED, 1, Excess::Padding),
        (7, 0, 8, Excess::Other),
        (0x42, 0, 0, Excess::Other),
    ];

    #[test]
    fn a_flood_is_too_much_and_the_same_in_its_time_is_not() {
        for (kind, flags, length, excess) in COUNTED_FRAMES {
            let frame = frame(kind, flags, length);

            assert_eq!(sent(&frame, 1002, Duration::ZERO), Err(excess));
            assert_eq!(sent(&frame, 1002, Duration::from_secs(1)), Ok(()));
        }
    }

    #[test]
    fn what_was_written_pays_for_window_updates() {
        let mut meter = greeted();
        meter.wrote(512 * 5000);

        for _ in 0..5000 {
            assert_eq!(meter.scan(&frame(WINDOW_UPDATE, 0, 4), Duration::ZERO), Ok(()));
        }
    }

    #[test]
    fn header_blocks_have_few_frames_and_bytes() {
        let begin = frame(HEADERS, 0, 10);
        let small = [begin.clone(), frame(CONTINUATION, 0, 1).repeat(10)].concat();
        let large = [begin.clone(), frame(CONTINUATION, 0, 250).repeat(4)].concat();
        let ended = [begin, frame(CONTINUATION, END_HEADERS, 250)].concat().repeat(100);

        assert_eq!(greeted().scan(&small, Duration::ZERO), Err(Excess::Continuation));
        assert_eq!(greeted().scan(&large, Duration::ZERO), Err(Excess::HeaderBlock));
        assert_eq!(greeted().scan(&ended, Duration::ZERO), Ok(()));
    }

    #[test]
    fn a_header_block_is_open_from_its_first_frame_to_the_end_of_its_last() {
        let mut meter = greeted();
        let mut is_open_after = |bytes: &[u8]| {
            meter.scan(bytes, Duration::ZERO).unwrap();
            meter.is_in_header_block()
        };
        let (first, last) = (frame(HEADERS, 0, 10), frame(CONTINUATION, END_HEADERS, 10));

        assert!(!is_open_after(&frame(PING, 0, 8)));
        assert!(is_open_after(&first[..9]), "its payload is to come");
        assert!(is_open_after(&first[9..]), "its end is to come");
        assert!(is_open_after(&last[..18]));
        assert!(!is_open_after(&last[18..]));
        assert!(is_open_after(&frame(HEADERS, END_HEADERS, 10)[..18]));
    }

    #[test]
    fn settings_come_first_and_frames_are_small() {
        let preface = vec![0; PREFACE_BYTES];
        for (first, excess) in [
            (frame(PING, 0, 8), Excess::Greeting),
            (frame(SETTINGS, ACK, 0), Excess::Greeting),
            (vec![0, 0x40, 1, DATA, 0, 0, 0, 0, 1], Excess::FrameSize),
        ] {
            let bytes = [preface.clone(), first].concat();

            assert_eq!(FrameMeter::new(1000).scan(&bytes, Duration::ZERO), Err(excess));
        }
    }

    #[test]
    fn the_verdict_does_not_depend_on_the_reads() {
        for (kind, flags, length, excess) in COUNTED_FRAMES {
            let flood = frame(kind, flags, length).repeat(1002);
            let mut meter = greeted();
            let in_pieces = flood.iter().try_for_each(|byte| meter.scan(&[*byte], Duration::ZERO));

            assert_eq!(in_pieces, Err(excess));
            assert_eq!(greeted().scan(&flood, Duration::ZERO), Err(excess));
        }
    }
}
