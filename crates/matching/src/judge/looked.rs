//! What the conditions of a row are worth: its gates and points in six look-ups and a sum.

use super::{ClosedGates, Judge};
use crate::assessment::{GateCode, GateReason};
use crate::points::{Points, Share};
use crate::pool::Conditions;

/// What each value of each condition is worth.
#[derive(Debug, Default)]
pub(super) struct Looked {
    standings: Vec<Packed>,
    homes: Vec<Packed>,
    places: Vec<Packed>,
    languages: Vec<Packed>,
    blocked: Vec<Packed>,
    availabilities: Vec<Packed>,
}

/// A closed gate above 24 bits of points. Each gate is one condition's own and all the points of a
/// score fit 20 bits, so that packed values add up without a carry.
#[derive(Clone, Copy, Debug)]
struct Packed(u32);

impl Looked {
    pub(super) fn new(judge: &Judge<'_>, blocked: &[bool]) -> Self {
        let weights = &judge.rules.weights;
        let gate = |gate| move |reason: &GateReason| Packed::new(*reason != GateReason::Open, gate);
        let shared = |gate, weight| {
            move |(reason, share): &(GateReason, Share)| {
                Packed::new(*reason != GateReason::Open, gate).with(weight, *share)
            }
        };
        let hours = judge.hours.iter().map(|hours| (hours.reason, hours.share));
        let overlap = shared(GateCode::Overlap, weights.overlap);
        let spoken = shared(GateCode::MustLanguages, weights.languages);
        let available = shared(GateCode::Availability, weights.availability);
        let is_blocked = |blocked: &bool| Packed::new(*blocked, GateCode::Blocklist);
        Self {
            standings: judge.standings.iter().map(gate(GateCode::Matchable)).collect(),
            homes: judge.homes.iter().map(gate(GateCode::Country)).collect(),
            places: hours.map(|hours| overlap(&hours)).collect(),
            languages: judge.languages.iter().map(spoken).collect(),
            blocked: blocked.iter().map(is_blocked).collect(),
            availabilities: judge.availabilities.iter().map(available).collect(),
        }
    }

    /// The gates that conditions close, and the points that they get.
    pub(super) fn of(&self, conditions: &Conditions) -> Option<(ClosedGates, Points)> {
        let sum = self.standings.get(conditions.standing as usize)?.0
            + self.homes.get(conditions.home as usize)?.0
            + self.places.get(conditions.place as usize)?.0
            + self.languages.get(conditions.languages as usize)?.0
            + self.blocked.get(conditions.blocked as usize)?.0
            + self.availabilities.get(conditions.availability as usize)?.0;
        let closed = ClosedGates::chosen((sum >> POINT_BITS) as usize);
        Some((closed, Points::new(sum & POINT_MASK)))
    }
}

impl Packed {
    const fn new(is_closed: bool, gate: GateCode) -> Self {
        Self((is_closed as u32) << (POINT_BITS + gate as u32))
    }

    const fn with(self, weight: u32, share: Share) -> Self {
        Self(self.0 + Points::worth(weight, share).parts())
    }
}

const POINT_BITS: u32 = 24;
const POINT_MASK: u32 = (1 << POINT_BITS) - 1;
