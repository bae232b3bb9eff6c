//! What this node let in and has not told the others yet, by rules in mode `async`.
//!
//! A caller who is counted so costs a request no question: the node decides by what it knows, tells
//! the store every now and then what it let in, and learns what the others did.

use std::collections::HashMap;
use std::sync::Mutex;

use throttle::{CellId, Rule};

use crate::lock;
use crate::store::{Delta, Key, Total};

/// Counts that are to be told. INVARIANT: at most so many.
pub(crate) struct Ledger {
    entries: Mutex<HashMap<CellId, Entry>>,
    most: usize,
}

/// One key of one rule.
struct Entry {
    rule: Rule,
    key: Key,
    /// Not told yet.
    pending: u32,
    /// What all nodes had let in ever, when it was told the last time.
    seen: Option<u64>,
    used_ms: u64,
}

/// What is being told of one cell.
pub(crate) struct Told {
    pub(crate) cell: CellId,
    pub(crate) delta: Delta,
}

impl Ledger {
    pub(crate) fn new(most: usize) -> Self {
        Self { entries: Mutex::default(), most }
    }

    /// Begins to follow a cell: false when too many are followed already.
    pub(crate) fn follow(
        &self,
        (cell, rule): (CellId, &Rule),
        now_ms: u64,
        key: impl FnOnce() -> Key,
    ) -> bool {
        let mut entries = lock(&self.entries);
        if let Some(entry) = entries.get_mut(&cell) {
            entry.used_ms = now_ms;
            return true;
        }
        if entries.len() >= self.most {
            return false;
        }
        let (rule, key) = (rule.clone(), key());
        entries.insert(cell, Entry { rule, key, pending: 0, seen: None, used_ms: now_ms });
        true
    }

    /// Counts one for the next time that something is told.
    pub(crate) fn count(&self, cell: CellId) {
        if let Some(entry) = lock(&self.entries).get_mut(&cell) {
            entry.pending = entry.pending.saturating_add(1);
        }
    }

    /// What is to be told now, at most so many; and forgets who has not been here for as long as
    /// their rule remembers.
    pub(crate) fn take(&self, most: usize, now_ms: u64) -> Vec<Told> {
        let mut entries = lock(&self.entries);
        entries.retain(|_, entry| entry.pending > 0 || !entry.is_idle(now_ms));
        let waiting = entries.iter_mut().filter(|(_, entry)| entry.pending > 0);
        let told = waiting.filter_map(|(cell, entry)| {
            let slots = entry.rule.limit().slots()?;
            let count = std::mem::take(&mut entry.pending);
            let delta = Delta { key: entry.key.clone(), slots, count };
            Some(Told { cell: *cell, delta })
        });
        told.take(most).collect()
    }

    /// It was not told: the next time, then.
    pub(crate) fn put_back(&self, told: &[Told]) {
        let mut entries = lock(&self.entries);
        for Told { cell, delta } in told {
            if let Some(entry) = entries.get_mut(cell) {
                entry.pending = entry.pending.saturating_add(delta.count);
            }
        }
    }

    /// It was told: what the others let in since the last time, slot by slot, newest first.
    pub(crate) fn settle(&self, told: &Told, total: &Total) -> Option<(Rule, Vec<u32>)> {
        let mut entries = lock(&self.entries);
        let entry = entries.get_mut(&told.cell)?;
        let live = total.by_age.iter().fold(0_u64, |sum, count| sum + u64::from(*count));
        let own = u64::from(told.delta.count);
        // Since then; or all that counts, where it is heard of for the first time. A store that
        // forgot everything has less than it had: then what it knows now is news.
        let since = entry.seen.and_then(|seen| total.ever.checked_sub(seen)).unwrap_or(live);
        entry.seen = Some(total.ever);
        let mut others = since.saturating_sub(own).min(live);
        let mut mine = told.delta.count;
        let by_age = total.by_age.iter().map(|count| {
            let theirs = count.saturating_sub(std::mem::take(&mut mine));
            let news = u64::from(theirs).min(others);
            others -= news;
            u32::try_from(news).unwrap_or(u32::MAX)
        });
        Some((entry.rule.clone(), by_age.collect()))
    }
}

impl Entry {
    fn is_idle(&self, now_ms: u64) -> bool {
        let slots = self.rule.limit().slots();
        let remembered_ms = slots.map_or(0, |slots| slots.width_ms * (slots.count + 1));
        self.used_ms + remembered_ms < now_ms
    }
}

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use throttle::{By, Limit, Subject, Table};

    use super::*;

    const WHO: Subject<'static> = Subject {
        address: None,
        client: Some("one"),
        api_key: None,
        tenant: None,
        operation: None,
    };

    fn rule() -> Rule {
        Rule::new("w", By::CLIENT, Limit::Window { count: 9, per_ms: 15_000 }).unwrap()
    }

    fn cell(client: &str) -> CellId {
        let table = Table::new(64, RandomState::new());
        table.cell_of(&rule(), &Subject { client: Some(client), ..WHO }).unwrap()
    }

    fn key() -> Key {
        Key { anchor: String::new(), name: String::new() }
    }

    fn told(ledger: &Ledger, cell: CellId, count: u32) -> Told {
        for _ in 0..count {
            ledger.count(cell);
        }
        ledger.take(9, 5000).remove(0)
    }

    fn total(ever: u64, by_age: &[u32]) -> Total {
        Total { ever, by_age: by_age.to_vec() }
    }

    #[test]
    fn who_does_not_fit_is_not_followed() {
        let ledger = Ledger::new(1);

        assert!(ledger.follow((cell("a"), &rule()), 5000, key));
        assert!(!ledger.follow((cell("b"), &rule()), 5000, key));
        assert!(ledger.take(9, 100_000).is_empty());
        assert!(
            ledger.follow((cell("b"), &rule()), 5000, key),
            "the other was idle, and forgotten"
        );
    }

    #[test]
    fn only_what_others_let_in_since_the_last_time_is_news() {
        let (ledger, cell) = (Ledger::new(9), cell("a"));
        ledger.follow((cell, &rule()), 5000, key);

        let first = told(&ledger, cell, 2);
        let (_, news) = ledger.settle(&first, &total(7, &[3, 0, 4])).unwrap();
        assert_eq!(news, [1, 0, 4], "all that counts, without our two");
        let second = told(&ledger, cell, 1);
        let (_, news) = ledger.settle(&second, &total(10, &[6, 0, 4])).unwrap();
        assert_eq!(news, [2, 0, 0]);
        let third = told(&ledger, cell, 1);
        let (_, news) = ledger.settle(&third, &total(3, &[3])).unwrap();
        assert_eq!(news, [2], "a store that forgot, and was told by others first");
    }

    #[test]
    fn what_could_not_be_told_is_told_the_next_time() {
        let (ledger, cell) = (Ledger::new(9), cell("a"));
        ledger.follow((cell, &rule()), 5000, key);

        ledger.put_back(&[told(&ledger, cell, 3)]);

        assert_eq!(told(&ledger, cell, 1).delta.count, 4);
    }
}
