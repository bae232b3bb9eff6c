//! Dates, months and times of day as people write them: no zone, no moment.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A calendar date, `2026-11-22` (RFC 3339 full-date).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub jiff::civil::Date);

/// A month of a year, `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: u16,
    month: u8,
}

/// A time of day to the minute, `09:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime {
    hour: u8,
    minute: u8,
}

/// A stretch of the day in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// When it starts.
    pub start: LocalTime,
    /// When it ends; earlier than the start means on the next day.
    pub end: LocalTime,
}

/// The text is not of the expected form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not a date.
    #[error("expected a date of the form `2026-11-22`")]
    Date,
    /// Not a month.
    #[error("expected a month of the form `2026-11`")]
    Month,
    /// Not a time of day.
    #[error("expected a time of day of the form `09:30`")]
    Time,
}

impl Date {
    /// Parses a date.
    ///
    /// # Errors
    /// When it is not exactly year, month and day of a date that exists.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let shaped = text.len() == 10 && text.split('-').map(str::len).eq([4, 2, 2]);
        let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if !(shaped && digits) {
            return Err(CalendarError::Date);
        }
        text.parse().map(Self).map_err(|_| CalendarError::Date)
    }
}

impl Month {
    /// Parses a month.
    ///
    /// # Errors
    /// When it is not exactly year and month.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let (year, month) = text.split_once('-').ok_or(CalendarError::Month)?;
        let year = number(year, 4).ok_or(CalendarError::Month)?;
        let month = number(month, 2).and_then(|month| u8::try_from(month).ok());
        let month = month.filter(|m| (1..=12).contains(m)).ok_or(CalendarError::Month)?;
        Ok(Self { year, month })
    }

    /// Months since the beginning of year 0.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.year as u32 * 12 + self.month as u32 - 1
    }
}

impl LocalTime {
    /// Parses a time of day.
    ///
    /// # Errors
    /// When it is not exactly hour and minute.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let (hour, minute) = text.split_once(':').ok_or(CalendarError::Time)?;
        let part =
            |text, max| number(text, 2).and_then(|n| u8::try_from(n).ok()).filter(|n| *n <= max);
        let hour = part(hour, 23).ok_or(CalendarError::Time)?;
        let minute = part(minute, 59).ok_or(CalendarError::Time)?;
        Ok(Self { hour, minute })
    }

    /// Minutes since midnight.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.hour as u16 * 60 + self.minute as u16
    }
}

/// Exactly `width` ASCII digits.
fn number(text: &str, width: usize) -> Option<u16> {
    let digits = text.len() == width && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for LocalTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Date {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .pattern(Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))
            .into()
    }
}
impl ToSchema for Date {}

impl PartialSchema for Month {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9]{4}-(0[1-9]|1[0-2])$"))
            .into()
    }
}
impl ToSchema for Month {}

impl PartialSchema for LocalTime {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$"))
            .into()
    }
}
impl ToSchema for LocalTime {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_published_form_is_a_date() {
        for text in ["", "20261122", "2026-11-22T00:00", "2026-02-30", "26-11-2022", "-026-11-22"] {
            assert!(Date::parse(text).is_err(), "{text}");
        }
        assert_eq!(Date::parse("2028-02-29").unwrap().to_string(), "2028-02-29");
    }

    #[test]
    fn only_the_published_form_is_a_month() {
        for text in ["", "2026-13", "2026-00", "2026-1", "202-11", "+026-11", "2026-11-01"] {
            assert!(Month::parse(text).is_err(), "{text}");
        }
        assert_eq!(Month::parse("0099-01").unwrap().to_string(), "0099-01");
    }

    #[test]
    fn only_the_published_form_is_a_time_of_day() {
        for text in ["", "24:00", "12:60", "9:30", "09:30:00", "+9:30", "0930"] {
            assert!(LocalTime::parse(text).is_err(), "{text}");
        }
        assert_eq!(LocalTime::parse("09:30").unwrap().minutes(), 570);
    }
}
