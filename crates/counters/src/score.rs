//! A score: what somebody's refused requests add up to. It decays evenly, and has an end that it
//! does not grow beyond: whoever reached it is below it again soon, however long they went on.

use std::time::Duration;

use throttle::{By, Limit, Rule, RuleError, Rules};

/// So many points, all of which decay in a certain time.
#[derive(Debug)]
pub struct Score(Rules);

impl Score {
    /// A score of at most so many points, which all decay in `decay`.
    ///
    /// # Errors
    /// When the numbers are out of range.
    pub fn new(name: &str, by: By, points_max: u32, decay: Duration) -> Result<Self, RuleError> {
        let per_ms = u64::try_from(decay.as_millis()).unwrap_or(u64::MAX);
        let limit = Limit::Rate { count: points_max, per_ms, burst: points_max };
        Ok(Self(Rules::new(vec![Rule::new(name, by, limit)?])?))
    }

    pub(crate) const fn rules(&self) -> &Rules {
        &self.0
    }
}
