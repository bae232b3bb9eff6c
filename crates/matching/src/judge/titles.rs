//! How near the titles of a pool are to a job's.

use crate::points::Share;
use crate::policy::TitleRules;
use crate::pool::{Pool, Position, TitleFacts, stems};
use crate::vocabulary::{Nearness, Vocabulary};

/// What each distinct title is worth.
pub(crate) struct TitleTable {
    shares: Vec<u16>,
    recent: usize,
}

impl TitleTable {
    pub(super) fn new(pool: &Pool, title: &str, rules: &TitleRules) -> Self {
        let occupation = Vocabulary::shared().occupation(title);
        // Terms that no title has are like no other: each is a number of its own.
        let number =
            |(place, stem): (u32, String)| pool.stems.find(&stem).unwrap_or(u32::MAX - place);
        let stems: Vec<u32> = (0..).zip(stems(title)).map(number).collect();
        let share = |facts: &TitleFacts| {
            let share = match nearness((occupation, &stems), facts) {
                Nearness::Exact => rules.exact,
                Nearness::Group => rules.group,
                Nearness::Near => rules.near,
                Nearness::Far => 0,
            };
            u16::try_from(share).unwrap_or(0)
        };
        let shares = pool.title_facts.iter().map(share).collect();
        Self { shares, recent: usize::from(rules.positions) }
    }

    /// The nearest of the recent positions, and the months in all related ones.
    pub(crate) fn share(&self, positions: &[Position]) -> (Share, u32) {
        let (mut nearest, mut months) = (0, 0);
        for (index, position) in positions.iter().enumerate() {
            let share = self.of(*position);
            if index < self.recent {
                nearest = nearest.max(share);
            }
            months += if share > 0 { position.months() } else { 0 };
        }
        (Share::new(u32::from(nearest)), months)
    }

    /// What a position's title is worth, in ten-thousandths.
    pub(crate) fn of(&self, position: Position) -> u16 {
        self.shares.get(position.title() as usize).copied().unwrap_or(0)
    }

    /// How many positions count as recent.
    pub(crate) const fn recent(&self) -> usize {
        self.recent
    }
}

/// By ESCO occupation, or by the words where they say more.
fn nearness((occupation, stems): (Option<u32>, &[u32]), held: &TitleFacts) -> Nearness {
    let by_words = by_words(stems, &held.stems);
    let by_occupation = occupation
        .zip(held.occupation)
        .map_or(Nearness::Far, |(one, other)| Vocabulary::shared().nearness(one, other));
    by_words.max(by_occupation)
}

/// The same words are the same title; half of all words in common are of one group.
fn by_words<T: PartialEq>(one: &[T], other: &[T]) -> Nearness {
    let common = one.iter().filter(|stem| other.contains(stem)).count();
    let all = one.len() + other.len() - common;
    match common {
        0 => Nearness::Far,
        _ if common == all => Nearness::Exact,
        _ if common * 2 >= all => Nearness::Group,
        _ => Nearness::Far,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(one: &str, other: &str) -> Nearness {
        by_words(&stems(one), &stems(other))
    }

    #[test]
    fn words_in_common_make_titles_near() {
        assert_eq!(near("Rust Engineer", "Tax Adviser"), Nearness::Far);
        assert_eq!(near("", ""), Nearness::Far);
        assert_eq!(near("Rust Engineer", "Sales Engineer"), Nearness::Far);
        assert_eq!(near("Embedded Rust Engineer", "Rust Engineer"), Nearness::Group);
        assert_eq!(near("Engineer, Rust", "Rust engineer"), Nearness::Exact);
    }

    #[test]
    fn rank_and_gender_make_no_difference() {
        assert_eq!(near("Senior Rust Engineer", "Rust Engineer"), Nearness::Exact);
        assert_eq!(near("Ingeniera de software", "Ingeniero de software"), Nearness::Exact);
        assert_eq!(near("Softwareentwicklerin", "Softwareentwickler"), Nearness::Exact);
    }
}
