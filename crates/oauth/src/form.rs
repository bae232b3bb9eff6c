//! `application/x-www-form-urlencoded`, strictly.
//!
//! Not the lenient parser of browsers: a malformed escape or text that is not UTF-8 is refused
//! here, so that two readers can never see different values in the same bytes.

use std::collections::BTreeMap;

use crate::error::OAuthError;

/// Parameters by name, each given once.
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    pub(crate) fn parse(content: &[u8]) -> Result<Self, OAuthError> {
        if content.len() > CONTENT_BYTES_MAX {
            return Err(OAuthError::request("the body is larger than 64 KiB"));
        }
        let mut parameters = BTreeMap::new();
        for pair in content.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            if parameters.len() == PARAMETERS_MAX {
                return Err(OAuthError::request("more than 64 parameters"));
            }
            let mut halves = pair.splitn(2, |b| *b == b'=');
            let name = decode(halves.next().unwrap_or_default()).ok_or(MALFORMED)?;
            let value = decode(halves.next().unwrap_or_default()).ok_or(MALFORMED)?;
            // RFC 6749 §3.2: parameters are not included more than once.
            if parameters.insert(name, value).is_some() {
                return Err(OAuthError::request("a parameter is given twice"));
            }
        }
        Ok(Self(parameters))
    }

    /// A parameter's value. RFC 6749 §3.2: one without a value counts as left out.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// Undoes the form encoding of one name or value; `None` when malformed.
pub(crate) fn decode(text: &[u8]) -> Option<String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match byte {
            b'+' => plain.push(b' '),
            b'%' => {
                let [high, low, tail @ ..] = rest else { return None };
                plain.push((hex(*high)? << 4) | hex(*low)?);
                rest = tail;
            }
            other => plain.push(*other),
        }
    }
    String::from_utf8(plain).ok()
}

/// Text as a value in a query: all but unreserved characters (RFC 3986 §2.3) as escapes.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for half in [byte >> 4, byte & 15] {
                out.push(char::from_digit(half.into(), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    out
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

const MALFORMED: OAuthError = OAuthError::request("the body is not form-encoded UTF-8");
const CONTENT_BYTES_MAX: usize = 64 * 1024;
const PARAMETERS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_escapes_and_text_are_refused() {
        for text in ["%", "%4", "%4g", "%g4", "a%", "%+1", "%ff", "%c3%28", "%ed%a0%80"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
        assert_eq!(decode(&[0xff]), None);
    }

    #[test]
    fn escapes_and_pluses_are_undone_once() {
        assert_eq!(decode(b"a+b%2B%2520%C3%A9").unwrap(), "a b+%20é");
    }

    #[test]
    fn what_is_encoded_is_decoded_to_itself() {
        let text = "a b+%20é&=?#/:~\u{0}";

        assert_eq!(decode(encode(text).as_bytes()).unwrap(), text);
        assert!(encode(text).bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
    }

    #[test]
    fn one_parameter_too_many_is_refused() {
        let form = |count| (0..count).map(|n| format!("p{n}=1&")).collect::<String>();

        assert!(Form::parse(form(PARAMETERS_MAX + 1).as_bytes()).is_err());
        assert!(Form::parse(form(PARAMETERS_MAX).as_bytes()).is_ok());
    }

    #[test]
    fn one_byte_too_many_is_refused() {
        let form = |bytes| format!("a={}", "x".repeat(bytes - 2));

        assert!(Form::parse(form(CONTENT_BYTES_MAX + 1).as_bytes()).is_err());
        assert!(Form::parse(form(CONTENT_BYTES_MAX).as_bytes()).is_ok());
    }

    #[test]
    fn the_same_name_in_another_spelling_is_a_duplicate() {
        assert!(Form::parse(b"scope=a&sc%6fpe=b").is_err());
        assert!(Form::parse(b"scope=&scope=b").is_err());
    }
}
