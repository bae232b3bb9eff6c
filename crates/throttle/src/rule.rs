//! A limit with a name, for whom it counts; and the rules of a request.

use crate::limit::{Limit, LimitError};
use crate::pace::Pace;
use crate::pick::Pick;
use crate::subject::By;

/// Most rules that one request is charged.
pub const RULES_MAX: usize = 8;

/// A limit with a name, for whom it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    name: String,
    by: By,
    limit: Limit,
    pace: Pace,
    salt: u64,
}

/// A rule that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A name that no header may hold.
    #[error("rule `{0}`: expected a name of 1 to 64 lower-case letters, digits, `-`, `_` and `.`")]
    Name(String),
    /// See [`LimitError`].
    #[error("rule `{0}`: {1}")]
    Limit(String, LimitError),
    /// It would count everybody together.
    #[error("rule `{0}`: expected at least one of address, client, api_key, tenant, operation")]
    Nobody(String),
    /// Two of one name.
    #[error("two rules are named `{0}`")]
    Twice(String),
    /// More than a request can be charged.
    #[error("expected at most {RULES_MAX} rules for one request, found {0}")]
    Many(usize),
}

impl Rule {
    /// A rule, checked.
    ///
    /// # Errors
    /// When its name or its limit cannot be.
    pub fn new(name: &str, by: By, limit: Limit) -> Result<Self, RuleError> {
        check(name, by)?;
        limit.check().map_err(|error| RuleError::Limit(name.to_owned(), error))?;
        // What is counted otherwise than before begins anew, and is not misread.
        let salt = salt(&format!("{name} {by:?} {}", shape(&limit)));
        let pace = limit.pace();
        Ok(Self { name: name.to_owned(), by, limit, pace, salt })
    }

    /// What headers, metrics and problems call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For whom it counts.
    #[must_use]
    pub const fn by(&self) -> By {
        self.by
    }

    /// What it allows.
    #[must_use]
    pub const fn limit(&self) -> &Limit {
        &self.limit
    }

    /// See [`Limit::pace`].
    pub(crate) const fn pace(&self) -> Pace {
        self.pace
    }

    /// Tells its cells from those of other rules, and of this one before it was changed. The same
    /// on every node.
    #[must_use]
    pub const fn salt(&self) -> u64 {
        self.salt
    }
}

/// The rules of a request, in the order in which headers name them.
#[derive(Debug, Default, PartialEq)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Rules that are charged together.
    ///
    /// # Errors
    /// When there are too many, or two share a name.
    pub fn new(rules: Vec<Rule>) -> Result<Self, RuleError> {
        if rules.len() > RULES_MAX {
            return Err(RuleError::Many(rules.len()));
        }
        distinct(rules.iter().map(Rule::name))?;
        Ok(Self(rules))
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Rule] {
        &self.0
    }

    /// Those that are picked, with their places.
    pub fn picked(&self, pick: Pick) -> impl Iterator<Item = (usize, &Rule)> {
        self.0.iter().enumerate().filter(move |(place, _)| pick.has(*place))
    }
}

/// Whether a rule can have this name, and count for these.
pub(crate) fn check(name: &str, by: By) -> Result<(), RuleError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(RuleError::Name(name.chars().take(64).collect()));
    }
    if by == By::default() {
        return Err(RuleError::Nobody(name.to_owned()));
    }
    Ok(())
}

/// Whether each name is there once: headers tell rules apart by them.
///
/// # Errors
/// With one that is not.
pub fn distinct<'n>(names: impl Iterator<Item = &'n str>) -> Result<(), RuleError> {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    match names.array_windows().find(|[one, other]| one == other) {
        Some([name, _]) => Err(RuleError::Twice((*name).to_owned())),
        None => Ok(()),
    }
}

/// What decides how a cell is read; the count does not.
fn shape(limit: &Limit) -> String {
    match limit {
        Limit::Rate { .. } => "rate".to_owned(),
        Limit::Window { per_ms, .. } => format!("window {per_ms}"),
        Limit::Quota { calendar, .. } => {
            format!("quota {:?} {}", calendar.period(), calendar.zone())
        }
    }
}

/// FNV-1a: the same on every node. Names are the operator's, so nobody chooses collisions.
pub(crate) fn salt(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
