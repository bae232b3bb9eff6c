//! Names of tags and attributes that bring script.

use super::super::texts::{count, next};

/// What the value of an attribute is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Harmless.
    Nothing,
    /// Script, or a style that may hold some: any value is an attack.
    Script,
    /// An address, which may be of script.
    Url,
    /// The name of another attribute.
    Name,
}

const TAGS: &[&str] = &[
    "APPLET", "BASE", "COMMENT", "EMBED", "FRAME", "FRAMESET", "HANDLER", "IFRAME", "IMPORT",
    "ISINDEX", "LINK", "LISTENER", "META", "NOSCRIPT", "OBJECT", "SCRIPT", "STYLE", "VMLFRAME",
    "XML", "XSS",
];

const ATTRIBUTES: &[(&str, Meaning)] = &[
    ("ACTION", Meaning::Url),
    ("ATTRIBUTENAME", Meaning::Name),
    ("BACKGROUND", Meaning::Url),
    ("BY", Meaning::Url),
    ("DATAFORMATAS", Meaning::Script),
    ("DATASRC", Meaning::Script),
    ("DYNSRC", Meaning::Url),
    ("FILTER", Meaning::Script),
    ("FOLDER", Meaning::Url),
    ("FORMACTION", Meaning::Url),
    ("FROM", Meaning::Url),
    ("HANDLER", Meaning::Url),
    ("HREF", Meaning::Url),
    ("LOWSRC", Meaning::Url),
    ("POSTER", Meaning::Url),
    ("SRC", Meaning::Url),
    ("STYLE", Meaning::Script),
    ("TO", Meaning::Url),
    ("VALUES", Meaning::Url),
    ("XLINK:HREF", Meaning::Url),
];

/// The published events, in order. Names that begin with a listed one are left out, because any
/// name that begins with one counts.
const EVENTS_TEXT: &[u8] = include_bytes!("events.txt");

static EVENTS: [&[u8]; count(EVENTS_TEXT, b' ')] = split_events();

#[expect(clippy::indexing_slicing, reason = "runs while compiling, where a fault is an error")]
const fn split_events() -> [&'static [u8]; count(EVENTS_TEXT, b' ')] {
    let mut events: [&[u8]; count(EVENTS_TEXT, b' ')] = [b""; count(EVENTS_TEXT, b' ')];
    let mut rest = EVENTS_TEXT;
    let mut place = 0;
    while let Some((name, after)) = next(rest, b' ') {
        events[place] = name;
        place += 1;
        rest = after;
    }
    events
}

/// Whether a tag runs script, loads something that does, or is of SVG or XSLT.
pub(super) fn is_script_tag(name: &[u8]) -> bool {
    let Some(head) = name.get(..3) else { return false };
    head.eq_ignore_ascii_case(b"SVG")
        || head.eq_ignore_ascii_case(b"XSL")
        || TAGS.iter().any(|tag| is_name(name, tag))
}

/// What the attribute of a name holds.
pub(super) fn attribute(name: &[u8]) -> Meaning {
    match name {
        [] | [_] => return Meaning::Nothing,
        [b'o' | b'O', b'n' | b'N', event @ ..] if name.len() >= 5 && is_event(event) => {
            return Meaning::Script;
        }
        _ => {}
    }
    let is_namespace = name.get(..5).is_some_and(|head| {
        head.eq_ignore_ascii_case(b"XMLNS") || head.eq_ignore_ascii_case(b"XLINK")
    });
    if is_namespace {
        return Meaning::Script;
    }
    let known = ATTRIBUTES.iter().find(|(known, _)| is_name(name, known));
    known.map_or(Meaning::Nothing, |(_, meaning)| *meaning)
}

/// Whether a listed event is the beginning of this one.
fn is_event(name: &[u8]) -> bool {
    let upper = name.iter().map(u8::to_ascii_uppercase);
    let behind = EVENTS.partition_point(|event| event.iter().copied().le(upper.clone()));
    let event = behind.checked_sub(1).and_then(|place| EVENTS.get(place));
    event.is_some_and(|event| {
        name.get(..event.len()).is_some_and(|head| head.eq_ignore_ascii_case(event))
    })
}

/// Equality in any case; NUL bytes within the name do not count, as in old browsers.
fn is_name(name: &[u8], known: &str) -> bool {
    name.iter().filter(|byte| **byte != 0).map(u8::to_ascii_uppercase).eq(known.bytes())
}
