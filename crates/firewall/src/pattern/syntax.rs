//! What a PCRE pattern means, as a tree.

use crate::byte_set::ByteSet;

/// A part of a pattern. Case, dots and shorthand classes are resolved to byte sets already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// Matches the empty text.
    Empty,
    /// One byte of the set.
    Class(ByteSet),
    /// A place between two bytes.
    Place(Place),
    Concat(Vec<Node>),
    /// The first branch that fits.
    Alternation(Vec<Node>),
    Repeat(Box<Repeat>),
    /// `(…)`, with its number from 1.
    Capture(u16, Box<Node>),
    /// `(?>…)`: once left, it is not entered again for another match.
    Atomic(Box<Node>),
    /// `(?=…)`, `(?!…)`, `(?<=…)`, `(?<!…)`.
    Around(Box<Around>),
    /// `\1`: what a group matched, once more.
    Again {
        group: u16,
        ignore_case: bool,
    },
}

/// `x{min,max}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repeat {
    pub(super) node: Node,
    pub(super) min: u32,
    /// Nothing: without an end.
    pub(super) max: Option<u32>,
    pub(super) greedy: bool,
}

/// A look at what follows or precedes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Around {
    pub(super) node: Node,
    pub(super) behind: bool,
    pub(super) negative: bool,
}

/// A place between two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Start,
    End,
    LineStart,
    LineEnd,
    WordEdge,
    NoWordEdge,
}

impl Node {
    /// Whether a regular expression can say it: no look-around, no group said again.
    pub(super) fn is_regular(&self) -> bool {
        match self {
            Self::Empty | Self::Class(_) | Self::Place(_) => true,
            Self::Concat(parts) | Self::Alternation(parts) => parts.iter().all(Self::is_regular),
            Self::Repeat(repeat) => repeat.node.is_regular(),
            Self::Capture(_, node) => node.is_regular(),
            Self::Atomic(_) | Self::Around(_) | Self::Again { .. } => false,
        }
    }

    /// Whether it refers to what a group matched.
    pub(super) fn says_again(&self) -> bool {
        match self {
            Self::Empty | Self::Class(_) | Self::Place(_) => false,
            Self::Concat(parts) | Self::Alternation(parts) => parts.iter().any(Self::says_again),
            Self::Repeat(repeat) => repeat.node.says_again(),
            Self::Capture(_, node) | Self::Atomic(node) => node.says_again(),
            Self::Around(around) => around.node.says_again(),
            Self::Again { .. } => true,
        }
    }

    /// How many states it takes once its repetitions are written out.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Empty | Self::Class(_) | Self::Place(_) | Self::Again { .. } => 1,
            Self::Concat(parts) | Self::Alternation(parts) => {
                parts.iter().fold(1, |size: u64, part| size.saturating_add(part.size()))
            }
            Self::Repeat(repeat) => {
                let times = repeat.max.unwrap_or(repeat.min.saturating_add(1)).max(1);
                repeat.node.size().saturating_add(1).saturating_mul(u64::from(times))
            }
            Self::Capture(_, node) | Self::Atomic(node) => node.size().saturating_add(2),
            Self::Around(around) => around.node.size().saturating_add(2),
        }
    }

    /// How many bytes it matches, if it is always the same number. Look-behind needs that.
    pub(super) fn width(&self) -> Option<usize> {
        match self {
            Self::Empty | Self::Place(_) | Self::Around(_) => Some(0),
            Self::Class(_) => Some(1),
            Self::Concat(parts) => {
                parts.iter().try_fold(0_usize, |sum, part| sum.checked_add(part.width()?))
            }
            Self::Alternation(parts) => {
                let mut widths = parts.iter().map(Self::width);
                let first = widths.next()??;
                widths.all(|width| width == Some(first)).then_some(first)
            }
            Self::Repeat(repeat) => {
                let times = usize::try_from(repeat.min).ok()?;
                (repeat.max == Some(repeat.min)).then_some(())?;
                repeat.node.width()?.checked_mul(times)
            }
            Self::Capture(_, node) | Self::Atomic(node) => node.width(),
            Self::Again { .. } => None,
        }
    }
}
