//! Addresses that are script.

use std::iter;

/// How they begin; `JAVA` is `javascript:` with or without its colon.
const SCHEMES: &[&str] = &["DATA", "VIEW-SOURCE", "JAVA", "VBSCRIPT"];

/// Numbers of characters end here; larger ones are no entity.
const CODE_MAX: u32 = 0x10_00ff;

/// Whether an address is one of script, read as browsers do: with entities, and without leading
/// spaces, NUL bytes and line feeds.
pub(super) fn is_script_url(url: &[u8]) -> bool {
    let start = url.iter().position(|byte| matches!(byte, b'!'..=b'~'));
    let url = start.map_or(&[][..], |start| url.split_at(start).1);
    SCHEMES.iter().any(|scheme| begins_with(url, scheme))
}

fn begins_with(url: &[u8], scheme: &str) -> bool {
    let mut scheme = scheme.bytes();
    let mut letters = decoded(url).skip_while(|code| *code <= 32);
    while let Some(code) = letters.find(|code| *code != 0 && *code != 10) {
        // Only ASCII letters have capitals; of other codes the low byte counts.
        let is_small = (u32::from(b'a')..=u32::from(b'z')).contains(&code);
        let byte = code.to_le_bytes()[0];
        match scheme.next() {
            None => return true,
            Some(letter) if letter != if is_small { byte - 0x20 } else { byte } => return false,
            Some(_) => {}
        }
    }
    scheme.next().is_none()
}

/// The codes of the characters, numeric entities decoded.
fn decoded(mut rest: &[u8]) -> impl Iterator<Item = u32> {
    iter::from_fn(move || {
        let (code, length) = first(rest)?;
        rest = rest.split_at(length).1;
        Some(code)
    })
}

fn first(rest: &[u8]) -> Option<(u32, usize)> {
    let entity = match rest {
        [b'&', b'#', b'x' | b'X', digits @ ..] => number(digits, 16, 3),
        [b'&', b'#', digits @ ..] => number(digits, 10, 2),
        _ => None,
    };
    entity.or_else(|| rest.first().map(|byte| (u32::from(*byte), 1)))
}

/// The number at the head, and the length of the entity with its mark and its semicolon.
fn number(digits: &[u8], base: u32, mark: usize) -> Option<(u32, usize)> {
    let mut code = 0;
    let mut length = 0;
    while let Some(digit) = digits.get(length).and_then(|byte| char::from(*byte).to_digit(base)) {
        code = code * base + digit;
        length += 1;
        if code > CODE_MAX {
            return None;
        }
    }
    let semicolon = usize::from(digits.get(length) == Some(&b';'));
    (length > 0).then_some((code, mark + length + semicolon))
}
