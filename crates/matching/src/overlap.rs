//! How many minutes of a day two places work at the same time, on a given date.

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use kernel::TimeZoneName;

use crate::projection::Hours;

/// A stretch of the day somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Where.
    pub zone: TimeZoneName,
    /// When, in local time.
    pub hours: Hours,
}

/// Minutes that both work, by the clocks of that date: summer time counts where it is observed.
///
/// None when a zone is not in the database that is compiled in.
#[must_use]
pub fn minutes(one: &Place, other: &Place, date: Date) -> Option<u16> {
    Some(shared(utc(one, date)?, utc(other, date)?))
}

/// Start and length in UTC, in minutes; the start may lie on the day before or after.
fn utc(place: &Place, date: Date) -> Option<(i32, i32)> {
    let start = i32::from(place.hours.start) - offset_minutes(&place.zone, date)?;
    Some((start.rem_euclid(DAY), length(place.hours)))
}

/// At noon, for a day on which clocks change is by then what it will be.
fn offset_minutes(zone: &TimeZoneName, date: Date) -> Option<i32> {
    let zone: TimeZone = TimeZoneDatabase::bundled().get(zone.as_str()).ok()?;
    Some(date.at(12, 0, 0, 0).to_zoned(zone).ok()?.offset().seconds() / 60)
}

/// Minutes of a stretch.
pub(crate) fn length(hours: Hours) -> i32 {
    let length = (i32::from(hours.end) - i32::from(hours.start)).rem_euclid(DAY);
    if length == 0 { DAY } else { length }
}

/// Days repeat, so each stretch also meets the other's of yesterday and tomorrow.
fn shared((one, one_length): (i32, i32), (other, other_length): (i32, i32)) -> u16 {
    let met = [-DAY, 0, DAY].into_iter().map(|shift| {
        let start = one.max(other + shift);
        let end = (one + one_length).min(other + shift + other_length);
        (end - start).max(0)
    });
    let sum: i32 = met.sum();
    u16::try_from(sum.min(one_length).min(other_length)).unwrap_or(0)
}

const DAY: i32 = 1_440;

#[cfg(test)]
mod tests {
    use super::*;

    fn place(zone: &str, start: u16, end: u16) -> Place {
        let zone = TimeZoneName::parse(zone).unwrap();
        Place { zone, hours: Hours { start: start * 60, end: end * 60 } }
    }

    fn on(date: &str, one: &Place, other: &Place) -> u16 {
        minutes(one, other, date.parse().unwrap()).unwrap()
    }

    #[test]
    fn opposite_sides_of_the_world_share_nothing() {
        let lisbon = place("Europe/Lisbon", 9, 17);
        let auckland = place("Pacific/Auckland", 9, 17);

        assert_eq!(on("2026-07-01", &lisbon, &auckland), 0);
    }

    #[test]
    fn summer_time_moves_the_overlap() {
        let berlin = place("Europe/Berlin", 9, 17);
        let new_york = place("America/New_York", 9, 17);

        // The United States change their clocks three weeks before the European Union.
        assert_eq!(on("2026-03-07", &berlin, &new_york), 120);
        assert_eq!(on("2026-03-09", &berlin, &new_york), 180);
        assert_eq!(on("2026-03-30", &berlin, &new_york), 120);
    }

    #[test]
    fn the_southern_summer_counts_too() {
        let london = place("Europe/London", 9, 17);
        let sydney = place("Australia/Sydney", 17, 23);

        assert_eq!(on("2026-01-15", &london, &sydney), 180);
        assert_eq!(on("2026-07-15", &london, &sydney), 300);
    }

    #[test]
    fn nights_and_half_hours_are_understood() {
        let night = place("Asia/Kolkata", 20, 4);
        let chicago = place("America/Chicago", 9, 17);

        // 20:00 in Kolkata is 14:30 in UTC; 09:00 in Chicago in winter is 15:00.
        assert_eq!(on("2026-01-15", &night, &chicago), 450);
    }

    #[test]
    fn overlap_does_not_depend_on_whose_it_is() {
        for (one, other) in [((9, 17), (22, 6)), ((0, 0), (9, 17)), ((13, 21), (7, 15))] {
            let one = place("Europe/Warsaw", one.0, one.1);
            let other = place("America/Sao_Paulo", other.0, other.1);
            assert_eq!(on("2026-11-01", &one, &other), on("2026-11-01", &other, &one));
        }
    }
}
