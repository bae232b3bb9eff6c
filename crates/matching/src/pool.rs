//! A tenant's candidates in memory, column by column, ready to be ranked.
//!
//! Rows are only ever added: an update kills the old row and adds a new one, and when an eighth of
//! the rows is dead, [`Pool::insert`] drops them all. Who must be gone at once: [`Pool::purge`].
//! What candidates share (places, languages, authorisations, titles) is kept once and numbered, so
//! that a ranking judges each distinct value once and each candidate by looking it up.

mod columns;
mod purge;

use std::borrow::Cow;
use std::collections::HashMap;

use kernel::{CandidateId, ClientCompanyId, CountryCode, CurrencyCode, TimeZoneName};

use crate::exchange::yearly_minor;
use crate::intern::Interner;
use crate::projection::{Availability, Hours, Projection, Standing};
use crate::terms::terms;
use crate::text::{Fields, Live, ROWS_MAX, TextIndex, TextModel};
use crate::vocabulary::Vocabulary;
use crate::words::folded;

pub(crate) use self::columns::{Columns, Conditions, Grade, Held, Position};

/// A tenant's candidates.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    rows: HashMap<CandidateId, u32>,
    pub(crate) live: Live,
    pub(crate) columns: Columns,
    pub(crate) text: TextIndex,
    pub(crate) skills: Interner<String>,
    pub(crate) skill_facts: Vec<SkillFacts>,
    pub(crate) titles: Interner<String>,
    /// The terms of titles.
    pub(crate) stems: Interner<String>,
    pub(crate) title_facts: Vec<TitleFacts>,
    pub(crate) places: Interner<(Option<TimeZoneName>, Option<Hours>)>,
    pub(crate) homes: Interner<Home>,
    pub(crate) languages: Interner<Vec<(String, u8)>>,
    pub(crate) blocked: Interner<Vec<ClientCompanyId>>,
    pub(crate) currencies: Interner<Option<CurrencyCode>>,
    pub(crate) standings: Interner<Standing>,
    pub(crate) availabilities: Interner<Availability>,
}

/// Where somebody works from, and where they may.
pub(crate) type Home = (Option<CountryCode>, Vec<(CountryCode, bool, Option<jiff::civil::Date>)>);

/// What is known of a skill that somebody in the pool has.
#[derive(Clone, Debug)]
pub(crate) struct SkillFacts {
    /// Its number in the vocabulary, where that knows it.
    pub(crate) concept: Option<u32>,
    pub(crate) label: String,
    /// The label folded, where the vocabulary does not know the skill: all that is left to compare.
    pub(crate) name: Option<String>,
    /// How many live candidates have it.
    pub(crate) having: u32,
}

/// What is known of a title that somebody in the pool held.
#[derive(Clone, Debug)]
pub(crate) struct TitleFacts {
    pub(crate) occupation: Option<u32>,
    /// As the first to hold it writes it.
    pub(crate) title: String,
    /// Its terms, as the pool numbers them.
    pub(crate) stems: Vec<u32>,
}

/// The pool has as many rows as it can number: 16,777,216 candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pool holds at most {ROWS_MAX} candidates")]
pub struct PoolFull;

impl SkillFacts {
    /// The label, as names are compared.
    pub(crate) fn folded(&self) -> Cow<'_, str> {
        self.name.as_deref().map_or_else(|| folded(&self.label).into(), Cow::Borrowed)
    }
}

impl Pool {
    /// An empty pool.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty pool whose texts are indexed by this model.
    #[must_use]
    pub fn with_text(model: TextModel) -> Self {
        Self { text: TextIndex::new(model), ..Self::default() }
    }

    /// How many candidates it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.live.count as usize
    }

    /// How many rows it has in memory, also of candidates who were removed or replaced.
    #[must_use]
    pub const fn rows_held(&self) -> usize {
        self.live.rows.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.live.count == 0
    }

    /// Whether it holds a candidate.
    #[must_use]
    pub fn contains(&self, candidate: CandidateId) -> bool {
        self.rows.contains_key(&candidate)
    }

    /// Adds a candidate, or replaces what was known of them.
    ///
    /// # Errors
    /// When the pool is full.
    pub fn insert(
        &mut self,
        candidate: CandidateId,
        projection: &Projection,
    ) -> Result<(), PoolFull> {
        self.remove(candidate);
        self.compact();
        let row = u32::try_from(self.columns.len()).map_err(|_| PoolFull)?;
        if row >= ROWS_MAX {
            return Err(PoolFull);
        }
        self.index(row, projection);
        self.fill(candidate, projection);
        self.rows.insert(candidate, row);
        self.live.rows.push(true);
        self.live.count += 1;
        Ok(())
    }

    /// Takes a candidate out; whether they were there.
    pub fn remove(&mut self, candidate: CandidateId) -> bool {
        let Some(row) = self.rows.remove(&candidate) else { return false };
        if let Some(lives) = self.live.rows.get_mut(row as usize) {
            *lives = false;
        }
        self.live.count -= 1;
        for held in self.columns.skills(row) {
            if let Some(facts) = self.skill_facts.get_mut(held.skill() as usize) {
                facts.having -= 1;
            }
        }
        true
    }

    /// The row of a candidate.
    pub(crate) fn row(&self, candidate: CandidateId) -> Option<u32> {
        self.rows.get(&candidate).copied()
    }

    /// Bytes that the pool takes, without what the allocator adds.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let map = self.rows.capacity() * (size_of::<(CandidateId, u32)>() + 1);
        map + self.live.rows.capacity() + self.columns.memory_bytes() + self.text.memory_bytes()
    }

    /// Drops what is dead when an eighth of all rows is.
    fn compact(&mut self) {
        let all = self.live.rows.len();
        if (all - self.len()) * 8 < all.max(COMPACT_LEAST) {
            return;
        }
        self.purge();
    }

    fn index(&mut self, row: u32, projection: &Projection) {
        let fields = Fields {
            titles: projection.positions.iter().map(|held| held.title.as_str()).collect(),
            skills: projection.skills.iter().map(|skill| skill.label.as_str()).collect(),
            body: projection.text.as_str(),
        };
        self.text.push(row, &fields);
    }

    fn fill(&mut self, candidate: CandidateId, projection: &Projection) {
        let Projection { availability, standing, .. } = *projection;
        let skills: Vec<Held> = projection.skills.iter().map(|skill| self.held(skill)).collect();
        let positions: Vec<Position> = projection
            .positions
            .iter()
            .map(|position| Position::new(self.title(position.title.as_str()), position.months))
            .collect();
        let place = (projection.time_zone.clone(), projection.working_hours);
        let home = (
            projection.country,
            projection
                .authorisations
                .iter()
                .map(|at| (at.country, at.may_work, at.until))
                .collect(),
        );
        let languages: Vec<(String, u8)> = projection
            .languages
            .iter()
            .map(|language| (language.tag.as_str().to_owned(), language.level))
            .collect();
        let pay = projection.desired_pay;
        let row = columns::Row {
            candidate,
            digest: columns::digest(projection),
            currency: self.currencies.number(&pay.map(|pay| pay.currency)),
            pay_yearly: pay.map_or(0, |pay| yearly_minor(&pay)),
        };
        let conditions = Conditions {
            place: self.places.number(&place),
            home: self.homes.number(&home),
            languages: self.languages.number(&languages),
            blocked: self.blocked.number(&projection.blocked_clients),
            standing: self.standings.number(&standing),
            availability: self.availabilities.number(&availability),
        };
        self.columns.push((row, conditions), &skills, &positions);
    }

    fn held(&mut self, skill: &crate::projection::HeldSkill) -> Held {
        let concept = Vocabulary::shared().skill(&skill.id, &skill.label);
        // One number for all the names of one concept.
        let canonical = concept.and_then(|number| Vocabulary::shared().concept(number));
        let number = self.skills.number(canonical.map_or(skill.id.as_str(), |known| &known.id));
        if number as usize == self.skill_facts.len() {
            let name = concept.is_none().then(|| folded(&skill.label));
            let facts = SkillFacts { concept, label: skill.label.clone(), name, having: 0 };
            self.skill_facts.push(facts);
        }
        if let Some(facts) = self.skill_facts.get_mut(number as usize) {
            facts.having += 1;
        }
        Held::new(number, skill)
    }

    fn title(&mut self, title: &str) -> u32 {
        let stems = stems(title);
        let number = self.titles.number(&stems.join(" "));
        if number as usize == self.title_facts.len() {
            let occupation = Vocabulary::shared().occupation(title);
            let title = title.to_owned();
            let stems = stems.iter().map(|stem| self.stems.number(stem)).collect();
            self.title_facts.push(TitleFacts { occupation, title, stems });
        }
        number
    }
}

/// A title's terms, sorted, each once. Rank in a hierarchy is not part of an occupation.
pub(crate) fn stems(title: &str) -> Vec<String> {
    let is_rank = |stem: &String| RANKS.contains(&stem.as_str());
    let mut stems: Vec<String> =
        terms(title).map(|term| term.stem).filter(|stem| !is_rank(stem)).collect();
    stems.sort_unstable();
    stems.dedup();
    stems
}

/// As [`terms`] cuts them.
const RANKS: &[&str] = &[
    "senior", "junior", "lead", "staff", "princip", "chief", "head", "mid", "entry", "intern",
    "associat", "sr", "jr",
];
/// Smaller pools keep some dead rows: compacting them gains nothing.
const COMPACT_LEAST: usize = 1_024;
