//! Which rules a request is under.

use std::collections::HashMap;

use counters::{Counters, Key, Meant, Mode, Plan, Spec, SpecError};
use throttle::{PlaceRules, distinct};

use super::{LimitsPlan, OperationLimits};

/// Rules by operation.
pub(crate) struct Plans {
    common: Duties,
    /// Of operations that have rules of their own: all that they are under.
    special: HashMap<usize, Duties>,
    shown: Vec<Shown>,
}

/// What a request owes: the places that it takes, and what it is charged.
#[derive(Default)]
pub(crate) struct Duties {
    pub(super) places: PlaceRules,
    pub(super) counted: Plan,
}

/// A rule that some operations have besides the common ones, by itself: for showing it.
pub(crate) struct Shown {
    pub(super) duties: Duties,
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
        let cap = settings.tenant_cap();
        // Everybody is under it, whatever a plan or an operation says.
        let capped = |specs: &[&Spec]| duties(&[specs, &[&cap]].concat(), settings.nodes, counters);
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
                let alone = |spec: &Spec| duties(&[spec], settings.nodes, counters);
                show(&mut shown, spec, operation, alone)?;
            }
            add_unnamed(&mut own, common.iter().copied());
            special.insert(operation.index, capped(&own)?);
        }
        Ok(Self { common: capped(&common)?, special, shown })
    }

    /// What a request to this operation owes.
    pub(super) fn of(&self, operation: usize) -> &Duties {
        self.special.get(&operation).unwrap_or(&self.common)
    }

    /// What requests to operations without rules of their own owe.
    pub(super) const fn common(&self) -> &Duties {
        &self.common
    }

    /// What requests to some operations owe besides, rule by rule.
    pub(super) fn shown(&self) -> &[Shown] {
        &self.shown
    }
}

/// Shows a rule of an operation: beside those that share its count, or by itself.
fn show(
    shown: &mut Vec<Shown>,
    spec: &Spec,
    operation: &OperationLimits,
    alone: impl FnOnce(&Spec) -> Result<Duties, SpecError>,
) -> Result<(), SpecError> {
    let shares = !spec.by.contains(&Key::Operation);
    if let Some(known) = shown.iter_mut().find(|known| shares && known.spec == *spec) {
        known.operations.push(operation.label.clone());
        return Ok(());
    }
    let operations = vec![operation.label.clone()];
    shown.push(Shown { duties: alone(spec)?, operations, spec: spec.clone() });
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

/// Rules of one request. What the store does not charge while a request waits is exchanged with it.
pub(super) fn duties(
    specs: &[&Spec],
    nodes: u32,
    counters: &Counters,
) -> Result<Duties, SpecError> {
    // A refusal names what is violated, whichever kind it is of.
    distinct(specs.iter().map(|spec| spec.name.as_str()))?;
    let (mut places, mut rules) = (Vec::new(), Vec::new());
    for spec in specs {
        let rule = match spec.meant()? {
            Meant::Counted(rule) => rule,
            Meant::AtOnce(rule) => {
                places.push(rule);
                continue;
            }
        };
        let mode = match spec.mode.unwrap_or_default() {
            Mode::Sync if !counters.charges(&rule) => Mode::Async,
            mode => mode,
        };
        rules.push((rule, spec.on_store_error.unwrap_or_default(), mode));
    }
    Ok(Duties { places: PlaceRules::new(places)?, counted: Plan::with_modes(rules, nodes)? })
}
