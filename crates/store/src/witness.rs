//! What a transaction knows about the request that asked for it.

use kernel::Timestamp;
use watch::Scene;

/// Who watches: the circumstances that every audit entry of a change states.
#[derive(Clone)]
pub struct Witness {
    /// When, where from, which request.
    pub scene: Scene,
    /// The operation: `POST /v1/jobs`, or a command.
    pub operation: String,
    /// The idempotency key that the change answers to.
    pub claim: Option<Claim>,
}

/// An idempotency key that no earlier request has used (draft-ietf-httpapi-idempotency-key-header).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// SHA-256 over client, operation and key.
    pub key_hash: [u8; 32],
    /// SHA-256 of the canonical request body.
    pub body_hash: [u8; 32],
    /// When the key may be used anew.
    pub expires_at: Timestamp,
}
