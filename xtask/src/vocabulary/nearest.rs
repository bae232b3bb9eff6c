//! What is near what: cosine of weighted words over label, other labels and description.

use std::collections::HashMap;

use super::Concept;

/// The nearest concepts of each, the nearest first.
pub(super) fn nearest(concepts: &[Concept]) -> Vec<Vec<usize>> {
    let vectors = vectors(concepts);
    let mut having: HashMap<&str, Vec<(usize, f64)>> = HashMap::new();
    for (place, vector) in vectors.iter().enumerate() {
        for (word, weight) in vector {
            having.entry(word).or_default().push((place, *weight));
        }
    }
    vectors
        .iter()
        .enumerate()
        .map(|(place, vector)| {
            let mut near: HashMap<usize, f64> = HashMap::new();
            for (word, weight) in vector {
                let others = having.get(word.as_str()).filter(|others| others.len() < COMMON);
                for (other, other_weight) in others.into_iter().flatten() {
                    *near.entry(*other).or_default() += weight * other_weight;
                }
            }
            near.remove(&place);
            let mut near: Vec<(usize, f64)> =
                near.into_iter().filter(|(_, cosine)| *cosine >= COSINE_LEAST).collect();
            near.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            near.into_iter().take(NEAR_MAX).map(|(other, _)| other).collect()
        })
        .collect()
}

fn vectors(concepts: &[Concept]) -> Vec<Vec<(String, f64)>> {
    let counted: Vec<HashMap<String, f64>> = concepts.iter().map(counts).collect();
    let mut having: HashMap<&str, f64> = HashMap::new();
    for word in counted.iter().flat_map(HashMap::keys) {
        *having.entry(word).or_default() += 1.0;
    }
    let all = concepts.len() as f64;
    let rarity = |word: &str| (all / having.get(word).copied().unwrap_or(1.0)).ln();
    counted
        .iter()
        .map(|counts| {
            let weighed = counts.iter().map(|(word, times)| (word.clone(), times * rarity(word)));
            let mut vector: Vec<(String, f64)> = weighed.collect();
            vector.sort_by(|a, b| a.0.cmp(&b.0));
            let length = vector.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
            vector.iter_mut().for_each(|(_, weight)| *weight /= length.max(f64::MIN_POSITIVE));
            vector
        })
        .collect()
}

/// A label's words count most, a description's least.
fn counts(concept: &Concept) -> HashMap<String, f64> {
    let mut counts: HashMap<String, f64> = HashMap::new();
    let mut add = |word: &str, times: f64| {
        let stem: String = word.chars().take(STEM_CHARS).collect();
        let count = counts.entry(stem).or_default();
        *count = times.max(*count);
    };
    words(&concept.description).for_each(|word| add(&word, 0.5));
    concept.words.iter().for_each(|word| add(word, 1.0));
    words(&concept.label).for_each(|word| add(&word, 3.0));
    counts
}

/// Lower-case words without those that tell nothing.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && !"+#.-'".contains(c))
        .map(|word| word.trim_matches(['.', '-', '\'']).to_lowercase())
        .filter(|word| word.len() > 1 && !STOP.contains(&word.as_str()))
}

/// A word that so many concepts have says little of what is near.
const COMMON: usize = 1_500;
const NEAR_MAX: usize = 6;
const COSINE_LEAST: f64 = 0.25;
const STEM_CHARS: usize = 7;
const STOP: &[&str] = &[
    "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "into", "is", "it", "its",
    "of", "on", "or", "such", "that", "the", "their", "them", "they", "this", "through", "to",
    "which", "with",
];
