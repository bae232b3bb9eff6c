//! Where refused requests wait to be scored: bounded, and nobody waits for it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::Bans;
use super::offence::Offence;
use crate::tasks::Stopping;

/// Refused requests that were not scored yet.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Vec<Offence>>,
    told: Notify,
}

impl Queue {
    /// Takes one; false when too many wait.
    pub(super) fn push(&self, offence: Offence) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING_MAX {
            return false;
        }
        waiting.push(offence);
        drop(waiting);
        self.told.notify_one();
        true
    }

    fn take(&self) -> Vec<Offence> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *waiting)
    }
}

impl Bans {
    /// Scores what waits, and bans whoever has too many points; how many requests that were.
    pub async fn work_off(&self) -> usize {
        let waiting = self.queue.take();
        for offence in &waiting {
            if let Err(error) = self.judge(offence).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(
                    error,
                    "cannot write a ban; it is tried again with the next offence"
                );
            }
        }
        waiting.len()
    }

    /// Scores for as long as the process runs.
    pub async fn work(self: Arc<Self>, stopping: Stopping) {
        let mut stopping = std::pin::pin!(stopping);
        loop {
            tokio::select! {
                () = &mut stopping => return,
                () = self.queue.told.notified() => {}
            }
            self.work_off().await;
        }
    }
}

/// As many as a node refuses in a fraction of a second. Beyond, some are not scored: whoever sends
/// so many has others that are.
const WAITING_MAX: usize = 4096;
