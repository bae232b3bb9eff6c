//! What a listener may be told, and what it does untold.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;

use crate::listener::scan::ScanLimits;
use crate::timed_body::Pace;

/// One listening address and its limits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListenerConfig {
    /// Where to listen; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Completed connections that the kernel queues for us.
    pub backlog: u32,
    /// Lets several listeners share the address (`SO_REUSEPORT`).
    pub reuse_port: bool,
    /// From the first byte to the end of the TLS handshake.
    pub handshake_timeout_ms: u64,
    /// From the first byte of a request, or the handshake, to the end of the request's headers.
    pub header_timeout_ms: u64,
    /// How long a connection may be without a request.
    pub idle_timeout_ms: u64,
    /// Longest wait for the next piece of a request's body.
    pub body_idle_timeout_ms: u64,
    /// Waiting time for a whole body that costs nothing, whatever has come.
    pub body_grace_ms: u64,
    /// Beyond the grace, a body must have brought this many bytes a second.
    pub body_bytes_per_second_min: u64,
    /// Longest time that the caller may take nothing of a response.
    pub write_stall_timeout_ms: u64,
    /// Oldest that a connection may become before it is closed between two requests.
    pub connection_age_max_ms: u64,
    /// In a drain: how long a connection without a request is kept for one already under way.
    pub drain_linger_ms: u64,
    /// Request line and headers together.
    pub header_bytes_max: u32,
    /// Header fields of an HTTP/1.1 request.
    pub headers_max: usize,
    /// Requests at once on one HTTP/2 connection.
    pub h2_streams_max: u32,
    /// How often an HTTP/2 peer is asked whether it is still there.
    pub h2_ping_interval_ms: u64,
    /// How long it may take to say so.
    pub h2_ping_timeout_ms: u64,
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)),
            backlog: 1024,
            reuse_port: false,
            handshake_timeout_ms: 5_000,
            header_timeout_ms: 10_000,
            idle_timeout_ms: 60_000,
            body_idle_timeout_ms: 10_000,
            body_grace_ms: 10_000,
            body_bytes_per_second_min: 1_024,
            write_stall_timeout_ms: 20_000,
            connection_age_max_ms: 3_600_000,
            drain_linger_ms: 1_000,
            header_bytes_max: 32 * 1024,
            headers_max: 100,
            h2_streams_max: 100,
            h2_ping_interval_ms: 20_000,
            h2_ping_timeout_ms: 20_000,
        }
    }
}

impl ListenerConfig {
    pub(super) const fn handshake_timeout(&self) -> Duration {
        Duration::from_millis(self.handshake_timeout_ms)
    }

    pub(super) const fn write_stall(&self) -> Duration {
        Duration::from_millis(self.write_stall_timeout_ms)
    }

    pub(super) const fn body_pace(&self) -> Pace {
        Pace {
            idle: Duration::from_millis(self.body_idle_timeout_ms),
            grace: Duration::from_millis(self.body_grace_ms),
            bytes_per_second_min: self.body_bytes_per_second_min,
        }
    }

    pub(super) fn scan_limits(&self) -> ScanLimits {
        let head_bytes_max = usize::try_from(self.header_bytes_max).unwrap_or(usize::MAX);
        ScanLimits { line_bytes_max: LINE_BYTES_MAX, head_bytes_max, headers_max: self.headers_max }
    }

    pub(super) fn patience(&self) -> Patience {
        Patience {
            header: Duration::from_millis(self.header_timeout_ms),
            // Looked at that often while a request is being answered, so never without a pause.
            idle: Duration::from_millis(self.idle_timeout_ms.max(1)),
            age: Duration::from_millis(self.connection_age_max_ms),
            linger: Duration::from_millis(self.drain_linger_ms),
            cut: self.write_stall(),
        }
    }
}

/// How long the watchdog of a connection waits for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) header: Duration,
    pub(super) idle: Duration,
    pub(super) age: Duration,
    pub(super) linger: Duration,
    pub(super) cut: Duration,
}

/// Room for the longest path and query that a ring lets pass, and a host.
const LINE_BYTES_MAX: usize = 12 * 1024;
