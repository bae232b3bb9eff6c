//! Which rules a request is charged.

use std::collections::HashMap;

use counters::{Counters, Key, Mode, Plan, Spec, SpecError};

use super::{LimitsPlan, OperationLimits};

/// Rules by operation.
pub(crate) struct Plans {
    common: Plan,
    /// Of operations that have rules of their own: all that they are charged.
    special: HashMap<usize, Plan>,
    shown: Vec<Shown>,
}

/// A rule that some operations have besides the common ones, by itself: for showing it.
pub(crate) struct Shown {
    pub(super) plan: Plan,
    /// Their labels. They share one count.
    pub(super) operations: Vec<String>,
    spec: Spec,
}

impl Plans {
    pub(super) fn new(
        settings: &LimitsPlan,
        operations: &[OperationLimits],
        counters: &Counters,
    ) -> Result<Self, SpecError> {
        let common: Vec<&Spec> = settings.common.iter().collect();
        let (mut special, mut shown) = (HashMap::new(), Vec::new());
        for operation in operations {
            let configured = settings.rules.iter().filter(|(index, _)| *index == operation.index);
            let mut own: Vec<&Spec> = configured.map(|(_, spec)| spec).collect();
            add_unnamed(&mut own, operation.limits.iter());
            if own.is_empty() {
                continue;
            }
            for spec in &own {
                show(&mut shown, spec, operation, |spec| plan(&[spec], settings.nodes, counters))?;
            }
            add_unnamed(&mut own, common.iter().copied());
            special.insert(operation.index, plan(&own, settings.nodes, counters)?);
        }
        Ok(Self { common: plan(&common, settings.nodes, counters)?, special, shown })
    }

    /// What a request to this operation is charged.
    pub(super) fn of(&self, operation: usize) -> &Plan {
        self.special.get(&operation).unwrap_or(&self.common)
    }

    /// What requests to operations without rules of their own are charged.
    pub(super) const fn common(&self) -> &Plan {
        &self.common
    }

    /// What requests to some operations are charged besides, rule by rule.
    pub(super) fn shown(&self) -> &[Shown] {
        &self.shown
    }
}

/// Shows a rule of an operation: beside those that share its count, or by itself.
fn show(
    shown: &mut Vec<Shown>,
    spec: &Spec,
    operation: &OperationLimits,
    alone: impl FnOnce(&Spec) -> Result<Plan, SpecError>,
) -> Result<(), SpecError> {
    let shares = !spec.by.contains(&Key::Operation);
    if let Some(known) = shown.iter_mut().find(|known| shares && known.spec == *spec) {
        known.operations.push(operation.label.clone());
        return Ok(());
    }
    let operations = vec![operation.label.clone()];
    shown.push(Shown { plan: alone(spec)?, operations, spec: spec.clone() });
    Ok(())
}

/// Adds rules whose names are not taken.
fn add_unnamed<'s>(all: &mut Vec<&'s Spec>, more: impl Iterator<Item = &'s Spec>) {
    for spec in more {
        if !all.iter().any(|known| known.name == spec.name) {
            all.push(spec);
        }
    }
}

/// Rules that are charged together. What the store does not charge while a request waits is
/// exchanged with it.
pub(super) fn plan(specs: &[&Spec], nodes: u32, counters: &Counters) -> Result<Plan, SpecError> {
    let rules = specs.iter().map(|spec| {
        let rule = spec.rule()?;
        let mode = match spec.mode {
            Mode::Sync if !counters.charges(&rule) => Mode::Async,
            mode => mode,
        };
        Ok((rule, spec.on_store_error, mode))
    });
    Ok(Plan::with_modes(rules.collect::<Result<_, SpecError>>()?, nodes)?)
}
