//! Counts of one node, in memory of bounded size.
//!
//! A key has eight places where its cell may stand. When all are taken by others, the cell that
//! says least gives way: an expired one first, then the one that is charged least. So whoever walks
//! through millions of addresses, each used once, displaces his own cells and not those of callers
//! who are really counted.

use std::hash::{BuildHasher, RandomState};
use std::sync::{MutexGuard, OnceLock, PoisonError};

use siphasher::sip::SipHasher13;

use crate::pick::Pick;
use crate::rule::{RULES_MAX, Rule, Rules};
use crate::set::{Locked, Set, Tag, WAYS, Way};
use crate::subject::{Digests, Subject};
use crate::verdict::{Standing, Verdict};

/// A table of bounded size: memory is taken by the page when a key first falls on it, so that a
/// quiet node does not pay for a siege.
pub struct Table {
    pages: Box<[OnceLock<Page>]>,
    sets: u64,
    /// Keyed at random, so that nobody can choose addresses that share a set.
    hasher: SipHasher13,
}

type Page = Box<[Locked]>;

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

/// One rule on its way through the table.
#[derive(Clone, Copy)]
struct Step<'r> {
    index: usize,
    rule: &'r Rule,
    set: usize,
    tag: Tag,
    /// Which of the locks that are held is the one of its set.
    lock: usize,
    way: Option<Way>,
}

/// The locks of a request, in the order of the sets.
type Held<'t> = [Option<MutexGuard<'t, Set>>; RULES_MAX];

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
        self.run((rules, Pick::ALL), who, now_ms, true)
    }

    /// Charges those of the rules that are picked and apply, or none.
    #[must_use]
    pub fn charge_some<'r>(
        &self,
        rules: (&'r Rules, Pick),
        who: &Subject<'_>,
        now_ms: u64,
    ) -> Verdict<'r> {
        self.run(rules, who, now_ms, true)
    }

    /// What [`Table::charge`] would say, without charging.
    #[must_use]
    pub fn check<'r>(&self, rules: &'r Rules, who: &Subject<'_>, now_ms: u64) -> Verdict<'r> {
        self.run((rules, Pick::ALL), who, now_ms, false)
    }

    /// What [`Table::charge_some`] would say, without charging.
    #[must_use]
    pub fn check_some<'r>(
        &self,
        rules: (&'r Rules, Pick),
        who: &Subject<'_>,
        now_ms: u64,
    ) -> Verdict<'r> {
        self.run(rules, who, now_ms, false)
    }

    /// Counts one where there is room and where there is none: for what has happened already.
    pub fn note(&self, rules: (&Rules, Pick), who: &Subject<'_>, now_ms: u64) {
        self.each(rules, who, |set, step| {
            charge(set, step, now_ms);
        });
    }

    /// Takes back what was charged a moment ago: another store refused the request.
    pub fn refund(&self, rules: (&Rules, Pick), who: &Subject<'_>, now_ms: u64) {
        self.each(rules, who, |set, step| {
            if let Some(cell) = set.find(step.tag).and_then(|way| set.cell_mut(way)) {
                step.rule.limit().refund(cell, now_ms, step.rule.pace());
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
        if let Some(set) = self.locked(self.set_of(cell.0))
            && let Some(cell) = lock(set).place(Tag::of(cell.0), None, now_ms)
        {
            rule.limit().learn(cell, by_age, now_ms, rule.pace());
        }
    }

    /// Calls for the set of each picked rule that applies.
    fn each(
        &self,
        (rules, pick): (&Rules, Pick),
        who: &Subject<'_>,
        mut what: impl FnMut(&mut Set, &Step<'_>),
    ) {
        let mut digests = Digests::new(&self.hasher, who);
        for (index, rule) in rules.picked(pick) {
            let Some(step) = self.step(index, rule, &mut digests) else { continue };
            if let Some(set) = self.locked(step.set) {
                what(&mut lock(set), &step);
            }
        }
    }

    fn run<'r>(
        &self,
        (rules, pick): (&'r Rules, Pick),
        who: &Subject<'_>,
        now_ms: u64,
        charging: bool,
    ) -> Verdict<'r> {
        let mut digests = Digests::new(&self.hasher, who);
        let mut places: [Option<Step<'r>>; RULES_MAX] = [None; RULES_MAX];
        let all = rules.picked(pick);
        let steps = all.filter_map(|(index, rule)| self.step(index, rule, &mut digests));
        let mut applying = 0;
        for (place, step) in places.iter_mut().zip(steps) {
            *place = Some(step);
            applying += 1;
        }
        let (applying, _) = places.split_at_mut(applying);
        // Locks are taken in one order everywhere.
        applying.sort_unstable_by_key(|place| place.map_or(usize::MAX, |step| step.set));
        let mut held = self.hold(applying);
        let fits = charging & fit(applying, &held, now_ms);
        settle(rules, applying, &mut held, now_ms, fits)
    }

    fn step<'r>(
        &self,
        index: usize,
        rule: &'r Rule,
        digests: &mut Digests<'_>,
    ) -> Option<Step<'r>> {
        let hash = digests.of(rule)?;
        let set = self.set_of(hash);
        Some(Step { index, rule, set, tag: Tag::of(hash), lock: 0, way: None })
    }

    fn set_of(&self, hash: u64) -> usize {
        usize::try_from(((hash >> 32) * self.sets) >> 32).unwrap_or(0)
    }

    /// Locks the sets of all steps, each once.
    fn hold(&self, steps: &mut [Option<Step<'_>>]) -> Held<'_> {
        let mut held: Held<'_> = Default::default();
        let mut last: Option<(usize, usize)> = None;
        let mut free = held.iter_mut().enumerate();
        for step in steps.iter_mut().flatten() {
            if last.is_none_or(|(set, _)| set != step.set)
                && let Some((number, place)) = free.next()
            {
                *place = self.locked(step.set).map(lock);
                last = Some((step.set, number));
            }
            step.lock = last.map_or(0, |(_, number)| number);
        }
        held
    }

    fn locked(&self, index: usize) -> Option<&Locked> {
        let page = self.pages.get(index / PAGE_SETS)?;
        let page = page.get_or_init(|| (0..PAGE_SETS).map(|_| Locked::default()).collect());
        page.get(index % PAGE_SETS)
    }
}

/// Whether every rule has room for one more. Notes where the keys stand.
fn fit(steps: &mut [Option<Step<'_>>], held: &Held<'_>, now_ms: u64) -> bool {
    let mut fits = true;
    for step in steps.iter_mut().flatten() {
        let Some(Some(set)) = held.get(step.lock) else { return false };
        step.way = set.find(step.tag);
        if let Some(cell) = step.way.and_then(|way| set.cell(way)) {
            fits &= step.rule.limit().fits(cell, now_ms, step.rule.pace());
        }
    }
    fits
}

/// Charges every rule, or tells where each stands.
fn settle<'r>(
    rules: &'r Rules,
    steps: &[Option<Step<'r>>],
    held: &mut Held<'_>,
    now_ms: u64,
    charging: bool,
) -> Verdict<'r> {
    let standings = steps.iter().flatten().map(|step| {
        let set = held.get_mut(step.lock).and_then(Option::as_mut);
        let standing = set.and_then(|set| {
            if charging {
                return charge(set, step, now_ms);
            }
            let cell = set.cell(step.way?)?;
            Some(step.rule.limit().standing(cell, now_ms, step.rule.pace()))
        });
        (step.index, standing.unwrap_or_else(|| step.rule.limit().fresh()))
    });
    Verdict::new(rules, standings)
}

fn charge(set: &mut Set, step: &Step<'_>, now_ms: u64) -> Option<Standing> {
    let cell = set.place(step.tag, step.way, now_ms)?;
    let standing = step.rule.limit().charge(cell, now_ms, step.rule.pace());
    Some(Standing { fits: true, ..standing })
}

fn lock(set: &Locked) -> MutexGuard<'_, Set> {
    set.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// About 11 KiB.
const PAGE_SETS: usize = 16;
