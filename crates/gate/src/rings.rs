//! The whole defence, outermost ring first.
//!
//! A request meets the rings from top to bottom; its response leaves from bottom to top. Each ring
//! is a file of the same name with one async function, which passes the request inward or returns
//! a [`kernel::Problem`].

mod addresses;
mod audit;
mod bans;
mod body;
mod browser;
mod contract;
mod firewall;
mod flood;
mod hygiene;
mod identity;
mod origin;
mod policy;
mod pressure;
mod quota;
mod reach;
mod replay;
mod telemetry;
mod validation;

use std::sync::Arc;

use crate::App;
use crate::ring::Ring;

pub(crate) use addresses::REFUSED as ADDRESS_REFUSED;
pub(crate) use browser::harden;
pub use firewall::Shield;
pub(crate) use hygiene::{BAD_REQUEST, HEADERS_TOO_LARGE, VERSION};
pub use identity::Proven;
pub(crate) use identity::{brings_credentials, is_known};
pub(crate) use origin::true_address;
pub(crate) use pressure::{OVERLOADED, SHED};
pub use validation::Payload;

/// The problems that the rings make.
pub(crate) const CODES: &[&[&kernel::Code]] = &[
    addresses::CODES,
    crate::bans::CODES,
    hygiene::CODES,
    browser::CODES,
    pressure::CODES,
    crate::limits::CODES,
    firewall::CODES,
    identity::CODES,
    body::CODES,
    replay::CODES,
];

/// The rings of an application.
#[must_use]
pub fn rings(app: &Arc<App>) -> Vec<Ring> {
    vec![
        telemetry::ring(app),  // catch panics; log, count and time once
        origin::ring(app),     // who is on the wire: the true address behind trusted proxies
        addresses::ring(app),  // do we talk to this address at all?
        bans::ring(app),       // is it kept out for a while? Scores what was refused
        hygiene::ring(app),    // strict HTTP: hosts, headers, paths
        browser::ring(app),    // what browsers may do: CSP, HSTS, CORS, CSRF, caching
        pressure::ring(app),   // deadline, body size, concurrency; shed before it hurts
        flood::ring(app),      // who comes too often, by address
        contract::ring(app),   // is this operation declared at all?
        firewall::ring(app),   // does it look like an attack? The verdict of the rule engine
        audit::ring(app),      // witness every attempt, allowed or not
        identity::ring(app),   // who is calling
        reach::ring(app),      // may this caller and operation be used from there?
        quota::ring(app),      // how often this caller may call this operation
        policy::ring(app),     // may they: the only source of permits
        validation::ring(app), // does the message match the contract's schema?
        replay::ring(app),     // idempotency keys
    ]
}

#[cfg(test)]
mod tests {
    /// The order is the defence: a change of it is a change that somebody must want.
    #[test]
    fn the_order_of_the_rings_is_pinned() {
        let source = include_str!("rings.rs");
        let start = source.find("vec![").unwrap();
        let end = source.find("    ]\n}").unwrap();
        let list = source.get(start..end).unwrap();
        let order: Vec<_> = list
            .lines()
            .filter_map(|line| line.trim().split_once("::ring(app)").map(|(name, _)| name))
            .collect();

        assert_eq!(
            order,
            [
                "telemetry",
                "origin",
                "addresses",
                "bans",
                "hygiene",
                "browser",
                "pressure",
                "flood",
                "contract",
                "firewall",
                "audit",
                "identity",
                "reach",
                "quota",
                "policy",
                "validation",
                "replay"
            ]
        );
    }
}
