//! Proofs that need a second party.

#![expect(clippy::unwrap_used, reason = "a test fails where its ground does")]

mod passkeys;
