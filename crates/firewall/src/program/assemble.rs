//! From sentences to whole rules: chains joined, defaults filled in, removals and updates done.

use std::{collections::HashMap, sync::Arc};

use crate::{
    CompileError, Phase,
    seclang::{
        Unit,
        action::{Action, Placed},
        ast::{Directive, Which},
        check::Check,
        directive::is_rule_only,
        place::{Fault, Place},
        target::Target,
    },
};

use super::{Settings, update};

/// A rule before it is compiled.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) id: u32,
    pub(crate) phase: Phase,
    pub(crate) file: Arc<str>,
    pub(crate) links: Vec<DraftLink>,
    /// What `SecDefaultAction` said for the phase when the rule stood there.
    pub(crate) defaults: Arc<[Placed]>,
}

/// A link before it is compiled.
#[derive(Debug)]
pub(crate) struct DraftLink {
    pub(crate) place: Place,
    pub(crate) targets: Vec<Target>,
    /// `None`: `SecAction`.
    pub(crate) check: Option<Check>,
    pub(crate) actions: Vec<Placed>,
}

/// Rules and markers in the order of the files.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    pub(crate) drafts: Vec<Draft>,
    /// A marker's name and how many drafts stand before it.
    pub(crate) markers: Vec<(String, usize)>,
    pub(crate) settings: Settings,
    pub(crate) faults: Vec<CompileError>,
    open: Option<Draft>,
    defaults: [Arc<[Placed]>; 5],
    updates: Vec<(Arc<str>, Place, Directive)>,
    file: Arc<str>,
}

/// Links of one chain.
const LINKS_MAX: usize = 64;

/// Puts sentences together.
pub(crate) fn assemble(units: Vec<Unit>) -> Assembly {
    let mut assembly = Assembly::default();
    for unit in units {
        if *assembly.file != *unit.file {
            assembly.finish_chain();
            assembly.file = unit.file.as_str().into();
        }
        assembly.sentence(unit.sentence.place, unit.sentence.directive);
    }
    assembly.finish_chain();
    assembly.refuse_repeated_ids();
    for (file, place, directive) in std::mem::take(&mut assembly.updates) {
        if let Err(fault) = update::apply(&mut assembly, &directive, place) {
            assembly.faults.push(fault.in_file(&file));
        }
    }
    assembly
}

impl Assembly {
    fn fault(&mut self, fault: Fault) {
        self.faults.push(fault.in_file(&self.file));
    }

    fn sentence(&mut self, place: Place, directive: Directive) {
        let is_link = matches!(directive, Directive::Rule { .. } | Directive::Action(_));
        if !is_link {
            self.finish_chain();
        }
        match directive {
            Directive::Rule { targets, check, actions } => {
                self.link(DraftLink { place, targets, check: Some(check), actions });
            }
            Directive::Action(actions) => {
                self.link(DraftLink { place, targets: Vec::new(), check: None, actions });
            }
            Directive::Marker(name) => self.markers.push((name, self.drafts.len())),
            Directive::Default(actions) => self.set_default(place, actions),
            Directive::Setting(setting) => self.settings.apply(&setting),
            Directive::Remove(_) | Directive::UpdateTargets(..) | Directive::UpdateActions(..) => {
                self.updates.push((Arc::clone(&self.file), place, directive));
            }
            Directive::Include { .. } | Directive::Ignored => {}
        }
    }

    fn link(&mut self, link: DraftLink) {
        let goes_on = link.actions.iter().any(|placed| placed.action == Action::Chain);
        match self.open.as_mut() {
            None => self.head(link),
            Some(draft) => {
                let fault = refuse_in_link(&link);
                draft.links.push(link);
                let is_long = draft.links.len() > LINKS_MAX;
                let place = draft.links.last().map(|link| link.place).unwrap_or_default();
                if let Some(fault) = fault {
                    self.fault(fault);
                }
                if is_long {
                    let message = format!("a chain may have {LINKS_MAX} links");
                    self.fault(Fault::new(place, message));
                }
            }
        }
        if !goes_on {
            self.drafts.extend(self.open.take());
        }
    }

    fn head(&mut self, link: DraftLink) {
        let id = link.actions.iter().find_map(|placed| match placed.action {
            Action::Id(id) => Some(id),
            _ => None,
        });
        let number = link.actions.iter().rev().find_map(|placed| match placed.action {
            Action::Phase(number) => Some(number),
            _ => None,
        });
        if id.is_none() {
            let hint = Some("add `id:…` to its actions".to_owned());
            self.fault(Fault::new(link.place, "the rule has no id").hint(hint));
        }
        let phase = phase(number.unwrap_or(2));
        let defaults = self.defaults.get(phase as usize - 1).map(Arc::clone).unwrap_or_default();
        self.open = Some(Draft {
            id: id.unwrap_or_default(),
            phase,
            file: Arc::clone(&self.file),
            links: vec![link],
            defaults,
        });
    }

    /// A chain that nothing continues is a fault.
    fn finish_chain(&mut self) {
        if let Some(draft) = self.open.take() {
            let place = draft.links.last().map(|link| link.place).unwrap_or_default();
            self.fault(Fault::new(place, "`chain` needs a rule after it"));
        }
    }

    fn set_default(&mut self, place: Place, actions: Vec<Placed>) {
        if let Some(placed) = actions.iter().find(|placed| is_rule_only(&placed.action)) {
            let message = "this action may not stand in `SecDefaultAction`";
            let fault = Fault::new(placed.place, message);
            self.fault(fault);
            return;
        }
        let number = actions.iter().find_map(|placed| match placed.action {
            Action::Phase(number) => Some(number),
            _ => None,
        });
        match number.and_then(|number| self.defaults.get_mut(usize::from(number) - 1)) {
            Some(slot) => *slot = actions.into(),
            None => self.fault(Fault::new(place, "`SecDefaultAction` needs a phase")),
        }
    }

    fn refuse_repeated_ids(&mut self) {
        let mut seen: HashMap<u32, (Arc<str>, Place)> = HashMap::new();
        for draft in &self.drafts {
            let place = draft.links.first().map(|link| link.place).unwrap_or_default();
            let here = (Arc::clone(&draft.file), place);
            if draft.id == 0 {
                continue;
            }
            if let Some((file, first)) = seen.insert(draft.id, here) {
                let message = format!("rule id {} is used already", draft.id);
                let hint = format!("first at {file}:{}", first.line);
                let fault = Fault::new(place, message).hint(Some(hint));
                self.faults.push(fault.in_file(&draft.file));
            }
        }
    }
}

/// Actions that only the head of a chain may have.
fn refuse_in_link(link: &DraftLink) -> Option<Fault> {
    let is_heads = |action: &Action| {
        matches!(
            action,
            Action::Id(_)
                | Action::Phase(_)
                | Action::Deny
                | Action::Drop
                | Action::Block
                | Action::Redirect(_)
                | Action::Allow(_)
                | Action::SkipAfter(_)
                | Action::Skip(_)
        )
    };
    let placed = link.actions.iter().find(|placed| is_heads(&placed.action))?;
    Some(Fault::new(placed.place, "only the first rule of a chain may have this action"))
}

pub(crate) fn phase(number: u8) -> Phase {
    let index = usize::from(number.clamp(1, 5)) - 1;
    Phase::ALL.get(index).copied().unwrap_or(Phase::RequestBody)
}

/// Whether a directive's choice takes in a rule.
pub(crate) fn is_chosen(which: &Which, draft: &Draft) -> bool {
    let mut head = draft.links.first().into_iter().flat_map(|link| &link.actions);
    match which {
        Which::Ids(from, to) => (*from..=*to).contains(&draft.id),
        Which::Tag(tag) => {
            head.any(|placed| matches!(&placed.action, Action::Tag(text) if text == tag))
        }
        Which::Msg(text) => head.any(|placed| match &placed.action {
            Action::Msg(template) => template.constant() == Some(text),
            _ => false,
        }),
    }
}
