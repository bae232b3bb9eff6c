//! What rules do, with every choice of rules resolved to a set.

use std::sync::Arc;

use crate::{
    bit_set::BitSet,
    seclang::{
        action::{Action, Change, Placed, SetVar},
        ast::Which,
        ctl::Ctl,
        place::Fault,
        target::Target,
        template::Template,
    },
};

use super::{Amount, Deed, Matcher, Names, Place, Removal, Text, assemble::Draft};

/// What rules are called, so that others can choose them.
#[derive(Debug)]
pub(crate) struct Census {
    ids: Vec<u32>,
    tags: Vec<Vec<String>>,
    messages: Vec<String>,
}

impl Census {
    pub(crate) fn new(drafts: &[Draft]) -> Self {
        let head = |draft: &Draft| draft.links.first().map(|link| link.actions.clone());
        let tags = |draft: &Draft| {
            let actions = head(draft).unwrap_or_default();
            let tags = actions.into_iter().filter_map(|placed| match placed.action {
                Action::Tag(tag) => Some(tag),
                _ => None,
            });
            tags.collect()
        };
        let message = |draft: &Draft| {
            let actions = head(draft).unwrap_or_default();
            let found = actions.iter().rev().find_map(|placed| match &placed.action {
                Action::Msg(text) => text.constant().map(ToOwned::to_owned),
                _ => None,
            });
            found.unwrap_or_default()
        };
        Self {
            ids: drafts.iter().map(|draft| draft.id).collect(),
            tags: drafts.iter().map(tags).collect(),
            messages: drafts.iter().map(message).collect(),
        }
    }

    /// The rules that are chosen.
    pub(crate) fn choose(&self, which: &Which) -> BitSet {
        let mut chosen = BitSet::new(self.ids.len());
        for (index, id) in self.ids.iter().enumerate() {
            let is_chosen = match which {
                Which::Ids(from, to) => (from..=to).contains(&id),
                Which::Tag(tag) => self.tags.get(index).is_some_and(|tags| tags.contains(tag)),
                Which::Msg(text) => self.messages.get(index) == Some(text),
            };
            if is_chosen {
                chosen.insert(index);
            }
        }
        chosen
    }

    /// All rules.
    pub(crate) fn all(&self) -> BitSet {
        self.choose(&Which::Ids(0, u32::MAX))
    }
}

/// The deeds of one link.
#[derive(Debug)]
pub(crate) struct Deeds {
    pub(crate) sets: Box<[Deed]>,
    pub(crate) after: Box<[Deed]>,
}

/// Compiles actions that do something besides ending the transaction.
pub(crate) fn compile(
    actions: &[Placed],
    names: &mut Names,
    census: &Census,
) -> Result<Deeds, Fault> {
    let (mut sets, mut after) = (Vec::new(), Vec::new());
    for placed in actions {
        match &placed.action {
            Action::SetVar(set) => sets.push(set_var(set, names)),
            Action::InitCol(variable, _) => after.push(Deed::InitCol(*variable)),
            Action::Ctl(ctl) => after
                .extend(control(ctl, census).map_err(|message| Fault::new(placed.place, message))?),
            _ => {}
        }
    }
    Ok(Deeds { sets: sets.into(), after: after.into() })
}

fn set_var(set: &SetVar, names: &mut Names) -> Deed {
    let place = match set.name.constant() {
        Some(name) => Place::Slot(names.intern(set.collection, name)),
        None => Place::Named(set.collection, Text::new(&set.name, names)),
    };
    let mut text = |template: &Template| Text::new(template, names);
    let amount = match &set.change {
        Change::Unset => return Deed::Unset(place),
        Change::Set(template) => Amount::Set(text(template)),
        Change::Add(template) => Amount::Add(text(template)),
        Change::Subtract(template) => Amount::Subtract(text(template)),
    };
    Deed::Set(place, amount)
}

fn control(ctl: &Ctl, census: &Census) -> Result<Option<Deed>, String> {
    let target = |which: Which, targets: &[Target]| {
        let matchers: Result<Box<[Matcher]>, String> = targets.iter().map(Matcher::new).collect();
        let removal = Removal { rules: census.choose(&which), targets: matchers? };
        Ok::<_, String>(Deed::RemoveTarget(Arc::new(removal)))
    };
    Ok(Some(match ctl {
        Ctl::AuditEngine(value) => Deed::Audit(!value.eq_ignore_ascii_case("off")),
        Ctl::ForceRequestBodyVariable(on) => Deed::ForceBodyVariable(*on),
        Ctl::Ignored(..) => return Ok(None),
        Ctl::RequestBodyAccess(on) => Deed::RequestBodyAccess(*on),
        Ctl::RequestBodyProcessor(processor) => Deed::Processor(*processor),
        Ctl::ResponseBodyAccess(on) => Deed::ResponseBodyAccess(*on),
        Ctl::RuleEngine(mode) => Deed::Engine(*mode),
        Ctl::RuleRemoveById(ranges) => {
            let mut chosen = BitSet::new(census.ids.len());
            ranges
                .iter()
                .for_each(|(from, to)| chosen.add(&census.choose(&Which::Ids(*from, *to))));
            Deed::Remove(chosen)
        }
        Ctl::RuleRemoveByMsg(text) => Deed::Remove(census.choose(&Which::Msg(text.clone()))),
        Ctl::RuleRemoveByTag(tag) => Deed::Remove(census.choose(&Which::Tag(tag.clone()))),
        Ctl::RuleRemoveTargetById((from, to), targets) => target(Which::Ids(*from, *to), targets)?,
        Ctl::RuleRemoveTargetByMsg(text, targets) => target(Which::Msg(text.clone()), targets)?,
        Ctl::RuleRemoveTargetByTag(tag, targets) => target(Which::Tag(tag.clone()), targets)?,
    }))
}
