//! What happens at the door, counted. Telemetry reads it; nothing here decides by it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::listener::frames::Excess;
use crate::listener::scan::Reason;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct TallyCount(AtomicU64);

/// What happened to connections, before and beside their requests.
#[derive(Debug, Default)]
pub struct Tally {
    /// Connections that the kernel handed over.
    pub accepted: TallyCount,
    /// Closed at once, because no slot was free.
    pub over_capacity: TallyCount,
    /// Closed at once, because their address had its share of connections.
    pub over_address_share: TallyCount,
    /// Closed, because a balancer did not say who is on the wire.
    pub proxy_header_bad: TallyCount,
    /// Times that no connection could be accepted at all.
    pub accept_failed: TallyCount,
    /// TLS handshakes that failed.
    pub handshake_failed: TallyCount,
    /// TLS handshakes that took too long.
    pub handshake_late: TallyCount,
    /// Plain HTTP spoken to a TLS port.
    pub plain_http: TallyCount,
    /// Closed because a request's headers took too long.
    pub header_late: TallyCount,
    /// Closed after a time without requests.
    pub idle_closed: TallyCount,
    /// Ended by a broken message, a stalled write or a vanished peer.
    pub broken: TallyCount,
    /// Requests handed to the handler.
    pub requests: TallyCount,
    /// Requests refused for their bytes, by reason.
    refused: [TallyCount; Reason::ALL.len()],
    /// HTTP/2 connections given up, by what they sent too much of.
    excess: [TallyCount; Excess::ALL.len()],
    /// What has no place above; there is no such reason.
    unknown: TallyCount,
}

impl Tally {
    /// HTTP/2 connections that were given up for sending too much of `kind`.
    #[must_use]
    pub fn excess(&self, kind: Excess) -> &TallyCount {
        self.excess.get(kind.number()).unwrap_or(&self.unknown)
    }

    /// Requests of HTTP/1.1 whose bytes were refused for `reason`.
    #[must_use]
    pub fn refused(&self, reason: Reason) -> &TallyCount {
        self.refused.get(reason.number()).unwrap_or(&self.unknown)
    }
}

impl TallyCount {
    /// The number so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts one more, and says which it is.
    pub(super) fn add(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }
}
