//! What is claimed, and what must break each claim.

use std::{collections::BTreeSet, fmt, fs, path::Path};

use cedar_policy::{Policy, PolicyId, PolicySet};

use crate::{
    Outcome,
    rules::{self, Rules},
};

pub(crate) struct Claim {
    pub(crate) id: String,
    pub(crate) words: String,
    /// The most that may ever be permitted.
    pub(crate) bounds: Policy,
    pub(crate) controls: Vec<Control>,
}

/// A change to the policies that breaks a claim.
pub(crate) enum Control {
    Without(String),
    With(Policy),
}

/// Reads properties and mistakes.
///
/// # Errors
/// When a claim has no control, or a wall carries no claim: then nothing would show that the proof
/// can fail.
pub(crate) fn read(folder: &Path, rules: &Rules) -> Outcome<Vec<Claim>> {
    let mistakes = rules::named(&fs::read_to_string(folder.join("mistakes.cedar"))?)?;
    let properties = rules::named(&fs::read_to_string(folder.join("properties.cedar"))?)?;
    let claims: Vec<Claim> =
        properties.into_iter().map(|bounds| claim(bounds, &mistakes)).collect::<Outcome<_>>()?;
    let carried: BTreeSet<String> = claims
        .iter()
        .flat_map(|claim| &claim.controls)
        .filter_map(|control| match control {
            Control::Without(wall) => Some(wall.clone()),
            Control::With(_) => None,
        })
        .collect();
    if carried != rules.walls() {
        let odd: Vec<_> = carried.symmetric_difference(&rules.walls()).cloned().collect();
        return Err(format!("expected a claim for each wall: `{}`", odd.join("`, `")).into());
    }
    Ok(claims)
}

fn claim(bounds: Policy, mistakes: &[Policy]) -> Outcome<Claim> {
    let id = bounds.id().to_string();
    let words = bounds.annotation("claim").ok_or("expected `@claim`")?.to_owned();
    let walls = bounds.annotation("falls_without").unwrap_or_default();
    let without = walls.split_whitespace().map(|wall| Control::Without(wall.to_owned()));
    let breaking = mistakes.iter().filter(|m| m.annotation("breaks") == Some(&id));
    let controls: Vec<_> =
        without.chain(breaking.map(|mistake| Control::With(mistake.clone()))).collect();
    if controls.is_empty() {
        return Err(format!("expected `{id}` to have something that breaks it").into());
    }
    Ok(Claim { id, words, bounds, controls })
}

impl Control {
    /// The policies with this change.
    pub(crate) fn apply(&self, rules: &Rules) -> Outcome<PolicySet> {
        let mut policies = rules.policies.clone();
        match self {
            Self::Without(wall) => drop(policies.remove_static(PolicyId::new(wall))?),
            Self::With(mistake) => policies.add(mistake.clone())?,
        }
        Ok(policies)
    }
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Without(wall) => write!(f, "without {wall}"),
            Self::With(mistake) => write!(f, "with {}", mistake.id()),
        }
    }
}
