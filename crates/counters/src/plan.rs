//! Rules, and what each does while the store is away.

use serde::{Deserialize, Serialize};
use throttle::{Calendar, Limit, Rule, RuleError, Rules, Subject};

/// What a rule does while the store is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnStoreError {
    /// Each node counts its share of the limit.
    #[default]
    Local,
    /// Each node counts the whole limit: so many more pass as there are nodes.
    Open,
    /// Nobody passes.
    Closed,
}

/// The rules of a request, whole and for the time in which the store is away.
#[derive(Debug, Default)]
pub struct Plan {
    whole: Rules,
    away: Rules,
    modes: Vec<OnStoreError>,
}

impl Plan {
    /// Rules with their modes. `nodes` is how many nodes are expected to share a limit.
    ///
    /// # Errors
    /// When the rules cannot be charged together.
    pub fn new(rules: Vec<(Rule, OnStoreError)>, nodes: u32) -> Result<Self, RuleError> {
        let away = rules.iter().map(|(rule, mode)| match mode {
            OnStoreError::Local => share(rule, nodes),
            OnStoreError::Open | OnStoreError::Closed => share(rule, 1),
        });
        let away = Rules::new(away.collect::<Result<_, _>>()?)?;
        let (whole, modes) = rules.into_iter().unzip();
        Ok(Self { whole: Rules::new(whole)?, away, modes })
    }

    /// The rules as they are meant.
    #[must_use]
    pub const fn whole(&self) -> &Rules {
        &self.whole
    }

    /// What this node lets pass alone.
    pub(crate) const fn away(&self) -> &Rules {
        &self.away
    }

    /// The first rule that applies and lets nobody pass.
    pub(crate) fn closed(&self, who: &Subject<'_>) -> Option<&Rule> {
        let rules = self.whole.as_slice().iter().zip(&self.modes);
        let mut closed = rules.filter(|(_, mode)| **mode == OnStoreError::Closed);
        closed.find(|(rule, _)| who.knows(rule.by())).map(|(rule, _)| rule)
    }
}

/// A rule of the same cells and less room: at least one.
fn share(rule: &Rule, nodes: u32) -> Result<Rule, RuleError> {
    let part = |count: u32| (count / nodes.max(1)).max(1);
    let limit = match rule.limit() {
        Limit::Rate { count, per_ms, burst } => {
            Limit::Rate { count: part(*count), per_ms: *per_ms, burst: part(*burst) }
        }
        Limit::Window { count, per_ms } => Limit::Window { count: part(*count), per_ms: *per_ms },
        Limit::Quota { count, calendar } => {
            let calendar = Calendar::clone(calendar);
            Limit::Quota { count: part(*count), calendar }
        }
    };
    Rule::new(rule.name(), rule.by(), limit)
}
