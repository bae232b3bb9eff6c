//! Chooses which byte sets are worth a bit, and guesses how often values meet them.

use std::collections::HashMap;

use super::needs::Case;
use crate::byte_set::ByteSet;

/// Where a value has to have a byte of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    Anywhere,
    First,
    Last,
}

/// A set that some operators ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Asked {
    pub(super) place: Place,
    pub(super) set: ByteSet,
}

impl Asked {
    /// Whether the case asks for it.
    pub(super) fn is_of(&self, case: &Case) -> bool {
        match self.place {
            Place::Anywhere => case.sets.contains(&self.set),
            Place::First => case.first == Some(self.set),
            Place::Last => case.last == Some(self.set),
        }
    }

    /// How likely a harmless value is to meet it.
    pub(super) fn chance(&self) -> f64 {
        match self.place {
            Place::Anywhere => chance(&self.set),
            Place::First | Place::Last => chance_at_one_place(&self.set),
        }
    }
}

/// The most useful sets: met seldom, and the first or second choice of many cases.
pub(super) fn chosen<'n>(cases: impl Iterator<Item = &'n Case>, count: usize) -> Vec<Asked> {
    let mut worth: HashMap<Asked, f64> = HashMap::new();
    for case in cases {
        let anywhere = case.sets.iter().map(|set| (Place::Anywhere, *set));
        let first = case.first.iter().map(|set| (Place::First, *set));
        let last = case.last.iter().map(|set| (Place::Last, *set));
        let asked = anywhere.chain(first).chain(last).map(|(place, set)| Asked { place, set });
        let mut asked: Vec<(f64, Asked)> = asked.map(|asked| (asked.chance(), asked)).collect();
        asked.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
        let mut weight = 1.0;
        for (chance, asked) in asked {
            *worth.entry(asked).or_default() += weight * (1.0 - chance);
            weight /= 4.0;
        }
    }
    let mut all: Vec<(f64, Asked)> =
        worth.into_iter().map(|(asked, worth)| (worth, asked)).collect();
    all.sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    all.into_iter().take(count).map(|(_, asked)| asked).collect()
}

/// How likely a short harmless value is to have a byte of the set anywhere.
pub(super) fn chance(set: &ByteSet) -> f64 {
    1.0 - set.iter().fold(1.0, |without, byte| without * (1.0 - usual(byte)))
}

fn chance_at_one_place(set: &ByteSet) -> f64 {
    let all: f64 = ByteSet::ALL.iter().map(usual).sum();
    set.iter().map(usual).sum::<f64>() / all
}

/// How likely a short harmless value is to have the byte.
fn usual(byte: u8) -> f64 {
    match byte {
        b'e' | b'a' | b'i' | b'o' | b'n' | b'r' | b't' | b's' => 0.5,
        b'l' | b'c' | b'd' | b'u' | b'm' | b'p' | b'h' => 0.35,
        b'a'..=b'z' => 0.15,
        b'A'..=b'Z' => 0.08,
        b'0'..=b'9' => 0.25,
        b' ' | b'-' | b'.' => 0.2,
        b'/' | b'_' | b':' | b',' => 0.12,
        b'=' | b'+' | b'"' | b'\'' | b'(' | b')' | b'@' | b';' | b'&' => 0.05,
        b'!'..=b'~' => 0.02,
        b'\n' => 0.03,
        _ => 0.01,
    }
}
