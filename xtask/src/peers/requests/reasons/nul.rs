//! Whether some spelling in a request becomes a NUL on the way through a rule's transformations.
//!
//! Both engines keep the lowest byte of what `&#…`, `\u`, `%u` and the escapes of CSS name, and of
//! a letter beyond ASCII: `&#x100`, `\u3c00` and U+2B00 are all NULs in the end.

use super::Request;

/// Whether a NUL comes out somewhere, as far as spelling tells.
pub(super) fn is_made(request: &Request) -> bool {
    let headers = request.headers.iter().map(|(_, value)| value);
    let parts = [&request.target, &request.body].into_iter().chain(headers);
    parts.map(|part| decoded(&decoded(part))).any(|part| in_text(&part))
}

fn in_text(part: &[u8]) -> bool {
    let text = String::from_utf8_lossy(part);
    let mut rest = &*text;
    while let Some(letter) = rest.chars().next() {
        let is_nul = match letter {
            '&' => rest.strip_prefix("&#").is_some_and(of_entity),
            '\\' | '%' => of_escape(rest.get(1..).unwrap_or_default()),
            _ => u32::from(letter) % LOWEST == 0,
        };
        if is_nul {
            return true;
        }
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    false
}

/// The number behind `&#`.
fn of_entity(behind: &str) -> bool {
    let (digits, radix) = match behind.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (behind, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let number = digits.get(..end).and_then(|digits| u32::from_str_radix(digits, radix).ok());
    number.is_some_and(|number| number % LOWEST == 0)
}

/// The hexadecimal digits behind a backslash or `%`: four behind `u`, two behind `x`, up to six
/// otherwise. The last two count.
fn of_escape(behind: &str) -> bool {
    let (digits, most) = match behind.as_bytes() {
        [b'u' | b'U', digits @ ..] => (digits, 4),
        [b'x' | b'X', digits @ ..] => (digits, 2),
        digits => (digits, 6),
    };
    let count = digits.iter().take(most).take_while(|digit| digit.is_ascii_hexdigit()).count();
    let low = digits.get(count.saturating_sub(2)..count).unwrap_or_default();
    !low.is_empty() && low.iter().all(|digit| *digit == b'0')
}

fn decoded(part: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = part;
    while let [first, behind @ ..] = rest {
        let hex = behind.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                out.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = behind;
            }
        }
    }
    out
}

/// What one byte tells apart.
const LOWEST: u32 = 256;

#[cfg(test)]
mod tests {
    use super::{Request, is_made};

    #[test]
    fn what_becomes_a_nul_is_known() {
        for target in [
            &b"/?a=%00"[..],
            b"/?a=%26%23x100;",
            b"/?a=&#000&",
            b"/?a=%2526%2523512",
            b"/?a=\\u3c00",
            b"/?a=\\10100003c",
            b"/?a=%25u2b00",
            b"/?a=%E2%AC%80",
        ] {
            assert!(is_made(&Request::get(target)), "{}", target.escape_ascii());
        }
        for target in [&b"/?a=b"[..], b"/?a=%26%2360;", b"/?a=\\u003c", b"/?a=%C3%A9", b"/?a=100%"]
        {
            assert!(!is_made(&Request::get(target)), "{}", target.escape_ascii());
        }
    }
}
