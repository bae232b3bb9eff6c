//! What identifies a candidate. Personal data, all of it.

use kernel::{CountryCode, Email, Line, Phone, Pii, Prose};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A part of a person's name.
pub type PersonName = Pii<Line<1, 100>>;
/// A person's e-mail address.
pub type PersonalEmail = Pii<Email>;
/// A person's telephone number.
pub type PersonalPhone = Pii<Phone>;
/// A person's postal address.
pub type PersonalAddress = Pii<Address>;
/// Free text about a person.
pub type Summary = Pii<Prose<5_000>>;
/// A line of an address.
pub type AddressLine = Line<1, 200>;
/// A town.
pub type City = Line<1, 120>;
/// A postal code.
pub type PostalCode = Line<1, 20>;

/// A postal address. Serialisable only once it was opened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// First line.
    #[schema(inline)]
    pub line1: Option<AddressLine>,
    /// Second line.
    #[schema(inline)]
    pub line2: Option<AddressLine>,
    /// Town.
    #[schema(inline)]
    pub city: Option<City>,
    /// Postal code.
    #[schema(inline)]
    pub postal_code: Option<PostalCode>,
    /// State, province or region (ISO 3166-2).
    pub subdivision: Option<Subdivision>,
    /// Country.
    pub country: CountryCode,
}

/// A subdivision of a country by shape: `GB-SCT` (ISO 3166-2).
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Subdivision(String);

/// The text is no subdivision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a country code, `-` and 1 to 3 of `A-Z` and `0-9` (ISO 3166-2)")]
pub struct SubdivisionError;

impl Subdivision {
    /// Parses a subdivision by shape.
    ///
    /// # Errors
    /// When it does not have that shape.
    pub fn parse(text: &str) -> Result<Self, SubdivisionError> {
        let (country, part) = text.split_once('-').ok_or(SubdivisionError)?;
        let fits = country.len() == 2
            && country.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=3).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err(SubdivisionError) }
    }
}

impl<'de> Deserialize<'de> for Subdivision {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Subdivision {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[A-Z]{2}-[A-Z0-9]{1,3}$"))
            .into()
    }
}
impl ToSchema for Subdivision {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subdivision_has_the_published_shape() {
        for text in ["", "GB", "GB-", "gb-SCT", "GB-SCOT", "GBR-1", "GB-S T"] {
            assert!(Subdivision::parse(text).is_err(), "{text}");
        }
        assert!(Subdivision::parse("GB-SCT").is_ok());
    }
}
