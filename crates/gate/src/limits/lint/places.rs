//! Rules about what is at work at once. They are compared with each other alone: how many may come
//! in a time says nothing of how long they stay.

use super::{LintFault, fault};
use crate::limits::UsageRule;

/// Rules that no request reaches, because another one has fewer places for all that it counts.
pub(super) fn together(rules: &[UsageRule]) -> Vec<LintFault> {
    let places = || {
        let all = rules.iter().enumerate();
        all.filter_map(|(at, rule)| Some((at, rule.operation.as_ref(), rule.at_once?)))
    };
    let is_reached = |operation: Option<&String>, most: u32| {
        places().all(|(_, other, fewer)| {
            let covers = other.is_none() || other == operation;
            !covers || fewer >= most
        })
    };
    let beyond = places().filter(|(_, operation, most)| !is_reached(*operation, *most));
    let detail = "expected what can be reached: another rule has fewer places";
    beyond.map(|(at, ..)| fault(at, "/at_once", "unreachable", detail)).collect()
}
