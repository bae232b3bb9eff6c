//! What is known of the request and the answer, by variable. Rules do not change it.

use std::hash::RandomState;

use crate::seclang::variable::Variable;

use super::values::{Span, ValueId, Values};

/// A member of a collection, or a variable's only value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: Span,
    pub(crate) value: ValueId,
}

/// All collections.
#[derive(Debug)]
pub(crate) struct Collections {
    entries: Vec<Vec<Entry>>,
}

impl Collections {
    pub(crate) fn new() -> Self {
        Self { entries: vec![Vec::new(); Variable::ALL.len()] }
    }

    /// The members of a collection, or the one value of a variable.
    pub(crate) fn of(&self, variable: Variable) -> &[Entry] {
        self.entries.get(variable as usize).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn add(&mut self, variable: Variable, key: Span, value: ValueId) {
        if let Some(entries) = self.entries.get_mut(variable as usize) {
            entries.push(Entry { key, value });
        }
    }

    /// Makes it a variable's only value.
    pub(crate) fn set(&mut self, variable: Variable, value: ValueId) {
        if let Some(entries) = self.entries.get_mut(variable as usize) {
            entries.clear();
            entries.push(Entry { key: Span::default(), value });
        }
    }
}

/// Fills collections, keeping each distinct value once.
pub(crate) struct Filler<'a> {
    pub(crate) values: &'a mut Values,
    pub(crate) collections: &'a mut Collections,
    pub(crate) hasher: &'a RandomState,
}

impl Filler<'_> {
    /// Adds a member; its name is the value of another collection too, where there is one.
    pub(crate) fn add(&mut self, to: Variable, names: Option<Variable>, key: &[u8], value: &[u8]) {
        let name = self.values.intern(key, self.hasher);
        let key = self.values.span(name);
        let value = self.values.intern(value, self.hasher);
        self.collections.add(to, key, value);
        if let Some(names) = names {
            self.collections.add(names, key, name);
        }
    }

    pub(crate) fn set(&mut self, variable: Variable, value: &[u8]) {
        let value = self.values.intern(value, self.hasher);
        self.collections.set(variable, value);
    }

    pub(crate) fn set_number(&mut self, variable: Variable, number: i64) {
        let mut digits = [0_u8; 20];
        let from = super::values::write_number(number, &mut digits);
        self.set(variable, digits.get(from..).unwrap_or_default());
    }

    /// Sets a variable to `1` or `0`.
    pub(crate) fn set_flag(&mut self, variable: Variable, on: bool) {
        self.set(variable, if on { b"1" } else { b"0" });
    }
}
