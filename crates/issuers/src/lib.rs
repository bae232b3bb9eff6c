//! Issuers that are not ours: what they say about themselves and which keys they sign with.
//!
//! The only crate that asks anybody outside while somebody waits. It asks over TLS only, follows
//! no redirect, reads no more than it needs, and gives up after [`WAIT_MAX`]; what was good before
//! goes on meanwhile. What keys are believed, `oauth` says.

mod issuer;
mod outside;

pub use issuer::{FetchTally, Issuer, IssuerConfig};
pub use outside::{Answered, FetchError, Outside, OutsideError, WAIT_MAX};
