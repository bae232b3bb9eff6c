//! Cuts text into words, and folds them for comparison.

use unicode_normalization::UnicodeNormalization as _;

/// A word as it stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    /// Where it begins, in bytes.
    pub(crate) at: usize,
    /// Whether it is a mail address or a link.
    pub(crate) is_contact: bool,
}

/// The words of a text. `C++`, `C#`, `Node.js` and `.NET` keep what makes them; `CI/CD` and
/// `front-end` are two words each.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    text.split_whitespace().flat_map(move |chunk| {
        let is_contact = chunk.contains('@') || chunk.contains("://") || chunk.contains("www.");
        let breaks = move |c: char| !is_contact && !continues_word(c);
        chunk.split(breaks).map(trimmed).filter(|word| !word.is_empty()).map(move |word| Word {
            text: word,
            at: word.as_ptr() as usize - text.as_ptr() as usize,
            is_contact,
        })
    })
}

/// Lower case without accents, for comparison only.
pub(crate) fn folded(word: &str) -> String {
    if word.bytes().all(|byte| byte.is_ascii()) {
        return word.to_ascii_lowercase();
    }
    let bare = word.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c));
    bare.flat_map(char::to_lowercase).flat_map(plain).collect()
}

/// Letters that have no decomposition.
fn plain(c: char) -> impl Iterator<Item = char> {
    let plain: &[char] = match c {
        'ł' => &['l'],
        'ø' => &['o'],
        'đ' => &['d'],
        'ß' => &['s', 's'],
        'æ' => &['a', 'e'],
        'œ' => &['o', 'e'],
        'ı' => &['i'],
        _ => return [Some(c), None].into_iter().flatten(),
    };
    [plain.first().copied(), plain.get(1).copied()].into_iter().flatten()
}

fn continues_word(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '+' | '#' | '.')
        || unicode_normalization::char::is_combining_mark(c)
}

/// Without the punctuation of the sentence around it.
fn trimmed(word: &str) -> &str {
    let word = word.trim_end_matches('.').trim_start_matches(['+', '#']);
    // `.NET` begins with its dot, `...` is nothing.
    if word.starts_with("..") { word.trim_start_matches('.') } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        words(text).map(|word| word.text).collect()
    }

    #[test]
    fn names_of_technologies_stay_whole() {
        assert_eq!(cut("C++, C# (.NET) and Node.js."), ["C++", "C#", ".NET", "and", "Node.js"]);
    }

    #[test]
    fn joined_words_are_parted() {
        assert_eq!(cut("he/she CI/CD front-end ..."), ["he", "she", "CI", "CD", "front", "end"]);
    }

    #[test]
    fn words_know_where_they_stand() {
        let text = "über  das";
        let found: Vec<_> = words(text).map(|word| text.get(word.at..).unwrap()).collect();
        assert_eq!(found, ["über  das", "das"]);
    }

    #[test]
    fn accents_and_case_are_folded() {
        assert_eq!(folded("Łódź-Ștefănescu"), "lodz-stefanescu");
        assert_eq!(folded("Straße"), "strasse");
    }
}
