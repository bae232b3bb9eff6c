//! Conditions that depend on nothing but a value.

use std::net::IpAddr;

use crate::{
    address::AddressSet,
    injection,
    pattern::Pattern,
    phrases::Phrases,
    validate::{ByteRange, first_bad_escape, first_bad_utf8},
};

mod filter;

pub(crate) use filter::Filter;

/// A condition on a value.
#[derive(Debug)]
pub(crate) enum Test {
    Always,
    Never,
    Pattern(Box<Pattern>),
    Phrases(Box<Phrases>),
    Text(TextOperator, Box<[u8]>),
    Number(NumberOperator, i64),
    Addresses(Box<AddressSet>),
    Sqli,
    Xss,
    ByteRange(Box<ByteRange>),
    UrlEncoding,
    Utf8,
}

/// How a value is compared with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextOperator {
    Equal,
    Contains,
    ContainsWord,
    Begins,
    Ends,
    /// The value is part of the text.
    Within,
}

/// How a value is compared with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberOperator {
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
}

/// What a test found in a value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// The match and the groups in it, as ranges of the value; the tenth is the last.
    pub(crate) groups: [Option<(usize, usize)>; 10],
    /// What was found, where it is not a part of the value (a fingerprint).
    pub(crate) text: Option<Vec<u8>>,
}

impl Found {
    fn whole(&mut self, from: usize, to: usize) {
        self.groups = [None; 10];
        if let Some(first) = self.groups.first_mut() {
            *first = Some((from, to));
        }
    }

    /// The bytes that matched.
    pub(crate) fn span(&self) -> Option<(usize, usize)> {
        self.groups.first().copied().flatten()
    }
}

impl Test {
    /// Whether running it costs less than asking the prefilter whether it may hold.
    pub(crate) const fn is_cheap(&self) -> bool {
        matches!(
            self,
            Self::Always | Self::Never | Self::Text(..) | Self::Number(..) | Self::Addresses(_)
        )
    }

    /// Whether the value meets the condition.
    pub(crate) fn holds(&self, value: &[u8]) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Pattern(pattern) => pattern.is_match(value),
            Self::Phrases(phrases) => phrases.is_match(value),
            Self::Text(operator, text) => operator.holds(value, text),
            Self::Number(operator, number) => operator.holds(integer(value), *number),
            Self::Addresses(set) => address(value).is_some_and(|address| set.contains(address)),
            Self::Sqli => injection::sqli(value).is_some(),
            Self::Xss => injection::xss(value),
            Self::ByteRange(range) => range.first_outside(value).is_some(),
            Self::UrlEncoding => first_bad_escape(value).is_some(),
            Self::Utf8 => first_bad_utf8(value).is_some(),
        }
    }

    /// Says what of a value that meets the condition does so.
    pub(crate) fn locate(&self, value: &[u8], found: &mut Found) {
        found.groups = [None; 10];
        found.text = None;
        match self {
            Self::Pattern(pattern) => {
                let groups = pattern.captures(value, found.groups.len()).unwrap_or_default();
                for (slot, group) in found.groups.iter_mut().zip(groups) {
                    *slot = group.map(|range| (range.start, range.end));
                }
            }
            Self::Phrases(phrases) => {
                if let Some(range) = phrases.find(value) {
                    found.whole(range.start, range.end);
                }
            }
            Self::Text(operator, text) => operator.locate(value, text, found),
            Self::Sqli => found.text = injection::sqli(value).map(|print| print.as_ref().to_vec()),
            Self::Xss => found.whole(0, value.len()),
            Self::ByteRange(range) => {
                if let Some(at) = range.first_outside(value) {
                    found.whole(at, at + 1);
                }
            }
            _ => {}
        }
    }
}

impl TextOperator {
    /// Whether the value relates to the text.
    pub(crate) fn holds(self, value: &[u8], text: &[u8]) -> bool {
        match self {
            Self::Equal => value == text,
            Self::Contains => find(value, text).is_some(),
            Self::ContainsWord => find_word(value, text).is_some(),
            Self::Begins => value.starts_with(text),
            Self::Ends => value.ends_with(text),
            Self::Within => find(text, value).is_some(),
        }
    }

    /// Which part of a value that relates to the text does so.
    pub(crate) fn locate(self, value: &[u8], text: &[u8], found: &mut Found) {
        let from = match self {
            Self::Contains => find(value, text),
            Self::ContainsWord => find_word(value, text),
            Self::Ends => value.len().checked_sub(text.len()),
            _ => Some(0),
        };
        let length = if self == Self::Within { value.len() } else { text.len() };
        if let Some(from) = from {
            found.whole(from, from + length);
        }
    }
}

fn find(value: &[u8], text: &[u8]) -> Option<usize> {
    memchr::memmem::find(value, text)
}

/// A text with no letter, digit or underscore on either side.
fn find_word(value: &[u8], text: &[u8]) -> Option<usize> {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    memchr::memmem::find_iter(value, text).find(|from| {
        let before = from.checked_sub(1).and_then(|index| value.get(index));
        !is_word(before) && !is_word(value.get(from + text.len()))
    })
}

impl NumberOperator {
    /// Whether the numbers relate.
    pub(crate) const fn holds(self, value: i64, number: i64) -> bool {
        match self {
            Self::Eq => value == number,
            Self::Ge => value >= number,
            Self::Gt => value > number,
            Self::Le => value <= number,
            Self::Lt => value < number,
        }
    }
}

/// The number that a value begins with, as C's `atoi` reads it; 0 where there is none.
pub(crate) fn integer(value: &[u8]) -> i64 {
    let value = value.trim_ascii_start();
    let (negative, digits) = match value.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, value),
    };
    let mut number: i64 = 0;
    for digit in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        number = number.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
    }
    if negative { number.saturating_neg() } else { number }
}

fn address(value: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}
