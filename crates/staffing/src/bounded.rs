//! Numbers and lists whose limits are part of the type, for the parser and the schema alike.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{Number, PartialSchema, ToSchema};

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Whole<const MIN: i64, const MAX: i64>(i64);

/// A list of `MIN` to `MAX` things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct List<T, const MIN: usize, const MAX: usize>(Vec<T>);

/// The value is outside its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoundError {
    /// The number is too small or too large.
    #[error("expected a whole number from {min} to {max}")]
    Number {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// The list is too short or too long.
    #[error("expected {min} to {max} items")]
    Items {
        /// The fewest.
        min: usize,
        /// The most.
        max: usize,
    },
}

impl<const MIN: i64, const MAX: i64> Whole<MIN, MAX> {
    /// The smallest.
    pub const LEAST: Self = Self(MIN);

    /// Takes a number.
    ///
    /// # Errors
    /// When it is outside the limits.
    pub fn new(value: i64) -> Result<Self, BoundError> {
        let fits = (MIN..=MAX).contains(&value);
        if fits { Ok(Self(value)) } else { Err(BoundError::Number { min: MIN, max: MAX }) }
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> i64 {
        self.0
    }
}

impl<T, const MIN: usize, const MAX: usize> List<T, MIN, MAX> {
    /// Takes a list.
    ///
    /// # Errors
    /// When it has too few or too many items.
    pub fn new(items: Vec<T>) -> Result<Self, BoundError> {
        let fits = (MIN..=MAX).contains(&items.len());
        if fits { Ok(Self(items)) } else { Err(BoundError::Items { min: MIN, max: MAX }) }
    }

    /// The items.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.0
    }
}

impl<T, const MAX: usize> Default for List<T, 0, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl<'de, T: Deserialize<'de>, const MIN: usize, const MAX: usize> Deserialize<'de>
    for List<T, MIN, MAX>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl<const MIN: i64, const MAX: i64> PartialSchema for Whole<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(isize::try_from(MIN).ok().map(Number::Int))
            .maximum(isize::try_from(MAX).ok().map(Number::Int))
            .into()
    }
}
impl<const MIN: i64, const MAX: i64> ToSchema for Whole<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        format!("Whole{MIN}To{MAX}").into()
    }
}

impl<T: Item, const MIN: usize, const MAX: usize> PartialSchema for List<T, MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        let array = ArrayBuilder::new().items(T::item()).max_items(Some(MAX));
        if MIN > 0 { array.min_items(Some(MIN)).into() } else { array.into() }
    }
}
impl<T: Item, const MIN: usize, const MAX: usize> ToSchema for List<T, MIN, MAX> {
    fn name() -> Cow<'static, str> {
        format!("{}List{MIN}To{MAX}", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::components(schemas);
    }
}

/// How a list's schema speaks of its items: by reference, unless the type has no name of its own.
pub trait Item: ToSchema {
    /// The schema of one item.
    fn item() -> RefOr<Schema> {
        Ref::from_schema_name(Self::name()).into()
    }

    /// The components that the schema needs.
    fn components(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Self::name().into_owned(), Self::schema()));
        Self::schemas(schemas);
    }
}

impl Item for kernel::CountryCode {}

impl<const MIN: usize, const MAX: usize> Item for kernel::Line<MIN, MAX> {
    fn item() -> RefOr<Schema> {
        Self::schema()
    }

    fn components(_: &mut Vec<(String, RefOr<Schema>)>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_their_limits_are_refused() {
        for text in ["-1", "181", "1.5", "\"7\"", "null", "9223372036854775808"] {
            assert!(serde_json::from_str::<Whole<0, 180>>(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::from_str::<Whole<0, 180>>("180").unwrap().value(), 180);
    }

    #[test]
    fn lists_outside_their_limits_are_refused() {
        for text in ["[]", "[1,2,3]", "{}", "null"] {
            assert!(serde_json::from_str::<List<u8, 1, 2>>(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::from_str::<List<u8, 1, 2>>("[7]").unwrap().items(), [7]);
    }
}
