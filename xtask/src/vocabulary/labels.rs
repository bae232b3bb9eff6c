//! Parts a run-together text into label, other labels and description.
//!
//! Held against the benchmark's list of preferred labels, four of five skills' labels end where
//! they should; the rest gets a word too many or too few.

use std::collections::{BTreeSet, HashMap};

/// What the texts are about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Skill,
    /// Its description begins with the label in the plural.
    Occupation,
}

/// What can be learnt from all texts about where labels begin and end.
pub(super) struct Labels {
    kind: Kind,
    /// How often a word begins a text, and so a label.
    starts: HashMap<String, f64>,
    /// How often a word, and two words in a row, stand among labels.
    words: HashMap<String, f64>,
    pairs: HashMap<(String, String), f64>,
    /// How often a word stands in lower case anywhere.
    lower: HashMap<String, usize>,
}

impl Labels {
    pub(super) fn learn(texts: &[&str], kind: Kind) -> Self {
        let mut labels = Self {
            kind,
            starts: HashMap::new(),
            words: HashMap::new(),
            pairs: HashMap::new(),
            lower: HashMap::new(),
        };
        for word in texts.iter().flat_map(|text| text.split(' ')) {
            if word.starts_with(|c: char| c.is_ascii_lowercase()) {
                *labels.lower.entry(bare(word)).or_default() += 1;
            }
        }
        for text in texts {
            let first = text.split(' ').next().unwrap_or_default();
            *labels.starts.entry(first.to_owned()).or_default() += 1.0;
            let (names, _) = labels.without_description(text);
            let words: Vec<String> = names.split(' ').map(str::to_lowercase).collect();
            for pair in words.windows(2) {
                if let [one, other] = pair {
                    *labels.pairs.entry((one.clone(), other.clone())).or_default() += 1.0;
                }
            }
            for word in words {
                *labels.words.entry(word).or_default() += 1.0;
            }
        }
        labels
    }

    /// The label, the other labels, the description.
    pub(super) fn part<'a>(&self, text: &'a str) -> (&'a str, &'a str, &'a str) {
        let (names, description) = self.without_description(text);
        let words: Vec<&str> = names.split(' ').collect();
        let by_plural = match self.kind {
            Kind::Occupation => from_plural(&words, description),
            Kind::Skill => None,
        };
        let count = by_plural.unwrap_or_else(|| self.guess(&words));
        let length = words.iter().take(count).map(|word| word.len() + 1).sum::<usize>();
        let (label, others) =
            names.split_at_checked(length.saturating_sub(1)).unwrap_or((names, ""));
        (label, others.trim(), description)
    }

    /// A description begins at the first capital of a word that is usually written small, before a
    /// small word.
    fn without_description<'a>(&self, text: &'a str) -> (&'a str, &'a str) {
        let words: Vec<&str> = text.split(' ').collect();
        let mut at = 0;
        for (place, pair) in words.windows(2).enumerate() {
            if let [word, next] = pair {
                if place > 0 && self.begins_sentence(word, next) {
                    return (text.get(..at).unwrap_or(text).trim(), text.get(at..).unwrap_or(""));
                }
                at += word.len() + 1;
            }
        }
        (text, "")
    }

    fn begins_sentence(&self, word: &str, next: &str) -> bool {
        let mut letters = word.chars();
        let is_capital = letters.next().is_some_and(|c| c.is_ascii_uppercase());
        let rest_is_small = letters.all(|c| c.is_ascii_lowercase() || c == ',');
        let next_is_small = next.starts_with(|c: char| !c.is_ascii_uppercase());
        let is_article = word == "A" || word == "The" || word == "An";
        let is_usual =
            is_article || self.lower.get(&bare(word)).is_some_and(|times| *times >= USUAL);
        is_capital && rest_is_small && next_is_small && is_usual
    }

    /// How many words the label has: the best of the places before its first repeated word.
    fn guess(&self, words: &[&str]) -> usize {
        let first = words.first().copied().unwrap_or_default();
        let is_verb = self.begins(first) >= VERB_STARTS;
        let best = (1..=limit(words))
            .filter_map(|count| Some((self.score(words, count, is_verb)?, count)))
            .max_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(&one.1)));
        best.map_or(words.len(), |(_, count)| count)
    }

    fn score(&self, words: &[&str], count: usize, is_verb: bool) -> Option<f64> {
        let (label, rest) = words.split_at_checked(count)?;
        let short = if is_verb && count == 1 { -3.0 } else { 0.0 };
        let (Some(last), Some(next)) = (label.last(), rest.first()) else {
            let alone: f64 = if label.len() <= 4 { 0.25 } else { 0.02 };
            return Some(alone.ln() + short);
        };
        if is_stop(last) || is_stop(next) {
            return None;
        }
        let times = |word: &str| self.words.get(&word.to_lowercase()).copied().unwrap_or(0.0);
        let begins = self.begins(next);
        let mut score = (begins / (times(next) * 0.3 + 5.0) + 0.003).ln() + short;
        if !is_verb && begins >= VERB_STARTS {
            score -= 2.0;
        }
        let pair = (last.to_lowercase(), next.to_lowercase());
        let together = self.pairs.get(&pair).copied().unwrap_or(0.0);
        score -= 3.0 * together / (times(last).min(times(next)) + 1.0);
        let soon: BTreeSet<String> = rest.iter().take(count + 3).map(|word| root(word)).collect();
        let own: Vec<String> = label.iter().filter(|w| !is_stop(w)).map(|w| root(w)).collect();
        let again = own.iter().filter(|word| soon.contains(*word)).count();
        score += 2.0 * again as f64 / own.len().max(1) as f64;
        if Some(root(next)) == label.first().map(|word| root(word)) {
            score += 2.5;
        }
        Some(score)
    }

    /// How often a word, or the verb that it is a form of, begins a text.
    fn begins(&self, word: &str) -> f64 {
        let word = word.to_lowercase();
        let stem = word.strip_suffix("ing").filter(|stem| stem.len() > 2);
        let with_e = stem.map(|stem| format!("{stem}e"));
        let halved = stem.and_then(|stem| stem.get(..stem.len() - 1)).map(str::to_owned);
        let forms = [Some(word.clone()), stem.map(str::to_owned), with_e, halved];
        let times = |form: String| self.starts.get(&form).copied().unwrap_or(0.0);
        forms.into_iter().flatten().map(times).fold(0.0, f64::max)
    }
}

/// Where the label's first repetition begins, or at most a dozen words on.
fn limit(words: &[&str]) -> usize {
    let mut seen = BTreeSet::new();
    let again = words.iter().position(|word| !is_stop(word) && !seen.insert(root(word)));
    again.unwrap_or(words.len().min(LABEL_WORDS_MAX))
}

/// `technical director` before `Technical directors realise …`.
fn from_plural(words: &[&str], description: &str) -> Option<usize> {
    let said: Vec<String> = description.split(' ').map(root).collect();
    let same = words.iter().zip(&said).take_while(|(word, said)| root(word) == **said).count();
    (same > 0).then_some(same)
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// A word without its ending, roughly.
fn root(word: &str) -> String {
    let word = bare(word);
    let ending = ["ing", "es", "s", "ed"]
        .into_iter()
        .find(|ending| word.strip_suffix(ending).is_some_and(|stem| stem.len() >= 4));
    ending.and_then(|ending| word.strip_suffix(ending)).map_or(word.clone(), str::to_owned)
}

fn is_stop(word: &&str) -> bool {
    STOP.contains(&word.to_lowercase().as_str())
}

const STOP: &[&str] = &[
    "a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "of", "on", "or", "the", "to",
    "with",
];
/// A word that stands so often in lower case is a capital's sentence's.
const USUAL: usize = 20;
const VERB_STARTS: f64 = 8.0;
const LABEL_WORDS_MAX: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_occupation_is_told_by_its_plural() {
        let text = "technical director technical manager Technical directors realise visions. They \
                    coordinate operations.";
        let labels = Labels::learn(&[text], Kind::Occupation);

        let (label, ..) = labels.part("fitter of roofs Fitters of roofs fit roofs.");

        assert_eq!(label, "fitter of roofs");
    }

    #[test]
    fn a_description_begins_with_its_capital() {
        let texts: Vec<&str> = vec!["manage staff lead staff assign manage assign"; 30];
        let labels = Labels::learn(&texts, Kind::Skill);

        let (label, others, description) =
            labels.part("manage staff lead staff Assign tasks to staff.");

        assert_eq!(description, "Assign tasks to staff.");
        assert_eq!((label, others), ("manage staff", "lead staff"));
    }
}
