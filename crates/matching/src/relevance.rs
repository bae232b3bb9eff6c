//! How well the words of each row fit a job's, by rank within the run.

use crate::opening::Opening;
use crate::points::Share;
use crate::pool::Pool;
use crate::text::{Fields, Query, TextModel, Weighed};

/// The words of a run.
pub(crate) struct Relevance<'a> {
    /// The terms, those that weigh most first.
    terms: Vec<Weighed<'a>>,
    scores: Vec<u32>,
    /// For each bucket of scores, what it is worth.
    shares: Vec<Share>,
    shift: u32,
}

impl<'a> Relevance<'a> {
    pub(crate) fn new(pool: &'a Pool, opening: &Opening, rows: &[u32]) -> Self {
        let fields = Fields {
            titles: vec![&opening.title],
            skills: opening.skills.iter().map(|skill| skill.label.as_str()).collect(),
            body: &opening.description,
        };
        let query = Query::new(&fields, pool.text.model());
        let (mut terms, mut scores) = scored(pool, &query);
        if pool.text.model() == TextModel::Expanded {
            let best = best(pool, rows, &scores);
            (terms, scores) = scored(pool, &pool.text.widened(query, &best, &pool.live));
        }
        let (shares, shift) = by_rank(&scores, rows);
        Self { terms, scores, shares, shift }
    }

    /// What a row's words are worth.
    pub(crate) fn share(&self, row: u32) -> Share {
        let score = self.scores.get(row as usize).copied().unwrap_or(0);
        self.shares.get((score >> self.shift) as usize).copied().unwrap_or(Share::NONE)
    }

    /// What a row's words were worth, did they score so much less.
    pub(crate) fn share_without(&self, row: u32, score: u32) -> Share {
        let left = self.scores.get(row as usize).map_or(0, |all| all.saturating_sub(score));
        self.shares.get((left >> self.shift) as usize).copied().unwrap_or(Share::NONE)
    }

    /// Of the query's weightiest words those that a row has, with their scores, the greatest first.
    pub(crate) fn hits(&'a self, row: u32) -> Vec<(&'a str, u32)> {
        let hit = |term: &'a Weighed<'_>| Some((term.word.as_str(), term.score_of(row)?));
        let mut hits: Vec<(&'a str, u32)> =
            self.terms.iter().take(HITS_MAX).filter_map(hit).collect();
        hits.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        hits
    }
}

/// The terms of a query and the score of each row.
fn scored<'a>(pool: &'a Pool, query: &Query) -> (Vec<Weighed<'a>>, Vec<u32>) {
    let mut scores = vec![0; pool.live.rows.len()];
    let terms = pool.text.weigh(query, &pool.live);
    terms.iter().for_each(|term| term.score(&mut scores));
    (terms, scores)
}

/// The best rows of a run by their words; those alike in the order of their candidates.
fn best(pool: &Pool, rows: &[u32], scores: &[u32]) -> Vec<u32> {
    let order = |row: &u32| {
        let score = scores.get(*row as usize).copied().unwrap_or(0);
        (std::cmp::Reverse(score), pool.columns.row(*row).map(|scalars| scalars.candidate))
    };
    // A small run has few rows that could teach anything.
    let count = FEEDBACK_ROWS.min(rows.len() / FEEDBACK_ONE_OF);
    let mut best = rows.to_vec();
    if best.len() > count {
        best.select_nth_unstable_by_key(count, order);
        best.truncate(count);
    }
    best
}

/// The share of a score is the part of the run that scores less. Scores are put into buckets, so
/// that a run is ranked in one pass. Nothing in common is worth nothing.
fn by_rank(scores: &[u32], rows: &[u32]) -> (Vec<Share>, u32) {
    let of = |row: &u32| scores.get(*row as usize).copied().unwrap_or(0);
    let most = rows.iter().map(of).max().unwrap_or(0);
    let shift = (u32::BITS - most.leading_zeros()).saturating_sub(BUCKET_BITS);
    let mut counts = vec![0_u64; (most >> shift) as usize + 1];
    for row in rows {
        if let Some(count) = counts.get_mut((of(row) >> shift) as usize) {
            *count += 1;
        }
    }
    let others = (rows.len() as u64).saturating_sub(1);
    let mut below = 0;
    let share = |count: u64| {
        let share = Share::of(below, others);
        below += count;
        share
    };
    let mut shares: Vec<Share> = counts.into_iter().map(share).collect();
    if let Some(nothing) = shares.first_mut() {
        *nothing = Share::NONE;
    }
    (shares, shift)
}

const FEEDBACK_ROWS: usize = 10;
const FEEDBACK_ONE_OF: usize = 20;
/// Words of a query that evidence is looked for among.
const HITS_MAX: usize = 24;
const BUCKET_BITS: u32 = 14;

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(scores: &[u32]) -> Vec<u32> {
        let rows: Vec<u32> = (0..).zip(scores).map(|(row, _)| row).collect();
        let (shares, shift) = by_rank(scores, &rows);
        scores.iter().map(|score| shares[(score >> shift) as usize].parts()).collect()
    }

    #[test]
    fn nothing_in_common_is_worth_nothing() {
        assert_eq!(shares(&[0, 0, 0]), [0, 0, 0]);
    }

    #[test]
    fn the_best_gets_all_and_equals_get_the_same() {
        assert_eq!(shares(&[0, 5, 5, 9, 1]), [0, 5_000, 5_000, 10_000, 2_500]);
        assert_eq!(shares(&[7]), [10_000]);
    }
}
