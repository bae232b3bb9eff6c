//! Phrases of `@pm`, `@pmf` and `@pmFromFile`: any of many texts, ASCII letters in any case.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// Phrases of one operator.
const PHRASES_MAX: usize = 200_000;
/// Bytes of all phrases of one operator.
const BYTES_MAX: usize = 8 << 20;

/// Why phrases cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhrasesError {
    /// There is none.
    None,
    /// There are more than 200,000, or more than 8 MiB of them.
    TooMany,
    /// `|…|` does not hold pairs of hexadecimal digits, or is not closed.
    Hex,
}

impl fmt::Display for PhrasesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "at least one phrase was expected",
            Self::TooMany => "at most 200,000 phrases and 8 MiB of them were expected",
            Self::Hex => "pairs of hexadecimal digits between two `|` were expected",
        })
    }
}

impl std::error::Error for PhrasesError {}

/// A set of phrases, compiled.
pub struct Phrases {
    /// In lower case.
    list: Vec<Vec<u8>>,
    /// Made when it is first needed: the prefilter has most phrases in an automaton of its own.
    automaton: OnceLock<Option<AhoCorasick>>,
}

impl Phrases {
    /// The argument of `@pm`: phrases between blanks, bytes as `|41 42|`.
    ///
    /// # Errors
    /// If there are none or too many, or if the bytes are not written so.
    pub fn words(argument: &str) -> Result<Self, PhrasesError> {
        let bytes = with_bytes(argument)?;
        Self::new(bytes.split(u8::is_ascii_whitespace).map(<[u8]>::to_vec))
    }

    /// The files of `@pmFromFile`: a phrase a line, `#` begins a comment line.
    ///
    /// # Errors
    /// If there are none or too many.
    pub fn lines<'f>(files: impl IntoIterator<Item = &'f [u8]>) -> Result<Self, PhrasesError> {
        let lines = files.into_iter().flat_map(|file| file.split(|byte| *byte == b'\n'));
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        Self::new(lines.filter(|line| !is_comment(line)).map(<[u8]>::to_vec))
    }

    fn new(phrases: impl Iterator<Item = Vec<u8>>) -> Result<Self, PhrasesError> {
        let mut list: Vec<Vec<u8>> = phrases
            .filter(|phrase| !phrase.is_empty())
            .map(|phrase| phrase.to_ascii_lowercase())
            .take(PHRASES_MAX + 1)
            .collect();
        list.sort_unstable();
        list.dedup();
        if list.is_empty() {
            return Err(PhrasesError::None);
        }
        if list.len() > PHRASES_MAX || list.iter().map(Vec::len).sum::<usize>() > BYTES_MAX {
            return Err(PhrasesError::TooMany);
        }
        Ok(Self { list, automaton: OnceLock::new() })
    }

    /// The phrases, in lower case, sorted.
    #[must_use]
    pub fn list(&self) -> &[Vec<u8>] {
        &self.list
    }

    /// Whether one of them is in the text.
    #[must_use]
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.automaton().is_none_or(|automaton| automaton.is_match(text))
    }

    /// The phrase that ends first, as `ModSecurity` gives it to `TX:0`.
    #[must_use]
    pub fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        match self.automaton() {
            Some(automaton) => automaton.find(text).map(|found| found.range()),
            None => Some(0..text.len()),
        }
    }

    /// Nothing if it would be too large, which the limits exclude. Then every text matches: doubt
    /// must not let an attack through.
    fn automaton(&self) -> Option<&AhoCorasick> {
        self.automaton.get_or_init(|| automaton(&self.list)).as_ref()
    }
}

/// One automaton that finds any of the texts. A contiguous one: small, and fast enough.
fn automaton(list: &[Vec<u8>]) -> Option<AhoCorasick> {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(list)
        .ok()
}

impl fmt::Debug for Phrases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phrases({})", self.list.len())
    }
}

fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b"#") || line.iter().all(u8::is_ascii_whitespace)
}

/// Reads Snort's content syntax: between two `|` stand bytes in hexadecimal.
fn with_bytes(text: &str) -> Result<Vec<u8>, PhrasesError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut is_hex = false;
    for piece in text.split('|') {
        if is_hex {
            bytes.extend(hex(piece)?);
        } else {
            bytes.extend_from_slice(piece.as_bytes());
        }
        is_hex = !is_hex;
    }
    // An even number of bars gives an odd number of pieces.
    if is_hex { Ok(bytes) } else { Err(PhrasesError::Hex) }
}

fn hex(text: &str) -> Result<Vec<u8>, PhrasesError> {
    let digits: Option<Vec<u32>> = text
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .map(|digit| digit.to_digit(16))
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0).ok_or(PhrasesError::Hex)?;
    let pairs =
        digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit));
    pairs.map(|byte| u8::try_from(byte).map_err(|_| PhrasesError::Hex)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Phrases, PhrasesError};

    #[test]
    fn no_phrase_and_bad_bytes_are_refused() {
        assert_eq!(Phrases::words("  ").unwrap_err(), PhrasesError::None);
        assert_eq!(Phrases::lines([b"# only\n\n".as_slice()]).unwrap_err(), PhrasesError::None);
        assert_eq!(Phrases::words("a|4g|").unwrap_err(), PhrasesError::Hex);
        assert_eq!(Phrases::words("a|41").unwrap_err(), PhrasesError::Hex);
        assert_eq!(Phrases::words("a|414|").unwrap_err(), PhrasesError::Hex);
    }

    #[test]
    fn a_text_without_any_does_not_match() {
        let phrases = Phrases::words("sleep union").unwrap();

        assert!(!phrases.is_match(b"slee p un-ion"));
        assert!(!phrases.is_match(b""));
    }

    #[test]
    fn letters_match_in_any_case() {
        let phrases = Phrases::words("sleep Union").unwrap();

        assert_eq!(phrases.find(b"x SLEEP(1)"), Some(2..7));
        assert!(phrases.is_match(b"uNIOn"));
    }

    #[test]
    fn bytes_stand_between_bars() {
        let phrases = Phrases::words("a|42 01|c x").unwrap();

        assert!(phrases.is_match(b"aB\x01C"));
        assert!(!phrases.is_match(b"ab"));
    }

    #[test]
    fn lines_keep_their_blanks_and_lose_comments() {
        let phrases = Phrases::lines([b"#no\r\nend of\r\n  \n".as_slice(), b"two"]).unwrap();

        assert_eq!(phrases.list(), [b"end of".to_vec(), b"two".to_vec()]);
        assert!(!phrases.is_match(b"#no"));
    }

    #[test]
    fn the_phrase_that_ends_first_is_found() {
        assert_eq!(Phrases::words("abcd bc").unwrap().find(b"xabcd"), Some(2..4));
    }
}
