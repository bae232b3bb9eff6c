//! How candidates are ranked, as data: weights, tolerances and credits in integers.

use serde::{Deserialize, Serialize};

use crate::assessment::CriterionCode;
use crate::digest::Fingerprint;
use crate::projection::Hours;

/// Checked rules, and the fingerprint of their canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    rules: Rules,
    fingerprint: Fingerprint,
}

/// What `data/match-policy-v1.toml` says; the file explains each member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the data file explains each member")]
pub struct Rules {
    pub version: String,
    pub weights: Weights,
    pub skills: SkillRules,
    pub title: TitleRules,
    pub experience: ExperienceRules,
    pub pay: PayRules,
    pub overlap: OverlapRules,
    pub availability: AvailabilityRules,
}

/// How much each criterion counts; the sum is 100.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the criteria explain themselves: see CriterionCode")]
pub struct Weights {
    pub skills: u32,
    pub title: u32,
    pub text: u32,
    pub experience: u32,
    pub pay: u32,
    pub overlap: u32,
    pub languages: u32,
    pub availability: u32,
}

/// Credits for skills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the data file explains each member")]
pub struct SkillRules {
    pub must: u32,
    pub should: u32,
    pub nice: u32,
    pub parent: u32,
    pub sibling: u32,
    pub alias: u32,
    pub usual_level: u8,
    pub gate_levels_below: u8,
    pub idle_months_free: u16,
    pub idle_months_most: u16,
    pub idle_least: u32,
}

/// Credits for titles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the data file explains each member")]
pub struct TitleRules {
    pub positions: u8,
    pub exact: u32,
    pub group: u32,
    pub near: u32,
}

/// What experience is measured by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the data file explains each member")]
pub struct ExperienceRules {
    pub usual_months: u16,
}

/// How pay is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the data file explains each member")]
pub struct PayRules {
    pub above_percent: u32,
    pub unknown: u32,
}

/// Hours where none are stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the data file explains each member")]
pub struct OverlapRules {
    pub usual_start: u16,
    pub usual_end: u16,
}

/// How late is too late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the data file explains each member")]
pub struct AvailabilityRules {
    pub gate_days: u16,
    pub none_days: u16,
    pub unknown: u32,
}

/// A policy that does not make sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not of the expected form.
    #[error("expected a match policy: {0}")]
    Form(String),
    /// Not of this version of the engine.
    #[error("expected a version that begins with `match-policy/v1`, found `{0}`")]
    Version(String),
    /// The weights do not sum up.
    #[error("expected weights whose sum is 100, found {0}")]
    Weights(u32),
    /// A number is outside its limits.
    #[error("`{0}` is outside its limits")]
    Limit(&'static str),
}

impl Policy {
    /// Reads and checks a policy.
    ///
    /// # Errors
    /// When it is not of the expected form, or a number makes no sense.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let rules: Rules =
            toml::from_str(text).map_err(|error| PolicyError::Form(error.message().to_owned()))?;
        Self::new(rules)
    }

    /// Checks rules.
    ///
    /// # Errors
    /// When a number makes no sense.
    pub fn new(rules: Rules) -> Result<Self, PolicyError> {
        rules.check()?;
        let fingerprint = Fingerprint::of(&rules);
        Ok(Self { rules, fingerprint })
    }

    /// The policy that comes with the project, `match-policy/v1`.
    ///
    /// # Errors
    /// Never: the file is compiled in and a test reads it.
    pub fn v1() -> Result<Self, PolicyError> {
        Self::parse(V1)
    }

    /// What it says.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.rules.version
    }

    /// The SHA-256 of its canonical form.
    #[must_use]
    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }
}

impl Rules {
    fn check(&self) -> Result<(), PolicyError> {
        let known = self.version.strip_prefix("match-policy/v1");
        if !known.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
            return Err(PolicyError::Version(self.version.clone()));
        }
        let sum = CriterionCode::ALL
            .iter()
            .fold(0_u32, |sum, code| sum.saturating_add(self.weights.of(*code)));
        if sum != 100 {
            return Err(PolicyError::Weights(sum));
        }
        match self.limits().into_iter().find(|(_, holds)| !holds) {
            Some((name, _)) => Err(PolicyError::Limit(name)),
            None => Ok(()),
        }
    }

    fn limits(&self) -> [(&'static str, bool); 9] {
        let Self { skills, title, pay, overlap, availability, .. } = self;
        let shares = [skills.parent, skills.sibling, skills.alias, skills.idle_least];
        let importances = [skills.must, skills.should, skills.nice];
        let is_share = |share: &u32| *share <= 10_000;
        [
            ("skills", shares.iter().all(is_share)),
            ("skills.importance", importances.iter().all(|times| (1..=100).contains(times))),
            ("skills.usual_level", (1..=5).contains(&skills.usual_level)),
            ("skills.idle_months_most", skills.idle_months_free < skills.idle_months_most),
            ("title", [title.exact, title.group, title.near].iter().all(is_share)),
            ("title.positions", (1..=10).contains(&title.positions)),
            ("pay", (1..=1_000).contains(&pay.above_percent) && pay.unknown <= 10_000),
            ("overlap", overlap.usual_start < overlap.usual_end && overlap.usual_end < 1_440),
            ("availability", availability.none_days > 0 && availability.unknown <= 10_000),
        ]
    }
}

impl Weights {
    /// How much a criterion counts.
    #[must_use]
    pub const fn of(&self, code: CriterionCode) -> u32 {
        match code {
            CriterionCode::Skills => self.skills,
            CriterionCode::Title => self.title,
            CriterionCode::Text => self.text,
            CriterionCode::Experience => self.experience,
            CriterionCode::Pay => self.pay,
            CriterionCode::Overlap => self.overlap,
            CriterionCode::Languages => self.languages,
            CriterionCode::Availability => self.availability,
        }
    }
}

impl OverlapRules {
    /// Hours where none are stated.
    #[must_use]
    pub const fn usual(&self) -> Hours {
        Hours { start: self.usual_start, end: self.usual_end }
    }
}

const V1: &str = include_str!("../data/match-policy-v1.toml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_do_not_sum_up_are_refused() {
        let text = V1.replace("skills = 40", "skills = 41");
        assert_eq!(Policy::parse(&text), Err(PolicyError::Weights(101)));
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        for (from, to) in [
            ("parent = 5000", "parent = 10001"),
            ("usual_level = 3", "usual_level = 6"),
            ("usual_end = 1020", "usual_end = 540"),
            ("above_percent = 25", "above_percent = 0"),
        ] {
            let refused = Policy::parse(&V1.replace(from, to));
            assert!(matches!(refused, Err(PolicyError::Limit(_))), "{to}: {refused:?}");
        }
    }

    #[test]
    fn policies_of_other_engines_are_refused() {
        for version in ["match-policy/v2", "match-policy/v10", "v1"] {
            let refused = Policy::parse(&V1.replace("match-policy/v1", version));
            assert_eq!(refused, Err(PolicyError::Version(version.to_owned())));
        }
        assert!(matches!(Policy::parse("version = 1"), Err(PolicyError::Form(_))));
    }

    #[test]
    fn comments_do_not_change_the_fingerprint_and_numbers_do() {
        let policy = Policy::v1().unwrap();
        let commented = Policy::parse(&format!("# said differently\n{V1}")).unwrap();
        let other = Policy::parse(&V1.replace("positions = 3", "positions = 4")).unwrap();

        assert_eq!(policy.fingerprint(), commented.fingerprint());
        assert_ne!(policy.fingerprint(), other.fingerprint());
    }
}
