//! What matches do: variables set, controls turned.

use crate::{
    Step,
    program::{Amount, Deed, Place, Program, Slot, Text},
    seclang::variable::Variable,
};

use super::{
    state::{Running, State},
    written::{Held, Name},
};

impl State {
    /// Does one thing.
    pub(crate) fn act(&mut self, deed: &Deed, running: Running<'_>) {
        match deed {
            Deed::Set(place, amount) => self.set(place, Some(amount), running),
            Deed::Unset(place) => self.set(place, None, running),
            Deed::InitCol(variable) => self.written.open(*variable),
            Deed::Engine(mode) => self.mode = *mode,
            Deed::ForceBodyVariable(on) => self.force_body = *on,
            Deed::RequestBodyAccess(on) => self.request_body_access = *on,
            Deed::ResponseBodyAccess(on) => self.response_body_access = *on,
            Deed::Processor(processor) => self.processor = Some(*processor),
            Deed::Audit(on) => self.audit = *on,
            Deed::Remove(rules) => self.removed.add(rules),
            Deed::RemoveTarget(removal) => {
                if self.removals.len() < REMOVALS_MAX {
                    self.removals.push(removal.clone());
                }
            }
        }
    }

    fn set(&mut self, place: &Place, amount: Option<&Amount>, running: Running<'_>) {
        let Some((collection, name)) = self.place(place, running) else { return };
        if !self.written.is_open(collection) {
            return;
        }
        let held = match amount {
            None => Held::Unset,
            Some(Amount::Set(text)) => self.held(text, running),
            Some(Amount::Add(text)) => self.sum(name, text, 1, running),
            Some(Amount::Subtract(text)) => self.sum(name, text, -1, running),
        };
        self.written.set(name, held);
        self.note(running, |state| {
            let mut variable = collection.name().to_ascii_lowercase().into_bytes();
            variable.push(b'.');
            let names = &running.program.names;
            variable.extend(state.written.name_bytes(name, names, &state.values));
            let span = held.span(&mut state.values);
            Step::Set {
                variable: String::from_utf8_lossy(&variable).into_owned(),
                value: state.values.bytes(span).to_vec(),
            }
        });
    }

    fn place(&mut self, place: &Place, running: Running<'_>) -> Option<(Variable, Name)> {
        match place {
            Place::Slot(slot) => {
                let (collection, _) = running.program.names.name(*slot)?;
                Some((collection, Name::Slot(*slot)))
            }
            Place::Named(collection, text) => {
                let mut out = std::mem::take(&mut self.scratch);
                out.clear();
                self.expand(text, running, &mut out);
                let program = running.program;
                let name = self.written.name(*collection, &out, program, &mut self.values);
                self.scratch = out;
                Some((*collection, name?))
            }
        }
    }

    fn held(&mut self, text: &Text, running: Running<'_>) -> Held {
        if let Some(number) = text.constant().and_then(canonical_number) {
            return Held::Number(number);
        }
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        self.expand(text, running, &mut out);
        let held = match canonical_number(&out) {
            Some(number) => Held::Number(number),
            None => Held::Bytes(self.values.store(&out)),
        };
        self.scratch = out;
        held
    }

    fn sum(&mut self, name: Name, text: &Text, sign: i64, running: Running<'_>) -> Held {
        let old = self.written.get(name).number(&self.values);
        let more = self.number(text, running);
        Held::Number(old.saturating_add(more.saturating_mul(sign)))
    }

    /// Sets `TX:0` to `TX:9` to what was found in a value.
    pub(crate) fn capture(&mut self, groups: &[Option<Held>; 10], program: &Program) {
        for (slot, held) in program.groups.iter().zip(groups) {
            if let Some(slot) = slot {
                self.written.set_slot(*slot, held.unwrap_or_default());
            }
        }
    }

    /// Sets a variable of `TX` by name, before the rules run.
    pub(crate) fn preset(&mut self, name: &str, value: &str, program: &Program) {
        let place = self.written.name(Variable::Tx, name.as_bytes(), program, &mut self.values);
        if let Some(place) = place {
            let held = match canonical_number(value.as_bytes()) {
                Some(number) => Held::Number(number),
                None => Held::Bytes(self.values.store(value.as_bytes())),
            };
            self.written.set(place, held);
        }
    }

    /// A slot's value as a number.
    pub(crate) fn slot_number(&self, slot: Slot) -> i64 {
        self.written.slot(slot).number(&self.values)
    }
}

/// A number that is written as we would write it, so that its digits need not be kept.
fn canonical_number(text: &[u8]) -> Option<i64> {
    let is_canonical = match text {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.len() < 18 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    is_canonical.then(|| crate::program::tests::integer(text))
}

/// Targets that rules may be kept from by `ctl`.
const REMOVALS_MAX: usize = 1024;
