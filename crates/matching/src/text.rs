//! The text index: BM25F over title, skills and body, on integers.
//!
//! Field weights and saturation follow Robertson and Zaragoza, "The Probabilistic Relevance
//! Framework" (2009) §3.6. Two departures: the body's length is normalised against a fixed length
//! and not the pool's average, so that a candidate's figures do not move with others; skills and
//! titles are not normalised at all, so that one more skill never lowers anybody.

mod feedback;

use std::collections::HashMap;

use crate::rarity::rarity;
use crate::terms::{Term, terms};

/// The texts of one candidate.
#[derive(Clone, Debug, Default)]
pub struct Fields<'a> {
    /// Titles of positions.
    pub titles: Vec<&'a str>,
    /// Labels of skills.
    pub skills: Vec<&'a str>,
    /// Everything else.
    pub body: &'a str,
}

/// How texts are indexed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextModel {
    /// Single words.
    #[default]
    Plain,
    /// Single words and pairs of neighbours, and the terms of each row kept, so that a query can be
    /// widened by what its best rows have in common. Four times the memory; for how much better it
    /// ranks see `docs/decisions/0012-matching.md`.
    Expanded,
}

/// A text index whose rows are numbered from 0 in order of arrival.
#[derive(Clone, Debug, Default)]
pub struct TextIndex {
    model: TextModel,
    numbers: HashMap<String, u32>,
    /// The stem of each term, where rows are kept.
    stems: Vec<String>,
    /// Of each row its terms: 24 bits of term, 8 of impact. Only where rows are kept.
    forward: Vec<u32>,
    ends: Vec<u32>,
    /// For each term its rows in rising order: 24 bits of row, 8 of impact.
    postings: Vec<Vec<u32>>,
}

/// What to look for: terms with their weights, the weightiest first.
#[derive(Clone, Debug, Default)]
pub struct Query {
    terms: Vec<Wanted>,
}

#[derive(Clone, Debug)]
struct Wanted {
    stem: String,
    word: String,
    weight: u32,
}

/// A term of a query, with its rows and what each impact is worth.
pub(crate) struct Weighed<'a> {
    pub(crate) word: String,
    postings: &'a [u32],
    worths: [u32; 256],
}

/// Which rows are live.
#[derive(Clone, Debug, Default)]
pub(crate) struct Live {
    pub(crate) rows: Vec<bool>,
    pub(crate) count: u32,
}

impl TextIndex {
    /// An empty index.
    #[must_use]
    pub fn new(model: TextModel) -> Self {
        Self { model, ..Self::default() }
    }

    /// Adds the next row.
    pub(crate) fn push(&mut self, row: u32, fields: &Fields<'_>) {
        let keeps_rows = self.model == TextModel::Expanded;
        for (stem, impact) in impacts(fields, self.model) {
            let next = u32::try_from(self.postings.len()).unwrap_or(u32::MAX);
            if keeps_rows && !self.numbers.contains_key(&stem) {
                self.stems.push(stem.clone());
            }
            let number = *self.numbers.entry(stem).or_insert(next);
            if number == next {
                self.postings.push(Vec::new());
            }
            if let Some(postings) = self.postings.get_mut(number as usize) {
                postings.push(row << IMPACT_BITS | impact);
            }
            if keeps_rows {
                self.forward.push(number << IMPACT_BITS | impact);
            }
        }
        if keeps_rows {
            self.ends.push(u32::try_from(self.forward.len()).unwrap_or(u32::MAX));
        }
    }

    /// Drops dead rows and numbers the others anew; `places` has for each old row its new number.
    pub(crate) fn renumber(&mut self, places: &[Option<u32>]) {
        for postings in &mut self.postings {
            let moved = |posting: &u32| {
                let place = places.get(row_of(*posting)).copied().flatten()?;
                Some(place << IMPACT_BITS | posting & IMPACT_MASK)
            };
            *postings = postings.iter().filter_map(moved).collect();
        }
        let (mut forward, mut ends) = (Vec::new(), Vec::new());
        for (row, _) in (0..).zip(places).filter(|(_, place)| place.is_some()) {
            forward.extend_from_slice(self.terms_of(row));
            ends.push(u32::try_from(forward.len()).unwrap_or(u32::MAX));
        }
        if self.model == TextModel::Expanded {
            (self.forward, self.ends) = (forward, ends);
        }
        self.sweep();
    }

    /// Drops the terms that no row has and numbers the others anew.
    fn sweep(&mut self) {
        let mut next = 0;
        let places: Vec<Option<u32>> = self
            .postings
            .iter()
            .map(|rows| (!rows.is_empty()).then_some(next).inspect(|_| next += 1))
            .collect();
        let place = |number: u32| places.get(number as usize).copied().flatten();
        self.postings.retain(|rows| !rows.is_empty());
        self.numbers.retain(|_, number| {
            let place = place(*number);
            *number = place.unwrap_or(*number);
            place.is_some()
        });
        let mut is_kept = places.iter().map(Option::is_some);
        self.stems.retain(|_| is_kept.next().unwrap_or(false));
        for term in &mut self.forward {
            let number = place(*term >> IMPACT_BITS).unwrap_or(*term >> IMPACT_BITS);
            *term = number << IMPACT_BITS | *term & IMPACT_MASK;
        }
    }

    /// The terms of a row, where rows are kept.
    fn terms_of(&self, row: u32) -> &[u32] {
        let row = row as usize;
        let end = |row: usize| self.ends.get(row).map_or(0, |end| *end as usize);
        let start = row.checked_sub(1).map_or(0, end);
        self.forward.get(start..end(row)).unwrap_or_default()
    }

    /// How texts are indexed.
    #[must_use]
    pub const fn model(&self) -> TextModel {
        self.model
    }

    /// What a query's terms weigh among the live rows.
    pub(crate) fn weigh<'a>(&'a self, query: &Query, live: &Live) -> Vec<Weighed<'a>> {
        let per_row = match self.model {
            TextModel::Plain => POSTINGS_PER_ROW,
            TextModel::Expanded => POSTINGS_PER_ROW_EXPANDED,
        };
        let mut budget = per_row * (u64::from(live.count) + 1_000);
        let weigh = |wanted: &Wanted| {
            let number = *self.numbers.get(&wanted.stem)?;
            let postings = self.postings.get(number as usize)?;
            let having = live.among(postings);
            budget = budget.checked_sub(u64::from(having))?;
            let weight = u64::from(wanted.weight) * u64::from(rarity(live.count, having) - COMMON);
            Some(Weighed { word: wanted.word.clone(), postings, worths: worths(weight) })
        };
        query.terms.iter().filter_map(weigh).collect()
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let terms: usize = self.numbers.keys().map(|stem| stem.capacity() + TERM_BYTES).sum();
        let rows = (self.forward.capacity() + self.ends.capacity()) * 4;
        terms + rows + self.postings.iter().map(|postings| postings.capacity() * 4).sum::<usize>()
    }
}

impl Live {
    fn among(&self, postings: &[u32]) -> u32 {
        let having = if self.rows.len() == self.count as usize {
            postings.len()
        } else {
            let lives =
                |posting: &&u32| self.rows.get(row_of(**posting)).is_some_and(|lives| *lives);
            postings.iter().filter(lives).count()
        };
        u32::try_from(having).unwrap_or(u32::MAX)
    }
}

impl Weighed<'_> {
    /// Adds the term's score to every row that has it; `scores` has a place for each row.
    pub(crate) fn score(&self, scores: &mut [u32]) {
        for posting in self.postings {
            if let Some(score) = scores.get_mut(row_of(*posting)) {
                // INVARIANT: at most TERMS_MAX terms of at most WORTH_MAX: no overflow.
                *score += self.worth(*posting);
            }
        }
    }

    /// What the term adds to one row.
    pub(crate) fn score_of(&self, row: u32) -> Option<u32> {
        let place = self.postings.binary_search_by_key(&row, |at| at >> IMPACT_BITS).ok()?;
        self.postings.get(place).map(|posting| self.worth(*posting))
    }

    fn worth(&self, posting: u32) -> u32 {
        self.worths.get((posting & IMPACT_MASK) as usize).copied().unwrap_or(0)
    }
}

impl Query {
    /// What to look for: the title counts most, then the skills, then the body.
    #[must_use]
    pub fn new(fields: &Fields<'_>, model: TextModel) -> Self {
        let mut wanted: HashMap<String, Wanted> = HashMap::new();
        let mut add = |text: &str, weight: u32| {
            for term in modelled(text, model) {
                let entry = wanted.entry(term.stem).or_insert_with_key(|stem| Wanted {
                    stem: stem.clone(),
                    word: term.word.to_owned(),
                    weight: 0,
                });
                // Said often is not said better: each further time counts half of the last.
                entry.weight = entry.weight.max(weight) + weight / 4;
            }
        };
        fields.titles.iter().for_each(|title| add(title, TITLE_WEIGHT * 4));
        fields.skills.iter().for_each(|skill| add(skill, SKILL_WEIGHT * 4));
        add(fields.body, 4);
        let mut terms: Vec<Wanted> = wanted.into_values().collect();
        terms.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.stem.cmp(&b.stem)));
        terms.truncate(match model {
            TextModel::Plain => TERMS_MAX,
            TextModel::Expanded => TERMS_MAX_EXPANDED,
        });
        Self { terms }
    }
}

/// The terms of a text as a model has them.
fn modelled(text: &str, model: TextModel) -> Box<dyn Iterator<Item = Term<'_>> + '_> {
    if model == TextModel::Plain {
        return Box::new(terms(text));
    }
    let mut last: Option<String> = None;
    Box::new(terms(text).flat_map(move |term| {
        let before = last.replace(term.stem.clone());
        let pair = before.map(|before| Term { stem: format!("{before} {}", term.stem), ..term });
        let single = Term { stem: last.clone().unwrap_or_default(), ..term };
        [Some(single), pair].into_iter().flatten()
    }))
}

/// What each term of a row weighs, in quarters, at most 255; in the order of the terms.
fn impacts(fields: &Fields<'_>, model: TextModel) -> Vec<(String, u32)> {
    let mut fixed: HashMap<String, u32> = HashMap::new();
    let mut body: HashMap<String, u32> = HashMap::new();
    let mut add = |texts: &[&str], weight: u32| {
        for term in texts.iter().flat_map(|text| modelled(text, model)) {
            *fixed.entry(term.stem).or_default() += weight * QUARTERS;
        }
    };
    add(&fields.titles, TITLE_WEIGHT);
    add(&fields.skills, SKILL_WEIGHT);
    let mut length = 0;
    for term in modelled(fields.body, model).take(BODY_TERMS_MAX) {
        *body.entry(term.stem).or_default() += 1;
        length += 1;
    }
    for (stem, count) in body {
        // count / (1 - b + b * length / usual), with b = 3/4, in quarters, rounded up.
        let normal = BODY_TERMS_USUAL + 3 * length;
        let impact = (count * QUARTERS * 4 * BODY_TERMS_USUAL).div_ceil(normal);
        *fixed.entry(stem).or_default() += impact;
    }
    let mut impacts: Vec<(String, u32)> =
        fixed.into_iter().map(|(stem, impact)| (stem, impact.min(IMPACT_MASK))).collect();
    impacts.sort_unstable();
    impacts
}

/// What a term of this weight is worth at each impact.
fn worths(weight: u64) -> [u32; 256] {
    std::array::from_fn(|impact| {
        let worth = weight * saturated(impact as u32) / 640;
        u32::try_from(worth).unwrap_or(u32::MAX).min(WORTH_MAX)
    })
}

/// `impact * (k1 + 1) / (impact + k1)`, in tenths, for an impact in quarters; k1 = 2.
fn saturated(impact: u32) -> u64 {
    let impact = u64::from(impact);
    impact * 30 / (impact + 2 * u64::from(QUARTERS))
}

const fn row_of(posting: u32) -> usize {
    (posting >> IMPACT_BITS) as usize
}

/// Rows fit the bits that impacts leave.
pub(crate) const ROWS_MAX: u32 = 1 << (32 - IMPACT_BITS);
const IMPACT_BITS: u32 = 8;
const IMPACT_MASK: u32 = 255;
const QUARTERS: u32 = 4;
const TITLE_WEIGHT: u32 = 8;
const SKILL_WEIGHT: u32 = 4;
/// A body of this many terms is neither short nor long.
const BODY_TERMS_USUAL: u32 = 300;
const BODY_TERMS_MAX: usize = 4_000;
/// Terms of a query; the rest counts for too little.
const TERMS_MAX: usize = 64;
const TERMS_MAX_EXPANDED: usize = 800;
/// Postings read for one query, per row of the pool.
const POSTINGS_PER_ROW: u64 = 6;
const POSTINGS_PER_ROW_EXPANDED: u64 = 100;
const WORTH_MAX: u32 = 1 << 24;
const TERM_BYTES: usize = 96;
/// The rarity of a term that everybody has.
const COMMON: u32 = 1_000;
