//! Items of the table: which key has which, and what they say.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use counters::store::{Ask, Delta, Total};
use throttle::{Standing, Terms};

use crate::dynamo::GRACE_S;

/// An item, or none.
#[derive(Debug, Default)]
pub(crate) struct Item(HashMap<String, AttributeValue>);

impl Item {
    pub(crate) fn of(attributes: Option<HashMap<String, AttributeValue>>) -> Self {
        Self(attributes.unwrap_or_default())
    }

    /// A number; zero where there is none.
    pub(crate) fn number(&self, name: &str) -> u64 {
        let value = self.0.get(name).and_then(|value| value.as_n().ok());
        value.and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

/// A quota in its present period.
#[derive(Debug)]
pub(crate) struct Quota {
    pub(crate) key: String,
    pub(crate) count: u32,
    end_ms: u64,
}

impl Quota {
    /// Nothing for limits that are counted otherwise.
    pub(crate) fn of(Ask { key, terms }: &Ask) -> Option<Self> {
        let Terms::Quota { count, bounds_ms: [_, start_ms, end_ms, _] } = *terms else {
            return None;
        };
        Some(Self { key: format!("{}#{}#{start_ms}", key.anchor, key.name), count, end_ms })
    }

    pub(crate) const fn expires_at_s(&self) -> u64 {
        self.end_ms / 1000 + GRACE_S
    }

    /// Where it stands when so many are used.
    pub(crate) fn standing(&self, used: u64, now_ms: u64) -> Standing {
        let remaining = u64::from(self.count).saturating_sub(used);
        let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
        let reset_ms = self.end_ms.saturating_sub(now_ms);
        Standing { fits: remaining > 0, remaining, reset_ms }
    }

    /// The same, after one was let in.
    pub(crate) fn charged(&self, used: u64, now_ms: u64) -> Standing {
        Standing { fits: true, ..self.standing(used, now_ms) }
    }
}

/// Where a delta is counted: the window that a moment lies in, and the slot of it.
#[derive(Debug)]
pub(crate) struct Place<'d> {
    delta: &'d Delta,
    slot: u64,
}

impl<'d> Place<'d> {
    pub(crate) const fn of(delta: &'d Delta, now_ms: u64) -> Self {
        Self { delta, slot: now_ms / delta.slots.width_ms }
    }

    pub(crate) fn key(&self) -> String {
        self.key_of(self.window())
    }

    pub(crate) fn key_before(&self) -> String {
        self.key_of(self.window().saturating_sub(1))
    }

    pub(crate) fn slot_name(&self) -> String {
        name(self.slot % self.delta.slots.count)
    }

    /// When nothing of it counts any more.
    pub(crate) const fn expires_at_s(&self) -> u64 {
        let after_next = (self.window() + 2) * self.delta.slots.count;
        after_next * self.delta.slots.width_ms / 1000 + GRACE_S
    }

    /// What two windows say of the slots that count.
    pub(crate) fn total(&self, now: &Item, before: &Item) -> Total {
        let count = self.delta.slots.count;
        let by_age = (0..count).map(|age| {
            let slot = self.slot.saturating_sub(age);
            let item = if slot / count == self.window() { now } else { before };
            u32::try_from(item.number(&name(slot % count))).unwrap_or(u32::MAX)
        });
        Total { ever: now.number("ever"), by_age: by_age.collect() }
    }

    const fn window(&self) -> u64 {
        self.slot / self.delta.slots.count
    }

    fn key_of(&self, window: u64) -> String {
        let key = &self.delta.key;
        format!("{}#{}#{window}", key.anchor, key.name)
    }
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn name(slot: u64) -> String {
    format!("s{slot}")
}

#[cfg(test)]
mod tests {
    use counters::store::Key;
    use throttle::Slots;

    use super::*;

    fn item(numbers: &[(&str, u64)]) -> Item {
        Item(numbers.iter().map(|(name, value)| ((*name).to_owned(), number(*value))).collect())
    }

    #[test]
    fn slots_are_read_from_the_window_that_they_lie_in() {
        let key = Key { anchor: "t".to_owned(), name: "k".to_owned() };
        let delta = Delta { key, slots: Slots { width_ms: 1000, count: 16 }, count: 1 };
        // Slot 1 of window 3.
        let place = Place::of(&delta, (3 * 16 + 1) * 1000);

        let total =
            place.total(&item(&[("ever", 9), ("s1", 2), ("s2", 100)]), &item(&[("s15", 4)]));

        assert_eq!((place.key(), place.key_before()), ("t#k#3".to_owned(), "t#k#2".to_owned()));
        assert_eq!((total.ever, &total.by_age[..4]), (9, &[2, 0, 4, 0][..]));
    }
}
