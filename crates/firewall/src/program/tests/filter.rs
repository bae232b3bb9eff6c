//! Which tests a value may meet at all.

use super::{Test, TextOperator};
use crate::prefilter::{Needs, Prefilter, Room};

/// Finds the tests that a value may meet, for all tests at once.
#[derive(Debug)]
pub(crate) struct Filter {
    words: usize,
    needs: Prefilter,
}

impl Filter {
    /// Prepares for the tests of a program.
    pub(crate) fn new(tests: &[Test]) -> Self {
        let needs: Vec<Needs> = tests.iter().map(needs).collect();
        Self { words: tests.len().div_ceil(64), needs: Prefilter::build(&needs) }
    }

    /// How many words a set of tests has.
    pub(crate) const fn words(&self) -> usize {
        self.words
    }

    /// Writes down the tests that the value may meet. INVARIANT: never leaves one out that it does.
    pub(crate) fn candidates(&self, value: &[u8], room: &mut Room, out: &mut [u64]) {
        out.fill(0);
        self.needs.mark_candidates(value, room, out);
    }
}

/// What a value must have to meet a test.
fn needs(test: &Test) -> Needs {
    match test {
        Test::Never => Needs::impossible(),
        Test::Pattern(pattern) => Needs::of_pattern(pattern),
        Test::Phrases(phrases) => Needs::of_phrases(phrases),
        Test::Text(TextOperator::Within, text) => Needs::nothing().no_longer_than(text.len()),
        Test::Text(TextOperator::Equal, text) => {
            Needs::of_texts(vec![text.to_vec()]).no_longer_than(text.len())
        }
        Test::Text(_, text) => Needs::of_texts(vec![text.to_vec()]),
        Test::Addresses(_) => Needs::of_bytes(2, &[b".:"]),
        Test::ByteRange(range) => {
            let outside: Vec<u8> = (0..=u8::MAX).filter(|byte| !range.allows(*byte)).collect();
            Needs::of_bytes(1, &[&outside])
        }
        Test::UrlEncoding => Needs::of_bytes(1, &[b"%"]),
        Test::Utf8 => {
            let high: Vec<u8> = (0x80..=u8::MAX).collect();
            Needs::of_bytes(1, &[&high])
        }
        Test::Always | Test::Number(..) | Test::Sqli | Test::Xss => Needs::nothing(),
    }
}
