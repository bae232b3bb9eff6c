//! Rules, and what each does while the store is away.

use serde::{Deserialize, Serialize};
use throttle::{Calendar, Limit, Pick, Rule, RuleError, Rules, Subject};

use crate::leases::Credit;

/// What a rule does while the store is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnStoreError {
    /// Each node counts its share of the limit; of a quota, its share of what was left.
    #[default]
    Local,
    /// Each node counts the whole limit: so many more pass as there are nodes.
    Open,
    /// Nobody passes.
    Closed,
}

/// Where a rule is counted, when nodes share a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The store is asked for each request, or lends quotas in blocks: exact.
    #[default]
    Sync,
    /// The node decides by what it knows, and exchanges counts with the store now and then: a
    /// request waits for nobody, and as many more may pass as the other nodes let in meanwhile.
    Async,
    /// Each node counts for itself, and never asks.
    Local,
}

/// The rules of a request, whole and for the time in which the store is away.
#[derive(Debug, Default)]
pub struct Plan {
    whole: Rules,
    away: Rules,
    on_error: Vec<OnStoreError>,
    /// Those that the store is asked about.
    asked: Pick,
    /// Those that are exchanged with it.
    told: Pick,
    /// Quotas that a bank lends, where there is one.
    quotas: Pick,
    nodes: u32,
}

impl Plan {
    /// Rules that the store is asked about, with what each does while it is away. `nodes` is how
    /// many nodes are expected to share a limit.
    ///
    /// # Errors
    /// When the rules cannot be charged together.
    pub fn new(rules: Vec<(Rule, OnStoreError)>, nodes: u32) -> Result<Self, RuleError> {
        let rules = rules.into_iter().map(|(rule, on_error)| (rule, on_error, Mode::Sync));
        Self::with_modes(rules.collect(), nodes)
    }

    /// The same, of rules that are counted in different places.
    ///
    /// # Errors
    /// When the rules cannot be charged together.
    pub fn with_modes(
        rules: Vec<(Rule, OnStoreError, Mode)>,
        nodes: u32,
    ) -> Result<Self, RuleError> {
        let away = rules.iter().map(|(rule, on_error, mode)| match (on_error, mode) {
            (OnStoreError::Local, Mode::Sync | Mode::Async) => share(rule, nodes),
            _ => share(rule, 1),
        });
        let away = Rules::new(away.collect::<Result<_, _>>()?)?;
        let in_mode = |wanted| Pick::of(rules.iter().map(|(_, _, mode)| *mode == wanted));
        let (asked, told) = (in_mode(Mode::Sync), in_mode(Mode::Async));
        let is_quota = |rule: &Rule| matches!(rule.limit(), Limit::Quota { .. });
        let quotas = asked.and(Pick::of(rules.iter().map(|(rule, ..)| is_quota(rule))));
        let (whole, on_error) =
            rules.into_iter().map(|(rule, on_error, _)| (rule, on_error)).unzip();
        Ok(Self { whole: Rules::new(whole)?, away, on_error, asked, told, quotas, nodes })
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

    /// Which rules the store is asked about.
    pub(crate) const fn asked(&self) -> Pick {
        self.asked
    }

    /// Which rules are exchanged with the store now and then.
    pub(crate) const fn told(&self) -> Pick {
        self.told
    }

    /// Which rules a bank lends, where there is one.
    pub(crate) const fn quotas(&self) -> Pick {
        self.quotas
    }

    /// What the quota at a place lets pass while the bank is away.
    pub(crate) fn credit(&self, place: usize, count: u32) -> Credit {
        let on_error = self.on_error.get(place).copied().unwrap_or(OnStoreError::Closed);
        let share = self.away.as_slice().get(place).map_or(0, |rule| rule.limit().count());
        Credit { on_error, count, share, nodes: self.nodes }
    }

    /// Whether one of the picked rules counts somebody.
    pub(crate) fn counts(&self, pick: Pick, who: &Subject<'_>) -> bool {
        self.whole.picked(pick).any(|(_, rule)| who.knows(rule.by()))
    }

    /// The first of the picked rules that applies and lets nobody pass while the store is away.
    pub(crate) fn closed(&self, pick: Pick, who: &Subject<'_>) -> Option<&Rule> {
        let rules = self.whole.as_slice().iter().zip(&self.on_error).enumerate();
        let needs_store =
            |place| pick.has(place) && (self.asked.has(place) || self.told.has(place));
        let mut closed = rules.filter(|(place, (rule, on_error))| {
            **on_error == OnStoreError::Closed && needs_store(*place) && who.knows(rule.by())
        });
        closed.next().map(|(_, (rule, _))| rule)
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
