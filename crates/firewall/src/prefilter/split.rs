//! Splits a pattern into cases, each of which needs more than the whole does.

use regex_syntax::hir::{Hir, HirKind};

use super::needs::Case;

/// Cases that one pattern is split into at most.
const CASES_MAX: usize = 48;
/// A split has to lower the guess at how many values pass by this factor.
const GAIN_MIN: f64 = 0.8;

/// Patterns that together match at least what the pattern matches.
pub(super) fn cases(hir: &Hir) -> Vec<Hir> {
    let mut out = Vec::new();
    split(hir, CASES_MAX, &mut out);
    out
}

fn split(hir: &Hir, room: usize, out: &mut Vec<Hir>) {
    match hir.kind() {
        HirKind::Capture(capture) => split(&capture.sub, room, out),
        HirKind::Alternation(branches) if branches.len() <= room => {
            let each = room / branches.len().max(1);
            branches.iter().for_each(|branch| split(branch, each, out));
        }
        HirKind::Concat(parts) => match worth_splitting(parts, room) {
            Some((at, branches)) => {
                let each = room / branches.len().max(1);
                for branch in branches {
                    let replaced = parts.iter().enumerate().map(|(index, part)| {
                        if index == at { branch.clone() } else { part.clone() }
                    });
                    split(&Hir::concat(replaced.collect()), each, out);
                }
            }
            None => out.push(hir.clone()),
        },
        _ => out.push(hir.clone()),
    }
}

/// The part of a sequence whose branches, each for itself, let the fewest values pass.
fn worth_splitting(parts: &[Hir], room: usize) -> Option<(usize, Vec<Hir>)> {
    let known: Vec<Case> = parts.iter().map(Case::sketch).collect();
    let whole = known.iter().map(Case::chance).fold(1.0, f64::min);
    let mut best = None;
    let mut least = whole * GAIN_MIN;
    for (at, part) in parts.iter().enumerate() {
        let Some(branches) = branches(part).filter(|branches| branches.len() <= room) else {
            continue;
        };
        let others = known.iter().enumerate().filter(|(index, _)| *index != at);
        let others = others.map(|(_, case)| case.chance()).fold(1.0, f64::min);
        let chance = branches.iter().map(|branch| Case::sketch(branch).chance().min(others)).sum();
        if chance < least {
            least = chance;
            best = Some((at, branches));
        }
    }
    best
}

fn branches(hir: &Hir) -> Option<Vec<Hir>> {
    match hir.kind() {
        HirKind::Alternation(branches) => Some(branches.clone()),
        HirKind::Capture(capture) => branches(&capture.sub),
        HirKind::Repetition(repetition) if (repetition.min, repetition.max) == (0, Some(1)) => {
            Some(vec![(*repetition.sub).clone(), Hir::empty()])
        }
        _ => None,
    }
}
