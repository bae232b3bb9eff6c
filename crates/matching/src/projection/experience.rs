//! From dated employments to positions without dates.
//!
//! Time out of work must not weigh. So only months of work are counted, each once, and how recent
//! something is, is told by the months worked since. A gap moves dates and nothing else.

use super::Position;
use crate::redact::Redacted;

/// A dated employment, as the profile has it.
#[derive(Clone, Debug)]
pub struct Spell {
    /// The title, redacted.
    pub title: Redacted,
    /// First month: years since 0 times 12, plus the month from 0 to 11.
    pub start: Option<u32>,
    /// Last month, counted alike; none when it goes on.
    pub end: Option<u32>,
}

/// The positions of a profile, the latest first. `now` is the month until which open ones count.
///
/// An employment without a first month is kept with no months.
#[must_use]
pub fn positions(spells: &[Spell], now: u32) -> Vec<Position> {
    let mut ordered: Vec<(usize, &Spell)> = spells.iter().enumerate().collect();
    ordered.sort_by_key(|(index, spell)| {
        (std::cmp::Reverse((last(spell, now), spell.start.unwrap_or(0))), *index)
    });
    let months = |spell: &Spell| spell.start.map_or(0, |start| length(start, last(spell, now)));
    ordered
        .into_iter()
        .map(|(_, spell)| Position { title: spell.title.clone(), months: months(spell) })
        .collect()
}

/// Months worked after the end of `year`, overlapping employments counted once.
///
/// None when no employment is dated: then there is no time line to tell by.
#[must_use]
pub fn idle_months(spells: &[Spell], year: u32, now: u32) -> Option<u16> {
    let after = year.saturating_add(1).saturating_mul(12);
    let mut spans: Vec<(u32, u32)> =
        spells.iter().filter_map(|spell| Some((spell.start?, last(spell, now).min(now)))).collect();
    if spans.is_empty() {
        return None;
    }
    spans.sort_unstable();
    let mut worked = 0_u32;
    let mut free_from = after;
    for (start, end) in spans {
        let start = start.max(free_from);
        if end >= start {
            worked = worked.saturating_add(end - start + 1);
            free_from = end + 1;
        }
    }
    Some(u16::try_from(worked).unwrap_or(u16::MAX))
}

fn last(spell: &Spell, now: u32) -> u32 {
    spell.end.unwrap_or(now).min(now)
}

fn length(start: u32, end: u32) -> u16 {
    u16::try_from((end + 1).saturating_sub(start)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Redactor;

    const NOW: u32 = 2026 * 12 + 10;

    fn spell(title: &str, start: u32, end: Option<u32>) -> Spell {
        Spell { title: Redactor::default().redact(title), start: Some(start), end }
    }

    #[test]
    fn overlapping_work_counts_once() {
        let spells =
            [spell("one", 2020 * 12, Some(2020 * 12 + 11)), spell("two", 2020 * 12 + 6, None)];

        assert_eq!(idle_months(&spells, 2019, NOW), Some(83));
    }

    #[test]
    fn a_gap_changes_nothing() {
        let years = 24;
        let straight =
            [spell("old", 2018 * 12, Some(2021 * 12 - 1)), spell("new", 2021 * 12, None)];
        let with_gap = [
            spell("old", 2018 * 12 - years, Some(2021 * 12 - 1 - years)),
            spell("new", 2021 * 12, None),
        ];

        assert_eq!(positions(&straight, NOW), positions(&with_gap, NOW));
        assert_eq!(idle_months(&straight, 2019, NOW), idle_months(&with_gap, 2017, NOW));
    }

    #[test]
    fn the_latest_position_comes_first() {
        let spells = [spell("old", 2018 * 12, Some(2019 * 12)), spell("new", 2021 * 12, None)];

        let found = positions(&spells, NOW);

        assert_eq!(found.first().map(|position| position.title.as_str()), Some("new"));
        assert_eq!(found.first().map(|position| position.months), Some(71));
    }
}
