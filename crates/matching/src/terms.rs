//! From words to the terms of the text index: folded, without stop words, cut to their stems.

use crate::words::{folded, words};

/// A term, and the word of the text that it came from.
pub(crate) struct Term<'a> {
    pub(crate) stem: String,
    pub(crate) word: &'a str,
}

/// The terms of a text, in order.
pub(crate) fn terms(text: &str) -> impl Iterator<Item = Term<'_>> {
    words(text).filter(|word| !word.is_contact).filter_map(|word| {
        let fold = folded(word.text);
        let is_term = fold.len() > 1 && !STOP.contains(&fold.as_str());
        is_term.then(|| Term { stem: stem(fold), word: word.text })
    })
}

/// A word without its ending.
///
/// Crude beside a stemmer of each language, and it needs no language: number, case and gender stand
/// at the end of words in the languages we index, so that `ingeniera` and `ingeniero`, `Entwickler`
/// and `Entwicklerin` are one term.
fn stem(mut word: String) -> String {
    if word.len() < STEM_LEAST || !word.is_ascii() {
        return word;
    }
    let left = |ending: &&&str| word.len() - ending.len() >= STEM_LEAST - 1;
    if let Some(ending) = ENDINGS.iter().filter(left).find(|ending| word.ends_with(**ending)) {
        word.truncate(word.len() - ending.len());
    }
    if word.len() >= STEM_LEAST && word.ends_with(['a', 'e', 'i', 'o', 'u']) {
        word.pop();
    }
    word
}

const STEM_LEAST: usize = 6;
/// Endings of several letters, the longest first.
const ENDINGS: &[&str] = &["innen", "ilor", "elor", "ului", "in", "es", "s"];

/// Words that tell nothing, without accents; those of six languages.
const STOP: &[&str] = &[
    "about", "ai", "al", "ale", "all", "als", "also", "am", "an", "and", "are", "as", "at", "au",
    "auf", "aus", "aux", "avec", "bei", "be", "been", "but", "by", "ca", "can", "care", "ce",
    "che", "com", "como", "con", "cu", "da", "dans", "das", "de", "dei", "del", "della", "dem",
    "den", "der", "des", "di", "die", "din", "do", "dos", "du", "ein", "eine", "einer", "el", "em",
    "en", "es", "est", "este", "et", "etc", "eu", "fi", "for", "from", "fur", "has", "have", "im",
    "in", "into", "is", "ist", "it", "its", "la", "las", "le", "les", "los", "mit", "more", "na",
    "ne", "no", "nos", "nostra", "nostre", "nostru", "not", "of", "on", "or", "os", "ou", "our",
    "para", "par", "pe", "pentru", "per", "por", "pour", "prin", "que", "sa", "sau", "se", "si",
    "sind", "sont", "sunt", "sur", "that", "the", "this", "to", "um", "un", "una", "unei", "unor",
    "und", "une", "uma", "uns", "unui", "us", "using", "vei", "veti", "vom", "von", "was", "we",
    "were", "will", "with", "would", "you", "your", "zu", "zum", "zur",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn stems(text: &str) -> Vec<String> {
        terms(text).map(|term| term.stem).collect()
    }

    #[test]
    fn endings_of_gender_and_number_go() {
        assert_eq!(stems("Ingeniera"), stems("ingenieros"));
        assert_eq!(stems("Entwicklerinnen"), stems("Entwickler"));
        assert_eq!(stems("developers"), stems("developer"));
    }

    #[test]
    fn short_words_stay() {
        assert_eq!(stems("the Rust APIs of C++ and SAS"), ["rust", "apis", "c++", "sas"]);
    }
}
