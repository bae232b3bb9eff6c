//! Says which of many operators may match a value, long before most of them run.
//!
//! Each operator has [`Needs`]: a least length, sets of bytes of which a value must have one, and
//! texts of which it must have one; an alternation has several such cases. One pass over the value
//! collects which sets it meets, as 256 bits; cases whose sets are all met are left; if some of
//! these need a text, one automaton looks for all texts at once. What is left are candidates.
//!
//! INVARIANT: an operator that matches a value is among its candidates.

mod literals;
mod needs;
mod room;
mod sets;
mod split;
mod texts;

pub use needs::Needs;
pub(crate) use room::Room;

use crate::bit_set::{BitSet, ones};
use crate::byte_set::ByteSet;
use needs::Case;
use texts::Texts;

/// Which byte sets a value meets: anywhere, with its first byte, with its last byte.
type Signature = [u64; WORDS];

const WORDS: usize = 8;
/// How many different sets are kept, the most useful ones.
const SETS_MAX: usize = WORDS * 64;

/// The needs of all operators, ready to be compared with values.
pub struct Prefilter {
    size: usize,
    /// For each byte the sets it is in.
    anywhere: Box<[Signature; 256]>,
    first: Box<[Signature; 256]>,
    last: Box<[Signature; 256]>,
    /// Cases under the set that rules out most; a value that does not meet it skips them all.
    under_set: Vec<Vec<Entry>>,
    /// Cases without a set.
    under_none: Vec<Entry>,
    texts: Option<Texts>,
    /// For each case that needs a text its operator.
    text_operators: Vec<u32>,
}

/// One case of an operator.
struct Entry {
    sets: Signature,
    length_min: u32,
    length_max: u32,
    operator: u32,
    /// Its number among the cases that need a text.
    text: Option<u32>,
}

impl Entry {
    fn fits(&self, signature: &Signature, length: u32) -> bool {
        let covers = signature.iter().zip(&self.sets).all(|(has, needs)| has & needs == *needs);
        covers && self.length_min <= length && length <= self.length_max
    }
}

impl Prefilter {
    /// Prepares the needs of operators; their places in the list are their numbers.
    #[must_use]
    pub fn build(needs: &[Needs]) -> Self {
        let chosen = sets::chosen(needs.iter().flat_map(|needs| &needs.0), SETS_MAX);
        let with_texts = needs.iter().flat_map(|needs| &needs.0);
        let texts = Texts::build(with_texts.filter_map(|case| case.texts.as_deref()));
        let mut filter = Self {
            size: needs.len(),
            anywhere: Box::new([[0; WORDS]; 256]),
            first: Box::new([[0; WORDS]; 256]),
            last: Box::new([[0; WORDS]; 256]),
            under_set: chosen.iter().map(|_| Vec::new()).collect(),
            under_none: Vec::new(),
            texts,
            text_operators: Vec::new(),
        };
        for (bit, asked) in chosen.iter().enumerate() {
            let table = match asked.place {
                sets::Place::Anywhere => &mut filter.anywhere,
                sets::Place::First => &mut filter.first,
                sets::Place::Last => &mut filter.last,
            };
            mark(table, &asked.set, bit);
        }
        let mut text = 0;
        for (operator, needs) in (0..).zip(needs) {
            for case in &needs.0 {
                let number = case.texts.is_some().then_some(text);
                if number.is_some() {
                    text += 1;
                    filter.text_operators.push(operator);
                }
                filter.enter(operator, case, number, &chosen);
            }
        }
        filter
    }

    fn enter(&mut self, operator: u32, case: &Case, text: Option<u32>, chosen: &[sets::Asked]) {
        let mut sets = [0; WORDS];
        let mut rarest: Option<(usize, f64)> = None;
        for (bit, asked) in chosen.iter().enumerate().filter(|(_, asked)| asked.is_of(case)) {
            set(&mut sets, bit);
            let chance = asked.chance();
            if rarest.is_none_or(|(_, least)| chance < least) {
                rarest = Some((bit, chance));
            }
        }
        let at_most = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let entry = Entry {
            sets,
            length_min: at_most(case.length_min),
            length_max: case.length_max.map_or(u32::MAX, at_most),
            operator,
            // Without an automaton nobody can say that a text is absent.
            text: text.filter(|_| self.texts.is_some()),
        };
        match rarest.and_then(|(bit, _)| self.under_set.get_mut(bit)) {
            Some(list) => list.push(entry),
            None => self.under_none.push(entry),
        }
    }

    /// How many operators it knows.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Fills in which operators may match the value.
    pub fn candidates(&self, value: &[u8], out: &mut BitSet) {
        out.clear(self.size);
        self.mark_candidates(value, &mut Room::default(), out.words_mut());
    }

    /// Adds to the words of a set which operators may match the value.
    pub(crate) fn mark_candidates(&self, value: &[u8], room: &mut Room, out: &mut [u64]) {
        let signature = self.signature(value);
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        // A row has the operators that fit, and behind them the cases that still need a text.
        let operators = self.size.div_ceil(64);
        let words = operators + self.text_operators.len().div_ceil(64);
        let row = room.row((signature, length), words, |row| {
            let (fitting, needy) = row.split_at_mut(operators);
            self.each_fitting(&signature, length, |entry| match entry.text {
                None => set(fitting, entry.operator as usize),
                Some(text) => set(needy, text as usize),
            });
        });
        let (row, marks) = room.read(row);
        let (fitting, needy) = row.split_at_checked(operators).unwrap_or_default();
        for (word, more) in out.iter_mut().zip(fitting) {
            *word |= more;
        }
        let Some(texts) = &self.texts else { return };
        if needy.iter().all(|word| *word == 0) {
            return;
        }
        texts.find(value, marks);
        for (index, (needy, found)) in needy.iter().zip(marks.iter()).enumerate() {
            for bit in ones(needy & found) {
                if let Some(operator) = self.text_operators.get(index * 64 + bit) {
                    set(out, *operator as usize);
                }
            }
        }
    }

    fn each_fitting(&self, signature: &Signature, length: u32, mut found: impl FnMut(&Entry)) {
        let mut among = |entries: &[Entry]| {
            entries.iter().filter(|entry| entry.fits(signature, length)).for_each(&mut found);
        };
        among(&self.under_none);
        for (index, word) in signature.iter().enumerate() {
            for bit in ones(*word) {
                among(self.under_set.get(index * 64 + bit).map_or(&[], Vec::as_slice));
            }
        }
    }

    fn signature(&self, value: &[u8]) -> Signature {
        let mut signature = [0; WORDS];
        if let ([first, ..], [.., last]) = (value, value) {
            join(&mut signature, &self.first, *first);
            join(&mut signature, &self.last, *last);
        }
        value.iter().for_each(|byte| join(&mut signature, &self.anywhere, *byte));
        signature
    }
}

impl std::fmt::Debug for Prefilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prefilter({})", self.size)
    }
}

/// The sets that a byte is in, by number.
fn mark(table: &mut [Signature; 256], bytes: &ByteSet, bit: usize) {
    for (byte, signature) in (0..=u8::MAX).zip(table) {
        if bytes.contains(byte) {
            set(signature, bit);
        }
    }
}

fn set(words: &mut [u64], bit: usize) {
    if let Some(word) = words.get_mut(bit / 64) {
        *word |= 1 << (bit % 64);
    }
}

fn join(signature: &mut Signature, table: &[Signature; 256], byte: u8) {
    if let Some(more) = table.get(usize::from(byte)) {
        for (word, more) in signature.iter_mut().zip(more) {
            *word |= more;
        }
    }
}

#[cfg(test)]
mod tests;
