//! Words of texts and of questions: cut and folded here, so that every database sees the same.
//!
//! A full-text engine's own idea of a word differs from another's. What reaches them is made of
//! folded letters and digits with spaces between, which all of them cut alike.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A part of a question: these words in this order, side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Phrase {
    /// The words, at least one.
    pub(crate) words: Vec<String>,
    /// Is the last word only the start of one?
    pub(crate) is_open: bool,
}

/// The words of a text with spaces between.
pub(crate) fn canonical(text: &str) -> String {
    words(text).join(" ")
}

/// What a question asks for: `"words in quotes"` side by side, `word*` as the start of a word, and
/// everything else as it stands. All of it must occur.
pub(crate) fn phrases(question: &str) -> Vec<Phrase> {
    let mut phrases: Vec<Phrase> = Vec::new();
    for (number, part) in question.split('"').enumerate() {
        let is_quoted = number % 2 == 1;
        if is_quoted {
            phrases.extend(phrase(part));
            continue;
        }
        for chunk in part.split_whitespace() {
            // A star right behind a closing quote belongs to the quoted words.
            if chunk == "*" && number > 0 {
                if let Some(last) = phrases.last_mut() {
                    last.is_open = true;
                }
                continue;
            }
            phrases.extend(phrase(chunk));
        }
    }
    phrases.truncate(PHRASES_MAX);
    phrases
}

fn phrase(text: &str) -> Option<Phrase> {
    let mut words = words(text);
    words.truncate(WORDS_MAX);
    let is_open = text.trim_end().ends_with('*');
    (!words.is_empty()).then_some(Phrase { words, is_open })
}

/// Runs of letters and digits without case and accents. `c++` and `c#` are words of their own, and
/// each sign of a script without spaces is one.
fn words(text: &str) -> Vec<String> {
    let folded = text.nfkd().filter(|c| !is_combining_mark(*c)).collect::<String>();
    let folded = folded.to_lowercase().replace('ς', "σ");
    let mut words = Vec::new();
    let mut word = String::new();
    let mut end = |word: &mut String| {
        if !word.is_empty() {
            words.push(std::mem::take(word).chars().take(LETTERS_MAX).collect());
        }
    };
    let mut signs = folded.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            _ if is_word_by_itself(sign) => {
                end(&mut word);
                word.push(sign);
                end(&mut word);
            }
            _ if sign.is_alphanumeric() => word.push(sign),
            '+' | '#' if is_suffix(&word, signs.peek()) => {
                word.push_str(if sign == '+' { "plus" } else { "sharp" });
            }
            _ => end(&mut word),
        }
    }
    end(&mut word);
    words
}

fn is_suffix(word: &str, next: Option<&char>) -> bool {
    !word.is_empty() && next.is_none_or(|next| !next.is_alphanumeric())
}

/// Han, Hiragana, Katakana, Thai: written without spaces between words.
const fn is_word_by_itself(sign: char) -> bool {
    matches!(sign,
        '\u{0E00}'..='\u{0E7F}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2FA1F}')
}

const PHRASES_MAX: usize = 10;
const WORDS_MAX: usize = 10;
const LETTERS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_folded() {
        for (text, expected) in [
            ("", ""),
            ("  %_ -- ' \" ", ""),
            ("Rust Engineer", "rust engineer"),
            ("São Paulo", "sao paulo"),
            ("sa\u{303}o", "sao"),
            ("ΟΔΗΓΟΣ", "οδηγοσ"),
            ("C++, C# and A+B", "cplusplus csharp and a b"),
            ("node.js data_engineer", "node js data engineer"),
            ("翻訳者", "翻 訳 者"),
            ("ﬁnance № 5", "finance no 5"),
        ] {
            assert_eq!(canonical(text), expected, "{text}");
        }
    }

    #[test]
    fn questions_are_phrases_words_and_starts_of_words() {
        let phrase = |words: &[&str], is_open| Phrase {
            words: words.iter().map(ToString::to_string).collect(),
            is_open,
        };
        for (question, expected) in [
            ("", vec![]),
            ("\" \" *", vec![]),
            ("rust eng*", vec![phrase(&["rust"], false), phrase(&["eng"], true)]),
            ("\"rust engineer\"", vec![phrase(&["rust", "engineer"], false)]),
            ("\"rust eng\"*", vec![phrase(&["rust", "eng"], true)]),
            ("\"rust eng", vec![phrase(&["rust", "eng"], false)]),
            ("node.js", vec![phrase(&["node", "js"], false)]),
        ] {
            assert_eq!(phrases(question), expected, "{question}");
        }
        assert_eq!(phrases(&"a ".repeat(50)).len(), PHRASES_MAX);
    }
}
