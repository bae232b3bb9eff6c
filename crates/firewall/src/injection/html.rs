//! Script in HTML: the places a value may stand in, and what brings script there.

mod names;
mod tokens;
mod urls;

use memchr::{memchr, memchr2};

use self::names::{Meaning, attribute, is_script_tag};
use self::tokens::{Place, Sort, Tokens};
use self::urls::is_script_url;

/// Tries every place.
pub(super) fn injection(value: &[u8]) -> bool {
    // Without these there is neither a tag nor an attribute with a value.
    if memchr2(b'<', b'=', value).is_none() {
        return false;
    }
    let leaves = |quote| memchr(quote, value).is_some();
    memchr(b'<', value).is_some() && brings_script(value, Place::Text)
        || brings_script(value, Place::Tag)
        // Inside quotes all is harmless until the quote.
        || [b'\'', b'"', b'`']
            .into_iter()
            .any(|quote| leaves(quote) && brings_script(value, Place::Quoted(quote)))
}

fn brings_script(value: &[u8], place: Place) -> bool {
    let mut tokens = Tokens::new(value, place);
    let mut meaning = Meaning::Nothing;
    while let Some((sort, text)) = tokens.next() {
        let is_script = match sort {
            Sort::Doctype => true,
            Sort::Tag => is_script_tag(text),
            Sort::Comment => is_script_comment(text),
            Sort::AttributeValue => is_script_value(meaning, text),
            Sort::AttributeName | Sort::Other => false,
        };
        if is_script {
            return true;
        }
        meaning = if sort == Sort::AttributeName { attribute(text) } else { Meaning::Nothing };
    }
    false
}

fn is_script_value(meaning: Meaning, text: &[u8]) -> bool {
    match meaning {
        Meaning::Nothing => false,
        Meaning::Script => true,
        Meaning::Url => is_script_url(text),
        Meaning::Name => attribute(text) != Meaning::Nothing,
    }
}

/// Internet Explorer ends comments at ticks, runs conditional ones, and knows `<?import`; XML has
/// declarations and entities.
fn is_script_comment(text: &[u8]) -> bool {
    let begins = |word: &[u8], longer_than: usize| {
        text.len() > longer_than
            && text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
    };
    memchr(b'`', text).is_some()
        || begins(b"[if", 3)
        || begins(b"xml", 3)
        || begins(b"IMPORT", 5)
        || begins(b"ENTITY", 5)
}
