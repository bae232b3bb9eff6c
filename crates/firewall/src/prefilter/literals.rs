//! Finds texts of which every match of a pattern contains one.

use regex_syntax::hir::{Hir, HirKind};

use super::needs::bytes;
use super::sets;
use crate::byte_set::ByteSet;

/// Texts that one part of a pattern may be spelled out to.
const TEXTS_MAX: usize = 512;
/// Bytes of a text that is joined from parts.
const TEXT_BYTES_MAX: usize = 24;
/// Bytes that a class may have to be spelled out.
const CLASS_MAX: usize = 8;
/// A shorter text is in too many values.
const USEFUL_BYTES_MIN: usize = 2;
/// Texts that more harmless values have than this rule too little out.
const CHANCE_MAX: f64 = 0.5;

/// The texts (in lower case), of which a match contains one in any case; nothing where there are
/// none that rule much out.
pub(super) fn required(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let found = spell(hir);
    let best = better(found.exact, found.needed)?;
    (best.chance() < CHANCE_MAX).then_some(best.0)
}

/// A set of texts in lower case, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Texts(Vec<Vec<u8>>);

/// What is known of a part.
struct Spelled {
    /// All texts that it matches.
    exact: Option<Texts>,
    /// Each match contains one of these.
    needed: Option<Texts>,
}

impl Spelled {
    fn exact(texts: Texts) -> Self {
        Self { exact: Some(texts), needed: None }
    }

    fn needed(needed: Option<Texts>) -> Self {
        Self { exact: None, needed }
    }
}

fn spell(hir: &Hir) -> Spelled {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Spelled::exact(Texts::empty()),
        HirKind::Literal(literal) => {
            Spelled::exact(Texts::new(vec![literal.0.to_ascii_lowercase()]))
        }
        HirKind::Class(class) => {
            let folded = bytes(class).iter().map(|byte| byte.to_ascii_lowercase());
            let set = folded.fold(ByteSet::EMPTY, |set, byte| set.union(ByteSet::one(byte)));
            if set.len() > CLASS_MAX {
                return Spelled::needed(None);
            }
            Spelled::exact(Texts::new(set.iter().map(|byte| vec![byte]).collect()))
        }
        HirKind::Capture(capture) => spell(&capture.sub),
        HirKind::Repetition(repetition) => {
            let sub = spell(&repetition.sub);
            match (repetition.min, repetition.max) {
                (0, Some(1)) => Spelled {
                    exact: sub.exact.and_then(|texts| texts.or(&Texts::empty())),
                    needed: None,
                },
                (0, _) => Spelled::needed(None),
                (1, Some(1)) => sub,
                _ => Spelled::needed(better(sub.exact, sub.needed)),
            }
        }
        HirKind::Concat(parts) => concat(parts),
        HirKind::Alternation(branches) => alternation(branches),
    }
}

/// Neighbours are joined as long as they can be spelled out; of the runs between others, the best.
fn concat(parts: &[Hir]) -> Spelled {
    let mut run = Texts::empty();
    let mut needed = None;
    let mut is_whole = true;
    for part in parts {
        let part = spell(part);
        match part.exact.as_ref().and_then(|texts| run.then(texts)) {
            Some(joined) => run = joined,
            None => {
                is_whole = false;
                needed = better(needed, part.needed);
                let next = part.exact.unwrap_or_else(Texts::empty);
                needed = better(needed, Some(std::mem::replace(&mut run, next)));
            }
        }
    }
    if is_whole {
        return Spelled { exact: Some(run), needed };
    }
    Spelled::needed(better(needed, Some(run)))
}

fn alternation(branches: &[Hir]) -> Spelled {
    let all: Vec<Spelled> = branches.iter().map(spell).collect();
    let none = || Texts(Vec::new());
    let exact = all.iter().try_fold(none(), |sum, branch| sum.or(branch.exact.as_ref()?));
    let mut branches = all.into_iter();
    let needed =
        branches.try_fold(none(), |sum, branch| sum.or(&better(branch.exact, branch.needed)?));
    Spelled { exact, needed }
}

/// The one that rules more out.
fn better(one: Option<Texts>, other: Option<Texts>) -> Option<Texts> {
    match (one.filter(Texts::is_useful), other.filter(Texts::is_useful)) {
        (Some(one), Some(other)) => Some(if one.chance() <= other.chance() { one } else { other }),
        (one, other) => one.or(other),
    }
}

impl Texts {
    fn new(mut texts: Vec<Vec<u8>>) -> Self {
        texts.sort_unstable();
        texts.dedup();
        Self(texts)
    }

    /// The empty text alone.
    fn empty() -> Self {
        Self(vec![Vec::new()])
    }

    /// These or those, if they are not too many.
    fn or(&self, other: &Self) -> Option<Self> {
        let joined = Self::new(self.0.iter().chain(&other.0).cloned().collect());
        (joined.0.len() <= TEXTS_MAX).then_some(joined)
    }

    /// Each of these, followed by each of those.
    fn then(&self, other: &Self) -> Option<Self> {
        if self.0.len().checked_mul(other.0.len())? > TEXTS_MAX {
            return None;
        }
        let longest = |texts: &Self| texts.0.iter().map(Vec::len).max().unwrap_or_default();
        if longest(self) + longest(other) > TEXT_BYTES_MAX {
            return None;
        }
        let joined = |one: &Vec<u8>| {
            let one = one.clone();
            let follow = move |other: &Vec<u8>| [one.as_slice(), other.as_slice()].concat();
            other.0.iter().map(follow)
        };
        Some(Self::new(self.0.iter().flat_map(joined).collect()))
    }

    fn is_useful(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|text| text.len() >= USEFUL_BYTES_MIN)
    }

    fn chance(&self) -> f64 {
        chance(&self.0)
    }
}

/// A guess at how many harmless values have one of the texts.
pub(super) fn chance(texts: &[Vec<u8>]) -> f64 {
    let of_text = |text: &Vec<u8>| {
        let usual = |byte: &u8| sets::chance(&ByteSet::one(*byte).folded()) / 4.0;
        text.iter().map(usual).product::<f64>() * 10.0
    };
    texts.iter().map(of_text).sum()
}
