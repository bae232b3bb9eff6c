//! Counts of one node, in memory of bounded size.
//!
//! A key has eight places where its cell may stand. When all are taken by others, the cell that
//! says least gives way: an expired one first, then the one that is charged least. So whoever walks
//! through millions of addresses, each used once, displaces his own cells and not those of callers
//! who are really counted.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::cell::Cell;
use crate::rule::{RULES_MAX, Rule, Rules};
use crate::subject::Subject;
use crate::verdict::{Standing, Verdict};

/// A table of bounded size: memory is taken by the page when a key first falls on it, so that a
/// quiet node does not pay for a siege.
pub struct Table {
    pages: Box<[OnceLock<Page>]>,
    sets: usize,
    /// Random, so that nobody can choose addresses that share a set.
    hasher: RandomState,
}

/// Places of keys. Tags stand together: to look for one touches one line of the cache.
#[derive(Default)]
struct Set {
    /// Which rule and key; zero when free.
    tags: [u64; WAYS],
    cells: [Cell; WAYS],
}

type Page = Box<[Mutex<Set>]>;

/// One rule on its way through the table.
#[derive(Clone, Copy)]
struct Step<'r> {
    index: usize,
    rule: &'r Rule,
    set: usize,
    tag: u64,
    standing: Standing,
}

impl Table {
    /// A table for at least so many keys, 100 bytes each.
    #[must_use]
    pub fn new(keys: usize, hasher: RandomState) -> Self {
        let pages = keys.div_ceil(WAYS * PAGE_SETS).max(1);
        let sets = pages * PAGE_SETS;
        Self { pages: (0..pages).map(|_| OnceLock::new()).collect(), sets, hasher }
    }

    /// Charges all rules that apply, or none.
    #[must_use]
    pub fn charge<'r>(&self, rules: &'r Rules, who: &Subject<'_>, now_ms: u64) -> Verdict<'r> {
        self.run(rules, who, now_ms, true)
    }

    /// What [`Table::charge`] would say, without charging.
    #[must_use]
    pub fn check<'r>(&self, rules: &'r Rules, who: &Subject<'_>, now_ms: u64) -> Verdict<'r> {
        self.run(rules, who, now_ms, false)
    }

    /// Counts one where there is room and where there is none: for what has happened already.
    pub fn note(&self, rules: &Rules, who: &Subject<'_>, now_ms: u64) {
        for (index, rule) in rules.as_slice().iter().enumerate() {
            let Some(step) = self.step(index, rule, who) else { continue };
            if let Some(mut set) = self.set(step.set) {
                charge(&mut set, &step, now_ms);
            }
        }
    }

    fn run<'r>(
        &self,
        rules: &'r Rules,
        who: &Subject<'_>,
        now_ms: u64,
        charging: bool,
    ) -> Verdict<'r> {
        let mut places: [Option<Step<'r>>; RULES_MAX] = [None; RULES_MAX];
        let all = rules.as_slice().iter().enumerate();
        let steps = all.filter_map(|(index, rule)| self.step(index, rule, who));
        let mut applying = 0;
        for (place, step) in places.iter_mut().zip(steps) {
            *place = Some(step);
            applying += 1;
        }
        let (applying, _) = places.split_at_mut(applying);
        // Locks are taken in one order everywhere.
        applying.sort_unstable_by_key(|place| place.map_or(usize::MAX, |step| step.set));
        self.admit(applying, now_ms, charging);
        let standings = places.iter().flatten().map(|step| (step.index, step.standing));
        Verdict::new(rules, standings)
    }

    fn step<'r>(&self, index: usize, rule: &'r Rule, who: &Subject<'_>) -> Option<Step<'r>> {
        if !who.knows(rule.by()) {
            return None;
        }
        let mut state = self.hasher.build_hasher();
        state.write_u64(rule.salt());
        who.hash(rule.by(), &mut state);
        let hash = state.finish();
        let set = ((hash >> 32) * self.sets as u64) >> 32;
        let set = usize::try_from(set).unwrap_or(0);
        Some(Step { index, rule, set, tag: hash | 1, standing: rule.limit().fresh() })
    }

    /// Descends with all locks held, and charges on the way back if every rule had room.
    fn admit(&self, steps: &mut [Option<Step<'_>>], now_ms: u64, so_far: bool) -> bool {
        let Some(set_index) = steps.first().copied().flatten().map(|step| step.set) else {
            return so_far;
        };
        let is_here = |step: &&Option<Step<'_>>| step.is_some_and(|step| step.set == set_index);
        let here = steps.iter().take_while(is_here).count();
        let Some(mut set) = self.set(set_index) else { return false };
        let (here, rest) = steps.split_at_mut(here);
        let fit = |step: &Step<'_>| {
            let limit = step.rule.limit();
            set.find(step.tag).is_none_or(|cell| limit.fits(cell, now_ms, step.rule.pace()))
        };
        let fits = so_far && here.iter().flatten().all(fit);
        let admitted = self.admit(rest, now_ms, fits);
        for step in here.iter_mut().flatten() {
            if admitted {
                step.standing = charge(&mut set, step, now_ms);
            } else if let Some(cell) = set.find(step.tag) {
                step.standing = step.rule.limit().standing(cell, now_ms, step.rule.pace());
            }
        }
        admitted
    }

    fn set(&self, index: usize) -> Option<MutexGuard<'_, Set>> {
        let page = self.pages.get(index / PAGE_SETS)?;
        let page = page.get_or_init(|| (0..PAGE_SETS).map(|_| Mutex::default()).collect());
        let set = page.get(index % PAGE_SETS)?;
        Some(set.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn charge(set: &mut Set, step: &Step<'_>, now_ms: u64) -> Standing {
    let Some(cell) = set.place(step.tag, now_ms) else { return step.standing };
    let standing = step.rule.limit().charge(cell, now_ms, step.rule.pace());
    Standing { fits: true, ..standing }
}

impl Set {
    fn find(&self, tag: u64) -> Option<&Cell> {
        let way = self.tags.iter().position(|known| *known == tag)?;
        self.cells.get(way)
    }

    /// The cell of a key; one that says least gives way for a new one.
    fn place(&mut self, tag: u64, now_ms: u64) -> Option<&mut Cell> {
        let known = self.tags.iter().position(|known| *known == tag);
        let way = known.or_else(|| self.weakest(now_ms))?;
        let (known, cell) = (self.tags.get_mut(way)?, self.cells.get_mut(way)?);
        if *known != tag {
            (*known, *cell) = (tag, Cell::default());
        }
        Some(cell)
    }

    fn weakest(&self, now_ms: u64) -> Option<usize> {
        let worth = |(_, (tag, cell)): &(usize, (&u64, &Cell))| {
            let lives = **tag != 0 && cell.expires_ms > now_ms;
            if lives { (1, cell.weight, cell.expires_ms) } else { (0, 0, 0) }
        };
        let all = self.tags.iter().zip(&self.cells).enumerate();
        all.min_by_key(worth).map(|(way, _)| way)
    }
}

const WAYS: usize = 8;
/// About 12 KiB.
const PAGE_SETS: usize = 16;
