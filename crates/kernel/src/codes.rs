//! Codes from the standards' lists: countries, currencies, languages, time zones.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// ISO 3166-1 alpha-2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryCode([u8; 2]);

/// ISO 4217 alpha-3, active currencies only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CurrencyCode([u8; 3]);

/// A language tag (BCP 47) of the form language, script, region: `pt-BR`, `zh-Hant-TW`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct LanguageTag(String);

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TimeZoneName(String);

/// The text is not in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not a country.
    #[error("expected an ISO 3166-1 alpha-2 country code")]
    Country,
    /// Not an active currency.
    #[error("expected an active ISO 4217 currency code")]
    Currency,
    /// Not a language tag.
    #[error("expected a language tag such as `en` or `pt-BR` (BCP 47)")]
    Language,
    /// Not a time zone.
    #[error("expected a time zone of the IANA database, such as `Europe/Lisbon`")]
    TimeZone,
}

impl CountryCode {
    /// Parses a code in upper case.
    ///
    /// # Errors
    /// When the list does not have it.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        COUNTRIES.get(text).ok_or(CodeError::Country)?;
        text.as_bytes().try_into().map(Self).map_err(|_| CodeError::Country)
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl CurrencyCode {
    /// Parses a code in upper case.
    ///
    /// # Errors
    /// When the list does not have it.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        CURRENCIES.get(text).ok_or(CodeError::Currency)?;
        text.as_bytes().try_into().map(Self).map_err(|_| CodeError::Currency)
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl LanguageTag {
    /// Parses a tag by shape.
    ///
    /// # Errors
    /// When it is not language, script, region in canonical case (RFC 5646 §2.1.1).
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let mut parts = text.split('-').peekable();
        let language = parts.next().unwrap_or_default();
        let mut fits =
            (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
        if parts.peek().is_some_and(|script| script.len() == 4) {
            fits &= parts.next().is_some_and(is_script);
        }
        if let Some(region) = parts.next() {
            fits &= region.len() == 2 && region.bytes().all(|b| b.is_ascii_uppercase());
        }
        if fits && parts.next().is_none() {
            Ok(Self(text.to_owned()))
        } else {
            Err(CodeError::Language)
        }
    }

    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TimeZoneName {
    /// Coordinated Universal Time.
    #[must_use]
    pub fn utc() -> Self {
        Self("UTC".to_owned())
    }

    /// Parses a name.
    ///
    /// # Errors
    /// When the database does not have it in exactly this spelling.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        TIME_ZONES.get(text).ok_or(CodeError::TimeZone)?;
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_script(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_uppercase())
        && part.bytes().skip(1).all(|b| b.is_ascii_lowercase())
}

static COUNTRIES: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| rust_iso3166::ALL.iter().map(|country| country.alpha2).collect());

static CURRENCIES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    <iso_currency::Currency as iso_currency::IntoEnumIterator>::iter()
        .filter(|c| c.exponent().is_some() && !c.is_fund() && !c.is_special())
        .filter(|c| c.is_superseded().is_none())
        .map(|currency| currency.code())
        .collect()
});

static TIME_ZONES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    jiff::tz::TimeZoneDatabase::bundled().available().map(|name| name.as_str().to_owned()).collect()
});

fn listed(mut codes: Vec<String>) -> RefOr<Schema> {
    codes.sort_unstable();
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes)).into()
}

impl PartialSchema for CountryCode {
    fn schema() -> RefOr<Schema> {
        listed(COUNTRIES.iter().map(|code| (*code).to_owned()).collect())
    }
}
impl ToSchema for CountryCode {}

impl PartialSchema for CurrencyCode {
    fn schema() -> RefOr<Schema> {
        listed(CURRENCIES.iter().map(|code| (*code).to_owned()).collect())
    }
}
impl ToSchema for CurrencyCode {}

impl PartialSchema for TimeZoneName {
    fn schema() -> RefOr<Schema> {
        listed(TIME_ZONES.iter().cloned().collect())
    }
}
impl ToSchema for TimeZoneName {}

impl PartialSchema for LanguageTag {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$"))
            .into()
    }
}
impl ToSchema for LanguageTag {}

impl Serialize for CountryCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for CurrencyCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for CountryCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for CurrencyCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for LanguageTag {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for TimeZoneName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn universal_time_is_a_time_zone() {
        assert_eq!(TimeZoneName::parse("UTC"), Ok(TimeZoneName::utc()));
    }

    #[test]
    fn codes_outside_the_lists_are_refused() {
        assert!(CountryCode::parse("QQ").is_err());
        assert!(CountryCode::parse("gb").is_err());
        assert!(CurrencyCode::parse("XXX").is_err());
        assert!(TimeZoneName::parse("Mars/Olympus").is_err());
        for text in ["", "e", "EN", "en-gb", "en-GB-x", "zh-hant"] {
            assert!(LanguageTag::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn listed_codes_are_taken() {
        assert_eq!(CountryCode::parse("PT").unwrap().as_str(), "PT");
        assert_eq!(CurrencyCode::parse("EUR").unwrap().as_str(), "EUR");
        assert!(TimeZoneName::parse("Europe/Lisbon").is_ok());
        assert!(LanguageTag::parse("zh-Hant-TW").is_ok());
    }
}
