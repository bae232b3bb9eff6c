//! Reading values that are written as text.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Unexpected, Visitor};

/// A value that is written as text.
pub(super) trait Word: Sized {
    /// What the text should have been; completes the sentence "expected …".
    const EXPECTED: &'static str;
    /// Whether a wrong value may be a secret, and so is never repeated.
    const SECRET: bool = false;

    /// Reads it, if the text is of the expected form.
    fn parse(text: &str) -> Option<Self>;
}

/// Reads a word.
pub(super) fn word<'de, D: Deserializer<'de>, T: Word>(deserializer: D) -> Result<T, D::Error> {
    let text = Text::<T, T> { parse: T::parse, word: PhantomData };
    text.deserialize(deserializer)
}

/// Reads a word, or nothing from an empty text.
pub(super) fn optional<'de, D: Deserializer<'de>, T: Word>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let parse = |text: &str| match text {
        "" => Some(None),
        text => T::parse(text).map(Some),
    };
    Text::<T, Option<T>> { parse, word: PhantomData }.deserialize(deserializer)
}

/// Reads a list of at most [`LIST_MAX`] words.
pub(super) fn list<'de, D: Deserializer<'de>, T: Word>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(List(PhantomData::<T>))
}

/// Reads a `T` from a text that should be a `W`.
struct Text<W, T> {
    parse: fn(&str) -> Option<T>,
    word: PhantomData<W>,
}

impl<'de, W: Word, T> DeserializeSeed<'de> for Text<W, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        let read = deserializer.deserialize_any(self);
        if W::SECRET {
            return read.map_err(|_| D::Error::custom(format_args!("expected {}", W::EXPECTED)));
        }
        read
    }
}

impl<W: Word, T> Visitor<'_> for Text<W, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(W::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// Reads a list of words.
struct List<T>(PhantomData<T>);

impl<'de, T: Word> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {LIST_MAX}, each {}", T::EXPECTED)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut words = Vec::new();
        while let Some(word) =
            items.next_element_seed(Text::<T, T> { parse: T::parse, word: PhantomData })?
        {
            words.push(word);
            if words.len() > LIST_MAX {
                return Err(A::Error::invalid_length(words.len(), &self));
            }
        }
        Ok(words)
    }
}

/// Longest list of a configuration.
const LIST_MAX: usize = 1000;
