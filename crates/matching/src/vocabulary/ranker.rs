//! Ranks concepts by the words that they share with a text: BM25 times coverage of the label.

use std::collections::HashMap;

use super::Concept;
use super::english::stems;
use crate::rarity::rarity;

/// An index of concepts by their words.
pub(super) struct Ranker {
    /// Of each term the concepts that have it, and whether in their label.
    postings: HashMap<String, Vec<(u32, bool)>>,
    /// Of each concept the sum of its label's term weights.
    weights: Vec<u64>,
    concepts: u32,
}

impl Ranker {
    pub(super) fn new(concepts: &[Concept]) -> Self {
        let mut postings: HashMap<String, Vec<(u32, bool)>> = HashMap::new();
        for (number, concept) in (0..).zip(concepts) {
            for (text, is_label) in [(concept.label, true), (concept.words, false)] {
                for stem in stems(text) {
                    let having = postings.entry(stem).or_default();
                    if having.last().is_none_or(|(last, _)| *last != number) {
                        having.push((number, is_label));
                    }
                }
            }
        }
        let count = u32::try_from(concepts.len()).unwrap_or(u32::MAX);
        let weights = concepts.iter().map(|concept| {
            stems(concept.label)
                .map(|stem| weight(count, postings.get(&stem).map_or(0, Vec::len)))
                .sum()
        });
        Self { weights: weights.collect(), postings, concepts: count }
    }

    /// The best concepts for a text.
    pub(super) fn rank(&self, text: &str, top: usize) -> Vec<Hit> {
        let mut stems: Vec<String> = stems(text).collect();
        stems.sort_unstable();
        stems.dedup();
        let mut found: HashMap<u32, Found> = HashMap::new();
        let mut whole = 0;
        for stem in stems {
            let having = self.postings.get(&stem).map_or(&[][..], Vec::as_slice);
            let weight = weight(self.concepts, having.len());
            whole += weight;
            for (number, is_label) in having {
                let found = found.entry(*number).or_default();
                found.words += weight;
                found.label += if *is_label { weight } else { 0 };
            }
        }
        let hit = |(number, found): (u32, Found)| {
            let of_label = self.weights.get(number as usize).copied().unwrap_or(1).max(1);
            let named = 1_000 * found.label.min(of_label) / of_label;
            // The square: half a label is much less than half as good as a whole one.
            let score = (found.words + found.label) * (SMOOTH + named * named);
            let covered = 1_000 * found.words / u64::max(whole, 1);
            Hit { number, score, named, covered }
        };
        let mut hits: Vec<Hit> = found.into_iter().map(hit).collect();
        hits.sort_unstable_by(|a, b| b.score.cmp(&a.score).then(a.number.cmp(&b.number)));
        hits.truncate(top);
        hits
    }
}

/// A concept that shares words with a text.
pub(super) struct Hit {
    pub(super) number: u32,
    score: u64,
    /// How much of its label the text has, in thousandths.
    pub(super) named: u64,
    /// How much of the text its words cover, in thousandths.
    pub(super) covered: u64,
}

#[derive(Default)]
struct Found {
    words: u64,
    label: u64,
}

fn weight(all: u32, having: usize) -> u64 {
    u64::from(rarity(all, u32::try_from(having).unwrap_or(u32::MAX)))
}

/// So much of a concept's score does not depend on how much of its label the text has, in
/// millionths.
const SMOOTH: u64 = 50_000;
