//! Stems of English words: ESCO's labels are English.

use crate::words::{folded, words};

/// The stems of a text's words that tell something, in order.
pub(super) fn stems(text: &str) -> impl Iterator<Item = String> {
    words(text).map(|word| folded(word.text)).filter(|word| tells(word)).map(stem)
}

fn tells(word: &str) -> bool {
    (word.len() > 1 || word == "c" || word == "r") && !STOP.contains(&word)
}

/// Without endings of number, form and derivation: `managing`, `management`, `manager` are one.
fn stem(mut word: String) -> String {
    if word.len() <= 3 || !word.is_ascii() {
        return word;
    }
    if word.ends_with("ies") {
        word.truncate(word.len() - 3);
        word.push('y');
    } else if word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us") {
        word.pop();
    }
    let left = |ending: &&&str| word.len() >= ending.len() + 4 && word.ends_with(**ending);
    if let Some(ending) = ENDINGS.iter().find(left) {
        word.truncate(word.len() - ending.len());
    }
    if word.len() > 4 && word.ends_with('e') {
        word.pop();
    }
    let mut letters = word.bytes().rev();
    if word.len() > 4 && letters.next() == letters.next() {
        word.pop();
    }
    word
}

/// The longest first, where one ends in another.
const ENDINGS: &[&str] = &[
    "isation", "ization", "ations", "ation", "ment", "ing", "ed", "ers", "er", "or", "ance",
    "ence", "ive", "ion", "al", "ly",
];
const STOP: &[&str] = &[
    "about", "all", "also", "am", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can",
    "for", "from", "has", "have", "in", "into", "is", "it", "its", "more", "not", "of", "on", "or",
    "our", "that", "the", "this", "to", "us", "use", "using", "was", "we", "were", "will", "with",
    "would", "you", "your", "a",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_are_one() {
        let all: Vec<String> = stems("manage managing management managers manager").collect();

        assert!(all.iter().all(|stem| stem == "manag"), "{all:?}");
    }

    #[test]
    fn short_names_stay() {
        assert_eq!(stems("C, R and CSS for a bus").collect::<Vec<_>>(), ["c", "r", "css", "bus"]);
    }
}
