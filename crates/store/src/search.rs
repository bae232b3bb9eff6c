//! Finding jobs by words and facets, the same on every database.
//!
//! Words are found by each database's own full-text index; what a word is, and how much it counts
//! where, is decided here (docs/decisions/0014-sync-search-bulk-sandbox.md).

use kernel::{CountryCode, Timestamp};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, LikeExpr};
use sea_orm::{ColumnTrait, Condition, DbBackend, DbErr, FromQueryResult, QueryResult};
use serde::Serialize;
use serde_json::Value;
use staffing::job::remote::{RemoteKind, RemotePolicy};
use staffing::job::{EmploymentType, JobSkills};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::dialect::{self, WordField, WordIndex};
use crate::words::{self, Phrase};

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Facets {
    /// Words and `"phrases"` that must all occur; `word*` is the start of one.
    pub q: Option<String>,
    /// May be worked from one of these countries.
    pub countries: Vec<CountryCode>,
    /// Asks for one of these skills, by id.
    pub skills: Vec<String>,
    /// Asks for all of them, not for one.
    pub all_skills: bool,
    /// How remote.
    pub remote: Option<RemoteKind>,
    /// How contracted.
    pub employment_type: Option<EmploymentType>,
    /// Posted at this moment or later.
    pub posted_after: Option<Timestamp>,
    /// Posted before this moment.
    pub posted_before: Option<Timestamp>,
}

/// Which job comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest.
    #[default]
    Newest,
    /// The one that answers the question best; of equals the newest.
    Relevance,
}

/// How many jobs there are of each kind, the most frequent first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Jobs that were counted, at most [`COUNTED_MAX`].
    pub jobs: usize,
    /// Skill ids, in lower case.
    pub skills: Vec<(String, usize)>,
    /// Countries that are listed by name.
    pub countries: Vec<(String, usize)>,
    /// How remote.
    pub remote: Vec<(String, usize)>,
    /// How contracted.
    pub employment_types: Vec<(String, usize)>,
}

/// What is counted of one job: skills, countries, how remote, how contracted.
pub(crate) type Counted = (String, String, String, String);

/// A row and how well it answers.
pub(crate) struct Scored<M> {
    pub(crate) row: M,
    pub(crate) relevance: i64,
}

impl<M: FromQueryResult> FromQueryResult for Scored<M> {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let relevance = row.try_get(prefix, RELEVANCE)?;
        Ok(Self { row: M::from_query_result(row, prefix)?, relevance })
    }
}

/// Where a table keeps what facets look at.
pub(crate) struct Columns<C> {
    pub(crate) words: WordIndex,
    pub(crate) skills: C,
    pub(crate) countries: C,
    pub(crate) remote_kind: C,
    pub(crate) employment_type: C,
}

/// The facets as a condition: different ones are ANDed, values of one are ORed.
pub(crate) fn condition<C: ColumnTrait>(
    backend: DbBackend,
    facets: &Facets,
    columns: &Columns<C>,
) -> Condition {
    let mut all = Condition::all().add(asked(backend, facets, columns.words));
    all = match facets.all_skills {
        true => facets.skills.iter().fold(all, |all, id| all.add(has_skill(id, columns.skills))),
        false => all.add(any_skill(&facets.skills, columns.skills)),
    };
    if !facets.countries.is_empty() {
        // A country is fine when it is listed, or when all are and it is not left out.
        let any = facets.countries.iter().fold(Condition::any(), |any, country| {
            let world = Condition::all()
                .add(has(columns.countries, WORLD))
                .add(has(columns.countries, &token(&format!("-{}", country.as_str()))).not());
            any.add(has(columns.countries, &token(country.as_str()))).add(world)
        });
        all = all.add(any);
    }
    if let Some(remote) = facets.remote {
        all = all.add(columns.remote_kind.eq(name(&remote)));
    }
    if let Some(employment) = facets.employment_type {
        all = all.add(columns.employment_type.eq(name(&employment)));
    }
    all
}

/// Everything that is asked for in words. A question of signs only finds nothing.
fn asked(backend: DbBackend, facets: &Facets, index: WordIndex) -> Condition {
    let question = facets.q.as_deref().unwrap_or_default().trim();
    let phrases = words::phrases(question);
    if phrases.is_empty() && !question.is_empty() {
        return Condition::all().add(Expr::val(1).eq(0));
    }
    phrases.iter().fold(Condition::all(), |all, phrase| {
        all.add(dialect::has_phrase(backend, index, phrase, WordField::Any))
    })
}

/// How well a row answers the question: each phrase counts by where it stands. All are equal
/// without a question, or where the order is another.
pub(crate) fn relevance(
    backend: DbBackend,
    facets: &Facets,
    order: Order,
    index: WordIndex,
) -> Expr {
    let worth = |phrase: &Phrase| -> Expr {
        let stands = |field| dialect::has_phrase(backend, index, phrase, field);
        CaseStatement::new()
            .case(stands(WordField::Title), TITLE_WORTH)
            .case(stands(WordField::Skills), SKILL_WORTH)
            .finally(TEXT_WORTH)
            .into()
    };
    let question = match order {
        Order::Newest => "",
        Order::Relevance => facets.q.as_deref().unwrap_or_default(),
    };
    let sum = words::phrases(question).iter().map(worth).reduce(|sum, one| sum.add(one));
    sum.unwrap_or_else(|| Expr::val(0_i64))
}

/// Counts what stands in these rows.
pub(crate) fn counts(rows: &[Counted]) -> Counts {
    let names = |text: &str| -> Vec<String> {
        let names = text.split('|').filter(|name| !name.is_empty() && *name != "*");
        names.filter(|name| !name.starts_with('-')).map(ToOwned::to_owned).collect()
    };
    Counts {
        jobs: rows.len(),
        skills: tally(rows.iter().flat_map(|row| names(&row.0))),
        countries: tally(rows.iter().flat_map(|row| names(&row.1))),
        remote: tally(rows.iter().map(|row| row.2.clone())),
        employment_types: tally(rows.iter().map(|row| row.3.clone())),
    }
}

fn tally(names: impl Iterator<Item = String>) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    // Stable: of equals the first by name.
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.truncate(NAMES_MAX);
    counts
}

fn has_skill<C: ColumnTrait>(id: &str, column: C) -> Expr {
    has(column, &skill_token(id))
}

/// The number of a row in the index of words: the random half of its id, without the sign.
pub(crate) fn search_id(id: Uuid) -> i64 {
    let (_, low) = id.as_u64_pair();
    i64::try_from(low & (u64::MAX >> 1)).unwrap_or(0)
}

/// One of these skills, or any where none is named.
pub(crate) fn any_skill<C: ColumnTrait>(skills: &[String], column: C) -> Condition {
    if skills.is_empty() {
        return Condition::all();
    }
    skills.iter().fold(Condition::any(), |any, skill| any.add(has_skill(skill, column)))
}

/// Skill ids of a document as tokens between bars: `|local:rust|esco:…|`.
pub(crate) fn skill_tokens(document: &Value) -> String {
    let skills = document.get("skills").and_then(Value::as_array);
    let ids = skills.into_iter().flatten().filter_map(|skill| skill.get("skill_id")?.as_str());
    ids.map(skill_token).collect()
}

/// The names of a job's skills as words.
pub(crate) fn skill_words(skills: &JobSkills) -> String {
    let names = skills.items().iter().map(|skill| words::canonical(skill.label.as_str()));
    names.collect::<Vec<_>>().join(" ")
}

/// Skill ids of a job as tokens.
pub(crate) fn skills(skills: &JobSkills) -> String {
    skills.items().iter().map(|skill| skill_token(skill.skill_id.as_str())).collect()
}

/// Countries as tokens; `*` for all, and `-` before those left out.
pub(crate) fn countries(policy: &RemotePolicy) -> String {
    let mut tokens: String = match &policy.countries_allowed {
        Some(allowed) => allowed.items().iter().map(|country| token(country.as_str())).collect(),
        None => WORLD.to_owned(),
    };
    tokens.extend(
        policy.countries_excluded.items().iter().map(|c| token(&format!("-{}", c.as_str()))),
    );
    tokens
}

/// The name of an enum's value as the contract writes it.
pub(crate) fn name(value: &impl Serialize) -> String {
    json(value).as_str().map(ToOwned::to_owned).unwrap_or_default()
}

/// Our own types have string keys and no floats: they always serialise.
pub(crate) fn json(value: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn token(id: &str) -> String {
    format!("|{id}|")
}

/// Folded, because `like` looks at the case of ASCII letters on PostgreSQL and not on SQLite.
fn skill_token(id: &str) -> String {
    token(&folded(id))
}

/// Stored text is in NFC; what is looked for may not be.
fn folded(text: &str) -> String {
    text.nfc().collect::<String>().to_lowercase()
}

/// The column holds the text somewhere; `%`, `_` and the escape itself stand for themselves.
fn has<C: ColumnTrait>(column: C, text: &str) -> Expr {
    let mut pattern = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    column.like(LikeExpr::new(format!("%{pattern}%")).escape('\\'))
}

const WORLD: &str = "|*|";
/// The name of the column with a row's relevance.
pub(crate) const RELEVANCE: &str = "relevance";
/// Most jobs that are looked at for counting.
pub const COUNTED_MAX: u64 = 10_000;
const NAMES_MAX: usize = 50;
/// A word in the title says more than one in the text.
const TITLE_WORTH: i64 = 4;
const SKILL_WORTH: i64 = 2;
const TEXT_WORTH: i64 = 1;
