//! Counts of one node, in memory of bounded size.
//!
//! A key has eight places where its cell may stand. When all are taken by others, the cell that
//! says least gives way: an expired one first, then the one that is charged least, of equals any.
//! So whoever walks through millions of addresses, each used once, displaces his own cells and not
//! those of callers who are really counted; and whoever comes in the midst of it is counted after
//! a few calls.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use siphasher::sip::SipHasher13;

use crate::pick::Pick;
use crate::rule::{Rule, Rules};
use crate::set::{Set, Tag, WAYS, Writing};
use crate::steps::Steps;
use crate::subject::{Digests, Subject};
use crate::verdict::Verdict;

/// A table of bounded size: memory is taken by the page when a key first falls on it, so that a
/// quiet node does not pay for a siege.
pub struct Table {
    pages: Box<[OnceLock<Page>]>,
    sets: u64,
    /// Keyed at random, so that nobody can choose addresses that share a set.
    hasher: SipHasher13,
}

type Page = Box<[Set]>;

/// Which cell a rule and a caller have in one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CellId(u64);

impl CellId {
    /// A number that tells it from others, evenly spread: for tables beside this one.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl Table {
    /// A table for at least so many keys, 90 bytes each.
    #[must_use]
    pub fn new(keys: usize, random: RandomState) -> Self {
        let pages = keys.div_ceil(WAYS * PAGE_SETS).max(1);
        let sets = (pages * PAGE_SETS) as u64;
        let hasher = SipHasher13::new_with_keys(random.hash_one(0), random.hash_one(1));
        Self { pages: (0..pages).map(|_| OnceLock::new()).collect(), sets, hasher }
    }

    /// Charges all rules that apply, or none.
    #[must_use]
    pub fn charge<'r>(&self, rules: &'r Rules, who: &Subject<'_>, now_ms: u64) -> Verdict<'r> {
        self.charge_some((rules, Pick::ALL), who, now_ms)
    }

    /// Charges those of the rules that are picked and apply, or none.
    #[must_use]
    pub fn charge_some<'r>(
        &self,
        rules: (&'r Rules, Pick),
        who: &Subject<'_>,
        now_ms: u64,
    ) -> Verdict<'r> {
        let mut steps = Steps::new(rules.0, now_ms);
        self.look(&mut steps, rules, who);
        steps.charge()
    }

    /// What [`Table::charge`] would say, without charging.
    #[must_use]
    pub fn check<'r>(&self, rules: &'r Rules, who: &Subject<'_>, now_ms: u64) -> Verdict<'r> {
        self.check_some((rules, Pick::ALL), who, now_ms)
    }

    /// What [`Table::charge_some`] would say, without charging.
    #[must_use]
    pub fn check_some<'r>(
        &self,
        rules: (&'r Rules, Pick),
        who: &Subject<'_>,
        now_ms: u64,
    ) -> Verdict<'r> {
        let mut steps = Steps::new(rules.0, now_ms);
        self.look(&mut steps, rules, who);
        steps.check()
    }

    /// Counts one where there is room and where there is none: for what has happened already.
    pub fn note(&self, rules: (&Rules, Pick), who: &Subject<'_>, now_ms: u64) {
        self.each(rules, who, |set, tag, rule| {
            set.change((tag, None), (now_ms, rule.limit().extent()), |cell| {
                rule.limit().charge(cell, now_ms, rule.pace());
            });
        });
    }

    /// Takes back what was charged a moment ago: another store refused the request.
    pub fn refund(&self, rules: (&Rules, Pick), who: &Subject<'_>, now_ms: u64) {
        self.each(rules, who, |set, tag, rule| {
            if let Some(way) = set.find(tag) {
                set.change((tag, Some(way)), (now_ms, rule.limit().extent()), |cell| {
                    rule.limit().refund(cell, now_ms, rule.pace());
                });
            }
        });
    }

    /// The cell of a rule and a caller, for [`Table::learn`]; nothing where the rule does not
    /// apply.
    #[must_use]
    pub fn cell_of(&self, rule: &Rule, who: &Subject<'_>) -> Option<CellId> {
        Digests::new(&self.hasher, who).of(rule).map(CellId)
    }

    /// Adds what other nodes let in: so many in the present slot of the rule, in the one before it,
    /// and so on.
    pub fn learn(&self, cell: CellId, rule: &Rule, by_age: &[u32], now_ms: u64) {
        if let Some((_, set)) = self.set_of(cell.0) {
            let (key, at) = ((Tag::of(cell.0), None), (now_ms, rule.limit().extent()));
            set.write().change(key, at, |cell| {
                rule.limit().learn(cell, by_age, now_ms, rule.pace());
            });
        }
    }

    /// Calls for the set of each picked rule that applies, one after the other.
    fn each(
        &self,
        (rules, pick): (&Rules, Pick),
        who: &Subject<'_>,
        mut what: impl FnMut(&Writing<'_>, Tag, &Rule),
    ) {
        let mut digests = Digests::new(&self.hasher, who);
        for (_, rule) in rules.picked(pick) {
            if let Some(hash) = digests.of(rule)
                && let Some((_, set)) = self.set_of(hash)
            {
                what(&set.write(), Tag::of(hash), rule);
            }
        }
    }

    /// Looks where the keys of the rules stand that apply.
    fn look<'t, 'r>(
        &'t self,
        steps: &mut Steps<'t, 'r>,
        (rules, pick): (&'r Rules, Pick),
        who: &Subject<'_>,
    ) {
        let mut digests = Digests::new(&self.hasher, who);
        for (place, rule) in rules.picked(pick) {
            if let Some(hash) = digests.of(rule)
                && let Some(set) = self.set_of(hash)
            {
                steps.add((place, rule), set, Tag::of(hash));
            }
        }
    }

    /// The set of a hash, with its number.
    fn set_of(&self, hash: u64) -> Option<(u32, &Set)> {
        let number = u32::try_from(((hash >> 32) * self.sets) >> 32).ok()?;
        let index = usize::try_from(number).ok()?;
        let page = self.pages.get(index / PAGE_SETS)?;
        let page = page.get_or_init(|| (0..PAGE_SETS).map(|_| Set::default()).collect());
        Some((number, page.get(index % PAGE_SETS)?))
    }
}

/// About 11 KiB.
const PAGE_SETS: usize = 16;
