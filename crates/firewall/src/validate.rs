//! Operators that judge single values: `@validateByteRange`, `@validateUrlEncoding`,
//! `@validateUtf8Encoding`. Each tells where a value is not as it should be: the rule matches.

use crate::uri::nibble;

/// The bytes that `@validateByteRange` allows.
#[derive(Clone, PartialEq, Eq)]
pub struct ByteRange {
    allowed: [bool; 256],
}

impl std::fmt::Debug for ByteRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.allowed.iter().filter(|&&is_allowed| is_allowed).count();
        write!(f, "ByteRange({count} of 256)")
    }
}

/// What is wrong with a byte range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// Not a number from 0 to 255.
    #[error("expected a number from 0 to 255, found `{0}`")]
    Number(String),
    /// The end stands before the start.
    #[error("the range `{0}` ends before it starts")]
    Order(String),
}

impl ByteRange {
    /// Reads `9,10,13,32-126`.
    ///
    /// # Errors
    /// The first item that is neither a byte nor a range of bytes.
    pub fn parse(text: &str) -> Result<Self, RangeError> {
        let mut allowed = [false; 256];
        for item in text.split(',').map(str::trim) {
            let (start, end) = item.split_once('-').unwrap_or((item, item));
            let (start, end) = (byte(start)?, byte(end)?);
            if start > end {
                return Err(RangeError::Order(item.to_owned()));
            }
            let range = allowed.get_mut(usize::from(start)..=usize::from(end));
            range.into_iter().flatten().for_each(|slot| *slot = true);
        }
        Ok(Self { allowed })
    }

    /// Where the first byte stands that is not allowed.
    #[must_use]
    pub fn first_outside(&self, value: &[u8]) -> Option<usize> {
        value.iter().position(|&byte| self.allowed.get(usize::from(byte)) != Some(&true))
    }

    /// Whether a byte is allowed.
    #[must_use]
    pub fn allows(&self, byte: u8) -> bool {
        self.allowed.get(usize::from(byte)) == Some(&true)
    }
}

fn byte(text: &str) -> Result<u8, RangeError> {
    text.trim().parse().map_err(|_| RangeError::Number(text.trim().to_owned()))
}

/// Where the first `%` stands that is not followed by two hexadecimal digits.
#[must_use]
pub fn first_bad_escape(value: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(offset) = value.get(at..)?.iter().position(|&byte| byte == b'%') {
        at += offset;
        let is_good = value
            .get(at + 1..at + 3)
            .is_some_and(|digits| digits.iter().all(|&digit| nibble(digit).is_some()));
        if !is_good {
            return Some(at);
        }
        at += 3;
    }
    None
}

/// Where the first byte stands that is not UTF-8 (RFC 3629: no surrogates, nothing overlong).
#[must_use]
pub fn first_bad_utf8(value: &[u8]) -> Option<usize> {
    std::str::from_utf8(value).err().map(|fault| fault.valid_up_to())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_that_are_none_are_refused() {
        for text in ["", "a", "1-", "-1", "256", "1,,2", "1-300", "0x20"] {
            assert!(matches!(ByteRange::parse(text), Err(RangeError::Number(_))), "{text}");
        }
        assert_eq!(ByteRange::parse("9-1"), Err(RangeError::Order("9-1".into())));
    }

    #[test]
    fn bytes_outside_the_range_are_found() {
        let range = ByteRange::parse("9, 10,13,32-126").unwrap();

        assert_eq!(range.first_outside(b"plain\ttext\r\n"), None);
        assert_eq!(range.first_outside(b"ab\0"), Some(2));
        assert_eq!(range.first_outside("é".as_bytes()), Some(0));
        assert!(range.allows(b'a') && !range.allows(0x7f));
    }

    #[test]
    fn bad_escapes_are_found() {
        for (value, at) in [("%", 0), ("a%2", 1), ("%41%4g", 3), ("%%41", 0), ("%41%", 3)] {
            assert_eq!(first_bad_escape(value.as_bytes()), Some(at), "{value}");
        }
        for value in ["", "a", "%41%5a", "100%25"] {
            assert_eq!(first_bad_escape(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn bad_utf8_is_found() {
        let bad: [&[u8]; 7] = [
            b"\xc0\xaf",
            b"\x80",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xe2\x82",
            b"\xf5\x80\x80\x80",
            b"\xe0\x80\x80",
        ];
        for value in bad {
            assert_eq!(first_bad_utf8(value), Some(0), "{value:x?}");
        }
        assert_eq!(first_bad_utf8("añ€😀\u{10ffff}".as_bytes()), None);
        assert_eq!(first_bad_utf8(b"ab\xff"), Some(2));
    }

    proptest! {
        #[test]
        fn escapes_are_judged_as_they_are_decoded(
            value in prop::collection::vec(prop_oneof![Just(b'%'), any::<u8>()], 0..200),
        ) {
            let mut out = Vec::new();
            let malformed = crate::uri::decode(&value, crate::uri::Plus::IsPlus, &mut out);
            prop_assert_eq!(first_bad_escape(&value).is_some(), malformed > 0);
        }
    }
}
