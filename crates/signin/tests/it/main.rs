//! Proofs that need a second party.

mod passkeys;
