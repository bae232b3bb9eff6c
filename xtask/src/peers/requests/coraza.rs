//! Why Coraza logs a rule and we do not, or the other way round.

use std::collections::BTreeSet;

use super::{Place, grammar::Request};

/// Where libmodsecurity answers as Coraza does, its own rows tell why.
pub(super) const AS_MODSECURITY: &str = "libmodsecurity answers as Coraza does: see its rows";

/// The reason of what libmodsecurity answers as we do, as far as rule and request tell it.
pub(super) fn reason(request: &Request, id: u32, place: Place) -> &'static str {
    let text = request.told().to_ascii_lowercase();
    if text.contains("content-type: application/json") {
        return match (id, place) {
            (920_260..=920_279, Place::Here) => "JSON is not in `REQUEST_BODY` there",
            _ => "members of JSON are named in another way there, and of equal names one is kept",
        };
    }
    if ["/xml content-length", "/xml; charset"].iter().any(|kind| text.contains(kind)) {
        return "the text of XML is one value here, and there one for each element";
    }
    let is_counting = matches!(id, 942_420..=942_432 | 942_460);
    let has_letters = LETTERS.iter().any(|mark| text.contains(mark)) || has_high_bytes(&text);
    match id {
        941_100 | 941_101 | 942_100 | 942_101 => "libinjection-go is a port of its own",
        _ if has_letters && is_counting => LETTER_BY_LETTER,
        _ if has_equal_names(request) => {
            "of arguments with one name, one may be judged by the value of another there: a cache \
             is keyed by the place in a map, whose order is random"
        }
        _ if has_letters => LETTER_BY_LETTER,
        _ => "libmodsecurity answers as we do",
    }
}

const LETTER_BY_LETTER: &str = "regular expressions go letter by letter of UTF-8 there, and here \
                                byte by byte";

/// What decodes to bytes above ASCII.
const LETTERS: &[&str] = &["%u", "\\u", "&#", "%25u"];

/// Bytes above ASCII, as they are told or percent-encoded, also twice.
fn has_high_bytes(text: &str) -> bool {
    let follows = |mark: &str| {
        text.match_indices(mark).any(|(at, _)| {
            let next = text.as_bytes().get(at + mark.len());
            next.is_some_and(|byte| matches!(byte, b'8' | b'9' | b'a'..=b'f'))
        })
    };
    ["%", "%25", "\\x"].iter().any(|mark| follows(mark))
}

fn has_equal_names(request: &Request) -> bool {
    let query = request.target.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
    [query, request.body.as_slice()].iter().any(|pairs| {
        let mut names = BTreeSet::new();
        pairs
            .split(|byte| *byte == b'&')
            .filter_map(|pair| pair.split(|byte| *byte == b'=').next())
            .any(|name| !names.insert(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_follow_rule_and_request() {
        let here = |target: &[u8], id| reason(&Request::get(target), id, Place::Here);
        let json = Request {
            headers: vec![(b"Content-Type".to_vec(), b"application/json".to_vec()); 3],
            ..Request::get(b"/")
        };

        assert!(reason(&json, 920_273, Place::Here).contains("REQUEST_BODY"));
        assert!(reason(&json, 921_180, Place::Here).contains("equal names"));
        assert_eq!(here(b"/?name=%E6%9D%B1", 942_460), LETTER_BY_LETTER);
        assert!(here(b"/?a=1&a=--&b=2", 942_440).contains("random"));
        assert_eq!(here(b"/?a=1", 930_100), "libmodsecurity answers as we do");
    }
}
