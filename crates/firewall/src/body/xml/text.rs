//! References in text and attribute values.

use crate::body::Fault;

/// Appends `raw` with its character references and the five predefined entities decoded (XML 1.0
/// §4.1, §4.6). `start` is where `raw` stands in the document.
pub(super) fn decode(raw: &[u8], start: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
    let mut at = 0;
    while let Some(rest) = raw.get(at..) {
        let Some(length) = memchr::memchr(b'&', rest) else {
            out.extend_from_slice(rest);
            break;
        };
        out.extend_from_slice(rest.get(..length).unwrap_or_default());
        at += length + 1;
        let reference = raw.get(at..).unwrap_or_default();
        // The longest reference that is known is `&#x10FFFF;`; zeros may lead.
        let end = reference.iter().take(REFERENCE_BYTES_MAX).position(|&byte| byte == b';');
        let decoded = end.and_then(|end| character(reference.get(..end)?));
        let Some(character) = decoded else {
            return Err(Fault::Malformed { what: "an unknown entity", at: start + at });
        };
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        at += end.unwrap_or_default() + 1;
    }
    Ok(())
}

const REFERENCE_BYTES_MAX: usize = 32;

fn character(reference: &[u8]) -> Option<char> {
    match reference {
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"amp" => Some('&'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        _ => None,
    }
}

/// XML 1.0 §2.2: no control characters but tab and line ends.
fn number(digits: &[u8], radix: u32) -> Option<char> {
    if !digits.first()?.is_ascii_alphanumeric() {
        return None;
    }
    let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()?;
    let is_control = code < 0x20 && !matches!(code, 0x09 | 0x0a | 0x0d);
    char::from_u32(code).filter(|_| !is_control)
}
