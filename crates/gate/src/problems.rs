//! The problems that the gate makes, in the order of the rings.

use std::sync::LazyLock;

use kernel::Code;

use crate::{contract, listener, revocations, rings, signing, trusted};

/// All of them.
pub static CODES: LazyLock<Vec<&'static Code>> = LazyLock::new(|| {
    let of_identity = [revocations::CODES, signing::CODES, trusted::CODES];
    [rings::CODES, &of_identity[..], &[contract::CODES, listener::CODES]].concat().concat()
});
