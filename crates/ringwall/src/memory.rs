//! Memory that the start and bursts of requests gave back goes on to the system.
//!
//! The allocator keeps what was freed for a second, and hands it to the system when a large block
//! is freed after that. A busy server does that all the time; an idle one never, and would keep
//! what filling the demonstration or one large import took. So somebody frees a large block now
//! and then. It is never written to and so costs no memory.

use std::hint::black_box;
use std::time::Duration;

use gate::Tasks;
use tokio::time::{MissedTickBehavior, interval};

/// Begins to give memory back; it ends when the process is asked to stop.
pub(crate) fn give_back(tasks: &Tasks) {
    let told = tasks.clone();
    tasks.spawn(async move {
        let mut stopping = told.stopping();
        let mut next = interval(BETWEEN);
        next.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut stopping => return,
                _ = next.tick() => drop(black_box(Vec::<u8>::with_capacity(LARGE))),
            }
        }
    });
}

/// Longer than the allocator keeps what was freed.
const BETWEEN: Duration = Duration::from_secs(2);
/// In bytes. Above the size from which a block has pages of its own.
const LARGE: usize = 2 * 1024 * 1024;
