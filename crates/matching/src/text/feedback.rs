//! Widens a query by what its best rows have in common: pseudo-relevance feedback, as in Lavrenko
//! and Croft, "Relevance-Based Language Models" (2001), here with BM25's weights.

use std::collections::HashMap;

use super::{IMPACT_BITS, IMPACT_MASK, Live, Query, TextIndex, Wanted, saturated};
use crate::rarity::rarity;

impl TextIndex {
    /// The query with the terms that its best rows share. The same query where rows are not kept.
    pub(crate) fn widened(&self, query: Query, best: &[u32], live: &Live) -> Query {
        let shared = self.shared(best, live);
        let mass: u64 = shared.iter().map(|(_, weight)| weight).sum();
        let own: u64 = query.terms.iter().map(|wanted| u64::from(wanted.weight)).sum();
        if mass == 0 || own == 0 {
            return query;
        }
        let part = |weight: u64, of: u64, percent: u64| {
            u32::try_from(weight * MASS * percent / (100 * of)).unwrap_or(u32::MAX)
        };
        let mut terms: HashMap<String, Wanted> = HashMap::new();
        for wanted in query.terms {
            let weight = part(u64::from(wanted.weight), own, 100 - SHARED_PERCENT);
            terms.insert(wanted.stem.clone(), Wanted { weight, ..wanted });
        }
        for (stem, weight) in shared {
            let wanted = terms.entry(stem.clone()).or_insert_with(|| Wanted {
                word: stem.clone(),
                stem,
                weight: 0,
            });
            wanted.weight += part(weight, mass, SHARED_PERCENT);
        }
        let mut terms: Vec<Wanted> = terms.into_values().collect();
        terms.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.stem.cmp(&b.stem)));
        Query { terms }
    }

    /// The terms that weigh most in some rows, with their weights.
    fn shared(&self, rows: &[u32], live: &Live) -> Vec<(String, u64)> {
        let mut weights: HashMap<u32, u64> = HashMap::new();
        for posting in rows.iter().flat_map(|row| self.terms_of(*row)) {
            let term = posting >> IMPACT_BITS;
            *weights.entry(term).or_default() += saturated(posting & IMPACT_MASK);
        }
        let weigh = |(term, saturated): (u32, u64)| {
            let having = live.among(self.postings.get(term as usize)?);
            let stem = self.stems.get(term as usize)?.clone();
            Some((stem, saturated * u64::from(rarity(live.count, having) - super::COMMON)))
        };
        let mut shared: Vec<(String, u64)> = weights.into_iter().filter_map(weigh).collect();
        shared.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        shared.truncate(SHARED_TERMS);
        shared
    }
}

/// The sum of a widened query's weights, about.
const MASS: u64 = 100_000;
/// How much of it is the shared terms'.
const SHARED_PERCENT: u64 = 60;
const SHARED_TERMS: usize = 30;
