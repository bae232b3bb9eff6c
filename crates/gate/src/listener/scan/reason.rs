//! Why a connection's bytes are refused, and what the sender is told.

use kernel::Code;

use crate::listener::refusal::{NOT_IMPLEMENTED, TARGET_TOO_LONG};
use crate::rings::{BAD_REQUEST, HEADERS_TOO_LARGE, VERSION};

/// Why no byte more is read of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No method, target and version with one space between them.
    RequestLine,
    /// `CONNECT`, or a name that no method has.
    Method,
    /// Another version than HTTP/1.0 and 1.1.
    Version,
    /// The request line is too long.
    TargetTooLong,
    /// A carriage return or a line feed without the other.
    LineEnd,
    /// A control byte.
    ControlByte,
    /// A header name that is no token, or a line without a colon.
    HeaderName,
    /// White space between a header's name and its colon.
    SpaceBeforeColon,
    /// A line that continues the one above it.
    FoldedHeader,
    /// Too many header fields, or too many bytes of them.
    HeadersTooLarge,
    /// No host, more than one, or one that cannot be a host.
    Host,
    /// A `Content-Length` that is not one number, or stands twice.
    ContentLength,
    /// A `Transfer-Encoding` that is not one `chunked`, or in HTTP/1.0.
    TransferEncoding,
    /// A transfer coding that is not spoken here.
    Coding,
    /// `Content-Length` and `Transfer-Encoding` together.
    TwoLengths,
    /// A chunk whose frame is malformed.
    Chunk,
    /// A trailer that may not stand behind a body.
    Trailer,
    /// Too many trailers, or too many bytes of them.
    TrailersTooLarge,
}

impl Reason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 18] = [
        Self::RequestLine,
        Self::Method,
        Self::Version,
        Self::TargetTooLong,
        Self::LineEnd,
        Self::ControlByte,
        Self::HeaderName,
        Self::SpaceBeforeColon,
        Self::FoldedHeader,
        Self::HeadersTooLarge,
        Self::Host,
        Self::ContentLength,
        Self::TransferEncoding,
        Self::Coding,
        Self::TwoLengths,
        Self::Chunk,
        Self::Trailer,
        Self::TrailersTooLarge,
    ];

    /// Its name in the metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestLine => "request_line",
            Self::Method => "method",
            Self::Version => "version",
            Self::TargetTooLong => "target_too_long",
            Self::LineEnd => "line_end",
            Self::ControlByte => "control_byte",
            Self::HeaderName => "header_name",
            Self::SpaceBeforeColon => "space_before_colon",
            Self::FoldedHeader => "folded_header",
            Self::HeadersTooLarge => "headers_too_large",
            Self::Host => "host",
            Self::ContentLength => "content_length",
            Self::TransferEncoding => "transfer_encoding",
            Self::Coding => "coding",
            Self::TwoLengths => "two_lengths",
            Self::Chunk => "chunk",
            Self::Trailer => "trailer",
            Self::TrailersTooLarge => "trailers_too_large",
        }
    }

    /// The problem that the sender is told.
    #[must_use]
    pub const fn code(self) -> &'static Code {
        match self {
            Self::Method | Self::Coding => &NOT_IMPLEMENTED,
            Self::Version => &VERSION,
            Self::TargetTooLong => &TARGET_TOO_LONG,
            Self::HeadersTooLarge | Self::TrailersTooLarge => &HEADERS_TOO_LARGE,
            _ => &BAD_REQUEST,
        }
    }

    /// What was expected.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::RequestLine => "expected a method, a target and a version, one space apart",
            Self::Method => "the method is not served here",
            Self::Version => "expected HTTP/1.1",
            Self::TargetTooLong => "the request line is too long",
            Self::LineEnd => "lines end with a carriage return and a line feed, and only there",
            Self::ControlByte => "control bytes may not stand in a head",
            Self::HeaderName => "expected a header name and a colon",
            Self::SpaceBeforeColon => "no white space may stand before a header's colon",
            Self::FoldedHeader => "a header may not be continued on a second line",
            Self::HeadersTooLarge => "too many header fields or bytes of them",
            Self::Host => "expected one Host header with one host",
            Self::ContentLength => "expected one Content-Length of plain digits",
            Self::TransferEncoding => "expected one Transfer-Encoding that says chunked",
            Self::Coding => "chunked is the only transfer coding here",
            Self::TwoLengths => "Content-Length and Transfer-Encoding exclude each other",
            Self::Chunk => "a chunk of the body is malformed",
            Self::Trailer => "the field may not stand behind a body",
            Self::TrailersTooLarge => "too many trailers or bytes of them",
        }
    }

    pub(in crate::listener) const fn number(self) -> usize {
        self as usize
    }
}
