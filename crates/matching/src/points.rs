//! The numbers of the matcher: shares and points, both integers.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A part of a whole, in ten-thousandths: 0 to 10,000.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(transparent)]
pub struct Share(u16);

/// Points of a score, in ten-thousandths of a point: the whole score is 0 to 1,000,000.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(transparent)]
pub struct Points(u32);

impl Share {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// All of it.
    pub const WHOLE: Self = Self(SHARE_WHOLE);

    /// That many ten-thousandths; more than all is all.
    #[must_use]
    pub const fn new(parts: u32) -> Self {
        if parts >= SHARE_WHOLE as u32 { Self::WHOLE } else { Self(parts as u16) }
    }

    /// `part` of `whole`, rounded down; all when there is nothing to have.
    #[must_use]
    pub const fn of(part: u64, whole: u64) -> Self {
        if part >= whole {
            return Self::WHOLE;
        }
        Self::new((part * SHARE_WHOLE as u64 / whole) as u32)
    }

    /// In ten-thousandths.
    #[must_use]
    pub const fn parts(self) -> u32 {
        self.0 as u32
    }
}

impl Points {
    /// None.
    pub const ZERO: Self = Self(0);
    /// More than any score.
    pub const MOST: Self = Self(u32::MAX);

    /// What a share of a criterion is worth.
    #[must_use]
    pub const fn worth(weight: u32, share: Share) -> Self {
        Self(weight * share.parts())
    }

    /// That many ten-thousandths of a point.
    #[must_use]
    pub const fn new(parts: u32) -> Self {
        Self(parts)
    }

    /// In ten-thousandths of a point.
    #[must_use]
    pub const fn parts(self) -> u32 {
        self.0
    }

    /// In tenths of a point, rounded down: what callers are shown.
    #[must_use]
    pub const fn tenths(self) -> u32 {
        self.0 / 1_000
    }

    /// What is left when `other` is taken away; never less than none.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::iter::Sum for Points {
    fn sum<I: Iterator<Item = Self>>(points: I) -> Self {
        Self(points.fold(0, |sum, points| sum.saturating_add(points.0)))
    }
}

/// As callers are shown it: `87.3`.
impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.tenths() / 10, self.tenths() % 10)
    }
}

const SHARE_WHOLE: u16 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_share_is_more_than_all() {
        assert_eq!(Share::new(10_001), Share::WHOLE);
        assert_eq!(Share::of(7, 5), Share::WHOLE);
        assert_eq!(Share::of(0, 0), Share::WHOLE);
    }

    #[test]
    fn shares_are_rounded_down() {
        assert_eq!(Share::of(2, 3).parts(), 6_666);
    }

    #[test]
    fn points_are_shown_in_tenths() {
        assert_eq!(Points::worth(40, Share::of(2, 3)).to_string(), "26.6");
    }
}
