//! Directives that change rules which stand elsewhere.

use crate::seclang::{
    action::{Action, Placed},
    ast::{Directive, Which},
    place::{Fault, Place},
    target::{Role, Target},
};

use super::assemble::{Assembly, is_chosen};

/// Removes or changes rules. As in `ModSecurity` v3, the order of rule and directive is no matter.
pub(crate) fn apply(
    assembly: &mut Assembly,
    directive: &Directive,
    place: Place,
) -> Result<(), Fault> {
    match directive {
        Directive::Remove(list) => list.iter().for_each(|which| remove(assembly, which)),
        Directive::UpdateTargets(which, targets) => update_targets(assembly, which, targets),
        Directive::UpdateActions(which, actions) => {
            refuse_identity(actions)?;
            update_actions(assembly, which, actions, place);
        }
        _ => {}
    }
    Ok(())
}

fn remove(assembly: &mut Assembly, which: &Which) {
    let removed: Vec<bool> = assembly.drafts.iter().map(|draft| is_chosen(which, draft)).collect();
    for (_, position) in &mut assembly.markers {
        let before = removed.iter().take(*position).filter(|removed| **removed).count();
        *position -= before;
    }
    let mut removed = removed.into_iter();
    assembly.drafts.retain(|_| !removed.next().unwrap_or_default());
}

/// Exclusions hold for every link of a chain, additions for its head.
fn update_targets(assembly: &mut Assembly, which: &Which, targets: &[Target]) {
    for draft in assembly.drafts.iter_mut().filter(|draft| is_chosen(which, draft)) {
        for (index, link) in draft.links.iter_mut().enumerate() {
            let new = targets.iter().filter(|target| {
                target.role == Role::Exclude || (index == 0 && link.check.is_some())
            });
            link.targets.extend(new.cloned());
        }
    }
}

fn refuse_identity(actions: &[Placed]) -> Result<(), Fault> {
    let is_identity =
        |action: &Action| matches!(action, Action::Id(_) | Action::Phase(_) | Action::Chain);
    match actions.iter().find(|placed| is_identity(&placed.action)) {
        None => Ok(()),
        Some(placed) => Err(Fault::new(placed.place, "an update may not change this")),
    }
}

/// New actions come last and so win; new transformations replace the old ones.
fn update_actions(assembly: &mut Assembly, which: &Which, actions: &[Placed], place: Place) {
    let transforms = actions.iter().any(|placed| matches!(placed.action, Action::Transform(_)));
    for draft in assembly.drafts.iter_mut().filter(|draft| is_chosen(which, draft)) {
        let Some(head) = draft.links.first_mut() else { continue };
        if transforms {
            head.actions.retain(|placed| !matches!(placed.action, Action::Transform(_)));
        }
        let moved = actions.iter().map(|placed| Placed { action: placed.action.clone(), place });
        head.actions.extend(moved);
    }
}
