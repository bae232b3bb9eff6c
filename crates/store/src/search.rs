//! Finding jobs by words and facets, the same on every database.
//!
//! Words are matched as substrings of folded text: right for some thousands of jobs, and its cost
//! grows with their number. A full-text engine takes its place behind the same function.

use kernel::{CountryCode, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr};
use sea_orm::{ColumnTrait, Condition};
use serde::Serialize;
use serde_json::Value;
use staffing::job::remote::{RemoteKind, RemotePolicy};
use staffing::job::{EmploymentType, JobSkills};
use unicode_normalization::UnicodeNormalization;

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Facets {
    /// Every word must occur.
    pub q: Option<String>,
    /// May be worked from one of these countries.
    pub countries: Vec<CountryCode>,
    /// Asks for one of these skills, by id.
    pub skills: Vec<String>,
    /// How remote.
    pub remote: Option<RemoteKind>,
    /// How contracted.
    pub employment_type: Option<EmploymentType>,
    /// Posted at this moment or later.
    pub posted_after: Option<Timestamp>,
    /// Posted before this moment.
    pub posted_before: Option<Timestamp>,
}

/// Where a table keeps what facets look at.
pub(crate) struct Columns<C> {
    pub(crate) text: C,
    pub(crate) skills: C,
    pub(crate) countries: C,
    pub(crate) remote_kind: C,
    pub(crate) employment_type: C,
}

/// The facets as a condition: different ones are ANDed, values of one are ORed.
pub(crate) fn condition<C: ColumnTrait>(facets: &Facets, columns: &Columns<C>) -> Condition {
    let mut all = Condition::all();
    for word in folded(facets.q.as_deref().unwrap_or_default()).split_whitespace().take(WORDS_MAX) {
        all = all.add(has(columns.text, word));
    }
    all = all.add(any_skill(&facets.skills, columns.skills));
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

/// One of these skills, or any where none is named.
pub(crate) fn any_skill<C: ColumnTrait>(skills: &[String], column: C) -> Condition {
    if skills.is_empty() {
        return Condition::all();
    }
    skills.iter().fold(Condition::any(), |any, skill| any.add(has(column, &skill_token(skill))))
}

/// Skill ids of a document as tokens between bars: `|local:rust|esco:…|`.
pub(crate) fn skill_tokens(document: &Value) -> String {
    let skills = document.get("skills").and_then(Value::as_array);
    let ids = skills.into_iter().flatten().filter_map(|skill| skill.get("skill_id")?.as_str());
    ids.map(skill_token).collect()
}

/// Texts folded and put together for matching words.
pub(crate) fn text<const N: usize>(texts: [&str; N]) -> String {
    folded(&texts.join("\n"))
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
const WORDS_MAX: usize = 10;
