//! What came of charging the rules of one request.

use crate::rule::{RULES_MAX, Rule, Rules};

/// Where a key stands with one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether one more was allowed.
    pub fits: bool,
    /// How many are left, after this one if it was charged.
    pub remaining: u32,
    /// In how many milliseconds there will be more than that.
    pub reset_ms: u64,
}

impl Standing {
    pub(crate) fn of(remaining: u64, reset_ms: u64) -> Self {
        let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
        Self { fits: remaining > 0, remaining, reset_ms }
    }
}

/// How all rules of a request answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict<'r> {
    rules: [Option<(&'r Rule, Standing)>; RULES_MAX],
}

impl<'r> Verdict<'r> {
    /// From the standing with each rule that applied, in the order of the rules.
    pub fn new(rules: &'r Rules, standings: impl IntoIterator<Item = (usize, Standing)>) -> Self {
        let mut verdict = Self { rules: [None; RULES_MAX] };
        for (index, standing) in standings {
            let rule = rules.as_slice().get(index);
            if let (Some(place), Some(rule)) = (verdict.rules.get_mut(index), rule) {
                *place = Some((rule, standing));
            }
        }
        verdict
    }

    /// The same, with what another verdict says of rules that this one says nothing of.
    #[must_use]
    pub fn beside(mut self, other: &Self) -> Self {
        for (place, others) in self.rules.iter_mut().zip(&other.rules) {
            *place = place.or(*others);
        }
        self
    }

    /// Whether every rule let it pass; then every one was charged.
    #[must_use]
    pub fn is_admitted(&self) -> bool {
        self.standings().all(|(_, standing)| standing.fits)
    }

    /// The rules that applied.
    pub fn standings(&self) -> impl Iterator<Item = (&'r Rule, Standing)> + '_ {
        self.rules.iter().flatten().copied()
    }

    /// The rules that refused.
    pub fn violated(&self) -> impl Iterator<Item = (&'r Rule, Standing)> + '_ {
        self.standings().filter(|(_, standing)| !standing.fits)
    }

    /// The rule that refuses first if this goes on; of those that refused, the one that lasts.
    #[must_use]
    pub fn tightest(&self) -> Option<(&'r Rule, Standing)> {
        self.standings()
            .min_by_key(|(_, standing)| (standing.remaining, std::cmp::Reverse(standing.reset_ms)))
    }

    /// When to try again: when the last of the rules that refused has room.
    #[must_use]
    pub fn retry_after_ms(&self) -> u64 {
        self.violated().map(|(_, standing)| standing.reset_ms).max().unwrap_or(0)
    }
}
