//! Scopes: what a client may ask for and a token was granted (RFC 6749 §3.3).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A sorted set of scope tokens, each of the standard's alphabet. May be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<String>);

/// The text is not a list of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected 1 to {SCOPES_MAX} scopes of 1 to {TOKEN_BYTES_MAX} characters, one space between"
)]
pub struct ScopeError;

impl Scopes {
    /// Parses scopes with exactly one space between them. No scope at all is [`Scopes::default`].
    ///
    /// # Errors
    /// When a token is empty, too long or has a forbidden character, or there are too many.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let mut scopes = BTreeSet::new();
        for (place, token) in text.split(' ').enumerate() {
            if place >= SCOPES_MAX || !is_token(token) {
                return Err(ScopeError);
            }
            scopes.insert(token.to_owned());
        }
        Ok(Self(scopes))
    }

    /// Whether this scope is among them.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    /// Whether `wider` has all of these.
    #[must_use]
    pub fn is_subset(&self, wider: &Self) -> bool {
        self.0.is_subset(&wider.0)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each scope, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope)?;
        }
        Ok(())
    }
}

impl FromStr for Scopes {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

impl Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ).
fn is_token(token: &str) -> bool {
    (1..=TOKEN_BYTES_MAX).contains(&token.len())
        && token.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

const SCOPES_MAX: usize = 64;
const TOKEN_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_outside_the_grammar_is_refused() {
        let long = "a".repeat(TOKEN_BYTES_MAX + 1);
        let many = vec!["a"; SCOPES_MAX + 1].join(" ");
        for text in ["", " ", " a", "a ", "a  b", "a\tb", "a\"b", "a\\b", "é", &long, &many] {
            assert_eq!(Scopes::parse(text), Err(ScopeError), "{text:?}");
        }
    }

    #[test]
    fn a_wider_set_is_no_subset() {
        let narrow = Scopes::parse("read:jobs").unwrap();
        let wide = Scopes::parse("write:jobs read:jobs").unwrap();

        assert!(!wide.is_subset(&narrow));
        assert!(narrow.is_subset(&wide));
        assert!(!narrow.contains("read"));
    }

    #[test]
    fn scopes_are_sorted_and_named_once() {
        assert_eq!(Scopes::parse("b a b").unwrap().to_string(), "a b");
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(
            text in "[!#-\\[\\]-~]{1,9}( [!#-\\[\\]-~]{1,9}){0,9}",
        ) {
            let scopes = Scopes::parse(&text).unwrap();

            prop_assert_eq!(Scopes::parse(&scopes.to_string()).unwrap(), scopes);
        }
    }
}
