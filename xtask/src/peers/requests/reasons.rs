//! Why one engine logs a rule and the other does not.

mod nul;

use super::{super::report::UNEXPLAINED, Place, grammar::Request};

/// The reason, as far as the rule and the request tell it.
pub(super) fn reason(request: &Request, id: u32, place: Place) -> &'static str {
    let text = request.told().to_ascii_lowercase();
    let has = |marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
    let path = request.target.split(|byte| *byte == b'?').next().unwrap_or_default();
    if path.windows(3).any(|triple| triple.eq_ignore_ascii_case(b"%3f")) {
        return "3.0.9 cuts the path at `%3F` (CVE-2024-1019); later releases do not";
    }
    match (id, place) {
        (941_100 | 941_101, Place::There) => {
            "libinjection 3 takes every attribute that begins with `on` for script, 4 has a list"
        }
        (941_100 | 941_101, Place::Here) if has(&["\\xff", "%ff", "%25ff"]) => {
            "the byte 0xFF ends the text there, and here it does not"
        }
        (942_100 | 942_101, _) => "libinjection 4 skips `1.e` as MySQL does, 3 reads a name",
        (921_200 | 941_000..942_000, Place::Here) if has(ENTITIES) => {
            "`t:htmlEntityDecode` keeps the letters behind a named entity here"
        }
        (941_000..942_000, Place::Here) if has(NULS) || nul::is_made(request) => {
            "3.0.9 ends the value at a NUL (`t:cssDecode`); later releases do not"
        }
        (930_120, Place::Here) if has(&["%5c%5c", "\\\\\\\\"]) => {
            "`t:normalizePathWin` leaves the last of several backslashes there"
        }
        (932_200 | 942_130 | 942_131 | 942_521, _) if !has(&["]]>"]) => {
            "the next link sees the captures of the last argument, and v3 has them in a hash table"
        }
        (id, Place::There) if IN_BODY.contains(&id) && has(IN_PARTS) => {
            "v3 also has XML and multipart whole in `REQUEST_BODY`; here their parts are looked at"
        }
        (942_440 | 944_120, Place::There) => "`MATCHED_VARS` keeps matches of earlier rules there",
        (942_440, Place::Here) if has(LINE_FEEDS) => LINES,
        (_, Place::There) if id != 200_002 && has(LINE_FEEDS) => LINES,
        _ => of_body(&text),
    }
}

/// What the body processors read differently.
fn of_body(text: &str) -> &'static str {
    let body = |kind: &str| text.split_once(kind).map_or("", |(_, behind)| behind);
    if body("/xml content-length").contains("]]>") {
        "libxml2 refuses `]]>` in text (XML 1.0 §2.4); here it is text"
    } else if !body("content-type: multipart").is_empty() {
        "3.0.9 loses line breaks within the values of multipart"
    } else if body("content-type: application/json").contains('[') {
        "3.0.9 names members of arrays `array_0`; later releases and we, `0`"
    } else {
        UNEXPLAINED
    }
}

const LINES: &str = "`^` and `$` match at line breaks there; here they are the ends of the value";

/// Rules that look at `REQUEST_BODY`.
const IN_BODY: &[u32] = &[
    920_260, 920_272, 920_273, 920_640, 921_110, 931_110, 934_210, 934_220, 944_100, 944_110,
    944_120, 944_130, 944_200, 944_210, 944_240, 944_250, 944_260, 944_300,
];

/// Bodies of parts.
const IN_PARTS: &[&str] =
    &["content-type: multipart/", "content-type: text/xml", "content-type: application/xml"];

/// Named entities with letters behind them, encoded in one way or another.
const ENTITIES: &[&str] =
    &["&lts", "26lts", "amp;lts", "26%6c%74%73", "&quot6", "26quotl", "26quotr"];

/// What becomes a NUL.
const NULS: &[&str] = &["%00", "%2500", "\\x00", "u0000", "&#0", "26%230", "%ed%a0", "\\xed\\xa0"];

/// What becomes a line feed.
const LINE_FEEDS: &[&str] = &["%0a", "%250a", "%25250a", "\\n", "u000a"];

#[cfg(test)]
mod tests {
    use super::{Place, Request, UNEXPLAINED, reason};

    #[test]
    fn reasons_follow_rule_and_request() {
        let whole = Request {
            headers: vec![(b"Content-Type".to_vec(), b"text/xml".to_vec()); 3],
            ..Request::get(b"/")
        };

        let cut = reason(&Request::get(b"/a%3Fb"), 930_100, Place::Here);
        let entity = reason(&Request::get(b"/?a=%26ltscript"), 941_110, Place::Here);

        assert!(cut.contains("CVE-2024-1019"), "{cut}");
        let part = reason(&whole, 920_272, Place::There);
        let nul = reason(&Request::get(b"/?a=%26%23x100;"), 941_110, Place::Here);

        assert!(part.contains("REQUEST_BODY"), "{part}");
        assert!(nul.contains("NUL"), "{nul}");
        assert!(entity.contains("htmlEntityDecode"), "{entity}");
        assert_eq!(reason(&Request::get(b"/"), 930_100, Place::Here), UNEXPLAINED);
    }
}
