//! The section about bans: who is kept out for a while.

use serde::Deserialize;

use super::names::Network;
use super::numbers::{Count, Seconds};
use super::words::list;

/// Who is kept out for a while.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bans {
    /// What bans do.
    pub(crate) mode: BanMode,
    /// So many points ban an address.
    pub(crate) address_points: Count<1, 1_000_000>,
    /// So many points ban a client, an API key or a person.
    pub(crate) caller_points: Count<1, 1_000_000>,
    /// In this time all points decay.
    pub(crate) decay_s: Seconds<1, 3600>,
    /// How long the first ban is.
    pub(crate) first_s: Seconds<1, 2_678_400>,
    /// How long the second in a row is.
    pub(crate) second_s: Seconds<1, 2_678_400>,
    /// How long each further one is.
    pub(crate) further_s: Seconds<1, 2_678_400>,
    /// For so long after its end a ban makes the next one longer.
    pub(crate) forget_s: Seconds<1, 2_678_400>,
    /// At most this share of callers is banned without a human, in per cent.
    pub(crate) share_max_percent: Count<1, 100>,
    /// So many may be banned however few callers there are.
    pub(crate) share_floor: Count<0, 100_000>,
    /// Bans that are kept at once.
    pub(crate) bans_max: Count<1, 100_000>,
    /// Who is never banned.
    #[serde(deserialize_with = "list")]
    pub(crate) allow: Vec<Network>,
}

/// What bans do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BanMode {
    /// Keep out.
    Enforce,
    /// Only tell.
    LogOnly,
    /// Nothing.
    Off,
}
