//! Limits for tests: some that no test reaches, and some that one does.

use std::sync::Arc;
use std::time::Duration;

use gate::limits::{Banked, Counters, DatabaseBank, Key, Limits, LimitsPlan, Spec};
use gate::{Contract, Tasks};
use store::Store;

/// Limits that nobody reaches.
#[must_use]
pub fn unreached() -> LimitsPlan {
    LimitsPlan {
        nodes: 1,
        strangers: window("strangers", Key::Address, UNREACHED),
        unproven: window("unproven", Key::Address, UNREACHED),
        common: vec![window("client", Key::Client, UNREACHED)],
        rules: Vec::new(),
        tenant_concurrency_max: 100_000,
        exempt: Vec::new(),
    }
}

/// So many in any quarter of an hour.
#[must_use]
pub fn window(name: &str, by: Key, max: u32) -> Spec {
    Spec::window(name, by, max, 900)
}

/// The limits at work: counted in memory, and quotas in the database.
pub(crate) fn raise(
    plan: Option<LimitsPlan>,
    contract: &Contract,
    store: &Arc<Store>,
) -> Arc<Limits> {
    let plan = plan.unwrap_or_else(|| silenced(contract));
    Limits::new(counters(store), &plan, contract).expect("limits that can be meant")
}

/// What counts on a node whose quotas are in this database.
#[must_use]
pub fn counters(store: &Arc<Store>) -> Counters {
    let tasks = Tasks::new();
    Counters::local(KEYS).banked(Banked {
        bank: Box::new(DatabaseBank::new(Arc::clone(store))),
        pepper: [7; 32],
        // The machine of the tests is busy.
        deadline: Duration::from_secs(10),
        spawn: Box::new(move |work| tasks.spawn(work)),
    })
}

/// Limits that nobody reaches, in place of those of the contract too.
fn silenced(contract: &Contract) -> LimitsPlan {
    let mut plan = unreached();
    for operation in contract.operations() {
        let silent = operation.limits.iter().map(|spec| {
            let silent = window(&spec.name, Key::Address, UNREACHED);
            (operation.index, silent)
        });
        plan.rules.extend(silent);
    }
    plan
}

const UNREACHED: u32 = 1_000_000_000;
const KEYS: usize = 1024;
