//! Bounded text: one line, or prose of several.
//!
//! Text is normalised to NFC on the way in, and refuses control characters and bidirectional
//! overrides, which can make a line read otherwise than it is (CVE-2021-42574).

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// One line of `MIN` to `MAX` characters; starts and ends with a visible character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Line<const MIN: usize, const MAX: usize>(String);

/// Text of several lines, at most `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Prose<const MAX: usize>(String);

/// Why text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Too short or too long, counted in characters after normalisation.
    #[error("expected {min} to {max} characters")]
    Length {
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
    },
    /// A control character, line break or bidirectional override.
    #[error("control characters and bidirectional overrides are not allowed here")]
    Control,
    /// White space at an end.
    #[error("text must start and end with a visible character")]
    Padded,
}

impl<const MIN: usize, const MAX: usize> Line<MIN, MAX> {
    /// Parses a line.
    ///
    /// # Errors
    /// When it is too short or long, padded, or holds a forbidden character.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = nfc(text);
        bounded(&text, MIN, MAX)?;
        if text.chars().any(|c| c.is_control() || is_bidi_override(c) || is_line_break(c)) {
            return Err(TextError::Control);
        }
        if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
            return Err(TextError::Padded);
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Prose<MAX> {
    /// Parses prose.
    ///
    /// # Errors
    /// When it is too long or holds a control character other than a tab or line feed.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = nfc(text);
        bounded(&text, 0, MAX)?;
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return Err(TextError::Control);
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Display for Line<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Line<MIN, MAX> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Prose<MAX> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl<const MIN: usize, const MAX: usize> PartialSchema for Line<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(MIN))
            .max_length(Some(MAX))
            .pattern(Some(LINE_PATTERN))
            .into()
    }
}
impl<const MIN: usize, const MAX: usize> ToSchema for Line<MIN, MAX> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("Line{MIN}To{MAX}").into()
    }
}

impl<const MAX: usize> PartialSchema for Prose<MAX> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(MAX))
            .pattern(Some(PROSE_PATTERN))
            .into()
    }
}
impl<const MAX: usize> ToSchema for Prose<MAX> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("Prose{MAX}").into()
    }
}

fn nfc(text: &str) -> String {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.to_owned(),
        IsNormalized::No | IsNormalized::Maybe => text.nfc().collect(),
    }
}

fn bounded(text: &str, min: usize, max: usize) -> Result<(), TextError> {
    // Bytes bound characters from above, so long input is refused without counting.
    let fits = text.len() <= max.saturating_mul(4) && (min..=max).contains(&text.chars().count());
    if fits { Ok(()) } else { Err(TextError::Length { min, max }) }
}

/// LRE, RLE, PDF, LRO, RLO and the isolates (Unicode UAX #9).
const fn is_bidi_override(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

const fn is_line_break(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// [`Line`]'s alphabet as a regular expression: no controls, overrides or line breaks; no padding.
pub const LINE_PATTERN: &str = concat!(
    r"^$|^[^\s\u0000-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069]",
    r"([^\u0000-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069]*",
    r"[^\s\u0000-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069])?$"
);
/// [`Prose`]'s alphabet as a regular expression: no controls but tab and line feed.
pub const PROSE_PATTERN: &str = r"^[^\u0000-\u0008\u000B-\u001F\u007F-\u009F]*$";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_refuses_what_could_mislead() {
        for text in ["", " a", "a ", "a\nb", "a\u{0}", "a\u{202E}b", "a\u{2028}b", "abcdef"] {
            assert!(Line::<1, 5>::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        assert!(Line::<1, 3>::parse("日本語").is_ok());
    }

    #[test]
    fn text_is_normalised_to_nfc() {
        assert_eq!(Line::<1, 5>::parse("e\u{301}").unwrap().as_str(), "é");
    }

    #[test]
    fn prose_may_have_lines_and_tabs_only() {
        assert!(Prose::<9>::parse("a\n\tb").is_ok());
        assert!(Prose::<9>::parse("a\rb").is_err());
    }
}
