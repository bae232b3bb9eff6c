//! What a comparison found.

use std::collections::BTreeMap;

/// Examples of each class that are kept.
const EXAMPLES_MAX: usize = 3;

/// Longer examples are left out.
const EXAMPLE_LETTERS_MAX: usize = 160;

/// Differences that nobody has explained.
pub(super) const UNEXPLAINED: &str = "not explained";

/// One comparison: how many answers were the same, and the others by their class.
pub(super) struct Report {
    pub(super) what: String,
    pub(super) asked: usize,
    /// How many times the peer found something.
    pub(super) hits: usize,
    pub(super) differing: usize,
    /// By class; one answer may be in several.
    pub(super) differences: BTreeMap<String, Class>,
    /// What else is to be said.
    pub(super) note: String,
}

/// Differences that have one reason.
#[derive(Default)]
pub(super) struct Class {
    pub(super) count: usize,
    pub(super) examples: Vec<String>,
}

impl Report {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            asked: 0,
            hits: 0,
            differing: 0,
            differences: BTreeMap::new(),
            note: String::new(),
        }
    }

    /// Counts one pair of answers that are the same.
    pub(super) fn same(&mut self, is_hit: bool) {
        self.asked += 1;
        self.hits += usize::from(is_hit);
    }

    /// Counts one pair that differs, for these reasons.
    pub(super) fn differs<T: AsRef<str>>(&mut self, classes: &[T], is_hit: bool, example: String) {
        self.same(is_hit);
        self.differing += 1;
        for class in classes {
            let class = self.differences.entry(class.as_ref().to_owned()).or_default();
            class.count += 1;
            if class.examples.len() < EXAMPLES_MAX && example.len() <= EXAMPLE_LETTERS_MAX {
                class.examples.push(example.clone());
            }
        }
    }
}
