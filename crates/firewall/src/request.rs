//! A whole request, for callers that have all of it at once.

use std::net::IpAddr;

/// A request as it came: bytes, not text, nothing decoded.
#[derive(Debug, Clone, Copy)]
pub struct RequestView<'a> {
    /// `GET`, as sent.
    pub method: &'a [u8],
    /// The request target, raw, with its query.
    pub target: &'a [u8],
    /// `HTTP/1.1`, `HTTP/2.0`.
    pub protocol: &'a [u8],
    /// Names and values in their order; names in any case.
    pub headers: &'a [(&'a [u8], &'a [u8])],
    /// The body, without transfer encoding; empty where there is none.
    pub body: &'a [u8],
    /// Who is on the wire.
    pub remote_address: IpAddr,
    /// The request's id, for `UNIQUE_ID`.
    pub unique_id: &'a str,
}
