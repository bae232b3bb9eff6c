//! Which skills that a job asks for a row touches, and what that is worth at most: a few look-ups
//! and no division.

use super::skills::SkillTable;
use crate::points::Share;
use crate::pool::Held;

/// What the skills of a pool are worth at most for one job.
pub(crate) struct Reach {
    /// For each set of links which skills asked for it touches; the first touches none.
    touched: Vec<Touched>,
    /// For every eight skills asked for and each choice of them, what they are worth in
    /// ten-thousandths of the criterion, rounded up.
    same: Vec<[u32; 256]>,
    related: Vec<[u32; 256]>,
}

/// Skills asked for, as bits: those that a held skill is, and those that it is related to.
#[derive(Clone, Copy, Debug, Default)]
struct Touched {
    same: u64,
    related: u64,
}

impl Reach {
    pub(super) fn new(skills: &SkillTable) -> Self {
        let mut touched = vec![Touched::default()];
        let mut credits = vec![0_u64; skills.wanted.len()];
        for links in skills.sets() {
            let mut all = Touched::default();
            for link in links {
                let bit = 1_u64 << link.wanted;
                if link.relation.is_none() {
                    all.same |= bit;
                    continue;
                }
                all.related |= bit;
                if let Some(credit) = credits.get_mut(link.wanted) {
                    *credit = (*credit).max(link.credit());
                }
            }
            touched.push(all);
        }
        let all: u64 = skills.wanted.iter().map(|wanted| wanted.weight).sum();
        let most = |credit: u64, weight: u64| {
            u32::try_from((weight * credit).div_ceil(all.max(1))).unwrap_or(u32::MAX)
        };
        let weights = || skills.wanted.iter().map(|wanted| wanted.weight);
        let same: Vec<u32> = weights().map(|weight| most(10_000, weight)).collect();
        let related: Vec<u32> =
            weights().zip(&credits).map(|(weight, credit)| most(*credit, weight)).collect();
        Self { touched, same: sums(&same), related: sums(&related) }
    }

    /// The most that the criterion can be for a row.
    pub(crate) fn most(&self, skills: &SkillTable, held: &[Held]) -> Share {
        if skills.wanted.is_empty() {
            return Share::WHOLE;
        }
        let (mut same, mut related) = (0, 0);
        for held in held {
            let touched = self.touched.get(skills.set_of(*held)).copied().unwrap_or_default();
            same |= touched.same;
            related |= touched.related;
        }
        Share::new(worth(&self.same, same) + worth(&self.related, related & !same))
    }
}

/// For every eight numbers the sum of each choice of them.
fn sums(numbers: &[u32]) -> Vec<[u32; 256]> {
    let of = |eight: &[u32], choice: usize| {
        let chosen = eight.iter().enumerate().filter(|(place, _)| choice >> place & 1 == 1);
        chosen.map(|(_, number)| number).sum()
    };
    numbers.chunks(8).map(|eight| std::array::from_fn(|choice| of(eight, choice))).collect()
}

/// What a choice is worth.
fn worth(sums: &[[u32; 256]], choice: u64) -> u32 {
    let bytes = choice.to_le_bytes();
    sums.iter().zip(bytes).filter_map(|(sums, byte)| sums.get(usize::from(byte))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_worth_the_sum_of_its_parts() {
        let numbers: Vec<u32> = (0..50).map(|number| 1 << (number % 20)).collect();
        let sums = sums(&numbers);

        for choice in [0, 1, 0b101, 1 << 49, 0x0002_8421_8000_0401] {
            let parts = numbers.iter().enumerate().filter(|(place, _)| choice >> place & 1 == 1);
            assert_eq!(worth(&sums, choice), parts.map(|(_, number)| number).sum::<u32>());
        }
    }
}
