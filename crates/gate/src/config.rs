//! Settings of the gate. `default.toml` documents each.

use serde::{Deserialize, Serialize};

/// The `[gate]` section's part that the rings read. The listener has its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateConfig {
    /// Most requests at work at once; one more is answered 503.
    pub concurrency_max: usize,
    /// How long work may wait for a thread before a share of the requests is refused, in
    /// milliseconds; 0 refuses nobody for it.
    pub queue_delay_target_ms: u64,
    /// How long a request may take, in milliseconds.
    pub request_timeout_ms: u64,
    /// Most bytes of a request's headers, names and values.
    pub header_bytes_max: usize,
    /// Networks whose `X-Forwarded-For` is believed, as CIDR.
    pub trusted_proxies: Vec<String>,
    /// Host names that we answer to.
    pub hosts: Vec<String>,
    /// Origins whose scripts may read our answers.
    pub cors_origins: Vec<String>,
}
