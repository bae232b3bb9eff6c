//! The published tables: words with their kinds, and the fingerprints of attacks.

use super::super::texts::{count, next};
use super::token::{Kind, TEXT_MAX};

const WORDS_TEXT: &[u8] = include_bytes!("words.txt");
const FINGERPRINTS_TEXT: &[u8] = include_bytes!("fingerprints.txt");

const WORD_COUNT: usize = count(WORDS_TEXT, b'\n');
const FINGERPRINT_COUNT: usize = count(FINGERPRINTS_TEXT, b' ');

/// Four times as many places as words, so that most searches end at the first.
const PLACE_COUNT: usize = (WORD_COUNT * 4).next_power_of_two();

/// A word in capitals, and what it is.
#[derive(Clone, Copy)]
struct Word {
    text: &'static [u8],
    kind: Kind,
}

/// An open-addressing table by [`hash`].
static WORDS: [Word; PLACE_COUNT] = place_words();

/// Packed fingerprints, in order: shorter ones first, then by their letters.
static FINGERPRINTS: [u32; FINGERPRINT_COUNT] = pack_fingerprints();

/// What a word is, in any case, with its text as the table has it.
pub(super) fn word(text: &[u8]) -> Option<(&'static [u8], Kind)> {
    word_of([text, b""])
}

/// The same for two words with a space between them.
pub(super) fn phrase(first: &[u8], second: &[u8]) -> Option<(&'static [u8], Kind)> {
    if second.is_empty() { None } else { word_of([first, second]) }
}

/// Looks up the parts, joined by a space where both are there.
fn word_of(parts: [&[u8]; 2]) -> Option<(&'static [u8], Kind)> {
    let mut buffer = [0; TEXT_MAX];
    let [first, second] = parts;
    let gap = usize::from(!second.is_empty());
    let length = first.len() + gap + second.len();
    let text = buffer.get_mut(..length)?;
    let (head, tail) = text.split_at_mut(first.len());
    head.copy_from_slice(first);
    if let [space, tail @ ..] = tail {
        *space = b' ';
        tail.copy_from_slice(second);
    }
    text.make_ascii_uppercase();
    find(text)
}

fn find(text: &[u8]) -> Option<(&'static [u8], Kind)> {
    let mut place = hash(text);
    loop {
        let word = WORDS.get(place)?;
        if word.text.is_empty() {
            return None;
        }
        if word.text == text {
            return Some((word.text, word.kind));
        }
        place = (place + 1) % PLACE_COUNT;
    }
}

/// Whether the kinds of all tokens, at most five, are those of an attack.
pub(super) fn is_known(kinds: &[Kind]) -> bool {
    let letters = kinds.iter().map(|kind| kind.letter().to_ascii_uppercase());
    let packed = letters.fold(0, |packed, letter| packed << 5 | code(letter));
    !kinds.is_empty() && FINGERPRINTS.binary_search(&packed).is_ok()
}

/// Five bits for each letter that fingerprints have; for all others 31, which none has.
const fn code(letter: u8) -> u32 {
    let mut code = 1;
    let mut rest: &[u8] = b"&(),1:;ABCEFKNOSTUVX";
    while let [known, after @ ..] = rest {
        if *known == letter {
            return code;
        }
        code += 1;
        rest = after;
    }
    31
}

const fn hash(text: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
        rest = after;
    }
    (hash ^ (hash >> 15)) as usize % PLACE_COUNT
}

#[expect(clippy::indexing_slicing, reason = "runs while compiling, where a fault is an error")]
const fn place_words() -> [Word; PLACE_COUNT] {
    let mut words = [Word { text: b"", kind: Kind::Nothing }; PLACE_COUNT];
    let mut rest = WORDS_TEXT;
    while let Some((line, after)) = next(rest, b'\n') {
        let (letter, text) = line.split_at(2);
        let mut place = hash(text);
        while !words[place].text.is_empty() {
            place = (place + 1) % PLACE_COUNT;
        }
        words[place] = Word { text, kind: Kind::of_word(letter[0]) };
        rest = after;
    }
    words
}

#[expect(clippy::indexing_slicing, reason = "runs while compiling, where a fault is an error")]
const fn pack_fingerprints() -> [u32; FINGERPRINT_COUNT] {
    let mut packed = [0; FINGERPRINT_COUNT];
    let mut rest = FINGERPRINTS_TEXT;
    let mut place = 0;
    while let Some((letters, after)) = next(rest, b' ') {
        packed[place] = pack(letters);
        place += 1;
        rest = after;
    }
    packed
}

const fn pack(letters: &[u8]) -> u32 {
    let mut packed = 0;
    let mut rest = letters;
    while let [letter, after @ ..] = rest {
        packed = packed << 5 | code(*letter);
        rest = after;
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::{FINGERPRINTS, Kind, WORDS, is_known, phrase, word};

    #[test]
    fn fingerprints_are_in_order() {
        assert!(FINGERPRINTS.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn every_word_is_found_and_means_something() {
        for placed in WORDS.iter().filter(|placed| !placed.text.is_empty()) {
            assert_ne!(placed.kind, Kind::Nothing);
            assert_eq!(word(&placed.text.to_ascii_lowercase()), Some((placed.text, placed.kind)));
        }
    }

    #[test]
    fn phrases_are_words_with_a_space() {
        assert_eq!(phrase(b"union", b"All"), Some((&b"UNION ALL"[..], Kind::Union)));
        assert_eq!(phrase(b"union", b""), None);
        assert_eq!(phrase(b"", b"all"), None);
        assert_eq!(word(&[b'A'; 40]), None);
    }

    #[test]
    fn nothing_is_no_attack() {
        assert!(!is_known(&[]));
        assert!(!is_known(&[Kind::Bareword]));
        assert!(is_known(&[Kind::Evil]));
    }
}
