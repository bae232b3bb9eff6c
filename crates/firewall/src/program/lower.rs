//! From assembled rules to a program.

use std::sync::Arc;

use crate::{
    CompileError, Files, Source as RuleText,
    seclang::{
        action::{Action, Placed},
        load,
        variable::Variable,
    },
};

use super::{
    Check, Effect, Link, Look, Program, Rule, Text,
    assemble::{Assembly, Draft, assemble},
    deeds::Census,
    intern::Shared,
    links::{self, Context},
    lint::lint,
    tests::Filter,
};

/// Compiles rule texts.
pub(crate) fn compile(
    sources: &[RuleText],
    files: &dyn Files,
) -> Result<(Program, Census), Vec<CompileError>> {
    let (units, mut faults) = load(sources, files);
    let mut assembly = assemble(units);
    faults.append(&mut assembly.faults);
    let census = Census::new(&assembly.drafts);
    let mut shared = Shared::new();
    let (mut rules, mut all_links) = (Vec::new(), Vec::new());
    for draft in &assembly.drafts {
        let defaults = &draft.defaults;
        let context = Context { files, file: &draft.file, census: &census, defaults };
        let first = all_links.len() as u32;
        for link in &draft.links {
            match links::compile(link, &mut shared, &context) {
                Ok(link) => all_links.push(link),
                Err(fault) => faults.push(fault.in_file(&draft.file)),
            }
        }
        rules.push(rule(draft, first, &mut shared));
    }
    if !faults.is_empty() {
        faults.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        return Err(faults);
    }
    mark_filtered(&mut shared, &all_links);
    let phases = order(&mut rules, &assembly);
    let lints = lint(&assembly, &rules);
    let filter = Filter::new(&shared.tests);
    let groups =
        std::array::from_fn(|digit| shared.names.find(Variable::Tx, digit.to_string().as_bytes()));
    let program = Program {
        rules,
        phases,
        links: all_links,
        buckets: shared.buckets,
        columns: shared.columns,
        sources: shared.sources,
        forms: shared.forms,
        transforms: shared.transforms,
        tests: shared.tests,
        filter,
        names: shared.names,
        groups,
        settings: assembly.settings,
        lints,
        hasher: std::hash::RandomState::new(),
    };
    Ok((program, census))
}

/// Finds the buckets for which the prefilter is worth its while.
fn mark_filtered(shared: &mut Shared, links: &[Link]) {
    for link in links {
        let (Look::Bucket(bucket), Check::Test(test)) = (&link.look, &link.check) else { continue };
        let is_dear = shared.tests.get(*test as usize).is_some_and(|test| !test.is_cheap());
        if let Some(bucket) = shared.buckets.get_mut(*bucket as usize) {
            bucket.filtered |= is_dear;
        }
    }
}

/// Lists the rules of each phase and resolves jumps.
fn order(rules: &mut [Rule], assembly: &Assembly) -> [Vec<u32>; 5] {
    let mut phases: [Vec<u32>; 5] = Default::default();
    let mut places = Vec::with_capacity(rules.len());
    for (index, rule) in rules.iter().enumerate() {
        if let Some(list) = phases.get_mut(rule.phase as usize - 1) {
            places.push(list.len() as u32);
            list.push(index as u32);
        }
    }
    for index in 0..rules.len() {
        let Some(rule) = rules.get(index) else { break };
        let Some(name) = rule.marker.clone() else { continue };
        let phase = rule.phase;
        let marker = assembly
            .markers
            .iter()
            .find(|(marker, position)| **marker == *name && *position > index);
        let list = phases.get(phase as usize - 1).map(Vec::as_slice).unwrap_or_default();
        // A marker that is not there lets the rest of the phase go, as in `ModSecurity`.
        let next = marker.map_or(list.len(), |(_, position)| {
            list.partition_point(|rule| (*rule as usize) < *position)
        });
        if let Some(rule) = rules.get_mut(index) {
            rule.next = Some(next as u32);
        }
    }
    resolve_counts(rules, &places);
    phases
}

/// `skip:2` goes on at the third rule after this one in its phase.
fn resolve_counts(rules: &mut [Rule], places: &[u32]) {
    for (rule, place) in rules.iter_mut().zip(places) {
        if rule.marker.is_none()
            && let Some(count) = rule.next
        {
            rule.next = Some(place.saturating_add(count).saturating_add(1));
        }
    }
}

fn rule(draft: &Draft, first: u32, shared: &mut Shared) -> Rule {
    let head = draft.links.first();
    let own = head.map(|link| link.actions.as_slice()).unwrap_or_default();
    let all = || draft.defaults.iter().chain(own).map(|placed| &placed.action);
    let mut rule = Rule {
        id: draft.id,
        phase: draft.phase,
        first,
        count: draft.links.len() as u32,
        next: None,
        marker: None,
        disruption: effect(&draft.defaults, own, shared),
        status: 403,
        logged: true,
        audited: true,
        severity: None,
        tags: tags(draft),
        rev: Box::default(),
        line: head.map_or(0, |link| link.place.line),
    };
    // The head's own status wins over one that a link of its chain brings.
    let mut links = draft.links.iter().skip(1).rev().flat_map(|link| &link.actions);
    if let Some(Action::Status(status)) =
        links.find(|placed| matches!(placed.action, Action::Status(_))).map(|placed| &placed.action)
    {
        rule.status = *status;
    }
    for action in all() {
        match action {
            Action::Log(on) => {
                rule.logged = *on;
                rule.audited = *on;
            }
            Action::AuditLog(on) => rule.audited = *on,
            Action::Status(status) => rule.status = *status,
            Action::Severity(severity) => rule.severity = Some(*severity),
            Action::Rev(text) => rule.rev = text.as_str().into(),
            Action::SkipAfter(marker) => rule.marker = Some(marker.as_str().into()),
            Action::Skip(count) => rule.next = Some(*count),
            _ => {}
        }
    }
    rule
}

/// The last disruptive action counts; `block` stands for the default one. As in `ModSecurity` v3, a
/// rule without any does nothing of the kind, whatever the default is.
fn effect(defaults: &[Placed], own: &[Placed], shared: &mut Shared) -> Effect {
    let found = own.iter().rev().find_map(|placed| match &placed.action {
        Action::Block => {
            let mut defaults = defaults.iter().rev();
            let default = defaults.find_map(|placed| disruptive(&placed.action, shared));
            Some(default.unwrap_or(Effect::Pass))
        }
        action => disruptive(action, shared),
    });
    found.unwrap_or(Effect::Pass)
}

fn disruptive(action: &Action, shared: &mut Shared) -> Option<Effect> {
    Some(match action {
        Action::Pass => Effect::Pass,
        Action::Deny => Effect::Deny,
        Action::Drop => Effect::Drop,
        Action::Redirect(target) => Effect::Redirect(Text::new(target, &mut shared.names)),
        Action::Allow(scope) => Effect::Allow(*scope),
        _ => return None,
    })
}

fn tags(draft: &Draft) -> Arc<[Box<str>]> {
    let actions = draft.links.iter().flat_map(|link| &link.actions);
    let tags = actions.filter_map(|placed| match &placed.action {
        Action::Tag(tag) => Some(tag.as_str().into()),
        _ => None,
    });
    tags.collect()
}
