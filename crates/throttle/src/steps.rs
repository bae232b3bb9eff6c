//! The rules of one request on their way through a table, all together.
//!
//! First they are looked at without a lock: whoever is refused then, as in an attack, has written
//! to no memory that other processors share. Who may pass is charged under the locks of all sets;
//! what was seen counts only if nobody wrote since, and is looked at again otherwise.

use crate::rule::{RULES_MAX, Rule, Rules};
use crate::seqlock::Stamp;
use crate::set::{Set, Tag, Way};
use crate::verdict::{Standing, Verdict};

/// The rules that apply to one request.
pub(crate) struct Steps<'t, 'r> {
    rules: &'r Rules,
    all: [Option<Step<'t, 'r>>; RULES_MAX],
    count: usize,
    now_ms: u64,
    /// Whether there is room with every rule, as far as was seen.
    fit: Result<bool, Disturbed>,
}

/// One rule, and where its key has its place.
struct Step<'t, 'r> {
    rule: &'r Rule,
    set: &'t Set,
    /// When the set was looked at.
    seen: Stamp,
    tag: Tag,
    /// Which set it is: who waits for several, waits for them in this order.
    number: u32,
    way: Option<Way>,
    place: u8,
    /// Whether it is the first in its set, and locks it for all that are there.
    leads: bool,
    holds: bool,
}

/// The locks of all sets.
struct Held<'s, 't, 'r>(&'s mut Steps<'t, 'r>);

/// Somebody wrote meanwhile: what was read says nothing.
#[derive(Clone, Copy)]
struct Disturbed;

impl<'t, 'r> Steps<'t, 'r> {
    pub(crate) fn new(rules: &'r Rules, now_ms: u64) -> Self {
        Self { rules, all: std::array::from_fn(|_| None), count: 0, now_ms, fit: Ok(true) }
    }

    /// One rule more, and where its key is counted.
    pub(crate) fn add(
        &mut self,
        (place, rule): (usize, &'r Rule),
        (number, set): (u32, &'t Set),
        tag: Tag,
    ) {
        let leads = self.iter().all(|step| step.number != number);
        let (place, seen) = (u8::try_from(place).unwrap_or(u8::MAX), set.lock.stamp());
        if let Some(free) = self.all.get_mut(self.count) {
            *free =
                Some(Step { rule, set, seen, tag, number, way: None, place, leads, holds: false });
            self.count += 1;
        }
    }

    /// Charges all, or none.
    pub(crate) fn charge(&mut self) -> Verdict<'r> {
        let mut verdict = Verdict::none(self.rules);
        self.peek();
        if !self.is_refused(&mut verdict) {
            self.hold().settle(&mut verdict);
        }
        verdict
    }

    /// What [`Steps::charge`] would say.
    pub(crate) fn check(&mut self) -> Verdict<'r> {
        let mut verdict = Verdict::none(self.rules);
        self.peek();
        if self.fit.is_err() || self.tell(&mut verdict).is_err() {
            self.hold().tell(&mut verdict);
        }
        verdict
    }

    /// Whether it is refused by what was seen, without a lock.
    fn is_refused(&self, verdict: &mut Verdict<'_>) -> bool {
        matches!(self.fit, Ok(false)) && self.tell(verdict).is_ok()
    }

    /// Where the keys stood at one moment: when the last had been looked at first.
    fn tell(&self, verdict: &mut Verdict<'_>) -> Result<(), Disturbed> {
        for step in self.iter() {
            verdict.put(step.place.into(), step.tell(self.now_ms)?);
        }
        self.iter().try_for_each(Step::undisturbed)
    }

    /// Locks all sets.
    fn hold(&mut self) -> Held<'_, 't, 'r> {
        let held = Held(self);
        if held.0.fit.is_ok() && held.0.seize() {
            return held;
        }
        held.0.release();
        held.0.queue();
        held.0.iter_mut().for_each(|step| step.seen = step.set.lock.stamp());
        held.0.look();
        held
    }

    /// Locks all sets as they were seen. It waits for nobody, and so in any order.
    fn seize(&mut self) -> bool {
        self.iter_mut().filter(|step| step.leads).all(|step| {
            step.holds = step.set.lock.try_lock(step.seen);
            step.holds
        })
    }

    /// Waits for all sets.
    fn queue(&mut self) {
        let mut last = None;
        loop {
            let further = self.iter_mut().filter(|step| step.leads && Some(step.number) > last);
            let Some(next) = further.min_by_key(|step| step.number) else { return };
            next.set.lock.lock();
            next.holds = true;
            last = Some(next.number);
        }
    }

    /// Looks without a lock.
    fn peek(&mut self) {
        if self.iter().any(|step| step.seen.is_writing()) {
            self.fit = Err(Disturbed);
        } else {
            self.look();
        }
    }

    /// Looks where the keys stand. The sets were touched before, all of them: what is not in the
    /// processor's cache is fetched at once, and not one after the other.
    fn look(&mut self) {
        let now_ms = self.now_ms;
        let fit = self.iter_mut().try_fold(true, |fit, step| Ok(fit & step.look(now_ms)?));
        self.fit = fit;
    }

    fn release(&mut self) {
        for step in self.iter_mut().filter(|step| step.holds) {
            step.holds = false;
            step.set.lock.release();
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Step<'t, 'r>> {
        self.all.iter().map_while(Option::as_ref)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Step<'t, 'r>> {
        self.all.iter_mut().map_while(Option::as_mut)
    }
}

impl Step<'_, '_> {
    /// Whether there is room for one more. Notes where the key stands.
    fn look(&mut self, now_ms: u64) -> Result<bool, Disturbed> {
        self.way = self.set.find(self.tag);
        let (limit, pace) = (self.rule.limit(), self.rule.pace());
        let fits = self.way.and_then(|way| {
            self.set.read(way, limit.extent(), |cell| {
                // Before anything is computed: halves of two cells may overflow.
                self.undisturbed()?;
                Ok(limit.fits(cell, now_ms, pace))
            })
        });
        fits.unwrap_or_else(|| self.undisturbed().map(|()| true))
    }

    /// Where the key stands.
    fn tell(&self, now_ms: u64) -> Result<Standing, Disturbed> {
        let (limit, pace) = (self.rule.limit(), self.rule.pace());
        let standing = self.way.and_then(|way| {
            self.set.read(way, limit.extent(), |cell| {
                self.undisturbed()?;
                Ok(limit.standing(cell, now_ms, pace))
            })
        });
        standing.unwrap_or_else(|| self.undisturbed().map(|()| limit.fresh()))
    }

    fn charge(&self, now_ms: u64) -> Standing {
        let (limit, pace) = (self.rule.limit(), self.rule.pace());
        let at = (now_ms, limit.extent());
        let charge = |cell: &mut _| limit.charge(cell, now_ms, pace);
        let standing = self.set.change((self.tag, self.way), at, charge);
        Standing { fits: true, ..standing.unwrap_or_else(|| limit.fresh()) }
    }

    fn undisturbed(&self) -> Result<(), Disturbed> {
        if self.set.lock.is_still(self.seen) { Ok(()) } else { Err(Disturbed) }
    }
}

impl<'r> Held<'_, '_, 'r> {
    /// Charges all, if there is room with every rule.
    fn settle(&self, verdict: &mut Verdict<'_>) {
        if !matches!(self.0.fit, Ok(true)) {
            return self.tell(verdict);
        }
        for step in self.0.iter() {
            verdict.put(step.place.into(), step.charge(self.0.now_ms));
        }
    }

    fn tell(&self, verdict: &mut Verdict<'_>) {
        for step in self.0.iter() {
            // Nobody disturbs who holds the locks.
            let standing = step.tell(self.0.now_ms);
            let standing = standing.unwrap_or_else(|Disturbed| step.rule.limit().fresh());
            verdict.put(step.place.into(), standing);
        }
    }
}

impl Drop for Held<'_, '_, '_> {
    fn drop(&mut self) {
        self.0.release();
    }
}
