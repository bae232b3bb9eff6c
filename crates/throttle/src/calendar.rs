//! Days, weeks and months as a customer's calendar has them.

use std::sync::{Mutex, PoisonError};

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

/// How long a quota lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday (ISO 8601).
    Week,
    /// From the first to the first.
    Month,
}

/// Periods in one time zone.
#[derive(Debug)]
pub struct Calendar {
    period: Period,
    zone: TimeZone,
    /// The period that was asked for last: the calendar is consulted once a period, not a request.
    last: Mutex<Bounds>,
}

/// When a period begins and ends, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The first millisecond of it.
    pub start_ms: u64,
    /// The first millisecond after it.
    pub end_ms: u64,
}

impl Calendar {
    /// Periods in a zone of the IANA database.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn new(period: Period, zone: &str) -> Result<Self, jiff::Error> {
        let zone = TimeZone::get(zone)?;
        Ok(Self { period, zone, last: Mutex::new(Bounds::default()) })
    }

    /// The kind of period.
    #[must_use]
    pub const fn period(&self) -> Period {
        self.period
    }

    /// The name of the zone.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The period that holds a moment.
    #[must_use]
    pub fn around(&self, now_ms: u64) -> Bounds {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if now_ms < last.start_ms || now_ms >= last.end_ms {
            // Beyond the calendar's years nothing is left to count: one period without an end.
            *last = self.find(now_ms).unwrap_or(Bounds { start_ms: 0, end_ms: u64::MAX });
        }
        *last
    }

    fn find(&self, now_ms: u64) -> Option<Bounds> {
        let now = Timestamp::from_millisecond(i64::try_from(now_ms).ok()?).ok()?;
        let today = now.to_zoned(self.zone.clone()).date();
        let (first, length) = match self.period {
            Period::Day => (today, Span::new().days(1)),
            Period::Week => {
                let since_monday = i64::from(today.weekday().to_monday_zero_offset());
                let monday = today.checked_sub(Span::new().days(since_monday)).ok()?;
                (monday, Span::new().weeks(1))
            }
            Period::Month => (today.first_of_month(), Span::new().months(1)),
        };
        let end = first.checked_add(length).ok()?;
        let moment = |date: jiff::civil::Date| -> Option<u64> {
            let zoned: Zoned = date.to_zoned(self.zone.clone()).ok()?;
            u64::try_from(zoned.timestamp().as_millisecond()).ok()
        };
        Some(Bounds { start_ms: moment(first)?, end_ms: moment(end)? })
    }
}

impl Clone for Calendar {
    fn clone(&self) -> Self {
        Self { period: self.period, zone: self.zone.clone(), last: Mutex::default() }
    }
}

impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        self.period == other.period && self.zone == other.zone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(period: Period, zone: &str, now: &str) -> [String; 2] {
        let now: Timestamp = now.parse().unwrap();
        let calendar = Calendar::new(period, zone).unwrap();
        let bounds = calendar.around(now.as_millisecond().try_into().unwrap());
        [bounds.start_ms, bounds.end_ms]
            .map(|ms| Timestamp::from_millisecond(ms.try_into().unwrap()).unwrap().to_string())
    }

    #[test]
    fn a_day_begins_at_midnight_in_its_zone_also_when_clocks_change() {
        let day = bounds(Period::Day, "Europe/Berlin", "2026-10-25T12:00:00Z");

        // The night in which summer time ends: 25 hours.
        assert_eq!(day, ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"]);
    }

    #[test]
    fn a_week_begins_on_monday() {
        let week = bounds(Period::Week, "UTC", "2026-11-29T23:59:59Z");

        assert_eq!(week, ["2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"]);
    }

    #[test]
    fn a_month_begins_on_its_first_day() {
        let month = bounds(Period::Month, "America/New_York", "2026-12-01T04:59:59Z");

        assert_eq!(month, ["2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z"]);
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        assert!(Calendar::new(Period::Day, "Mars/Olympus").is_err());
    }
}
