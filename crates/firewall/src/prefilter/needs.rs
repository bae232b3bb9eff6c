//! What a value must have for an operator to match it.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::sets::chance;
use super::{literals, split};
use crate::byte_set::ByteSet;
use crate::pattern::Pattern;
use crate::phrases::Phrases;

/// Sets kept for one operator.
const SETS_MAX: usize = 8;
/// A set that more values meet than this rules nothing out.
const CHANCE_MAX: f64 = 0.98;

/// What a value must have for an operator to match it: all that one of its cases says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs(pub(super) Vec<Case>);

/// What a value must have. All of it must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Case {
    /// So many bytes at least.
    pub(super) length_min: usize,
    /// So many bytes at most.
    pub(super) length_max: Option<usize>,
    /// A byte of each of these.
    pub(super) sets: Vec<ByteSet>,
    /// A first byte of this.
    pub(super) first: Option<ByteSet>,
    /// A last byte of this.
    pub(super) last: Option<ByteSet>,
    /// One of these texts, ASCII letters in any case. They are in lower case.
    pub(super) texts: Option<Vec<Vec<u8>>>,
}

impl Needs {
    /// Nothing: any value may match.
    #[must_use]
    pub fn nothing() -> Self {
        Self(vec![Case::default()])
    }

    /// What no value has: none matches.
    #[must_use]
    pub fn impossible() -> Self {
        Self(Vec::new())
    }

    /// What a pattern needs.
    #[must_use]
    pub fn of_pattern(pattern: &Pattern) -> Self {
        Self(split::cases(&pattern.hir()).iter().filter_map(Case::of_pattern).collect())
    }

    /// What `@pm` needs: one of its phrases. A candidate is a match.
    #[must_use]
    pub fn of_phrases(phrases: &Phrases) -> Self {
        Self::of_texts(phrases.list().to_vec())
    }

    /// One of some texts, ASCII letters in any case, as `@contains` needs one.
    #[must_use]
    pub fn of_texts(texts: Vec<Vec<u8>>) -> Self {
        let texts: Vec<Vec<u8>> = texts.iter().map(|text| text.to_ascii_lowercase()).collect();
        let length_min = texts.iter().map(Vec::len).min().unwrap_or_default();
        if length_min == 0 {
            return Self::nothing();
        }
        let bytes =
            |text: &Vec<u8>| best(text.iter().map(|byte| ByteSet::one(*byte).folded()).collect());
        let sets = telling(any_of(texts.iter().map(bytes).collect()));
        Self(vec![Case { length_min, sets, texts: Some(texts), ..Case::default() }])
    }

    /// The same, of a value of at most so many bytes.
    #[must_use]
    pub fn no_longer_than(mut self, length: usize) -> Self {
        self.0.iter_mut().for_each(|case| case.length_max = Some(length));
        self
    }

    /// A byte of each of some sets, and so many bytes at least.
    #[must_use]
    pub fn of_bytes(length_min: usize, sets: &[&[u8]]) -> Self {
        let sets = sets.iter().map(|bytes| ByteSet::of(bytes)).collect();
        Self(vec![Case { length_min, sets, ..Case::default() }])
    }
}

impl Case {
    /// Nothing for a pattern that matches no text at all.
    fn of_pattern(hir: &Hir) -> Option<Self> {
        let properties = hir.properties();
        let one_end = |from_start| {
            let edge = edge(hir, from_start);
            (!edge.may_be_empty && edge.set != ByteSet::ALL).then_some(edge.set)
        };
        let starts = properties.look_set_prefix().contains(Look::Start);
        let ends = properties.look_set_suffix().contains(Look::End);
        Some(Self {
            length_min: properties.minimum_len()?,
            length_max: properties.maximum_len().filter(|_| starts && ends),
            sets: telling(sets(hir)),
            first: one_end(true).filter(|_| starts),
            last: one_end(false).filter(|_| ends),
            texts: literals::required(hir),
        })
    }

    /// What is quickly found out, to guess by.
    pub(super) fn sketch(hir: &Hir) -> Self {
        Self { sets: sets(hir), texts: literals::required(hir), ..Self::default() }
    }

    /// A guess at how many harmless values have it.
    pub(super) fn chance(&self) -> f64 {
        let texts = self.texts.as_deref().map_or(1.0, literals::chance);
        self.sets.iter().map(chance).fold(texts, f64::min)
    }
}

/// Without the sets that nearly every value meets.
fn telling(mut sets: Vec<ByteSet>) -> Vec<ByteSet> {
    sets.retain(|set| chance(set) < CHANCE_MAX);
    sets
}

/// Sets of bytes of each of which a match has one.
fn sets(hir: &Hir) -> Vec<ByteSet> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Vec::new(),
        HirKind::Literal(literal) => {
            best(literal.0.iter().map(|byte| ByteSet::one(*byte)).collect())
        }
        HirKind::Class(class) => vec![bytes(class)],
        HirKind::Repetition(repetition) if repetition.min == 0 => Vec::new(),
        HirKind::Repetition(repetition) => sets(&repetition.sub),
        HirKind::Capture(capture) => sets(&capture.sub),
        HirKind::Concat(parts) => best(parts.iter().flat_map(sets).collect()),
        HirKind::Alternation(branches) => any_of(branches.iter().map(sets).collect()),
    }
}

/// What matches one of some branches has a byte of a set that joins one set of each branch. Of all
/// the ways to join them, some good ones.
fn any_of(mut branches: Vec<Vec<ByteSet>>) -> Vec<ByteSet> {
    let ways = branches.iter().map(Vec::len).min().unwrap_or_default().min(SETS_MAX);
    let joined = (0..ways).map(|_| {
        let mut union = ByteSet::EMPTY;
        for branch in &mut branches {
            let costs = branch.iter().map(|set| chance(&union.union(*set)));
            let cheapest = costs.enumerate().min_by(|one, other| one.1.total_cmp(&other.1));
            // Another way shall join others.
            if let Some((index, _)) = cheapest {
                union = union.union(branch.remove(index));
            }
        }
        union
    });
    best(joined.collect())
}

fn best(mut sets: Vec<ByteSet>) -> Vec<ByteSet> {
    sets.sort_unstable();
    sets.dedup();
    sets.sort_by_cached_key(|set| (chance(set) * 1e9) as u64);
    sets.truncate(SETS_MAX);
    sets
}

/// Which bytes can be the first (or the last) of a match.
struct Edge {
    set: ByteSet,
    may_be_empty: bool,
}

fn edge(hir: &Hir, from_start: bool) -> Edge {
    let nothing = Edge { set: ByteSet::EMPTY, may_be_empty: true };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => nothing,
        HirKind::Literal(literal) => {
            let byte = if from_start { literal.0.first() } else { literal.0.last() };
            Edge { set: byte.map_or(ByteSet::ALL, |byte| ByteSet::one(*byte)), may_be_empty: false }
        }
        HirKind::Class(class) => Edge { set: bytes(class), may_be_empty: false },
        HirKind::Repetition(repetition) => {
            let edge = edge(&repetition.sub, from_start);
            Edge { may_be_empty: edge.may_be_empty || repetition.min == 0, ..edge }
        }
        HirKind::Capture(capture) => edge(&capture.sub, from_start),
        HirKind::Concat(parts) => {
            let mut edges: Vec<Edge> = parts.iter().map(|part| edge(part, from_start)).collect();
            if !from_start {
                edges.reverse();
            }
            edges.into_iter().fold(nothing, |sum, next| match sum.may_be_empty {
                true => Edge { set: sum.set.union(next.set), ..next },
                false => sum,
            })
        }
        HirKind::Alternation(branches) => {
            let edges = branches.iter().map(|branch| edge(branch, from_start));
            edges.fold(Edge { may_be_empty: false, ..nothing }, |sum, next| Edge {
                set: sum.set.union(next.set),
                may_be_empty: sum.may_be_empty || next.may_be_empty,
            })
        }
    }
}

/// The bytes of a class. Our trees have no others than classes of bytes.
pub(super) fn bytes(class: &Class) -> ByteSet {
    let Class::Bytes(class) = class else { return ByteSet::ALL };
    class
        .iter()
        .fold(ByteSet::EMPTY, |set, range| set.union(ByteSet::range(range.start(), range.end())))
}
