//! What came of charging the rules of one request.

use crate::pick::Pick;
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

/// How all rules of a request answered: two lines of the processor's cache with whatever holds it,
/// because it is handed on several times.
#[derive(Clone, Copy, Debug)]
pub struct Verdict<'r> {
    /// Whose places these are.
    rules: &'r Rules,
    /// And those in `lent`: the same rules with other numbers.
    others: &'r Rules,
    lent: Pick,
    applied: Pick,
    refused: Pick,
    remaining: [u32; RULES_MAX],
    reset_ms: [u64; RULES_MAX],
}

impl<'r> Verdict<'r> {
    /// From the standing with each rule that applied, in the order of the rules.
    pub fn new(rules: &'r Rules, standings: impl IntoIterator<Item = (usize, Standing)>) -> Self {
        let mut verdict = Self::none(rules);
        for (place, standing) in standings {
            verdict.put(place, standing);
        }
        verdict
    }

    pub(crate) fn none(rules: &'r Rules) -> Self {
        let none = Pick::default();
        let (remaining, reset_ms) = ([0; RULES_MAX], [0; RULES_MAX]);
        Self { rules, others: rules, lent: none, applied: none, refused: none, remaining, reset_ms }
    }

    #[inline]
    pub(crate) fn put(&mut self, place: usize, standing: Standing) {
        if let (Some(remaining), Some(reset_ms)) =
            (self.remaining.get_mut(place), self.reset_ms.get_mut(place))
        {
            (*remaining, *reset_ms) = (standing.remaining, standing.reset_ms);
            self.applied.set(place, true);
            self.refused.set(place, !standing.fits);
        }
    }

    /// The same, with what another verdict says of rules that this one says nothing of. Both are
    /// of one list of rules, or of it and of one with the same rules and other numbers.
    #[must_use]
    pub fn beside(mut self, other: &Self) -> Self {
        let missing = other.applied.and(self.applied.others());
        for place in (0..RULES_MAX).filter(|place| missing.has(*place)) {
            let (Some(standing), list) = (other.at(place), other.list(place)) else { continue };
            self.put(place, standing);
            if !std::ptr::eq(list, self.rules) {
                debug_assert!(self.lent == Pick::default() || std::ptr::eq(list, self.others));
                self.others = list;
                self.lent.set(place, true);
            }
        }
        self
    }

    fn list(&self, place: usize) -> &'r Rules {
        if self.lent.has(place) { self.others } else { self.rules }
    }

    fn at(&self, place: usize) -> Option<Standing> {
        let (remaining, reset_ms) = (*self.remaining.get(place)?, *self.reset_ms.get(place)?);
        let fits = !self.refused.has(place);
        self.applied.has(place).then_some(Standing { fits, remaining, reset_ms })
    }

    /// Whether every rule let it pass; then every one was charged.
    #[must_use]
    pub fn is_admitted(&self) -> bool {
        self.refused == Pick::default()
    }

    /// The rules that applied.
    pub fn standings(&self) -> impl Iterator<Item = (&'r Rule, Standing)> + '_ {
        (0..RULES_MAX)
            .filter_map(|place| Some((self.list(place).as_slice().get(place)?, self.at(place)?)))
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

impl PartialEq for Verdict<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.standings().eq(other.standings())
    }
}

/// With the variant of an answer around it, two lines.
const _: () = assert!(size_of::<Verdict<'_>>() == 120);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::Limit;
    use crate::subject::By;

    fn rules(count: u32) -> Rules {
        let rule =
            |name| Rule::new(name, By::ADDRESS, Limit::Window { count, per_ms: 1000 }).unwrap();
        Rules::new(vec![rule("one"), rule("other")]).unwrap()
    }

    #[test]
    fn a_verdict_beside_another_keeps_the_numbers_of_both_lists() {
        let (whole, share) = (rules(10), rules(5));
        let standing = |fits| Standing { fits, remaining: 0, reset_ms: 7 };
        let one = Verdict::new(&whole, [(0, standing(true))]);
        let both = Verdict::new(&share, [(0, standing(false)), (1, standing(false))]);

        let joined = one.beside(&both);

        let told: Vec<_> = joined.standings().map(|(r, s)| (r.limit().count(), s.fits)).collect();
        assert_eq!(told, [(10, true), (5, false)]);
        assert!(!joined.is_admitted() && one.is_admitted());
        assert_eq!(joined.violated().map(|(rule, _)| rule.name()).collect::<Vec<_>>(), ["other"]);
    }
}
