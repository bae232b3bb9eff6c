//! One automaton over all texts that cases need.

use aho_corasick::Input;
use aho_corasick::automaton::{Automaton as _, OverlappingState};
use aho_corasick::nfa::contiguous::{Builder, NFA};

use super::set;

/// The automaton, and whose each text is.
pub(super) struct Texts {
    automaton: NFA,
    /// For each text where its owners begin in the list.
    starts: Vec<u32>,
    owners: Vec<u32>,
    words: usize,
}

impl Texts {
    /// Takes the texts of each case that has some, in the order of their numbers.
    pub(super) fn build<'n>(cases: impl Iterator<Item = &'n [Vec<u8>]>) -> Option<Self> {
        let mut all: Vec<(&[u8], u32)> = Vec::new();
        let mut count: u32 = 0;
        for texts in cases {
            all.extend(texts.iter().map(|text| (text.as_slice(), count)));
            count += 1;
        }
        all.sort_unstable();
        let mut list: Vec<&[u8]> = Vec::new();
        let mut starts: Vec<u32> = Vec::new();
        let mut owners: Vec<u32> = Vec::new();
        for (text, owner) in all {
            if list.last() != Some(&text) {
                list.push(text);
                starts.push(u32::try_from(owners.len()).ok()?);
            }
            owners.push(owner);
        }
        starts.push(u32::try_from(owners.len()).ok()?);
        let is_any = !list.is_empty();
        let automaton = Builder::new().ascii_case_insensitive(true).dense_depth(3).build(&list);
        let words = count.div_ceil(64) as usize;
        automaton.ok().filter(|_| is_any).map(|automaton| Self { automaton, starts, owners, words })
    }

    /// Marks the cases one of whose texts is in the value.
    pub(super) fn find(&self, value: &[u8], marks: &mut Vec<u64>) {
        marks.clear();
        marks.resize(self.words, 0);
        let mut state = OverlappingState::start();
        let input = Input::new(value);
        // Fails only for an anchored search, which the automaton has no start for.
        while self.automaton.try_find_overlapping(&input, &mut state).is_ok() {
            let Some(found) = state.get_match() else { break };
            let text = found.pattern().as_usize();
            if let Some([start, end]) = self.starts.get(text..text + 2) {
                let owners = self.owners.get(*start as usize..*end as usize);
                owners.into_iter().flatten().for_each(|owner| set(marks, *owner as usize));
            }
        }
    }
}
