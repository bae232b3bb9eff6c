//! Rules about what is at work at once: what a semaphore is for, and no count in time.

use crate::limit::LimitError;
use crate::rule::{RULES_MAX, RuleError, check, distinct, salt};
use crate::subject::By;

/// Most of them that one request can be under: as many as rules that count, and one that a node
/// has for everybody.
pub const PLACES_MAX: usize = RULES_MAX + 1;

/// So many places for each of those that it counts for, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceRule {
    name: String,
    by: By,
    most: u32,
    salt: u64,
}

impl PlaceRule {
    /// A rule, checked.
    ///
    /// # Errors
    /// When its name or its number cannot be.
    pub fn new(name: &str, by: By, most: u32) -> Result<Self, RuleError> {
        check(name, by)?;
        if !(1..=MOST_MAX).contains(&most) {
            return Err(RuleError::Limit(name.to_owned(), LimitError::AtOnce));
        }
        // Without the number: who is at work stays counted when it changes.
        let salt = salt(&format!("{name} {by:?} places"));
        Ok(Self { name: name.to_owned(), by, most, salt })
    }

    /// What headers, metrics and problems call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For whom it counts.
    pub(crate) const fn by(&self) -> By {
        self.by
    }

    /// How many requests may be at work at once.
    #[must_use]
    pub const fn most(&self) -> u32 {
        self.most
    }

    /// Tells its places from those of other rules.
    pub(crate) const fn salt(&self) -> u64 {
        self.salt
    }
}

/// Those of a request, in the order in which headers name them.
#[derive(Debug, Default, PartialEq)]
pub struct PlaceRules(Vec<PlaceRule>);

impl PlaceRules {
    /// Rules whose places are taken together.
    ///
    /// # Errors
    /// When there are too many, or two share a name.
    pub fn new(rules: Vec<PlaceRule>) -> Result<Self, RuleError> {
        if rules.len() > PLACES_MAX {
            return Err(RuleError::Many(rules.len()));
        }
        distinct(rules.iter().map(PlaceRule::name))?;
        Ok(Self(rules))
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[PlaceRule] {
        &self.0
    }
}

/// How many places are left of each rule that applies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Left<'r> {
    rules: &'r [PlaceRule],
    left: [Option<u32>; PLACES_MAX],
}

impl<'r> Left<'r> {
    pub(crate) const fn new(rules: &'r PlaceRules, left: [Option<u32>; PLACES_MAX]) -> Self {
        Self { rules: rules.0.as_slice(), left }
    }

    /// The rules that apply, in their order.
    pub fn each(&self) -> impl Iterator<Item = (&'r PlaceRule, u32)> + '_ {
        let all = self.rules.iter().zip(self.left);
        all.filter_map(|(rule, left)| Some((rule, left?)))
    }

    /// Those without a place.
    pub fn full(&self) -> impl Iterator<Item = &'r PlaceRule> + '_ {
        self.each().filter(|(_, left)| *left == 0).map(|(rule, _)| rule)
    }

    /// The one with the fewest places.
    #[must_use]
    pub fn tightest(&self) -> Option<(&'r PlaceRule, u32)> {
        self.each().min_by_key(|(_, left)| *left)
    }
}

/// As many as `gate.concurrency_max` can be.
const MOST_MAX: u32 = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let number = |most| PlaceRule::new("few", By::CLIENT, most);

        for most in [0, MOST_MAX + 1] {
            let expected = RuleError::Limit("few".to_owned(), LimitError::AtOnce);
            assert_eq!(number(most), Err(expected), "{most}");
        }
        assert!(number(1).is_ok() && number(MOST_MAX).is_ok());
        assert!(matches!(PlaceRule::new("A b", By::CLIENT, 1), Err(RuleError::Name(_))));
        assert!(matches!(PlaceRule::new("few", By::default(), 1), Err(RuleError::Nobody(_))));
    }

    #[test]
    fn a_request_has_a_bounded_number_of_them_each_named_once() {
        let named = |name: &str| PlaceRule::new(name, By::CLIENT, 1).unwrap();
        let many = |count| (0..count).map(|n| named(&format!("r{n}"))).collect();

        assert_eq!(PlaceRules::new(many(10)), Err(RuleError::Many(10)));
        assert!(PlaceRules::new(many(9)).is_ok());
        let twice = PlaceRules::new(vec![named("one"), named("one")]);
        assert_eq!(twice, Err(RuleError::Twice("one".to_owned())));
    }
}
