//! Names of skills that are one word, such as Rust and Ruby: they may be somebody's name.
//!
//! Redacting asks for these alone, and they have a file of their own: the whole vocabulary takes
//! tens of milliseconds and some 17 MiB, which a server that ranks nobody should not spend.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::lexicon::technologies;
use super::phrase;

/// Whether a word is exactly the name of a skill.
pub(crate) fn is_skill(word: &str) -> bool {
    NAMES.contains(phrase(word).as_str())
}

static NAMES: LazyLock<HashSet<Box<str>>> = LazyLock::new(|| {
    let labels = ESCO_WORDS.lines().filter(|line| !line.starts_with('#'));
    let local = technologies().iter().flat_map(|(_, members)| members);
    let local = local.flat_map(|(_, names)| names).map(String::as_str);
    let folded = labels.chain(local).map(phrase);
    folded.filter(|name| !name.contains(' ')).map(String::into_boxed_str).collect()
});

const ESCO_WORDS: &str = include_str!("../../data/esco-words.txt");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Vocabulary;
    use crate::vocabulary::lexicon::entries;
    use crate::vocabulary::{ESCO_SKILLS, plain};

    #[test]
    fn it_agrees_with_the_whole_vocabulary() {
        let labels = entries(ESCO_SKILLS).map(|entry| plain(entry.label));
        let names = NAMES.iter().map(AsRef::as_ref).chain(labels);
        for word in names.chain(["Ruby", "RUST", "Haskell", "Ana", "Baker", "O'Brien", ""]) {
            let is_single = !phrase(word).contains(' ');
            let known = is_single && Vocabulary::shared().skill("", word).is_some();
            assert_eq!(is_skill(word), known, "{word}");
        }
        assert!(NAMES.len() > 500, "{}", NAMES.len());
    }
}
