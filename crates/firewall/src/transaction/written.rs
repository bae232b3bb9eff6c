//! Variables that rules write: `TX`, and `IP` and its kin, which live no longer here than the
//! transaction.

use std::collections::HashMap;

use crate::{
    program::{Matcher, Names, Program, Slot, tests::integer},
    seclang::variable::Variable,
};

use super::values::{Span, ValueId, Values};

/// What a written variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Held {
    #[default]
    Unset,
    Number(i64),
    Bytes(Span),
}

impl Held {
    /// As a number, the way C's `atoi` reads one.
    pub(crate) fn number(self, values: &Values) -> i64 {
        match self {
            Self::Unset => 0,
            Self::Number(number) => number,
            Self::Bytes(span) => integer(values.bytes(span)),
        }
    }

    /// As bytes in the arena.
    pub(crate) fn span(self, values: &mut Values) -> Span {
        match self {
            Self::Unset => Span::default(),
            Self::Number(number) => values.store_number(number),
            Self::Bytes(span) => span,
        }
    }
}

/// The name of a written variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Slot(Slot),
    /// A name that no rule has: it was made while running.
    Made(usize),
}

/// The written variables of a transaction.
#[derive(Debug)]
pub(crate) struct Written {
    slots: Vec<Held>,
    made: Vec<(Variable, Span, Held)>,
    /// Where a made name stands in the list.
    places: HashMap<(Variable, ValueId), usize>,
    /// Collections that `initcol` opened; `TX` always is.
    open: Vec<Variable>,
}

/// Names that a transaction may make.
const MADE_MAX: usize = 4096;

impl Written {
    pub(crate) fn new(names: &Names) -> Self {
        Self {
            slots: vec![Held::Unset; names.len()],
            made: Vec::new(),
            places: HashMap::new(),
            open: vec![Variable::Tx],
        }
    }

    /// Opens a collection: before that, what is written to it is lost, as in `ModSecurity`.
    pub(crate) fn open(&mut self, collection: Variable) {
        if !self.open.contains(&collection) {
            self.open.push(collection);
        }
    }

    pub(crate) fn is_open(&self, collection: Variable) -> bool {
        self.open.contains(&collection)
    }

    pub(crate) fn slot(&self, slot: Slot) -> Held {
        self.slots.get(slot.0 as usize).copied().unwrap_or_default()
    }

    pub(crate) fn set_slot(&mut self, slot: Slot, held: Held) {
        if let Some(entry) = self.slots.get_mut(slot.0 as usize) {
            *entry = held;
        }
    }

    /// Finds or makes a name that was put together while running.
    pub(crate) fn name(
        &mut self,
        collection: Variable,
        name: &[u8],
        program: &Program,
        values: &mut Values,
    ) -> Option<Name> {
        let lower = name.to_ascii_lowercase();
        if let Some(slot) = program.names.find(collection, &lower) {
            return Some(Name::Slot(slot));
        }
        let id = values.intern(&lower, &program.hasher);
        if let Some(index) = self.places.get(&(collection, id)) {
            return Some(Name::Made(*index));
        }
        if self.made.len() >= MADE_MAX {
            return None;
        }
        let index = self.made.len();
        self.made.push((collection, values.span(id), Held::Unset));
        self.places.insert((collection, id), index);
        Some(Name::Made(index))
    }

    pub(crate) fn get(&self, name: Name) -> Held {
        match name {
            Name::Slot(slot) => self.slot(slot),
            Name::Made(index) => self.made.get(index).map(|made| made.2).unwrap_or_default(),
        }
    }

    pub(crate) fn set(&mut self, name: Name, held: Held) {
        match name {
            Name::Slot(slot) => self.set_slot(slot, held),
            Name::Made(index) => {
                if let Some(made) = self.made.get_mut(index) {
                    made.2 = held;
                }
            }
        }
    }

    /// The set members of a collection that a matcher chooses, in no certain order.
    pub(crate) fn members(
        &self,
        collection: Variable,
        matcher: Option<&Matcher>,
        names: &Names,
        values: &Values,
    ) -> Vec<Name> {
        let is_chosen = |name: &[u8]| matcher.is_none_or(|matcher| matcher.matches_name(name));
        let mut members = Vec::new();
        for (index, held) in self.slots.iter().enumerate() {
            let slot = Slot(index as u32);
            if *held != Held::Unset
                && names.name(slot).is_some_and(|(of, name)| of == collection && is_chosen(name))
            {
                members.push(Name::Slot(slot));
            }
        }
        for (index, (of, span, held)) in self.made.iter().enumerate() {
            if *of == collection && *held != Held::Unset && is_chosen(values.bytes(*span)) {
                members.push(Name::Made(index));
            }
        }
        members
    }

    /// The bytes of a name.
    pub(crate) fn name_bytes<'a>(
        &self,
        name: Name,
        names: &'a Names,
        values: &'a Values,
    ) -> &'a [u8] {
        match name {
            Name::Slot(slot) => names.name(slot).map(|(_, name)| name).unwrap_or_default(),
            Name::Made(index) => {
                self.made.get(index).map(|made| values.bytes(made.1)).unwrap_or_default()
            }
        }
    }
}
