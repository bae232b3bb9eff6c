//! Names of variables that rules write, as slots.

use std::collections::HashMap;

use crate::seclang::variable::Variable;

/// The place of a written variable in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Slot(pub(crate) u32);

/// All names that rules write or read, in lower case.
#[derive(Debug, Default)]
pub(crate) struct Names {
    slots: HashMap<(Variable, Box<[u8]>), Slot>,
    names: Vec<(Variable, Box<[u8]>)>,
}

impl Names {
    /// The slot of a name.
    pub(crate) fn intern(&mut self, variable: Variable, name: &str) -> Slot {
        let key = (variable, name.to_ascii_lowercase().into_bytes().into_boxed_slice());
        if let Some(slot) = self.slots.get(&key) {
            return *slot;
        }
        let slot = Slot(self.names.len() as u32);
        self.names.push(key.clone());
        self.slots.insert(key, slot);
        slot
    }

    /// The slot of a name in lower case, if any rule knows it.
    pub(crate) fn find(&self, variable: Variable, name: &[u8]) -> Option<Slot> {
        // The key is owned; a transaction looks names up rarely.
        self.slots.get(&(variable, name.into())).copied()
    }

    /// The collection and the name of a slot.
    pub(crate) fn name(&self, slot: Slot) -> Option<(Variable, &[u8])> {
        self.names.get(slot.0 as usize).map(|(variable, name)| (*variable, &**name))
    }

    /// How many slots there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}
