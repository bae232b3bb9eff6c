//! Some of the rules of a request.

/// Some of the rules of a request, by their places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pick(u8);

impl Pick {
    /// All of them.
    pub const ALL: Self = Self(u8::MAX);

    /// Those for which this is true.
    pub fn of(places: impl IntoIterator<Item = bool>) -> Self {
        let places = places.into_iter().enumerate();
        Self(places.fold(0, |all, (place, is_picked)| all | (u8::from(is_picked) << (place % 8))))
    }

    /// Those that are not picked.
    #[must_use]
    pub const fn others(self) -> Self {
        Self(!self.0)
    }

    /// Those that are picked in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn set(&mut self, place: usize, is_picked: bool) {
        if place < 8 {
            self.0 = self.0 & !(1 << place) | (is_picked as u8) << place;
        }
    }

    /// Whether the rule at a place is picked.
    #[must_use]
    pub const fn has(self, place: usize) -> bool {
        place < 8 && self.0 >> place & 1 == 1
    }
}

const _: () = assert!(crate::rule::RULES_MAX <= 8);
