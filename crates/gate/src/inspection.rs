//! The rule engine at work: one rule set for all requests, swapped whole when it is loaded again.
//!
//! The ring and the bare proxy share it; neither knows where the rules came from.

mod baseline;
pub(crate) mod credentials;
mod exclusions;
mod match_log;
mod recorded;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arc_swap::ArcSwap;
use firewall::{CompileError, Exclusions, Limits, Mode, Options, Ruleset, Transaction, Verdict};
use kernel::{Clock, Code};

use crate::contract::{Contract, Operation};

pub use baseline::{baseline, baseline_alone, setup};
pub use exclusions::{Stated, Text};
pub use match_log::MatchLog;
pub use recorded::{Recorded, UnreadableRecord};
pub use rules::{Disk, RulesError, files, load, sources};

/// Runs requests through the current rules.
pub struct Inspector {
    loaded: ArcSwap<Loaded>,
    known: Option<Known>,
    clock: Arc<dyn Clock>,
    mode: Option<Mode>,
    match_log: Option<MatchLog>,
}

/// What is known of the API behind the rules.
struct Known {
    contract: Arc<Contract>,
    trust: Option<Text>,
    stated: Vec<Stated>,
}

/// Rules, and what each operation excludes from them.
struct Loaded {
    rules: Ruleset,
    exclusions: Vec<Exclusions>,
}

impl Inspector {
    /// An inspector of these rules. Without a mode the rules' own `SecRuleEngine` holds.
    #[must_use]
    pub fn new(rules: Ruleset, clock: Arc<dyn Clock>, mode: Option<Mode>) -> Self {
        let loaded = Loaded { rules, exclusions: Vec::new() };
        let loaded = ArcSwap::from_pointee(loaded);
        Self { loaded, known: None, clock, mode, match_log: None }
    }

    /// Also writes a line for each transaction.
    #[must_use]
    pub fn with_match_log(self, match_log: Option<MatchLog>) -> Self {
        Self { match_log, ..self }
    }

    /// Knows the operations of a contract. With `trust` it looks at nothing twice: what the
    /// contract restricts to harmless text skips the rules that look for injection. `stated` is
    /// what an operator excludes.
    ///
    /// # Errors
    /// When a name of the contract, or a stated one, cannot stand in a rule's target.
    pub fn with_contract(
        mut self,
        contract: Arc<Contract>,
        trust: Option<Text>,
        stated: Vec<Stated>,
    ) -> Result<Self, CompileError> {
        self.known = Some(Known { contract, trust, stated });
        let rules = self.loaded.load().rules.clone();
        self.swap(rules)?;
        Ok(self)
    }

    /// Whether it looks at nothing that something behind it holds to a harmless form.
    #[must_use]
    pub fn trusts(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.trust.is_some())
    }

    /// From now on new transactions run other rules; those under way keep theirs.
    ///
    /// # Errors
    /// As [`Inspector::with_contract`].
    pub fn swap(&self, rules: Ruleset) -> Result<(), CompileError> {
        let exclusions = match &self.known {
            Some(known) => exclusions::compile(&rules, known)?,
            None => Vec::new(),
        };
        self.loaded.store(Arc::new(Loaded { rules, exclusions }));
        Ok(())
    }

    /// Begins a transaction, for an operation of the contract or for none.
    #[must_use]
    pub fn begin(&self, operation: Option<&Operation>) -> Transaction {
        self.transaction(operation, false)
    }

    /// Begins a transaction that keeps every step of every rule.
    #[must_use]
    pub fn begin_explained(&self, operation: Option<&Operation>) -> Transaction {
        self.transaction(operation, true)
    }

    fn transaction(&self, operation: Option<&Operation>, explain: bool) -> Transaction {
        let loaded = self.loaded.load();
        let exclusions = operation.and_then(|operation| loaded.exclusions.get(operation.index));
        // A body that the contract allows is no fault of its length.
        let limits = operation.map(|operation| {
            let limits = loaded.rules.limits().clone();
            let body_bytes_max = limits.body_bytes_max.max(operation.body_max);
            Limits { body_bytes_max, ..limits }
        });
        let options = Options {
            mode: self.mode,
            limits,
            unix_seconds: self.clock.now().millis().div_euclid(1000),
            exclusions: exclusions.cloned(),
            explain,
            ..Options::default()
        };
        loaded.rules.transaction(options)
    }

    /// Ends a transaction: runs the last phase and writes the line.
    #[must_use]
    pub fn end(&self, mut transaction: Transaction, marker: Option<&[u8]>) -> Verdict {
        transaction.phase5();
        let verdict = transaction.finish();
        if let Some(log) = &self.match_log {
            log.line(marker, &verdict);
        }
        verdict
    }
}

/// The request header whose value a line of the match log repeats, so that a test finds its own.
pub const MARKER: &str = "x-crs-test";

/// A rule matched.
pub const REFUSED: Code = Code {
    status: 403,
    name: "firewall.refused",
    title: "The firewall refused the request",
    mend: "The request looks like an attack. If it is none, tell the operator its `request_id`.",
};
