//! The immutable program that rules are compiled into, laid out for running.
//!
//! A rule is a range of links. A link looks at a *bucket* (a target list with a transformation
//! chain) whose values are collected once for all links that share it, or at *live* targets, which
//! other rules may change. A condition that depends on nothing but the value is a *test*; equal
//! tests are one test, so that what is known about a value and a test is known to every rule.

use std::sync::Arc;

use crate::{
    Lint, Mode, Phase, Severity,
    bit_set::BitSet,
    seclang::{
        action::Allow, ctl::Processor, target::Role, template::Template, variable::Variable,
    },
    transform::Transform,
};

pub(crate) mod assemble;
pub(crate) mod deeds;
pub(crate) mod intern;
pub(crate) mod links;
mod lint;
mod lower;
pub(crate) mod names;
pub(crate) mod select;
mod settings;
pub(crate) mod tests;
mod update;

pub(crate) use lower::compile;
pub(crate) use names::{Names, Slot};
pub(crate) use select::Matcher;
pub(crate) use settings::Settings;
pub(crate) use tests::{NumberOperator, Test, TextOperator};

/// Everything a transaction needs to know about its rules.
#[derive(Debug)]
pub(crate) struct Program {
    /// Rules in the order of the files.
    pub(crate) rules: Vec<Rule>,
    /// For each phase, its rules.
    pub(crate) phases: [Vec<u32>; 5],
    pub(crate) links: Vec<Link>,
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) columns: Vec<Column>,
    pub(crate) sources: Vec<Source>,
    /// Nodes of the tree of transformation chains; the first is the empty chain.
    pub(crate) forms: Vec<Form>,
    /// Which transformations occur at all; forms name them by their index here.
    pub(crate) transforms: Vec<Transform>,
    pub(crate) tests: Vec<Test>,
    pub(crate) filter: tests::Filter,
    pub(crate) names: Names,
    /// The names of `TX:0` to `TX:9`, where a match leaves its groups.
    pub(crate) groups: [Option<Slot>; 10],
    pub(crate) settings: Settings,
    pub(crate) lints: Vec<Lint>,
    /// Distinguishes the hashes of one rule set from another's.
    pub(crate) hasher: std::hash::RandomState,
}

/// A rule: a chain of one or more links.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: u32,
    pub(crate) phase: Phase,
    /// Its links in [`Program::links`].
    pub(crate) first: u32,
    pub(crate) count: u32,
    /// Where its phase goes on when it matches; an index into the phase's list.
    pub(crate) next: Option<u32>,
    /// The marker behind `next`.
    pub(crate) marker: Option<Box<str>>,
    pub(crate) disruption: Effect,
    pub(crate) status: u16,
    pub(crate) logged: bool,
    pub(crate) audited: bool,
    pub(crate) severity: Option<Severity>,
    pub(crate) tags: Arc<[Box<str>]>,
    pub(crate) rev: Box<str>,
    pub(crate) line: u32,
}

/// What a match does to the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    Pass,
    Deny,
    Drop,
    Redirect(Text),
    Allow(Allow),
}

/// One condition of a rule with what it does.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) look: Look,
    pub(crate) check: Check,
    pub(crate) negated: bool,
    pub(crate) capture: bool,
    pub(crate) multi: bool,
    /// Done for each value that matches.
    pub(crate) sets: Box<[Deed]>,
    /// Done once, when the whole chain matched.
    pub(crate) after: Box<[Deed]>,
    pub(crate) message: Option<Text>,
    pub(crate) data: Option<Text>,
    /// The chain of transformations, for live targets and for explanations.
    pub(crate) form: u32,
}

/// Where a link's values come from.
#[derive(Debug)]
pub(crate) enum Look {
    /// `SecAction`: nothing to look at.
    Nothing,
    /// Values that no rule changes.
    Bucket(u32),
    /// Counts, and values that rules change.
    Live(Box<[Live]>),
}

/// A target that is looked up when the rule runs.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) variable: Variable,
    pub(crate) which: Which,
    pub(crate) role: Role,
    /// What `!` targets take away from it.
    pub(crate) without: Box<[Matcher]>,
}

/// Which members of a live target.
#[derive(Debug)]
pub(crate) enum Which {
    /// A value, or all members of a written collection.
    All,
    /// A member of a written collection with a name that is known when compiling.
    Slot(Slot),
    /// Members of a written collection by pattern.
    Pattern(Matcher),
    /// A collection that no rule writes: what the source holds.
    Source(u32),
}

/// The condition on a value.
#[derive(Debug)]
pub(crate) enum Check {
    /// Depends on the value alone.
    Test(u32),
    /// A comparison with a text that has macros.
    Text(TextOperator, Text),
    /// A comparison with a number that has macros.
    Number(NumberOperator, Text),
}

/// Something a match does.
#[derive(Debug)]
pub(crate) enum Deed {
    Set(Place, Amount),
    Unset(Place),
    InitCol(Variable),
    Engine(Mode),
    ForceBodyVariable(bool),
    RequestBodyAccess(bool),
    ResponseBodyAccess(bool),
    Processor(Processor),
    Audit(bool),
    /// Switches rules off, as a set of indices into [`Program::rules`].
    Remove(BitSet),
    /// Keeps rules from looking at a target.
    RemoveTarget(Arc<Removal>),
}

/// Rules that shall not look at some targets.
#[derive(Debug)]
pub(crate) struct Removal {
    pub(crate) rules: BitSet,
    pub(crate) targets: Box<[Matcher]>,
}

/// The variable a `setvar` writes.
#[derive(Debug)]
pub(crate) enum Place {
    Slot(Slot),
    Named(Variable, Text),
}

/// What `setvar` does to it.
#[derive(Debug)]
pub(crate) enum Amount {
    Set(Text),
    Add(Text),
    Subtract(Text),
}

/// A text whose macros are resolved as far as they can be before running.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text {
    pub(crate) parts: Box<[Piece]>,
}

/// A part of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(Box<[u8]>),
    Slot(Slot),
    Value(Variable, Option<Box<str>>),
}

impl Text {
    /// The text, where no macro is in it.
    pub(crate) fn constant(&self) -> Option<&[u8]> {
        match &*self.parts {
            [] => Some(b""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    fn new(template: &Template, names: &mut Names) -> Self {
        use crate::seclang::template::Part;
        let parts = template.parts.iter().map(|part| match part {
            Part::Text(text) => Piece::Text(text.as_bytes().into()),
            Part::Macro { variable, key: Some(key) } if variable.is_writable() => {
                Piece::Slot(names.intern(*variable, key))
            }
            Part::Macro { variable, key } => {
                Piece::Value(*variable, key.as_deref().map(Into::into))
            }
        });
        Self { parts: parts.collect() }
    }
}

/// A target list with a transformation chain.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Its columns. With `multiMatch` those of every prefix of the chain too, shortest first, one
    /// target after the other.
    pub(crate) columns: Box<[u32]>,
    /// How many columns belong to one target.
    pub(crate) depth: usize,
    /// What `!` targets take away.
    pub(crate) without: Box<[Matcher]>,
    /// Whether asking the prefilter about its values saves anything: one of its tests costs more.
    pub(crate) filtered: bool,
}

/// A source's values under a transformation chain.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) source: u32,
    /// The column it is made from, with the transformation's index.
    pub(crate) from: Option<(u32, u8)>,
}

/// Members of a collection that no rule writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    pub(crate) variable: Variable,
    pub(crate) matcher: Option<Matcher>,
}

/// A transformation chain: another chain and one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) parent: u32,
    /// `None`: the empty chain.
    pub(crate) transform: Option<Transform>,
    pub(crate) index: u8,
}
