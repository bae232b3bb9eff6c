//! Runs what no regular expression can say: look-around, atomic groups, groups said again.
//!
//! It backtracks, but remembers in which state and at which byte it has failed already, so that
//! without groups said again the work is about states × bytes. Whatever the pattern and the text,
//! it stops after a stated number of steps and says so.

mod program;

pub(super) use program::Program;

use program::Step;

use super::syntax::Place;

/// Steps that one search may take, whatever its length.
const STEPS_MAX: u64 = 1 << 20;
/// Steps more for each byte.
const STEPS_PER_BYTE_MAX: u64 = 64;
/// States × bytes that are remembered; a larger search has its bound in steps alone.
const MEMORY_BITS_MAX: usize = 1 << 26;

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The bounds of the match and of its groups, two to a group.
    Found(Vec<Option<usize>>),
    Absent,
    /// The steps were used up first.
    GaveUp,
}

impl Program {
    /// The leftmost match that begins at `from` or later.
    pub(super) fn search(&self, text: &[u8], from: usize) -> Outcome {
        let bits = self.steps.len().saturating_mul(text.len() + 1);
        let is_remembered = self.may_remember && bits <= MEMORY_BITS_MAX;
        let mut run = Run {
            program: self,
            text,
            left: STEPS_MAX.saturating_add(STEPS_PER_BYTE_MAX.saturating_mul(text.len() as u64)),
            failed: vec![0; if is_remembered { bits.div_ceil(64) } else { 0 }],
            touched: Vec::new(),
        };
        for start in from..=text.len() {
            let mut slots = vec![None; self.slots];
            match run.from(0, start, &mut slots) {
                Ok(Some(end)) => {
                    slots.truncate(self.capture_slots);
                    if let [first, last, ..] = slots.as_mut_slice() {
                        (*first, *last) = (Some(start), Some(end));
                    }
                    return Outcome::Found(slots);
                }
                Ok(None) => {}
                Err(OutOfSteps) => return Outcome::GaveUp,
            }
        }
        Outcome::Absent
    }
}

struct OutOfSteps;

struct Run<'p> {
    program: &'p Program,
    text: &'p [u8],
    left: u64,
    /// One bit for each state at each byte that was entered and led nowhere.
    failed: Vec<u64>,
    /// The bits that the runs under way have set, so that a run that succeeds takes its own back.
    touched: Vec<usize>,
}

/// What to go back to.
enum Back {
    Branch { step: usize, at: usize },
    Slot { slot: usize, value: Option<usize> },
}

type Slots = Vec<Option<usize>>;

impl Run<'_> {
    /// Runs from a step to its `Done`; the place where the match ends.
    fn from(
        &mut self,
        step: usize,
        at: usize,
        slots: &mut Slots,
    ) -> Result<Option<usize>, OutOfSteps> {
        let touched = self.touched.len();
        let mut back = vec![Back::Branch { step, at }];
        while let Some(last) = back.pop() {
            match last {
                Back::Slot { slot, value } => set(slots, slot, value),
                Back::Branch { step, at } => {
                    if let Some(end) = self.thread(step, at, slots, &mut back)? {
                        self.take_back(touched);
                        return Ok(Some(end));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Follows one thread until it fails or is done.
    fn thread(
        &mut self,
        mut step: usize,
        mut at: usize,
        slots: &mut Slots,
        back: &mut Vec<Back>,
    ) -> Result<Option<usize>, OutOfSteps> {
        loop {
            self.left = self.left.checked_sub(1).ok_or(OutOfSteps)?;
            let Some(now) = self.program.steps.get(step) else { return Ok(None) };
            if now.is_remembered() && self.was_here(step, at) {
                return Ok(None);
            }
            let next = match now {
                Step::Done => return Ok(Some(at)),
                Step::Byte(set) => {
                    self.text.get(at).filter(|byte| set.contains(**byte)).map(|_| {
                        at += 1;
                        step + 1
                    })
                }
                Step::Place(place) => is_at(*place, self.text, at).then_some(step + 1),
                Step::Jump(to) => Some(*to),
                Step::Split { first, second } => {
                    back.push(Back::Branch { step: *second, at });
                    Some(*first)
                }
                Step::Save(slot) => {
                    self.save(*slot, Some(at), slots, back);
                    Some(step + 1)
                }
                Step::Moved { slot, otherwise } => {
                    let stood = slots.get(*slot).copied().flatten() == Some(at);
                    Some(if stood { *otherwise } else { step + 1 })
                }
                Step::Around { back: width, negative, after } => {
                    let found = match at.checked_sub(*width) {
                        Some(start) => self.sub(step + 1, start, slots, back)?.is_some(),
                        None => false,
                    };
                    (found != *negative).then_some(*after)
                }
                Step::Atomic { after } => self.sub(step + 1, at, slots, back)?.map(|end| {
                    at = end;
                    *after
                }),
                Step::Run { set, min } => {
                    let rest = self.text.get(at..).unwrap_or_default();
                    let count = rest.iter().take_while(|byte| set.contains(**byte)).count();
                    self.left = self.left.checked_sub(count as u64).ok_or(OutOfSteps)?;
                    at += count;
                    (count >= *min).then_some(step + 1)
                }
                Step::Again { group, ignore_case } => {
                    self.says_again(at, *group, *ignore_case, slots).map(|length| {
                        at += length;
                        step + 1
                    })
                }
            };
            match next {
                Some(next) => step = next,
                None => return Ok(None),
            }
        }
    }

    /// A run of its own, whose groups count as set here.
    fn sub(
        &mut self,
        step: usize,
        at: usize,
        slots: &mut Slots,
        back: &mut Vec<Back>,
    ) -> Result<Option<usize>, OutOfSteps> {
        let mut inner = slots.clone();
        let end = self.from(step, at, &mut inner)?;
        if end.is_some() {
            for (slot, value) in inner.into_iter().enumerate() {
                if slots.get(slot) != Some(&value) {
                    self.save(slot, value, slots, back);
                }
            }
        }
        Ok(end)
    }

    fn says_again(
        &self,
        at: usize,
        group: usize,
        ignore_case: bool,
        slots: &Slots,
    ) -> Option<usize> {
        let start = slots.get(group * 2).copied().flatten()?;
        let end = slots.get(group * 2 + 1).copied().flatten()?;
        let said = self.text.get(start..end)?;
        let here = self.text.get(at..at + said.len())?;
        let is_same = if ignore_case { here.eq_ignore_ascii_case(said) } else { here == said };
        is_same.then_some(said.len())
    }

    fn save(&mut self, slot: usize, value: Option<usize>, slots: &mut Slots, back: &mut Vec<Back>) {
        let before = slots.get(slot).copied().flatten();
        back.push(Back::Slot { slot, value: before });
        set(slots, slot, value);
    }

    /// Whether this state was entered before; from now on it was.
    fn was_here(&mut self, step: usize, at: usize) -> bool {
        let bit = step * (self.text.len() + 1) + at;
        let Some(word) = self.failed.get_mut(bit / 64) else { return false };
        let was = *word >> (bit % 64) & 1 == 1;
        if !was {
            *word |= 1 << (bit % 64);
            self.touched.push(bit);
        }
        was
    }

    fn take_back(&mut self, touched: usize) {
        for bit in self.touched.drain(touched..) {
            if let Some(word) = self.failed.get_mut(bit / 64) {
                *word &= !(1 << (bit % 64));
            }
        }
    }
}

fn set(slots: &mut Slots, slot: usize, value: Option<usize>) {
    if let Some(slot) = slots.get_mut(slot) {
        *slot = value;
    }
}

fn is_at(place: Place, text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let is_edge = || before.is_some_and(is_word) != text.get(at).is_some_and(is_word);
    match place {
        Place::Start => at == 0,
        Place::End => at == text.len(),
        Place::LineStart => before.is_none_or(|byte| *byte == b'\n'),
        Place::LineEnd => text.get(at).is_none_or(|byte| *byte == b'\n'),
        Place::WordEdge => is_edge(),
        Place::NoWordEdge => !is_edge(),
    }
}
