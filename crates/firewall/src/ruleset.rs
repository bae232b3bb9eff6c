//! The compiled rules, shared by all transactions.

use std::sync::Arc;

use crate::{
    CompileError, Exclusion, Files, Lint, Options, Phase, RequestView, Selection, Source,
    Transaction, Verdict,
    bit_set::BitSet,
    program::{self, Matcher, Program, Removal, deeds::Census},
    seclang::{ast::Which, place::Piece, target::parse_targets},
};

/// Rules, compiled: immutable, cheap to clone, shared by all connections.
#[derive(Debug, Clone)]
pub struct Ruleset {
    program: Arc<Program>,
    census: Arc<Census>,
}

/// [`Exclusion`]s compiled against one rule set.
#[derive(Debug, Clone)]
pub struct Exclusions {
    pub(crate) removed: BitSet,
    pub(crate) removals: Arc<[Arc<Removal>]>,
}

impl Ruleset {
    /// Compiles rule texts, in their order. Tells all faults at once.
    ///
    /// # Errors
    /// One [`CompileError`] for each fault.
    pub fn compile(sources: &[Source], files: &dyn Files) -> Result<Self, Vec<CompileError>> {
        let (program, census) = program::compile(sources, files)?;
        Ok(Self { program: Arc::new(program), census: Arc::new(census) })
    }

    /// Rules that can never match, or do not do what they seem to do.
    #[must_use]
    pub fn lint(&self) -> Vec<Lint> {
        self.program.lints.clone()
    }

    /// How many rules there are, chains counted once.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.program.rules.len()
    }

    /// The limits that its text sets, or the usual ones.
    #[must_use]
    pub fn limits(&self) -> &crate::Limits {
        &self.program.settings.limits
    }

    /// Resolves exclusions against these rules. They hold for transactions of this rule set only.
    ///
    /// # Errors
    /// What is wrong with a target.
    pub fn exclusions(&self, list: &[Exclusion]) -> Result<Exclusions, CompileError> {
        let mut removed = BitSet::new(self.rules());
        let mut removals = Vec::new();
        for exclusion in list {
            let rules = self.choose(&exclusion.rules);
            match &exclusion.target {
                None => removed.add(&rules),
                Some(target) => removals.push(Arc::new(removal(rules, target)?)),
            }
        }
        Ok(Exclusions { removed, removals: removals.into() })
    }

    /// Whether a selection means any of these rules; one that means none is most likely a mistake.
    #[must_use]
    pub fn has(&self, selection: &Selection) -> bool {
        !self.choose(selection).is_empty()
    }

    fn choose(&self, selection: &Selection) -> BitSet {
        match selection {
            Selection::All => self.census.all(),
            Selection::Ids(from, to) => self.census.choose(&Which::Ids(*from, *to)),
            Selection::Tag(tag) => self.census.choose(&Which::Tag(tag.clone())),
        }
    }

    /// Begins a transaction.
    #[must_use]
    pub fn transaction(&self, options: Options) -> Transaction {
        Transaction::new(Arc::clone(&self.program), options)
    }

    /// Runs a whole request through the phases up to and including `last`; phase 5 always runs.
    #[must_use]
    pub fn inspect(&self, request: &RequestView<'_>, options: Options, last: Phase) -> Verdict {
        let mut transaction = self.transaction(options);
        transaction.request(request, last);
        transaction.phase5();
        transaction.finish()
    }
}

fn removal(rules: BitSet, target: &str) -> Result<Removal, CompileError> {
    let piece = Piece::plain(target);
    let named = |message: String| piece.fault(0, message).in_file("exclusion");
    let targets = parse_targets(&piece).map_err(|fault| fault.in_file("exclusion"))?;
    let matchers: Result<Box<[Matcher]>, String> = targets.iter().map(Matcher::new).collect();
    Ok(Removal { rules, targets: matchers.map_err(named)? })
}
