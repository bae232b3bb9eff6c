//! Whom the store refused, so that it is not asked about them again before that can change.
//!
//! A table of fixed size: two callers whose places meet cost a question more, never a count.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use throttle::{CellId, Rule, Standing};

use crate::lock;

/// Refusals of the store.
pub(crate) struct Denials {
    places: Box<[Mutex<Option<Denial>>]>,
    /// When the last of them ends: while nobody is refused, nothing is looked up.
    last_ms: AtomicU64,
}

#[derive(Clone, Copy)]
struct Denial {
    cell: CellId,
    /// What the rule allowed. One that allows something else now is asked about.
    count: u32,
    until_ms: u64,
}

impl Denials {
    pub(crate) fn new() -> Self {
        Self {
            places: (0..PLACES).map(|_| Mutex::default()).collect(),
            last_ms: AtomicU64::default(),
        }
    }

    /// Whether anybody is refused.
    pub(crate) fn are_some(&self, now_ms: u64) -> bool {
        now_ms < self.last_ms.load(Ordering::Relaxed)
    }

    /// Notes that a rule has no room for a caller.
    pub(crate) fn note(&self, (cell, rule): (CellId, &Rule), reset_ms: u64, now_ms: u64) {
        let until_ms = now_ms.saturating_add(reset_ms.min(REMEMBERED_MS));
        if let Some(place) = self.place(cell) {
            *lock(place) = Some(Denial { cell, count: rule.limit().count(), until_ms });
            self.last_ms.fetch_max(until_ms, Ordering::Relaxed);
        }
    }

    /// The refusal that still holds, if one does.
    pub(crate) fn standing(&self, (cell, rule): (CellId, &Rule), now_ms: u64) -> Option<Standing> {
        let denial = (*lock(self.place(cell)?))?;
        let holds = denial.cell == cell
            && denial.count == rule.limit().count()
            && (now_ms..=now_ms.saturating_add(REMEMBERED_MS)).contains(&denial.until_ms);
        let reset_ms = denial.until_ms.saturating_sub(now_ms);
        (holds && reset_ms > 0).then_some(Standing { fits: false, remaining: 0, reset_ms })
    }

    fn place(&self, cell: CellId) -> Option<&Mutex<Option<Denial>>> {
        let number = cell.number() % self.places.len() as u64;
        self.places.get(usize::try_from(number).ok()?)
    }
}

/// 40 bytes each.
const PLACES: usize = 16_384;
/// Then it is asked once more, however long the rule refuses: somebody may have cleared the store,
/// or set the clock.
const REMEMBERED_MS: u64 = 60_000;
