//! Bans for tests: none that a test does not ask for.

use std::sync::Arc;
use std::time::Duration;

use gate::Contract;
use gate::bans::{BanMode, Bans, BansPlan};
use gate::limits::{Limits, LimitsPlan};
use kernel::Clock;
use policy::Engine;
use store::Store;

/// Nobody is scored.
#[must_use]
pub fn off() -> BansPlan {
    BansPlan { mode: BanMode::Off, ..quick() }
}

/// Five points are too many, for an address and for a caller.
#[must_use]
pub fn quick() -> BansPlan {
    BansPlan {
        mode: BanMode::Enforce,
        address_points: 5,
        caller_points: 5,
        decay: Duration::from_secs(600),
        ladder: [60, 900, 86_400].map(Duration::from_secs),
        forget: Duration::from_secs(86_400),
        share_max_percent: 10,
        share_floor: 5,
        bans_max: 1000,
        allow: Vec::new(),
    }
}

/// The limits and bans at work.
pub(crate) fn raise(
    (limits, bans): (Option<LimitsPlan>, Option<BansPlan>),
    contract: &Contract,
    engines: (Arc<Store>, Arc<Engine>, Arc<dyn Clock>),
) -> (Arc<Limits>, Arc<Bans>) {
    let limits = crate::limits::raise(limits, contract, &engines.0);
    let bans = Bans::new(bans.unwrap_or_else(off), Arc::clone(&limits), engines);
    (limits, bans.expect("points that can be counted"))
}
