//! Percent-decoding, names that may be repeated to the caller, and media types.

use std::borrow::Cow;

/// Decodes `%xx` once, and `+` as a space where forms do so.
///
/// `None` when a `%` is not followed by two hex digits, when the result is not UTF-8, or when it
/// holds a control character.
pub(super) fn decode(text: &str, is_form: bool) -> Option<Cow<'_, str>> {
    if text.bytes().all(|byte| byte != b'%' && (byte != b'+' || !is_form)) {
        return (!text.chars().any(char::is_control)).then_some(Cow::Borrowed(text));
    }
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b'+' if is_form => b' ',
            other => other,
        });
    }
    let decoded = String::from_utf8(decoded).ok()?;
    (!decoded.chars().any(char::is_control)).then_some(Cow::Owned(decoded))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Whether a submitted name may stand in a pointer: it looks like a member name, not like data.
///
/// Pointers must name the member that is too much, or nobody finds the typing error. What does not
/// look like a name (addresses, numbers, sentences, tokens) is not repeated.
pub(super) fn is_name(text: &str) -> bool {
    let is_index = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = text.len() <= NAME_BYTES_MAX
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    !text.is_empty() && (is_index || is_word)
}

/// A JSON Pointer, cut before the first segment that may not be repeated.
pub(super) fn safe_pointer(pointer: &str) -> String {
    let names = pointer.split('/').skip(1).take_while(|segment| is_name(segment));
    names.fold(String::new(), |path, name| path + "/" + name)
}

/// The media type of a `Content-Type`, in lower case, and whether its parameters are ones that
/// text bodies may have: none, or `charset=utf-8`.
pub(super) fn media_type(content_type: &str) -> (String, bool) {
    let mut parts = content_type.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_plain = parts.all(|parameter| {
        let parameter = parameter.to_ascii_lowercase();
        matches!(parameter.as_str(), "charset=utf-8" | "charset=\"utf-8\"")
    });
    (media, is_plain)
}

const NAME_BYTES_MAX: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_escapes_and_control_characters_are_refused() {
        for text in ["%", "%4", "%zz", "%+1", "%ff", "%c3%28", "%00", "a%0d%0ab", "\u{7f}", "%é"] {
            assert_eq!(decode(text, true), None, "{text:?}");
        }
    }

    #[test]
    fn escapes_are_decoded_once() {
        assert_eq!(decode("%2541", false).unwrap(), "%41");
        assert_eq!(decode("a+b", false).unwrap(), "a+b");
        assert_eq!(decode("a+%C3%A9", true).unwrap(), "a é");
    }

    #[test]
    fn only_names_are_repeated() {
        for text in ["", "mara@example.org", "+351912345678", "912345678", "two words", "é"] {
            assert!(!is_name(text), "{text:?}");
        }
        assert!(!is_name(&"k".repeat(NAME_BYTES_MAX + 1)));
        assert_eq!(safe_pointer("/items/3/rate"), "/items/3/rate");
        assert_eq!(safe_pointer("/tags/mara@example.org/x"), "/tags");
    }
}
