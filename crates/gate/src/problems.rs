//! The problems that the gate makes, in the order of the rings.

use std::sync::LazyLock;

use kernel::Code;

use crate::{contract, listener, revocations, rings, signing};

/// All of them.
pub static CODES: LazyLock<Vec<&'static Code>> = LazyLock::new(|| {
    [rings::CODES, &[revocations::CODES, signing::CODES, contract::CODES, listener::CODES]]
        .concat()
        .concat()
});
